//! Lookup by content: the line that is there, or a place for a new one (DESIGN.md 2.3; FACTS.md section 1).

use super::{BATCH, Block, COUNT, Content, DATA, Full, Store, TAGGED, Tags, WAITING, words};
use crate::memory::hash::{Place, place};

impl Store {
    /// Hashes up to [`BATCH`] lines and begins to fetch their row headers: the first of the three steps of interning many
    /// lines, of which [`Self::fetch`] is the second and [`Self::intern_at`] the last.
    #[inline]
    pub(in crate::memory) fn hash(&self, lines: &[u8], tags: &[Tags; BATCH], places: &mut [Place; BATCH]) {
        match self.line_bytes {
            16 => self.hash_sized::<16>(lines, tags, places),
            32 => self.hash_sized::<32>(lines, tags, places),
            _ => self.hash_sized::<64>(lines, tags, places),
        }
    }

    fn hash_sized<const N: usize>(&self, lines: &[u8], tags: &[Tags; BATCH], places: &mut [Place; BATCH]) {
        for ((line, tags), out) in lines.as_chunks::<N>().0.iter().zip(tags).zip(places) {
            *out = place(line, *tags, self.buckets);
            self.rows.fetch(out.bucket);
        }
    }

    /// Begins to fetch the lines that hashed lines will be compared with, or else the places that they will take, and the
    /// first overflow entry of their bucket.
    #[inline]
    pub(in crate::memory) fn fetch(&self, places: &[Place]) {
        for place in places {
            let same = self.rows.matches(place.bucket, place.signature);
            let set = if same == 0 { self.rows.matches(place.bucket, 0) } else { same };
            let index = place.bucket * self.ways + (set.trailing_zeros() & 31);
            self.fetch_line(index + 1);
            self.overflow.fetch(self.rows.link(place.bucket));
        }
    }

    /// The PLID of a line with this content, allocated if there is none; the caller owns one reference.
    #[inline]
    pub(in crate::memory) fn intern(
        &mut self,
        line: &[u8],
        tags: Tags,
        content: Content,
    ) -> Result<u32, Full> {
        // The hash is made for the length at hand.
        match self.line_bytes {
            16 => self.intern_one::<16>(line, tags, content),
            32 => self.intern_one::<32>(line, tags, content),
            _ => self.intern_one::<64>(line, tags, content),
        }
    }

    #[inline]
    fn intern_one<const N: usize>(&mut self, line: &[u8], tags: Tags, content: Content) -> Result<u32, Full> {
        let line = whole(line);
        self.intern_sized::<N>(line, tags, content, place(line, tags, self.buckets))
    }

    /// [`Self::intern`] with the place already known.
    #[inline]
    pub(in crate::memory) fn intern_at(
        &mut self,
        line: &[u8],
        tags: Tags,
        content: Content,
        place: Place,
    ) -> Result<u32, Full> {
        match self.line_bytes {
            16 => self.intern_sized::<16>(whole(line), tags, content, place),
            32 => self.intern_sized::<32>(whole(line), tags, content, place),
            _ => self.intern_sized::<64>(whole(line), tags, content, place),
        }
    }

    #[inline]
    fn intern_sized<const N: usize>(
        &mut self,
        line: &[u8; N],
        tags: Tags,
        content: Content,
        place: Place,
    ) -> Result<u32, Full> {
        let is_data = content == Content::Data;
        if is_zero(line) {
            self.all.requested += 1;
            self.all.zero += 1;
            self.data.requested += u64::from(is_data);
            self.data.zero += u64::from(is_data);
            return Ok(0);
        }
        self.access.signature_read(place.bucket);
        if let Some(index) = self.find::<N>(line, tags, place) {
            self.all.requested += 1;
            self.data.requested += u64::from(is_data);
            self.hit(index, is_data);
            return Ok(index + 1);
        }
        let index = loop {
            if let Some(index) = self.take_place(place) {
                break index;
            }
            if !self.expire_oldest() {
                return Err(Full);
            }
            while let Some(dead) = self.dying.pop() {
                self.bury(dead);
            }
        };
        self.write_line::<N>(index, line);
        let mut word = 1;
        if tags != 0 {
            *self.tags.write(index as usize) = tags;
            word |= TAGGED;
            // The references are those that the line's maker hands over, so that no count is different afterwards.
            self.access.count_updates(&words::<N>(line));
        }
        if is_data {
            word |= DATA;
            self.data_live += 1;
        }
        *self.count_word(index) = word;
        self.live += 1;
        self.all.requested += 1;
        self.all.new += 1;
        self.data.requested += u64::from(is_data);
        self.data.new += u64::from(is_data);
        self.access.data_write(index + 1);
        self.access.signature_write(place.bucket);
        self.access.count_update(index + 1);
        Ok(index + 1)
    }

