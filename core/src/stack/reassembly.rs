//! Reassembly of fragments (RFC 791 section 3.2, RFC 8200 section 4.5): bookkeeping of chunks, no bytes. Memory and time are
//! bounded; fragments that overlap void their datagram (RFC 5722), exact repeats are passed over.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::wire::{Fragment, Header};
use super::{Chunk, DropReason};

/// Datagrams that may be incomplete at once.
const MAX_DATAGRAMS: usize = 64;
/// Fragments that one datagram may have: a full one of 1,280-byte packets has 54.
const MAX_FRAGMENTS: usize = 64;
/// Bytes that all incomplete datagrams may hold together.
const MAX_BYTES: u32 = 1 << 20;
/// Bytes that one datagram may carry.
const MAX_DATAGRAM: u32 = 65_535;
/// How long the first fragment to arrive waits for the others (RFC 8200 section 4.5: 60 s; RFC 1122 section 3.3.2: 60 to
/// 120 s).
const TIMEOUT: u64 = 60_000_000_000;

/// What fragments belong together (RFC 791, RFC 8200).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// The protocol in IPv4; IPv6 tells datagrams apart without it.
    pub(super) protocol: u8,
    pub(super) ident: u32,
}

/// What the first fragment says of the whole: its transport header, whose payload the chunks hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub(super) protocol: u8,
    pub(super) hop_limit: u8,
    /// The transport header's bytes; the first chunk begins behind them.
    pub(super) header: Header,
}

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where it belongs.
    pub(super) place: Fragment,
    /// Bytes of the datagram that it covers, the transport header included.
    pub(super) len: u32,
    /// Its payload; None when it has none besides the transport header.
    pub(super) chunk: Option<Chunk>,
    /// Only where `place.offset` is 0.
    pub(super) first: Option<First>,
    /// Of that one, the bytes that an ICMP error would quote, with a holder of their own.
    pub(super) quote: Option<Chunk>,
}

impl Part {
    /// All that it holds.
    fn held(&self) -> impl Iterator<Item = Chunk> + use<> {
        self.chunk.into_iter().chain(self.quote)
    }
}

/// A datagram that is complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) first: First,
    /// Bytes, the transport header included.
    pub(super) len: u32,
    /// The payload in order.
    pub(super) chunks: Vec<Chunk>,
    /// What an ICMP error about it would quote.
    pub(super) quote: Option<Chunk>,
}

/// A datagram whose time was over. Its chunks are the caller's to give up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expired {
    pub(super) key: Key,
    /// The payload that came.
    pub(super) chunks: Vec<Chunk>,
    /// What an ICMP error about it quotes, if its first fragment came.
    pub(super) quote: Option<Chunk>,
}

/// What became of a fragment. Chunks in `released` are the caller's to give up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Waits,
    Complete(Whole),
    Dropped { reason: DropReason, released: Vec<Chunk> },
}

#[derive(Clone, Debug)]
struct Datagram {
    /// By first byte.
    parts: BTreeMap<u32, Part>,
    /// Bytes that arrived.
    have: u32,
    /// Bytes of the whole, once the last fragment came.
    total: Option<u32>,
    deadline: u64,
}

/// All datagrams that are incomplete.
#[derive(Clone, Debug, Default)]
pub(super) struct Reassembly {
    datagrams: BTreeMap<Key, Datagram>,
    bytes: u32,
}

