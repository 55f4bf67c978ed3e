//! A host that runs the engine with an application on it: it writes a stream in pieces, reads at its own pace, and closes.

use snapstack::random::mix;
use snapstack::stack::tcp::{
    Config, Connection, Failure, Initial, InitialNumbers, Listen, Outgoing, State, listen, refuse,
};
use snapstack::traffic::capture::RAW_IP;

use super::frames;
use super::link::{Host, Random};
use super::payloads::Payloads;
use super::wire::{self, End};

/// The byte at a place of the stream with that seed.
pub(crate) fn stream(seed: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|at| mix(seed ^ (at / 8)).to_le_bytes()[(at % 8) as usize]).collect()
}

/// What an application does.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) send: Vec<u8>,
    /// Longest single write.
    pub(crate) piece: u64,
    /// Longest single read.
    pub(crate) read: u32,
    /// Nanoseconds between reads.
    pub(crate) pause: u64,
    /// Reset the connection after so many bytes have been received.
    pub(crate) abort_after: Option<usize>,
    /// Close only after the peer has.
    pub(crate) close_second: bool,
}

impl Plan {
    pub(crate) fn send(bytes: Vec<u8>) -> Self {
        Self { send: bytes, piece: 5_000, read: u32::MAX, pause: 0, abort_after: None, close_second: false }
    }

    pub(crate) fn drawn(random: &mut Random, bytes: Vec<u8>) -> Self {
        Self {
            send: bytes,
            piece: random.pick(&[300, 1_460, 5_000, 40_000]),
            read: random.pick(&[100, 3_000, u32::MAX]),
            pause: random.pick(&[0, 0, 300_000, 5_000_000]),
            abort_after: None,
            close_second: random.chance(300),
        }
    }
}

/// The engine with its application.
pub(crate) struct Engine {
    pub(crate) config: Config,
    pub(crate) connection: Option<Connection>,
    pub(crate) payloads: Payloads,
    pub(crate) plan: Plan,
    pub(crate) received: Vec<u8>,
    numbers: InitialNumbers,
    random: Random,
    ends: [End; 2],
    written: usize,
    next_read: u64,
    outgoing: Vec<Vec<u8>>,
    /// The state before the last segment came that found the connection alive.
    pub(crate) before: State,
    /// Sends longer than a segment.
    pub(crate) long_sends: u64,
}

impl Engine {
    /// A host at `ends[0]` that talks to `ends[1]`; it opens the connection itself, or waits for the peer.
    pub(crate) fn new(config: Config, plan: Plan, ends: [End; 2], opens: bool, seed: u64) -> Self {
        let mut engine = Self {
            config,
            connection: None,
            payloads: Payloads::default(),
            plan,
            received: Vec::new(),
            numbers: InitialNumbers::new(seed),
            random: Random::new(seed),
            ends,
            written: 0,
            next_read: 0,
            outgoing: Vec::new(),
            before: State::Closed,
            long_sends: 0,
        };
        if opens {
            engine.connection = Some(Connection::connect(&config, engine.initial(0)));
        }
        engine
    }

    fn initial(&self, now: u64) -> Initial {
        self.numbers.draw(now, &[self.ends[0].port as u8, self.ends[1].port as u8])
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.connection.as_ref().and_then(Connection::failure)
    }

    /// Whether the connection ended by itself. The peer does not stay in TIME-WAIT for ever: a FIN that is repeated later
    /// than that, its acknowledgements lost, meets a reset. By then everything has arrived.
    ///
    /// # Panics
    /// When it ended in any other way.
    pub(crate) fn ended_well(&self) -> bool {
        let Some(failure) = self.failure() else { return true };
        let waited = matches!(self.before, State::LastAck | State::Closing);
        assert!(failure == Failure::Reset && waited, "{failure} in {:?}", self.before);
        false
    }

    pub(crate) fn state(&self) -> Option<State> {
        self.connection.as_ref().map(Connection::state)
    }

    fn poll(&mut self, now: u64) {
        while let Some(out) = self.connection.as_mut().and_then(|one| one.poll(now, &mut self.payloads)) {
            self.emit(&out);
        }
    }

    fn emit(&mut self, out: &Outgoing) {
        self.long_sends += u64::from(out.parts.len() > out.mss);
        self.outgoing.append(&mut wire::packets(self.ends[0], self.ends[1], out, &self.payloads));
    }

    fn application(&mut self, now: u64) {
        let Some(connection) = &mut self.connection else { return };
        while self.written < self.plan.send.len() && connection.writable() > 0 {
            let rest = &self.plan.send[self.written..];
            let len = (1 + self.random.below(self.plan.piece))
                .min(connection.writable().into())
                .min(rest.len() as u64);
            let chunk = self.payloads.add(&rest[..len as usize]);
            connection.write(chunk).unwrap();
            self.written += len as usize;
        }
        while now >= self.next_read && connection.readable() > 0 {
            for chunk in connection.read(self.plan.read, &mut self.payloads) {
                self.received.extend_from_slice(self.payloads.bytes(chunk));
                snapstack::buffers::Holders::release(&mut self.payloads, chunk.payload);
            }
            if self.plan.pause > 0 {
                self.next_read = now + self.plan.pause;
            }
        }
        if self.plan.abort_after.is_some_and(|after| self.received.len() >= after) {
            self.plan.abort_after = None;
            connection.abort(&mut self.payloads);
        }
        if self.written == self.plan.send.len() && (!self.plan.close_second || connection.end_of_stream()) {
            connection.shutdown();
        }
    }
}

impl Host for Engine {
    fn deliver(&mut self, now: u64, packet: &[u8]) {
        let Some(segment) = wire::segment(packet, self.ends[1], self.ends[0], &mut self.payloads) else {
            return;
        };
        if let Some(connection) = &mut self.connection {
            if connection.state() != State::Closed {
                self.before = connection.state();
            }
            connection.on_segment(now, segment, &mut self.payloads);
        } else {
            match listen(&segment) {
                Listen::Accept => {
                    let initial = self.initial(now);
                    self.connection = Some(Connection::accept(&self.config, initial, &segment, now));
                }
                Listen::Reset(reset) => {
                    assert_eq!(refuse(&segment), Some(reset));
                    self.emit(&reset);
                }
                Listen::Ignore(_) => {}
            }
            if let Some(chunk) = segment.payload {
                snapstack::buffers::Holders::release(&mut self.payloads, chunk.payload);
            }
        }
        self.poll(now);
    }

    fn work(&mut self, now: u64) -> Vec<Vec<u8>> {
        self.application(now);
        self.poll(now);
        self.application(now);
        self.poll(now);
        for packet in &self.outgoing {
            frames::record(RAW_IP, now, packet);
        }
        std::mem::take(&mut self.outgoing)
    }

    fn next_time(&mut self, now: u64) -> Option<u64> {
        let connection = self.connection.as_ref()?;
        let read = (connection.readable() > 0).then_some(self.next_read.max(now));
        [connection.next_time(), read].into_iter().flatten().min()
    }

    fn done(&self) -> bool {
        let Some(connection) = &self.connection else { return false };
        connection.is_finished() && connection.readable() == 0
    }
}
