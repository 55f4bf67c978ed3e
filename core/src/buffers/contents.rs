//! Which contents are alive: how many handles (application buffer, queue, stack segment, ring slot) hold each, and how
//! many data lines they would fill if each were stored by itself (DESIGN.md section 5).
//!
//! A content is what one write of the application, one copy or one received frame made, wherever references to it travel.
//! Contents are numbered by creation, so that a run's records can speak of them. Whoever draws memory may [watch] them:
//! then each new content also tells the hashes of its lines.
//!
//! [watch]: Contents::watch

use xxhash_rust::xxh3::xxh3_64;

use super::SendId;

/// What made a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Origin {
    /// The application filled a buffer.
    App = 0,
    /// `send()` copied it into kernel memory.
    Kernel = 1,
    /// The NIC wrote an arriving frame.
    Nic = 2,
    /// `recv()` made a buffer of the application's.
    Recv = 3,
}

impl Origin {
    /// All origins, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::App, Self::Kernel, Self::Nic, Self::Recv];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Kernel => "kernel",
            Self::Nic => "nic",
            Self::Recv => "recv",
        }
    }
}

/// Something that happened to a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentNews {
    /// It came to be.
    Born {
        /// Its number.
        content: u32,
        /// What made it.
        origin: Origin,
        /// The application's write, where it is one.
        send: Option<SendId>,
        /// Data lines.
        lines: u32,
    },
    /// Nothing holds it any more.
    Gone {
        /// Its number.
        content: u32,
    },
}

/// The lines of a new content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentLines {
    /// Its number.
    pub content: u32,
    /// XXH3-64 of each line's bytes, the last one filled up with zeros.
    pub hashes: Vec<u64>,
}

/// Handle of a content that is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentId(u32);

#[derive(Clone)]
struct Content {
    number: u32,
    holders: u32,
    lines: u32,
    zero_lines: u32,
}

/// All contents of a scheme.
#[derive(Clone, Default)]
pub struct Contents {
    all: Vec<Content>,
    free: Vec<u32>,
    made: u32,
    news: Vec<ContentNews>,
    keeps_news: bool,
    watched: Option<Vec<ContentLines>>,
    /// Lines of all live contents.
    pub(super) lines: u64,
    /// Of those, all-zero ones.
    pub(super) zero_lines: u64,
}

impl Contents {
    /// From now on, new contents tell their lines' hashes.
    pub fn watch(&mut self) {
        self.watched.get_or_insert_default();
    }

    /// From now on, new contents tell nothing of their lines, and what was told and not taken is forgotten; whether they did.
    pub fn unwatch(&mut self) -> bool {
        self.watched.take().is_some()
    }

    /// Whether contents are watched.
    pub fn is_watched(&self) -> bool {
        self.watched.is_some()
    }

    /// From now on what happens is kept, until [`Contents::drain`] takes it: who asks for it has to.
    pub fn keep_news(&mut self) {
        self.keeps_news = true;
    }

    fn tell(&mut self, news: ContentNews) {
        if self.keeps_news {
            self.news.push(news);
        }
    }