    #[inline(always)]
    fn write_line<const N: usize>(&mut self, index: u32, line: &[u8; N]) {
        let at = index as usize * N;
        let block = bytemuck::bytes_of_mut(self.lines.write(at / 64));
        block[at % 64..][..N].copy_from_slice(line);
    }

    #[inline(always)]
    fn hit(&mut self, index: u32, is_data: bool) {
        self.access.count_update(index + 1);
        self.all.hits += 1;
        self.data.hits += u64::from(is_data);
        if self.knows_reach() && self.peek_count(index) & WAITING == 0 {
            self.gain(index + 1);
        }
        let word = self.count_word(index);
        let mut became_data = false;
        let revived = *word & WAITING != 0;
        if revived {
            *word = (*word & TAGGED) | 1;
        } else {
            assert!(*word & COUNT < COUNT, "reference count of a line overflows");
            *word += 1;
        }
        if is_data && *word & DATA == 0 {
            *word |= DATA;
            became_data = true;
            self.marked.push(index + 1);
        }
        if revived {
            self.waiting -= 1;
            self.live += 1;
            self.all.revived += 1;
            self.data.revived += u64::from(is_data);
            self.reach(index + 1);
        }
        self.data_live += u64::from(became_data);
    }

    #[inline(always)]
    fn find<const N: usize>(&mut self, line: &[u8; N], tags: Tags, place: Place) -> Option<u32> {
        let mut set = self.rows.matches(place.bucket, place.signature);
        while set != 0 {
            let index = place.bucket * self.ways + set.trailing_zeros();
            let equal = self.equals::<N>(index, line, tags);
            self.access.candidate_read(index + 1, equal);
            if equal {
                return Some(index);
            }
            set &= set - 1;
        }
        let mut link = self.rows.link(place.bucket);
        while link != 0 {
            let entry = link - 1;
            self.access.overflow_read(entry);
            if self.overflow.signature(entry) == place.signature {
                let index = self.primary + entry;
                let equal = self.equals::<N>(index, line, tags);
                self.access.candidate_read(index + 1, equal);
                if equal {
                    return Some(index);
                }
            }
            link = self.overflow.next(entry);
        }
        None
    }

    #[inline(always)]
    fn equals<const N: usize>(&self, index: u32, line: &[u8; N], tags: Tags) -> bool {
        let all: &[[u8; N]] = bytemuck::cast_slice::<Block, u8>(&self.lines).as_chunks::<N>().0;
        same(&all[index as usize], line) && {
            let tagged = self.peek_count(index) & TAGGED != 0;
            tagged == (tags != 0) && (!tagged || self.tags[index as usize] == tags)
        }
    }

    /// A free way of the bucket, else an overflow entry linked to it.
    #[inline(always)]
    fn take_place(&mut self, place: Place) -> Option<u32> {
        let empty = self.rows.matches(place.bucket, 0);
        if empty != 0 {
            let way = empty.trailing_zeros();
            self.rows.set_signature(place.bucket, way, place.signature);
            return Some(place.bucket * self.ways + way);
        }
        let entry = self.overflow.take(self.rows.link(place.bucket), place.signature, self.kept)?;
        // Its free link is read before it is written; the bucket's link is in the signature line.
        self.access.overflow_read(entry);
        self.access.overflow_write(entry);
        self.rows.set_link(place.bucket, entry + 1);
        Some(self.primary + entry)
    }
}

/// A line of `N` bytes.
#[inline(always)]
fn whole<const N: usize>(line: &[u8]) -> &[u8; N] {
    line.try_into().expect("callers pass whole lines")
}

/// Whether two lines are equal: without the call of a library function that an array comparison becomes.
#[inline]
fn same<const N: usize>(a: &[u8; N], b: &[u8; N]) -> bool {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    words.fold(0, |any, (a, b)| any | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b))) == 0
}

#[inline]
fn is_zero<const N: usize>(line: &[u8; N]) -> bool {
    line.as_chunks::<8>().0.iter().fold(0, |any, word| any | u64::from_ne_bytes(*word)) == 0
}
