//! The contents that buffers of one lane hold: which lines each has, and from when to when it is alive.

use snapstack::buffers::Origin;
use snapstack::sim::Event;

use super::track::NEVER;

/// One content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    first: u32,
    lines: u32,
    /// What made it; None before that is known.
    pub origin: Option<Origin>,
    /// The application's write, or [`Event::NONE`].
    pub write: u32,
    /// The packet or frame that was being handled when it came.
    pub packet: u32,
    /// Position from which on a buffer holds it.
    pub born: u32,
    /// Position from which on none does.
    pub gone: u32,
}

impl Content {
    const NONE: Self = Self {
        first: 0,
        lines: 0,
        origin: None,
        write: Event::NONE,
        packet: Event::NONE,
        born: NEVER,
        gone: NEVER,
    };
}

/// All contents, by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    all: Vec<Content>,
    lines: Vec<u32>,
    /// Contents that came (true) or went, in order of position.
    pub steps: Vec<(u32, u32, bool)>,
    /// Lines of those that have come and not gone.
    held: u32,
    /// Positions at which that was more than ever before, and how many.
    peaks: Vec<(u32, u32)>,
}

impl Contents {
    /// Takes over the lines of new contents: words `content, count, count line numbers`, again and again.
    pub fn tell(&mut self, words: &[u32]) {
        let mut rest = words;
        while let [content, count, tail @ ..] = rest {
            let (lines, next) = tail.split_at((*count as usize).min(tail.len()));
            let first = self.lines.len() as u32;
            self.lines.extend_from_slice(lines);
            let entry = self.entry(*content);
            (entry.first, entry.lines) = (first, lines.len() as u32);
            rest = next;
        }
    }

    fn entry(&mut self, content: u32) -> &mut Content {
        let index = content as usize;
        if self.all.len() <= index {
            self.all.resize(index + 1, Content::NONE);
        }
        &mut self.all[index]
    }

    pub(super) fn born(&mut self, at: u32, content: u32, origin: Origin, write: u32, packet: u32) {
        let entry = self.entry(content);
        (entry.origin, entry.write, entry.packet, entry.born) = (Some(origin), write, packet, at);
        let lines = entry.lines;
        self.held += lines;
        self.steps.push((at, content, true));
        if self.held > self.most(at) {
            self.peaks.push((at, self.held));
        }
    }

    pub(super) fn gone(&mut self, at: u32, content: u32) {
        let entry = self.entry(content);
        entry.gone = at;
        let lines = entry.lines;
        self.held = self.held.saturating_sub(lines);
        self.steps.push((at, content, false));
    }

    /// The most lines that were held at once by a position.
    pub fn most(&self, until: u32) -> u32 {
        let before = self.peaks.partition_point(|(at, _)| *at <= until);
        self.peaks[..before].last().map_or(0, |(_, lines)| *lines)
    }

    /// A content; None for a number that none has.
    pub fn get(&self, content: u32) -> Option<&Content> {
        self.all.get(content as usize)
    }

    /// The numbers of a content's lines, in order; none while they are not known.
    pub fn lines(&self, content: u32) -> &[u32] {
        let Some(entry) = self.get(content) else { return &[] };
        &self.lines[entry.first as usize..][..entry.lines as usize]
    }

    /// How many contents there have been.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there has been none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_content_and_cut_words_are_taken_as_far_as_they_go() {
        let mut contents = Contents::default();
        contents.tell(&[1, 3, 7, 8, 9, 0, 1, 7]);
        contents.tell(&[2, 5, 4, 4]);
        assert_eq!(contents.lines(1), [7, 8, 9]);
        assert_eq!(contents.lines(0), [7]);
        assert_eq!(contents.lines(2), [4, 4]);
        assert_eq!(contents.lines(99), [0; 0]);
    }
}
