//! The neighbour table that ARP (RFC 826) and NDP (RFC 4861 section 7) share: which hardware address an IP address on the
//! link has, how often it is asked for, and which packets wait for the answer. Everything is bounded: entries, questions
//! in flight, and waiting packets.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::wire::{Advertisement, HardwareAddress};

/// Entries that the table keeps.
pub(super) const MAX_ENTRIES: usize = 512;
/// Of those, the ones whose address is still being asked for.
pub(super) const MAX_INCOMPLETE: usize = 64;
/// Packets that wait for one address (RFC 4861 section 7.2.2: at least one).
pub(super) const MAX_WAITING: usize = 16;
/// Pause between questions (RFC 4861 section 10: RETRANS_TIMER, 1 s; RFC 1122 section 2.3.2.1: at most one a second).
const RETRANSMIT: u64 = 1_000_000_000;
/// Questions that may stay without answer (RFC 4861 section 10: MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT).
const MAX_QUESTIONS: u8 = 3;
/// How long an answer is believed without another look (RFC 4861 section 10: REACHABLE_TIME).
const REACHABLE: u64 = 30_000_000_000;

/// How sure the table is of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State<P> {
    /// Asked for; these packets wait.
    Incomplete { waiting: VecDeque<P> },
    /// Known, and believed until then.
    Reachable { hardware: HardwareAddress, until: u64 },
    /// Known from hearsay or long ago: used, and asked about again at the next use.
    Stale { hardware: HardwareAddress },
    /// Used while a question to the address itself is out.
    Probe { hardware: HardwareAddress },
}

#[derive(Clone, Debug)]
struct Entry<P> {
    state: State<P>,
    /// Questions asked without answer.
    questions: u8,
    /// When the next question is due: Incomplete and Probe.
    next: u64,
    used: u64,
}

/// A question to be put on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) target: IpAddr,
    /// To whom; None asks everybody (or the solicited-node group).
    pub(super) hardware: Option<HardwareAddress>,
}

/// What became of a packet for an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolution<P> {
    /// It can go at once.
    Known(P, HardwareAddress),
    /// It waits.
    Waits,
    /// There is no room for it.
    Full(P),
}

/// The table; `P` is what waits.
#[derive(Clone, Debug)]
pub(super) struct Neighbours<P> {
    entries: BTreeMap<IpAddr, Entry<P>>,
    incomplete: usize,
    /// Entries in [`State::Probe`]. Every packet that goes asks for questions: where there are none, nobody searches.
    probes: usize,
}

impl<P> Default for Neighbours<P> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), incomplete: 0, probes: 0 }
    }
}

impl<P> Neighbours<P> {
    /// Where a packet for `target` goes. A packet for an unknown address waits, and the question becomes due at once.
    pub(super) fn resolve(&mut self, now: u64, target: IpAddr, packet: P) -> Resolution<P> {
        let Some(entry) = self.entries.get_mut(&target) else {
            if self.incomplete >= MAX_INCOMPLETE || !self.make_room() {
                return Resolution::Full(packet);
            }
            let state = State::Incomplete { waiting: VecDeque::from([packet]) };
            self.entries.insert(target, Entry { state, questions: 0, next: now, used: now });
            self.incomplete += 1;
            return Resolution::Waits;
        };
        entry.used = now;
        match &mut entry.state {
            State::Incomplete { waiting } if waiting.len() >= MAX_WAITING => Resolution::Full(packet),
            State::Incomplete { waiting } => {
                waiting.push_back(packet);
                Resolution::Waits
            }
            &mut State::Reachable { hardware, until } if now < until => Resolution::Known(packet, hardware),
            &mut (State::Reachable { hardware, .. } | State::Stale { hardware }) => {
                entry.state = State::Probe { hardware };
                self.probes += 1;
                entry.questions = 0;
                entry.next = now;
                Resolution::Known(packet, hardware)
            }
            &mut State::Probe { hardware } => Resolution::Known(packet, hardware),
        }
    }

