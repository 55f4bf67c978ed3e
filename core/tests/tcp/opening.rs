//! Opening a connection (RFC 9293 section 3.5).

use snapstack::stack::tcp::{
    Config, Connection, Failure, Flags, Initial, Options, SECOND, Segment, State, Timestamps,
};

use super::hand::{Hand, OURS, THEIRS, config, offer, starts};
use super::payloads::Payloads;

#[test]
fn a_syn_offers_what_the_settings_say() {
    let config = Config { mss: 1460, receive_buffer: 1 << 20, ..Config::default() };
    let mut connection = Connection::connect(&config, Initial { sequence: 9, timestamp: 77 });
    let syn = connection.poll(5_000_000, &mut Payloads::default()).expect("a SYN");
    let offered = Options {
        mss: Some(1460),
        window_scale: Some(5),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 82, echo: 0 }),
        ..Options::default()
    };
    assert_eq!((syn.seq, syn.flags, syn.window, syn.options), (9, Flags::SYN, 65_535, offered));
}

#[test]
fn an_answer_offers_only_what_the_peer_offered() {
    let (mut hand, answer) =
        Hand::accepting(Config::default(), Options { mss: Some(900), ..Options::default() });
    assert_eq!(answer.options, Options { mss: Some(1460), ..Options::default() });
    assert_eq!((answer.seq, answer.ack), (OURS, THEIRS.wrapping_add(1)));
    hand.ack(0);
    assert_eq!(hand.connection.state(), State::Established);
    assert_eq!(hand.write(5_000).iter().map(|seen| seen.len).collect::<Vec<_>>(), [900; 5]);
}

#[test]
fn two_ends_that_open_at_once_share_one_connection() {
    let (mut here, mut there) = (Hand::connecting(config()), Hand::connecting(config()));
    // Both SYNs cross, then both SYN-ACKs.
    let syn = |seq| Segment {
        seq,
        flags: Flags::SYN,
        window: 60_000,
        options: offer(&config()),
        ..Segment::default()
    };
    let answers = [here.take(syn(OURS)), there.take(syn(OURS))];
    for (hand, answer) in [(&mut there, &answers[0]), (&mut here, &answers[1])] {
        assert_eq!(
            (answer[0].flags, hand.connection.state()),
            (Flags::SYN.with(Flags::ACK), State::SynReceived)
        );
        let segment = Segment {
            seq: answer[0].seq,
            ack: answer[0].ack,
            flags: answer[0].flags,
            window: answer[0].window,
            options: answer[0].options,
            payload: None,
        };
        hand.take(segment);
        assert_eq!(hand.connection.state(), State::Established);
    }
}

#[test]
fn a_syn_is_repeated_for_three_minutes_and_then_given_up() {
    let mut hand = Hand::connecting(config());
    let mut times = Vec::new();
    while hand.connection.state() == State::SynSent {
        let sent = hand.wait();
        times.extend(sent.iter().map(|_| hand.now / SECOND));
    }
    assert_eq!(times, [1, 3, 7, 15, 31, 63, 123]);
    assert_eq!(hand.now, 183 * SECOND);
    assert_eq!(hand.connection.failure(), Some(Failure::TimedOut { timeouts: 8 }));
    assert_eq!(hand.connection.next_time(), None);
}

#[test]
fn one_lost_syn_keeps_the_initial_window_and_two_leave_one_segment() {
    for (lost, segments) in [(0, 10), (1, 10), (2, 1)] {
        let mut hand = Hand::connecting(config());
        for _ in 0..lost {
            hand.wait();
        }
        let options = offer(&config());
        let ack = OURS.wrapping_add(1);
        let flags = Flags::SYN.with(Flags::ACK);
        hand.take(Segment { seq: THEIRS, ack, flags, window: 60_000, options, payload: None });
        assert_eq!(hand.write(50_000).len(), segments, "{lost} lost");
    }
}

#[test]
fn an_answer_to_another_syn_gets_a_reset_and_changes_nothing() {
    let mut hand = Hand::connecting(config());
    for ack in [OURS, OURS.wrapping_add(2)] {
        let flags = Flags::SYN.with(Flags::ACK);
        let sent = hand.take(Segment { seq: THEIRS, ack, flags, ..Segment::default() });
        assert_eq!((sent.len(), sent[0].flags, sent[0].seq), (1, Flags::RST, ack));
        assert_eq!(hand.connection.state(), State::SynSent);
    }
}

#[test]
fn only_a_reset_that_acknowledges_the_syn_refuses() {
    let mut hand = Hand::connecting(config());
    hand.take(Segment { seq: 0, flags: Flags::RST, ..Segment::default() });
    hand.take(Segment { ack: OURS, flags: Flags::RST.with(Flags::ACK), ..Segment::default() });
    assert_eq!(hand.connection.state(), State::SynSent);
    hand.take(Segment {
        ack: OURS.wrapping_add(1),
        flags: Flags::RST.with(Flags::ACK),
        ..Segment::default()
    });
    assert_eq!(hand.connection.failure(), Some(Failure::Refused));
    assert!(hand.connection.is_finished());
}

#[test]
fn a_syn_that_comes_again_is_answered_again() {
    let (mut hand, answer) = Hand::accepting(config(), offer(&config()));
    let syn = Segment { seq: THEIRS, flags: Flags::SYN, window: 60_000, ..Segment::default() };
    let again = hand.take(syn);
    assert_eq!((again.len(), again[0].flags, again[0].seq), (1, answer.flags, answer.seq));
}

#[test]
fn unreachable_ends_an_attempt_but_not_an_open_connection() {
    let mut hand = Hand::connecting(config());
    hand.connection.on_unreachable(OURS.wrapping_sub(1), &mut hand.payloads);
    assert_eq!(hand.connection.state(), State::SynSent, "not a number in flight");
    hand.connection.on_unreachable(OURS, &mut hand.payloads);
    assert_eq!(hand.connection.failure(), Some(Failure::Unreachable));

    let mut hand = Hand::open(config());
    hand.write(100);
    hand.connection.on_unreachable(OURS.wrapping_add(1), &mut hand.payloads);
    assert_eq!(hand.connection.state(), State::Established);
}

#[test]
fn what_is_written_before_the_handshake_follows_it() {
    let mut hand = Hand::connecting(config());
    assert_eq!(hand.write(1_500), []);
    hand.connection.shutdown();
    let flags = Flags::SYN.with(Flags::ACK);
    let ack = OURS.wrapping_add(1);
    let sent = hand.take(Segment {
        seq: THEIRS,
        ack,
        flags,
        window: 60_000,
        options: offer(&config()),
        payload: None,
    });
    let seen = hand.seen(&sent);
    assert_eq!(starts(&seen), [0, 1_000]);
    assert!(seen[1].flags.has(Flags::FIN));
    assert_eq!(hand.connection.state(), State::FinWait1);
}