impl Reassembly {
    /// Takes a fragment.
    pub(super) fn add(&mut self, now: u64, key: Key, part: Part) -> Outcome {
        let alone = |reason| Outcome::Dropped { reason, released: part.held().collect() };
        let Fragment { offset, more, .. } = part.place;
        let end = offset + part.len;
        // All but the last end on a multiple of eight bytes, and none is empty.
        if part.len == 0 || (more && !part.len.is_multiple_of(8)) || end > MAX_DATAGRAM {
            return alone(DropReason::FragmentMalformed);
        }
        if !self.datagrams.contains_key(&key) && self.datagrams.len() >= MAX_DATAGRAMS
            || self.bytes + part.len > MAX_BYTES
        {
            return alone(DropReason::FragmentMemory);
        }
        let datagram = self.datagrams.entry(key).or_insert_with(|| Datagram {
            parts: BTreeMap::new(),
            have: 0,
            total: None,
            deadline: now + TIMEOUT,
        });
        let repeats = |known: &Part| known.len == part.len && known.place == part.place;
        if datagram.parts.get(&offset).is_some_and(repeats) {
            return alone(DropReason::FragmentDuplicate);
        }
        if datagram.parts.len() >= MAX_FRAGMENTS {
            return self.void(key, part, DropReason::FragmentMemory);
        }
        let before = datagram.parts.range(..=offset).next_back();
        let overlaps = before.is_some_and(|(at, known)| at + known.len > offset)
            || datagram.parts.range(offset..end).next().is_some();
        // Two ends, or bytes behind the end.
        let last = datagram.parts.last_key_value().map_or(0, |(at, known)| at + known.len);
        let contradicts = match datagram.total {
            Some(total) => !more || end > total,
            None => !more && last > end,
        };
        if overlaps || contradicts {
            return self.void(key, part, DropReason::FragmentOverlap);
        }
        if !more {
            datagram.total = Some(end);
        }
        datagram.have += part.len;
        self.bytes += part.len;
        datagram.parts.insert(offset, part);
        if datagram.total == Some(datagram.have) { self.complete(key) } else { Outcome::Waits }
    }

    /// Gives up a datagram whose time is over.
    pub(super) fn expire(&mut self, now: u64) -> Option<Expired> {
        let late = |datagram: &Datagram| datagram.deadline <= now;
        let key = self.datagrams.iter().find(|(_, datagram)| late(datagram)).map(|(key, _)| *key)?;
        let datagram = self.remove(key)?;
        let quote = datagram.parts.get(&0).and_then(|part| part.quote);
        let chunks = datagram.parts.values().filter_map(|part| part.chunk).collect();
        Some(Expired { key, chunks, quote })
    }