    /// An answer to a question of ours: believed when it was asked for, or when the address is known already. Returns what
    /// waited.
    pub(super) fn answered(&mut self, now: u64, target: IpAddr, hardware: HardwareAddress) -> VecDeque<P> {
        let Some(entry) = self.entries.get_mut(&target) else { return VecDeque::new() };
        entry.questions = 0;
        match std::mem::replace(&mut entry.state, State::Reachable { hardware, until: now + REACHABLE }) {
            State::Incomplete { waiting } => {
                self.incomplete -= 1;
                waiting
            }
            State::Probe { .. } => {
                self.probes -= 1;
                VecDeque::new()
            }
            State::Reachable { .. } | State::Stale { .. } => VecDeque::new(),
        }
    }

    /// An advertisement (RFC 4861 section 7.2.5). One that does not override what is known, and says something else, only
    /// makes it doubtful. Returns what waited, and the address that it waited for.
    pub(super) fn advertised(
        &mut self,
        now: u64,
        target: IpAddr,
        told: &Advertisement,
    ) -> Option<(HardwareAddress, VecDeque<P>)> {
        let entry = self.entries.get_mut(&target)?;
        let known = match entry.state {
            State::Incomplete { .. } => None,
            State::Reachable { hardware, .. } | State::Stale { hardware } | State::Probe { hardware } => {
                Some(hardware)
            }
        };
        let hardware = told.hardware.or(known)?;
        let contradicts = known.is_some_and(|known| known != hardware);
        if contradicts && !told.overrides {
            if let State::Reachable { hardware, .. } = entry.state {
                entry.state = State::Stale { hardware };
            }
            return None;
        }
        let waited = if told.solicited {
            self.answered(now, target, hardware)
        } else {
            self.heard(now, target, hardware, false)
        };
        Some((hardware, waited))
    }

    /// Hearsay: a sender names its own address in a question to us, or unasked. `create` makes a new entry where there is
    /// none (RFC 826: only when the message is for us). Returns what waited.
    pub(super) fn heard(
        &mut self,
        now: u64,
        target: IpAddr,
        hardware: HardwareAddress,
        create: bool,
    ) -> VecDeque<P> {
        let stale = State::Stale { hardware };
        match self.entries.get_mut(&target) {
            Some(entry) => match &mut entry.state {
                State::Incomplete { .. } => {
                    self.incomplete -= 1;
                    match std::mem::replace(&mut entry.state, stale) {
                        State::Incomplete { waiting } => waiting,
                        _ => VecDeque::new(),
                    }
                }
                State::Reachable { hardware: known, .. }
                | State::Stale { hardware: known }
                | State::Probe { hardware: known } => {
                    if *known != hardware {
                        self.probes -= usize::from(matches!(entry.state, State::Probe { .. }));
                        entry.state = stale;
                    }
                    VecDeque::new()
                }
            },
            None => {
                if create && self.make_room() {
                    self.entries.insert(target, Entry { state: stale, questions: 0, next: 0, used: now });
                }
                VecDeque::new()
            }
        }
    }

    /// The question that is due, if any; each is paced.
    pub(super) fn question(&mut self, now: u64) -> Option<Question> {
        if self.open() == 0 {
            return None;
        }
        let due = |entry: &Entry<P>| entry.is_open() && entry.next <= now && entry.questions < MAX_QUESTIONS;
        let (target, entry) = self.entries.iter_mut().find(|(_, entry)| due(entry))?;
        entry.questions += 1;
        entry.next = now + RETRANSMIT;
        let hardware = match entry.state {
            State::Probe { hardware } => Some(hardware),
            _ => None,
        };
        Some(Question { target: *target, hardware })
    }

    /// Removes an address that did not answer in time: it, and what waited for it.
    pub(super) fn give_up(&mut self, now: u64) -> Option<(IpAddr, VecDeque<P>)> {
        if self.open() == 0 {
            return None;
        }
        let lost =
            |entry: &Entry<P>| entry.is_open() && entry.next <= now && entry.questions >= MAX_QUESTIONS;
        let target = self.entries.iter().find(|(_, entry)| lost(entry)).map(|(target, _)| *target)?;
        let entry = self.entries.remove(&target)?;
        match entry.state {
            State::Incomplete { waiting } => {
                self.incomplete -= 1;
                Some((target, waiting))
            }
            State::Probe { .. } => {
                self.probes -= 1;
                Some((target, VecDeque::new()))
            }
            State::Reachable { .. } | State::Stale { .. } => Some((target, VecDeque::new())),
        }
    }

