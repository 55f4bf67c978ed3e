//! Numbers for lines: equal lines have equal numbers, in both lanes of a run.

use std::collections::HashMap;

use snapstack::buffers::ContentLines;

/// Lines by their hashes.
#[derive(Default)]
pub struct Numbering {
    numbers: HashMap<u64, u32>,
    /// Hashes of the lines that were numbered since the last call of [`Numbering::take_glyphs`].
    fresh: Vec<u32>,
}

impl Numbering {
    /// The lines of contents as words: content, count, numbers.
    pub fn words(&mut self, contents: &[ContentLines]) -> Vec<u32> {
        let mut words = Vec::new();
        for ContentLines { content, hashes } in contents {
            words.extend([*content, hashes.len() as u32]);
            for hash in hashes {
                let next = self.numbers.len() as u32;
                let number = *self.numbers.entry(*hash).or_insert(next);
                if number == next {
                    self.fresh.push(*hash as u32);
                }
                words.push(number);
            }
        }
        words
    }

    /// A hash of each line that is new, in the order of their numbers: what its colour and glyph are made from.
    pub fn take_glyphs(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.fresh)
    }
}

/// Packets' ports as words: number, and source below destination.
pub fn ports_words(ports: &[(u32, [u16; 2])]) -> Vec<u32> {
    let words = |(packet, [src, dst]): &(u32, [u16; 2])| [*packet, u32::from(*src) | u32::from(*dst) << 16];
    ports.iter().flat_map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_have_one_number_and_new_ones_the_next() {
        let mut numbering = Numbering::default();
        let content = |content, hashes: &[u64]| ContentLines { content, hashes: hashes.to_vec() };
        assert_eq!(numbering.words(&[content(5, &[70, 80, 70]), content(6, &[])]), [5, 3, 0, 1, 0, 6, 0]);
        assert_eq!(numbering.words(&[content(7, &[90, 80])]), [7, 2, 2, 1]);
        assert_eq!(numbering.take_glyphs(), [70, 80, 90]);
        assert_eq!(numbering.take_glyphs(), [0; 0]);
    }
}