    /// When [`Self::expire`] next has something.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.datagrams.values().map(|datagram| datagram.deadline).min()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    fn remove(&mut self, key: Key) -> Option<Datagram> {
        let datagram = self.datagrams.remove(&key)?;
        self.bytes -= datagram.have;
        Some(datagram)
    }

    fn void(&mut self, key: Key, part: Part, reason: DropReason) -> Outcome {
        let parts = self.remove(key).map(|datagram| datagram.parts).unwrap_or_default();
        let released = parts.values().chain([&part]).flat_map(Part::held).collect();
        Outcome::Dropped { reason, released }
    }

    fn complete(&mut self, key: Key) -> Outcome {
        let Some(datagram) = self.remove(key) else { return Outcome::Waits };
        let chunks: Vec<Chunk> = datagram.parts.values().filter_map(|part| part.chunk).collect();
        match datagram.parts.get(&0) {
            Some(&Part { first: Some(first), quote, .. }) => {
                Outcome::Complete(Whole { first, len: datagram.have, chunks, quote })
            }
            _ => Outcome::Dropped { reason: DropReason::FragmentMalformed, released: chunks },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::PayloadId;
    use super::*;

    fn key(ident: u32) -> Key {
        let address = Ipv4Addr::new(10, 0, 0, 1).into();
        Key { source: address, destination: address, protocol: 17, ident }
    }

    fn chunk(payload: u32, len: u32) -> Chunk {
        Chunk { payload: PayloadId(payload), offset: 0, len }
    }

    /// A fragment whose payload is named by its offset; the first has an 8-byte header.
    fn part(offset: u32, len: u32, more: bool) -> Part {
        let header = if offset == 0 { 8 } else { 0 };
        Part {
            place: Fragment { ident: 0, offset, more },
            len,
            chunk: (len > header).then(|| chunk(offset, len - header)),
            first: (offset == 0).then(|| First { protocol: 17, hop_limit: 64, header: Header::zeroed(8) }),
            quote: None,
        }
    }

    #[test]
    fn fragments_complete_a_datagram_in_any_order() {
        let parts = [part(0, 16, true), part(16, 8, true), part(24, 5, false)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut table = Reassembly::default();
            assert_eq!(table.add(0, key(1), parts[order[0]]), Outcome::Waits);
            assert_eq!(table.add(0, key(1), parts[order[1]]), Outcome::Waits);
            let Outcome::Complete(whole) = table.add(0, key(1), parts[order[2]]) else { panic!("{order:?}") };
            assert_eq!(whole.chunks, [chunk(0, 8), chunk(16, 8), chunk(24, 5)]);
            assert_eq!(whole.len, 29);
            assert_eq!((table.bytes(), table.next_time()), (0, None));
        }
    }

    #[test]
    fn an_overlap_voids_the_whole_datagram() {
        for bad in [part(8, 16, true), part(0, 8, true), part(16, 8, false), part(0, 32, true)] {
            let mut table = Reassembly::default();
            table.add(0, key(1), part(0, 16, true));
            table.add(0, key(1), part(16, 8, true));
            let Outcome::Dropped { reason, released } = table.add(0, key(1), bad) else { panic!("{bad:?}") };
            assert_eq!(
                (reason, released.len()),
                (DropReason::FragmentOverlap, 2 + usize::from(bad.chunk.is_some()))
            );
            assert_eq!(table.bytes(), 0);
        }
    }

    #[test]
    fn two_ends_or_bytes_behind_the_end_void_the_datagram() {
        for bad in [part(48, 8, true), part(32, 4, false)] {
            let mut table = Reassembly::default();
            table.add(0, key(1), part(40, 8, false));
            let outcome = table.add(0, key(1), bad);
            assert!(
                matches!(outcome, Outcome::Dropped { reason: DropReason::FragmentOverlap, .. }),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_repeat_is_passed_over_and_the_datagram_lives() {
        let mut table = Reassembly::default();
        table.add(0, key(1), part(0, 16, true));
        let again = table.add(0, key(1), part(0, 16, true));
        assert_eq!(
            again,
            Outcome::Dropped { reason: DropReason::FragmentDuplicate, released: vec![chunk(0, 8)] }
        );
        assert!(matches!(table.add(0, key(1), part(16, 8, false)), Outcome::Complete(_)));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let mut table = Reassembly::default();
        for bad in [part(0, 15, true), part(8, 0, false), part(65_528, 16, false)] {
            let outcome = table.add(0, key(1), bad);
            assert!(
                matches!(outcome, Outcome::Dropped { reason: DropReason::FragmentMalformed, .. }),
                "{bad:?}"
            );
        }
        assert_eq!(table.next_time(), None);
    }

    #[test]
    fn memory_is_bounded_whatever_arrives() {
        let mut table = Reassembly::default();
        let mut held = 0_i64;
        for index in 0..100_000_u32 {
            let place = part((index.wrapping_mul(2_654_435_761) >> 19) & !7, 1480, true);
            match table.add(0, key(index % 101), place) {
                Outcome::Waits => held += 1,
                Outcome::Dropped { released, .. } => held -= released.len() as i64 - 1,
                Outcome::Complete(_) => panic!("no fragment was the last"),
            }
            assert!(table.bytes() <= MAX_BYTES && table.datagrams.len() <= MAX_DATAGRAMS);
            let parts: usize = table.datagrams.values().map(|datagram| datagram.parts.len()).sum();
            assert_eq!(held, parts as i64, "every chunk is held or handed back");
        }
    }

    #[test]
    fn what_stays_incomplete_expires() {
        let mut table = Reassembly::default();
        table.add(5, key(1), part(0, 16, true));
        assert_eq!(table.next_time(), Some(5 + TIMEOUT));
        assert_eq!(table.expire(4 + TIMEOUT), None);
        let quote = None;
        let expired = Expired { key: key(1), chunks: vec![chunk(0, 8)], quote };
        assert_eq!(table.expire(5 + TIMEOUT), Some(expired));
        assert_eq!(table.bytes(), 0);
    }
}