    /// Hands over what happened since the last call, in order; nothing unless it is kept.
    pub fn drain(&mut self) -> std::vec::Drain<'_, ContentNews> {
        self.news.drain(..)
    }

    /// Hands over the lines of the contents made since the last call; none unless they are watched.
    pub fn take_lines(&mut self) -> Vec<ContentLines> {
        self.watched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Bytes of this list.
    pub(super) fn bytes(&self) -> u64 {
        (self.all.capacity() * size_of::<Content>() + self.free.capacity() * 4) as u64
    }

    /// A content with one holder.
    pub(super) fn add(
        &mut self,
        origin: Origin,
        send: Option<SendId>,
        lines: u32,
        zero_lines: u32,
    ) -> ContentId {
        self.lines += u64::from(lines);
        self.zero_lines += u64::from(zero_lines);
        let number = self.made;
        self.made += 1;
        self.tell(ContentNews::Born { content: number, origin, send, lines });
        let content = Content { number, holders: 1, lines, zero_lines };
        match self.free.pop() {
            Some(index) => {
                self.all[index as usize] = content;
                ContentId(index)
            }
            None => {
                self.all.push(content);
                ContentId(self.all.len() as u32 - 1)
            }
        }
    }

    /// The lines of a content that was just made, if anybody watches; `bytes` in pieces that follow each other.
    pub(super) fn show<'b>(&mut self, id: ContentId, line: u32, bytes: impl Iterator<Item = &'b [u8]>) {
        let Some(watched) = &mut self.watched else { return };
        let mut hasher = LineHasher::new(line);
        bytes.for_each(|piece| hasher.add(piece));
        watched.push(ContentLines { content: self.all[id.0 as usize].number, hashes: hasher.finish() });
    }

    /// All-zero lines of a content.
    pub(super) fn zero_lines_of(&self, id: ContentId) -> u32 {
        self.all[id.0 as usize].zero_lines
    }

    pub(super) fn hold(&mut self, id: ContentId) -> ContentId {
        self.all[id.0 as usize].holders += 1;
        id
    }

    pub(super) fn drop_holder(&mut self, id: ContentId) {
        let content = &mut self.all[id.0 as usize];
        content.holders -= 1;
        if content.holders == 0 {
            self.lines -= u64::from(content.lines);
            self.zero_lines -= u64::from(content.zero_lines);
            let number = content.number;
            self.tell(ContentNews::Gone { content: number });
            self.free.push(id.0);
        }
    }
}

/// Cuts bytes into lines, and hashes each.
struct LineHasher {
    line: [u8; 64],
    size: usize,
    filled: usize,
    hashes: Vec<u64>,
}

impl LineHasher {
    fn new(size: u32) -> Self {
        Self { line: [0; 64], size: size as usize, filled: 0, hashes: Vec::new() }
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.line[self.filled] = *byte;
            self.filled += 1;
            if self.filled == self.size {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        self.line[self.filled..].fill(0);
        self.hashes.push(xxh3_64(&self.line[..self.size]));
        self.filled = 0;
    }

    fn finish(mut self) -> Vec<u64> {
        if self.filled > 0 {
            self.end();
        }
        self.hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_lives_as_long_as_somebody_holds_it() {
        let mut contents = Contents::default();
        let unseen = contents.add(Origin::App, None, 1, 0);
        contents.drop_holder(unseen);
        assert_eq!(contents.drain().count(), 0, "nobody asked");
        contents.keep_news();
        let first = contents.add(Origin::App, Some(SendId(7)), 3, 1);
        contents.hold(first);
        contents.drop_holder(first);
        assert_eq!((contents.lines, contents.zero_lines), (3, 1));
        contents.drop_holder(first);
        let second = contents.add(Origin::Nic, None, 2, 0);
        assert_eq!(first, second, "handles are used again, numbers are not");
        let news: Vec<_> = contents.drain().collect();
        assert_eq!(
            news,
            [
                ContentNews::Born { content: 1, origin: Origin::App, send: Some(SendId(7)), lines: 3 },
                ContentNews::Gone { content: 1 },
                ContentNews::Born { content: 2, origin: Origin::Nic, send: None, lines: 2 },
            ]
        );
    }

    #[test]
    fn lines_are_cut_across_pieces_and_filled_up_with_zeros() {
        let mut contents = Contents::default();
        let unwatched = contents.add(Origin::App, None, 1, 0);
        contents.show(unwatched, 16, [&[1u8; 16][..]].into_iter());
        assert_eq!(contents.take_lines(), []);
        contents.watch();
        let id = contents.add(Origin::App, None, 2, 0);
        contents.show(id, 16, [&[1u8; 10][..], &[1; 6], &[2; 3]].into_iter());
        let mut padded = [0; 16];
        padded[..3].fill(2);
        let hashes = vec![xxh3_64(&[1; 16]), xxh3_64(&padded)];
        assert_eq!(contents.take_lines(), [ContentLines { content: 1, hashes }]);
        assert_eq!(contents.take_lines(), []);
        assert!(contents.unwatch() && !contents.unwatch());
        contents.show(id, 16, [&[1u8; 16][..]].into_iter());
        assert_eq!(contents.take_lines(), []);
    }
}
