//! What differs between two states of an array: of each element only the words that do, and of their values only those that are
//! not zero. Counts change in a row of which nothing else does, and what was empty before is told by a bit.
//!
//! ```text
//! at       which elements, ascending
//! differ   a bit for each of an element's words: it differs
//! kept     of those, the ones whose value is in `words`; the others' is the default
//! words    the values
//! ```

/// An element of an array: up to 16 words.
pub(super) trait Value: Copy + Default {
    /// What is compared and kept.
    type Word: Copy + Default + PartialEq;

    fn words(&self) -> &[Self::Word];
    fn words_mut(&mut self) -> &mut [Self::Word];
}

/// Elements of one word.
macro_rules! one_word {
    ($($type:ty),*) => {$(
        impl $crate::memory::difference::Value for $type {
            type Word = Self;

            fn words(&self) -> &[Self] {
                std::slice::from_ref(self)
            }

            fn words_mut(&mut self) -> &mut [Self] {
                std::slice::from_mut(self)
            }
        }
    )*};
}
pub(super) use one_word;

one_word!(u8, u16, u32, [u32; 2]);

/// A bit a word.
type Bits = u16;

/// Elements that are read at once. They lie anywhere, so each read waits for memory: these wait together.
const BATCH: usize = 32;

fn fetch<T: Value>(fetched: &mut [T; BATCH], at: &[u32], now: &[T]) {
    for (fetched, at) in fetched.iter_mut().zip(at) {
        *fetched = now[*at as usize];
    }
}

fn each_bit(bits: Bits) -> impl Iterator<Item = usize> {
    (0..Bits::BITS as usize).filter(move |word| bits >> word & 1 == 1)
}

/// The words that differ in one element.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, W> {
    pub(super) at: u32,
    pub(super) differ: Bits,
    kept: Bits,
    words: &'a [W],
}

impl<W: Copy + Default> Part<'_, W> {
    /// A word that differs.
    fn word(&self, word: usize) -> W {
        let bit = 1 << word;
        if self.kept & bit == 0 {
            W::default()
        } else {
            self.words[(self.kept & (bit - 1)).count_ones() as usize]
        }
    }

    /// Gives an element's words the values they have here.
    pub(super) fn put(&self, into: &mut [W]) {
        for word in each_bit(self.differ) {
            into[word] = self.word(word);
        }
    }
}

/// Some elements by index, with the values that some of their words had or will have.
#[derive(Clone)]
pub(super) struct Difference<W> {
    at: Vec<u32>,
    differ: Vec<Bits>,
    kept: Vec<Bits>,
    words: Vec<W>,
}

impl<W> Default for Difference<W> {
    fn default() -> Self {
        Self { at: Vec::new(), differ: Vec::new(), kept: Vec::new(), words: Vec::new() }
    }
}

impl<W: Copy + Default + PartialEq> Difference<W> {
    /// Room for so many elements.
    fn with_capacity(elements: usize) -> Self {
        let bits = || Vec::with_capacity(elements);
        Self { at: Vec::with_capacity(elements), differ: bits(), kept: bits(), words: Vec::new() }
    }

    /// The words of elements as they were where those of `now` are others; `at` has their indices, ascending.
    pub(super) fn between<T: Value<Word = W>>(at: &[u32], old: &[T], now: &[T]) -> Self {
        let mut difference = Self::with_capacity(at.len());
        let mut fetched = [T::default(); BATCH];
        for (at, old) in at.chunks(BATCH).zip(old.chunks(BATCH)) {
            fetch(&mut fetched, at, now);
            for ((at, old), new) in at.iter().zip(old).zip(&fetched) {
                let mut differ = 0;
                for (word, (old, new)) in old.words().iter().zip(new.words()).enumerate() {
                    differ |= Bits::from(old != new) << word;
                }
                if differ != 0 {
                    difference.push(*at, differ, |word| old.words()[word]);
                }
            }
        }
        difference.fit();
        difference
    }

    /// Adds an element behind those that are there.
    fn push(&mut self, at: u32, differ: Bits, value: impl Fn(usize) -> W) {
        let mut kept = 0;
        for word in each_bit(differ) {
            let value = value(word);
            if value != W::default() {
                kept |= 1 << word;
                self.words.push(value);
            }
        }
        self.at.push(at);
        self.differ.push(differ);
        self.kept.push(kept);
    }

