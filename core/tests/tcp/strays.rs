//! Segments that do not belong: old, forged, malformed in meaning (RFC 5961, RFC 7323 section 5, RFC 9293 section 3.10.7).

use proptest::prelude::*;
use snapstack::stack::tcp::{
    Config, Failure, Flags, MILLISECOND, Options, SECOND, SackBlocks, Segment, State, Timestamps,
};

use super::hand::{Hand, OURS, THEIRS, bare, config, offer};
use super::link::cases;

fn send(hand: &mut Hand, seq: u32, len: usize, ack: u32, flags: Flags) -> usize {
    let segment = hand.segment(seq, len, ack, flags);
    hand.take(segment).len()
}

#[test]
fn only_a_reset_with_the_very_next_number_resets() {
    let mut hand = Hand::open(config());
    assert_eq!(send(&mut hand, 1, 0, 0, Flags::RST), 1, "inside the window it is challenged");
    assert_eq!(send(&mut hand, 1 << 30, 0, 0, Flags::RST), 0);
    assert_eq!(send(&mut hand, u32::MAX, 0, 0, Flags::RST), 0);
    assert_eq!(hand.connection.state(), State::Established);
    assert_eq!(send(&mut hand, 0, 0, 0, Flags::RST), 0);
    assert_eq!((hand.connection.state(), hand.connection.failure()), (State::Closed, Some(Failure::Reset)));
}

#[test]
fn a_reset_leaves_what_was_received_to_be_read() {
    let mut hand = Hand::open(config());
    hand.write(100);
    hand.data(0, 100, 0);
    send(&mut hand, 100, 0, 0, Flags::RST);
    assert_eq!((hand.read(u32::MAX), hand.payloads.live()), (100, 0));
}

#[test]
fn a_syn_on_an_open_connection_is_challenged_whatever_its_number() {
    let mut hand = Hand::open(config());
    for seq in [0, 5, 1 << 30] {
        assert_eq!(send(&mut hand, seq, 0, 0, Flags::SYN), 1);
        assert_eq!(hand.connection.state(), State::Established);
    }
}

#[test]
fn challenges_are_ten_in_five_seconds() {
    let mut hand = Hand::open(config());
    let mut burst = |now| {
        hand.now = now;
        (0..50).map(|_| send(&mut hand, 1, 0, 0, Flags::RST)).sum::<usize>()
    };
    assert_eq!((burst(0), burst(SECOND), burst(6 * SECOND)), (10, 0, 10));
}

#[test]
fn acknowledgements_of_what_was_never_sent_change_nothing() {
    let mut hand = Hand::open(config());
    hand.write(1_000);
    assert_eq!(hand.data(0, 10, 1_001), [bare(1_000, 0)]);
    assert_eq!((hand.connection.unacknowledged(), hand.connection.readable()), (1_000, 0));
    assert_eq!(hand.data(0, 10, 0_u32.wrapping_sub(70_000)), [bare(1_000, 0)]);
    assert_eq!(hand.connection.readable(), 0, "too old to be believed");
}

#[test]
fn old_data_is_acknowledged_at_once_and_not_delivered_again() {
    let mut hand = Hand::open(Config { ack_delay: 40 * MILLISECOND, ..config() });
    hand.data(0, 1_000, 0);
    hand.wait();
    assert_eq!(hand.data(0, 1_000, 0), [bare(0, 1_000)]);
    assert_eq!(hand.read(u32::MAX), 1_000);
    assert_eq!(hand.payloads.live(), 0);
}

#[test]
fn overlapping_segments_deliver_every_byte_once_and_the_first_to_come_counts() {
    let mut hand = Hand::open(config());
    let mut model = [None; 550];
    for (seq, len) in [(100, 50), (300, 100), (120, 200), (90, 400), (0, 95), (50, 500)] {
        hand.data(seq, len, 0);
        for byte in &mut model[seq as usize..][..len] {
            byte.get_or_insert(seq as u8); // what the test's payload consists of
        }
    }
    let chunks = hand.connection.read(u32::MAX, &mut hand.payloads);
    let bytes: Vec<_> =
        chunks.iter().flat_map(|&chunk| hand.payloads.bytes(chunk).iter().map(|&byte| Some(byte))).collect();
    assert_eq!(bytes, model);
}

/// A connection with timestamps; the peer's clock stands at 1,000.
fn with_timestamps() -> Hand {
    let config = Config { timestamps: true, ..config() };
    let mut hand = Hand::connecting(config);
    let timestamps = Some(Timestamps { value: 1_000, echo: 0 });
    let options = Options { timestamps, ..offer(&config) };
    let ack = OURS.wrapping_add(1);
    let flags = Flags::SYN.with(Flags::ACK);
    let sent = hand.take(Segment { seq: THEIRS, ack, flags, window: 60_000, options, payload: None });
    assert_eq!(sent[0].options.timestamps, Some(Timestamps { value: 0, echo: 1_000 }));
    hand
}

