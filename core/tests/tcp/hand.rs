//! A connection whose peer is the test: segments are made by hand, numbers count from each side's first byte.

use snapstack::stack::tcp::{
    Config, Connection, Flags, Initial, Listen, Options, Outgoing, SackBlocks, Segment, State, listen,
};

use super::payloads::Payloads;

/// First sequence numbers, close enough to the end that everything wraps.
pub(crate) const OURS: u32 = u32::MAX - 2_000;
pub(crate) const THEIRS: u32 = u32::MAX - 700;
pub(crate) const MSS: u32 = 1_000;

/// Simple settings: 1,000 bytes a segment, no timestamps, acknowledgements at once.
pub(crate) fn config() -> Config {
    Config { mss: MSS as u16, timestamps: false, sack: false, ack_delay: 0, ..Config::default() }
}

/// What the peer says in its SYN.
pub(crate) fn offer(config: &Config) -> Options {
    Options {
        mss: Some(MSS as u16),
        window_scale: config.window_scaling.then_some(0),
        sack_permitted: config.sack,
        ..Options::default()
    }
}

#[derive(Clone)]
pub(crate) struct Hand {
    pub(crate) connection: Connection,
    pub(crate) payloads: Payloads,
    pub(crate) now: u64,
    pub(crate) window: u16,
}

/// What a segment says, in numbers that count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) seq: u32,
    pub(crate) len: u32,
    pub(crate) ack: u32,
    pub(crate) flags: Flags,
}

impl Hand {
    /// An open connection, opened by this side; the peer offers a window of 60,000 bytes.
    pub(crate) fn open(config: Config) -> Self {
        let mut hand = Self::connecting(config);
        let out = hand.take(Segment {
            seq: THEIRS,
            ack: OURS.wrapping_add(1),
            flags: Flags::SYN.with(Flags::ACK),
            window: 60_000,
            options: offer(&config),
            payload: None,
        });
        assert_eq!((out.len(), out[0].flags, hand.connection.state()), (1, Flags::ACK, State::Established));
        hand
    }

    /// Has sent its SYN.
    pub(crate) fn connecting(config: Config) -> Self {
        let connection = Connection::connect(&config, Initial { sequence: OURS, timestamp: 0 });
        let mut hand = Self { connection, payloads: Payloads::default(), now: 0, window: 60_000 };
        let syn = hand.poll();
        assert_eq!((syn.len(), syn[0].flags, syn[0].seq), (1, Flags::SYN, OURS));
        hand
    }

    /// Has answered the peer's SYN.
    pub(crate) fn accepting(config: Config, options: Options) -> (Self, Outgoing) {
        let syn = Segment { seq: THEIRS, flags: Flags::SYN, window: 60_000, options, ..Segment::default() };
        assert_eq!(listen(&syn), Listen::Accept);
        let connection = Connection::accept(&config, Initial { sequence: OURS, timestamp: 0 }, &syn, 0);
        let mut hand = Self { connection, payloads: Payloads::default(), now: 0, window: 60_000 };
        let answers = hand.poll();
        assert_eq!((answers.len(), answers[0].flags), (1, Flags::SYN.with(Flags::ACK)));
        (hand, answers[0])
    }

    pub(crate) fn poll(&mut self) -> Vec<Outgoing> {
        let mut sent = Vec::new();
        while let Some(out) = self.connection.poll(self.now, &mut self.payloads) {
            sent.push(out);
            assert!(sent.len() < 10_000, "no end of segments");
        }
        sent
    }

    /// Delivers a segment; what it makes the connection send.
    pub(crate) fn take(&mut self, segment: Segment) -> Vec<Outgoing> {
        self.connection.on_segment(self.now, segment, &mut self.payloads);
        self.poll()
    }

    /// A segment of the peer: `seq` and `ack` count from 0, `len` bytes of payload.
    pub(crate) fn segment(&mut self, seq: u32, len: usize, ack: u32, flags: Flags) -> Segment {
        Segment {
            seq: THEIRS.wrapping_add(1).wrapping_add(seq),
            ack: OURS.wrapping_add(1).wrapping_add(ack),
            flags: flags.with(Flags::ACK),
            window: self.window,
            options: Options::default(),
            payload: (len > 0).then(|| self.payloads.add(&vec![seq as u8; len])),
        }
    }

    /// The peer sends `len` bytes at `seq`, and has received up to `ack`.
    pub(crate) fn data(&mut self, seq: u32, len: usize, ack: u32) -> Vec<Seen> {
        let segment = self.segment(seq, len, ack, Flags::default());
        let sent = self.take(segment);
        self.seen(&sent)
    }

    /// The peer has received up to `ack`.
    pub(crate) fn ack(&mut self, ack: u32) -> Vec<Seen> {
        self.data(0, 0, ack)
    }

    /// The same, with blocks received beyond that.
    pub(crate) fn ack_with_blocks(&mut self, ack: u32, blocks: &[(u32, u32)]) -> Vec<Seen> {
        let mut segment = self.segment(0, 0, ack, Flags::default());
        let mut sack = SackBlocks::default();
        for (first, end) in blocks {
            assert!(sack.push((OURS.wrapping_add(1 + first), OURS.wrapping_add(1 + end))));
        }
        segment.options.sack = sack;
        let sent = self.take(segment);
        self.seen(&sent)
    }

    pub(crate) fn write(&mut self, len: usize) -> Vec<Seen> {
        let chunk = self.payloads.add(&vec![7; len]);
        self.connection.write(chunk).unwrap();
        let sent = self.poll();
        self.seen(&sent)
    }

    pub(crate) fn read(&mut self, max: u32) -> u32 {
        let chunks = self.connection.read(max, &mut self.payloads);
        for chunk in &chunks {
            snapstack::buffers::Holders::release(&mut self.payloads, chunk.payload);
        }
        chunks.iter().map(|chunk| chunk.len).sum()
    }

    /// Lets time go on to the next thing to do.
    pub(crate) fn wait(&mut self) -> Vec<Seen> {
        self.now = self.connection.next_time().expect("nothing to wait for").max(self.now);
        let sent = self.poll();
        self.seen(&sent)
    }

    pub(crate) fn seen(&self, sent: &[Outgoing]) -> Vec<Seen> {
        let ours = OURS.wrapping_add(1);
        let theirs = THEIRS.wrapping_add(1);
        sent.iter()
            .map(|out| Seen {
                seq: out.seq.wrapping_sub(ours),
                len: out.parts.len(),
                ack: out.ack.wrapping_sub(theirs),
                flags: out.flags,
            })
            .collect()
    }
}

/// Where the segments with payload begin.
pub(crate) fn starts(sent: &[Seen]) -> Vec<u32> {
    sent.iter().filter(|seen| seen.len > 0).map(|seen| seen.seq).collect()
}

/// An acknowledgement without payload.
pub(crate) fn bare(seq: u32, ack: u32) -> Seen {
    Seen { seq, len: 0, ack, flags: Flags::ACK }
}