    /// Entries with an open question.
    fn open(&self) -> usize {
        self.incomplete + self.probes
    }

    /// When [`Self::question`] or [`Self::give_up`] next has something.
    pub(super) fn next_time(&self) -> Option<u64> {
        if self.open() == 0 {
            return None;
        }
        self.entries.values().filter(|entry| entry.is_open()).map(|entry| entry.next).min()
    }

    /// Entries now.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for one entry: the known address that was not used for longest goes. False when all are being asked for.
    fn make_room(&mut self) -> bool {
        if self.entries.len() < MAX_ENTRIES {
            return true;
        }
        let known = self.entries.iter().filter(|(_, entry)| !matches!(entry.state, State::Incomplete { .. }));
        let Some(oldest) = known.min_by_key(|(_, entry)| entry.used).map(|(target, _)| *target) else {
            return false;
        };
        let removed = self.entries.remove(&oldest);
        self.probes -= usize::from(removed.is_some_and(|entry| matches!(entry.state, State::Probe { .. })));
        true
    }
}

impl<P> Entry<P> {
    /// Whether a question is open.
    fn is_open(&self) -> bool {
        matches!(self.state, State::Incomplete { .. } | State::Probe { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const A: HardwareAddress = HardwareAddress([2, 0, 0, 0, 0, 1]);
    const B: HardwareAddress = HardwareAddress([2, 0, 0, 0, 0, 2]);

    fn ip(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        Ipv4Addr::new(10, 0, high, low).into()
    }

    #[test]
    fn packets_wait_for_the_answer_and_come_back_in_order() {
        let mut table = Neighbours::default();
        assert_eq!(table.resolve(0, ip(1), 1), Resolution::Waits);
        assert_eq!(table.resolve(0, ip(1), 2), Resolution::Waits);
        assert_eq!(table.question(0), Some(Question { target: ip(1), hardware: None }));
        assert_eq!(table.question(0), None, "one question for both");
        assert_eq!(table.answered(5, ip(1), A), [1, 2]);
        assert_eq!(table.resolve(6, ip(1), 3), Resolution::Known(3, A));
        assert_eq!(table.next_time(), None);
    }

    #[test]
    fn questions_are_paced_and_given_up() {
        let mut table = Neighbours::default();
        table.resolve(0, ip(1), 7);
        let mut asked = Vec::new();
        for now in (0..10 * SECOND).step_by(SECOND as usize / 4) {
            while table.question(now).is_some() {
                asked.push(now);
            }
            if let Some(lost) = table.give_up(now) {
                assert_eq!(lost, (ip(1), VecDeque::from([7])));
                assert_eq!(now, 3 * SECOND);
            }
        }
        assert_eq!(asked, [0, SECOND, 2 * SECOND]);
        assert_eq!((table.len(), table.incomplete), (0, 0));
    }

    #[test]
    fn an_old_address_is_used_while_it_is_asked_about_again() {
        let mut table = Neighbours::default();
        table.resolve(0, ip(1), 1);
        table.answered(0, ip(1), A);
        let later = 31 * SECOND;
        assert_eq!(table.resolve(later, ip(1), 2), Resolution::Known(2, A));
        assert_eq!(table.question(later), Some(Question { target: ip(1), hardware: Some(A) }));
        table.answered(later, ip(1), B);
        assert_eq!(table.resolve(later, ip(1), 3), Resolution::Known(3, B));
    }

    #[test]
    fn hearsay_makes_entries_only_when_told_to_and_updates_known_ones() {
        let mut table = Neighbours::default();
        table.heard(0, ip(1), A, false);
        assert_eq!(table.len(), 0);
        table.heard(0, ip(1), A, true);
        assert_eq!(table.resolve(0, ip(1), 1), Resolution::Known(1, A));
        table.heard(0, ip(1), B, false);
        assert_eq!(table.resolve(0, ip(1), 2), Resolution::Known(2, B));
        assert_eq!(table.answered(0, ip(9), B), VecDeque::<i32>::new(), "an answer nobody asked for");
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn advertisements_override_what_is_known_only_where_they_say_so() {
        let target = Ipv6Addr::LOCALHOST;
        let told = |hardware, solicited, overrides| Advertisement { target, hardware, solicited, overrides };
        let place = IpAddr::V6(target);
        let known = || {
            let mut table = Neighbours::default();
            assert!(table.advertised(0, place, &told(Some(A), true, true)).is_none(), "nobody asked");
            table.resolve(0, place, 1);
            assert_eq!(table.advertised(0, place, &told(None, true, true)), None, "it does not say where");
            let waited = table.advertised(0, place, &told(Some(A), true, false));
            assert_eq!(waited, Some((A, VecDeque::from([1]))), "the first answer needs no flag");
            table
        };
        let mut table = known();
        table.advertised(1, place, &told(Some(B), true, false));
        assert_eq!(table.resolve(2, place, 2), Resolution::Known(2, A), "not overridden");
        assert!(table.question(2).is_some(), "but doubtful");
        table.advertised(3, place, &told(Some(B), true, false));
        assert_eq!(table.resolve(3, place, 3), Resolution::Known(3, A), "while it is probed, too");
        table.advertised(4, place, &told(None, true, false));
        assert_eq!(
            (table.resolve(5, place, 4), table.next_time()),
            (Resolution::Known(4, A), None),
            "confirmed"
        );
        let mut table = known();
        table.advertised(1, place, &told(Some(B), true, true));
        assert_eq!(
            (table.resolve(2, place, 2), table.next_time()),
            (Resolution::Known(2, B), None),
            "overridden"
        );
        let mut table = known();
        table.advertised(1, place, &told(Some(B), false, true));
        assert_eq!(table.resolve(2, place, 2), Resolution::Known(2, B), "overridden, unasked");
        assert!(table.question(2).is_some(), "and doubtful");
    }

    #[test]
    fn open_questions_are_counted_whatever_happens() {
        let mut table = Neighbours::default();
        let mut most = [0; 3];
        for step in 0..20_000_u64 {
            let draw = |n: u64| crate::random::mix(step * 8 + n);
            let (now, target) = (step * SECOND / 4, ip((draw(0) % 600) as u16));
            let hardware = if draw(1) % 2 == 0 { A } else { B };
            match draw(2) % 64 {
                0..=19 => drop(table.resolve(now, target, step)),
                20..=31 => drop(table.answered(now, target, hardware)),
                32..=55 => drop(table.heard(now, target, hardware, draw(3) % 2 == 0)),
                56..=62 => drop(table.question(now)),
                _ => drop(table.give_up(now)),
            }
            let open = table.entries.values().filter(|entry| entry.is_open()).count();
            assert_eq!(table.open(), open, "step {step}");
            assert_eq!(table.next_time().is_some(), open > 0);
            most = [most[0].max(table.len()), most[1].max(table.incomplete), most[2].max(table.probes)];
        }
        assert!(most[0] == MAX_ENTRIES && most[1] > 10 && most[2] > 10, "{most:?}");
    }

    #[test]
    fn the_table_the_questions_and_the_waiting_packets_are_bounded() {
        let mut table = Neighbours::default();
        for packet in 0..MAX_WAITING {
            assert_eq!(table.resolve(0, ip(0), packet), Resolution::Waits);
        }
        assert_eq!(table.resolve(0, ip(0), 99), Resolution::Full(99));
        for target in 1..MAX_INCOMPLETE as u16 {
            assert_eq!(table.resolve(0, ip(target), 0), Resolution::Waits);
        }
        assert_eq!(table.resolve(0, ip(1000), 5), Resolution::Full(5));
        for target in 0..5000 {
            table.heard(u64::from(target), ip(2000 + target), A, true);
            assert!(table.len() <= MAX_ENTRIES);
        }
        assert_eq!(table.resolve(0, ip(6999), 1), Resolution::Known(1, A), "the newest stayed");
        assert_eq!(table.resolve(0, ip(2000), 1), Resolution::Full(1), "the oldest went");
    }
}