fn stamped(hand: &mut Hand, seq: u32, value: Option<u32>) -> (usize, u32) {
    let mut segment = hand.segment(seq, 10, 0, Flags::default());
    segment.options.timestamps = value.map(|value| Timestamps { value, echo: 0 });
    let sent = hand.take(segment).len();
    (sent, hand.connection.readable())
}

#[test]
fn timestamps_from_the_past_are_old_duplicates() {
    let mut hand = with_timestamps();
    assert_eq!(stamped(&mut hand, 0, Some(1_001)), (1, 10));
    assert_eq!(stamped(&mut hand, 10, Some(1_000)), (1, 10), "acknowledged, not taken");
    assert_eq!(stamped(&mut hand, 10, None), (0, 10), "a segment without a timestamp is dropped");
    assert_eq!(stamped(&mut hand, 10, Some(1_001)), (1, 20));
}

#[test]
fn a_segment_out_of_order_does_not_advance_the_peers_clock() {
    let mut hand = with_timestamps();
    assert_eq!(stamped(&mut hand, 10, Some(5_000)), (1, 0));
    assert_eq!(stamped(&mut hand, 0, Some(1_001)), (1, 20));
}

#[test]
fn timestamps_are_forgotten_after_24_days() {
    let mut hand = with_timestamps();
    hand.now = 25 * 24 * 3600 * SECOND;
    assert_eq!(stamped(&mut hand, 0, Some(3)), (1, 10));
}

#[test]
fn timestamps_leave_less_room_for_payload() {
    let mut hand = with_timestamps();
    assert_eq!(hand.write(5_000)[0].len, 988);
}

#[test]
fn a_closed_connection_answers_like_a_closed_port() {
    let mut hand = Hand::open(config());
    send(&mut hand, 0, 0, 0, Flags::RST);
    let segment = hand.segment(0, 100, 7, Flags::default());
    let sent = hand.take(segment);
    assert_eq!((sent.len(), sent[0].flags, sent[0].seq), (1, Flags::RST, OURS.wrapping_add(8)));
    assert_eq!(hand.payloads.live(), 0);
}

/// Sequence number, payload bytes, acknowledgement, flags, window, blocks, timestamps.
type Fields = (u32, usize, u32, u8, u16, Vec<(u32, u32)>, Option<(u32, u32)>);

/// Any segment, most of them near the numbers that count.
fn any_segment() -> impl Strategy<Value = Fields> {
    let near = prop_oneof![4 => 0_u32..6_000, 1 => any::<u32>()];
    let len = prop_oneof![Just(0), 1_usize..2_000];
    let flags = prop_oneof![6 => Just(0x10_u8), 2 => Just(0x11), 1 => any::<u8>()];
    let blocks = prop::collection::vec((0_u32..6_000, 0_u32..6_000), 0..4);
    (near.clone(), len, near, flags, any::<u16>(), blocks, prop::option::of((any::<u32>(), any::<u32>())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(300), ..ProptestConfig::default() })]

    #[test]
    fn whatever_arrives_nothing_panics_queues_stay_bounded_and_holders_balance(
        segments in prop::collection::vec((any_segment(), 0_u8..8), 1..150),
        sack in any::<bool>(),
        timestamps in any::<bool>(),
    ) {
        let config = Config { receive_buffer: 8_192, sack, ..config() };
        let mut hand = if timestamps { with_timestamps() } else { Hand::open(config) };
        // Writes of 700 bytes each, and received chunks: one for 256 bytes of buffer.
        let limit = (hand.connection.writable() / 700 + 256 * 1024 / 256) as usize;
        for ((seq, len, ack, flags, window, blocks, times), act) in segments {
            let mut segment = hand.segment(seq, len, ack, Flags::default());
            segment.flags = Flags::from_bits(flags);
            segment.window = window;
            let mut sack = SackBlocks::default();
            for (first, end) in blocks {
                sack.push((OURS.wrapping_add(first), OURS.wrapping_add(end)));
            }
            segment.options.sack = sack;
            segment.options.timestamps = times.map(|(value, echo)| Timestamps { value: value % 3_000, echo });
            hand.take(segment);
            match act {
                0 if hand.connection.writable() > 700 => {
                    hand.write(700);
                }
                1 => {
                    hand.read(u32::from(window));
                }
                2 if hand.connection.next_time().is_some() => {
                    hand.wait();
                }
                3 if window < 500 => hand.connection.shutdown(),
                4 if window < 100 => hand.connection.close(hand.now, &mut hand.payloads),
                _ => {}
            }
            prop_assert!(hand.payloads.live() <= limit, "{} payloads held", hand.payloads.live());
        }
        let mut twin = hand.clone();
        hand.connection.abort(&mut hand.payloads);
        prop_assert_eq!(hand.payloads.live(), 0);
        twin.connection.close(twin.now, &mut twin.payloads);
        twin.poll();
        for _ in 0..200 {
            if twin.connection.next_time().is_none() {
                break;
            }
            twin.wait();
        }
        prop_assert_eq!(twin.connection.state(), State::Closed);
        prop_assert_eq!(twin.payloads.live(), 0);
    }
}