    fn fit(&mut self) {
        self.at.shrink_to_fit();
        self.differ.shrink_to_fit();
        self.kept.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    /// All elements, in the order of their indices.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_, W>> {
        let mut words = &self.words[..];
        self.at.iter().zip(&self.differ).zip(&self.kept).map(move |((at, differ), kept)| {
            let (own, rest) = words.split_at(kept.count_ones() as usize);
            words = rest;
            Part { at: *at, differ: *differ, kept: *kept, words: own }
        })
    }

    /// Gives the elements the values that they have here, and returns those that they had.
    pub(super) fn swap<T: Value<Word = W>>(&self, now: &mut [T]) -> Self {
        let mut had = Self::with_capacity(self.at.len());
        let mut fetched = [T::default(); BATCH];
        let mut parts = self.parts();
        for batch in self.at.chunks(BATCH) {
            fetch(&mut fetched, batch, now);
            for (old, part) in fetched[..batch.len()].iter().zip(parts.by_ref()) {
                had.push(part.at, part.differ, |word| old.words()[word]);
                part.put(now[part.at as usize].words_mut());
            }
        }
        had.fit();
        had
    }

    /// All words of both; where both have one, the value is that of `self`.
    pub(super) fn over(&self, other: &Self) -> Self {
        let mut all = Self::with_capacity(self.at.len().max(other.at.len()));
        let (mut above, mut below) = (self.parts().peekable(), other.parts().peekable());
        loop {
            let (one, two) = (above.peek().map(|part| part.at), below.peek().map(|part| part.at));
            let Some(at) = one.into_iter().chain(two).min() else { break };
            let one = above.next_if(|part| part.at == at);
            let two = below.next_if(|part| part.at == at);
            let differ = |part: Option<Part<'_, W>>| part.map_or(0, |part| part.differ);
            all.push(at, differ(one) | differ(two), |word| match (one, two) {
                (Some(one), _) if one.differ >> word & 1 == 1 => one.word(word),
                (_, Some(two)) => two.word(word),
                _ => W::default(),
            });
        }
        all.fit();
        all
    }

    /// Bytes of all this.
    pub(super) fn bytes(&self) -> u64 {
        let bits = size_of::<Bits>() * (self.differ.capacity() + self.kept.capacity());
        (4 * self.at.capacity() + bits + size_of::<W>() * self.words.capacity()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = [u32; 2];

    impl Value for [u32; 3] {
        type Word = u32;

        fn words(&self) -> &[u32] {
            self
        }

        fn words_mut(&mut self) -> &mut [u32] {
            self
        }
    }

    fn between<T: Value>(old: &[T], new: &[T]) -> Difference<T::Word> {
        let at: Vec<u32> = (0..old.len() as u32).collect();
        Difference::between(&at, old, new)
    }

    #[test]
    fn only_words_that_differ_and_are_not_zero_are_kept() {
        let (old, new) = ([[0, 1, 2], [5, 5, 5], [7, 0, 0]], [[9, 1, 3], [5, 5, 5], [0, 8, 8]]);
        let difference = between(&old, &new);
        assert_eq!(difference.at, [0, 2]);
        assert_eq!(difference.words, [2, 7]);
        let mut now = new;
        let back = difference.swap(&mut now);
        assert_eq!(now, old);
        back.swap(&mut now);
        assert_eq!(now, new);
    }

    #[test]
    fn one_difference_over_another_leads_past_both() {
        let states = [
            [[1, 0, 0], [2, 0, 0], [3, 0, 4]],
            [[1, 6, 0], [2, 0, 0], [0, 0, 5]],
            [[1, 7, 8], [0, 0, 1], [0, 3, 5]],
        ];
        let (far, near) = (between(&states[0], &states[1]), between(&states[1], &states[2]));
        let mut now = states[2];
        far.over(&near).swap(&mut now);
        assert_eq!(now, states[0]);
    }

    #[test]
    fn elements_of_one_word_are_kept_whole() {
        let (old, new): ([Row; 2], [Row; 2]) = ([[0, 0], [1, 0]], [[1, 2], [1, 0]]);
        let mut now = new;
        assert!(between(&old, &new).words.is_empty());
        between(&old, &new).swap(&mut now);
        assert_eq!(now, old);
    }
}
