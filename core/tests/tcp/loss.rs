//! Loss: what is sent again and when (RFC 5681, 6298, 6582, 6675, 2018).

use snapstack::stack::tcp::{Config, Failure, SECOND, State};

use super::hand::{Hand, OURS, THEIRS, bare, config, starts};

fn with_sack() -> Config {
    Config { sack: true, ..config() }
}

fn blocks(hand: &mut Hand, seq: u32, len: usize) -> Vec<(u32, u32)> {
    let segment = hand.segment(seq, len, 0, Default::default());
    let sent = hand.take(segment);
    let count = |seq: u32| seq.wrapping_sub(THEIRS.wrapping_add(1));
    sent[0].options.sack.as_slice().iter().map(|&(first, end)| (count(first), count(end))).collect()
}

#[test]
fn ten_segments_go_at_first() {
    assert_eq!(Hand::open(config()).write(50_000).len(), 10);
}

#[test]
fn three_duplicates_send_the_first_segment_again_and_halve_the_window() {
    let mut hand = Hand::open(config());
    hand.write(50_000);
    // Limited transmit (RFC 3042): each of the first two duplicates lets a new segment out.
    assert_eq!(starts(&hand.ack(0)), [10_000]);
    assert_eq!(starts(&hand.ack(0)), [11_000]);
    assert_eq!(starts(&hand.ack(0)), [0]);
    // 12 segments in flight, so the window is 6: new data goes when seven have left the network.
    let sent: Vec<_> = (0..4).map(|_| starts(&hand.ack(0))).collect();
    assert_eq!(sent, [vec![], vec![], vec![], vec![12_000]]);
    // All that was in flight is acknowledged: recovery ends without a burst.
    assert_eq!(starts(&hand.ack(12_000)), [13_000]);
}

#[test]
fn a_partial_acknowledgement_sends_the_next_hole_at_once() {
    let mut hand = Hand::open(config());
    hand.write(50_000);
    for _ in 0..3 {
        hand.ack(0);
    }
    assert_eq!(starts(&hand.ack(3_000))[0], 3_000);
    assert_eq!(starts(&hand.ack(7_000))[0], 7_000);
}

#[test]
fn window_updates_are_no_duplicates() {
    let mut hand = Hand::open(config());
    hand.write(10_000);
    for step in 0..6 {
        hand.window = 60_000 - step;
        assert_eq!(hand.ack(0), []);
    }
}

#[test]
fn with_blocks_only_the_holes_go_again() {
    let mut hand = Hand::open(with_sack());
    hand.write(50_000);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(1_000, 2_000)])), [10_000]);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(1_000, 3_000)])), [11_000]);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(1_000, 4_000)])), [0]);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(5_000, 6_000), (1_000, 4_000)])), [0; 0]);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(5_000, 8_000), (1_000, 4_000)])), [4_000]);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(5_000, 9_000), (1_000, 4_000)])), [12_000]);
}

#[test]
fn one_acknowledgement_whose_blocks_show_a_loss_is_enough() {
    let mut hand = Hand::open(with_sack());
    hand.write(10_000);
    assert_eq!(starts(&hand.ack_with_blocks(0, &[(1_000, 4_000)])), [0]);
}

#[test]
fn blocks_that_cannot_be_are_ignored() {
    let mut hand = Hand::open(with_sack());
    hand.write(10_000);
    for _ in 0..5 {
        let nonsense = [(20_000, 30_000), (4_000, 3_000), (0, 9_000), (5_000, 5_000)];
        assert_eq!(hand.ack_with_blocks(0, &nonsense), []);
    }
}

#[test]
fn a_timeout_sends_one_segment_and_slow_start_sends_the_others() {
    let mut hand = Hand::open(config());
    hand.write(5_000);
    assert_eq!(starts(&hand.wait()), [0]);
    assert_eq!(hand.now, SECOND);
    assert_eq!(starts(&hand.wait()), [0]);
    assert_eq!(hand.now, 3 * SECOND);
    assert_eq!(starts(&hand.ack(1_000)), [1_000, 2_000]);
    assert_eq!(starts(&hand.ack(2_000)), [3_000, 4_000]);
}

#[test]
fn what_a_timeout_finds_to_have_arrived_is_not_sent_again() {
    let mut hand = Hand::open(config());
    hand.write(5_000);
    hand.wait();
    assert_eq!(hand.ack(5_000), []);
    assert_eq!((hand.connection.next_time(), hand.payloads.live()), (None, 0));
}

#[test]
fn a_peer_that_never_answers_is_given_up() {
    let mut hand = Hand::open(config());
    hand.write(5_000);
    while hand.connection.state() == State::Established {
        hand.wait();
    }
    assert_eq!(hand.connection.failure(), Some(Failure::TimedOut { timeouts: 16 }));
    assert!(hand.now > 100 * SECOND);
    assert_eq!((hand.payloads.live(), hand.connection.next_time()), (0, None));
}

#[test]
fn the_acknowledgement_of_a_segment_sent_twice_is_no_measurement() {
    let mut hand = Hand::open(config());
    hand.write(1_000);
    hand.wait();
    hand.now += SECOND / 2;
    hand.ack(1_000);
    let began = hand.now;
    hand.write(1_000);
    assert_eq!(hand.connection.next_time(), Some(began + 2 * SECOND), "still doubled");
    hand.ack(2_000);
    hand.write(1_000);
    assert_eq!(hand.connection.next_time(), Some(began + SECOND), "measured again");
}

#[test]
fn after_a_timeout_blocks_are_not_believed_any_more() {
    let mut hand = Hand::open(with_sack());
    hand.write(3_000);
    hand.ack_with_blocks(0, &[(2_000, 3_000)]);
    assert_eq!(starts(&hand.wait()), [0]);
    assert_eq!(starts(&hand.ack(1_000)), [1_000, 2_000]);
}

#[test]
fn arrivals_before_their_turn_are_reported_latest_first() {
    let mut hand = Hand::open(with_sack());
    assert_eq!(blocks(&mut hand, 1_000, 1_000), [(1_000, 2_000)]);
    assert_eq!(blocks(&mut hand, 5_000, 1_000), [(5_000, 6_000), (1_000, 2_000)]);
    assert_eq!(blocks(&mut hand, 3_000, 1_000), [(3_000, 4_000), (5_000, 6_000), (1_000, 2_000)]);
    assert_eq!(blocks(&mut hand, 2_000, 1_000), [(1_000, 4_000), (5_000, 6_000)]);
    assert_eq!(blocks(&mut hand, 0, 1_000), [(5_000, 6_000)]);
    assert_eq!(blocks(&mut hand, 4_000, 1_000), []);
    assert_eq!(hand.read(u32::MAX), 6_000);
}

#[test]
fn every_early_arrival_gets_an_acknowledgement_of_its_own() {
    let mut hand = Hand::open(config());
    for seq in [1_000, 2_000, 3_000] {
        let segment = hand.segment(seq, 1_000, 0, Default::default());
        hand.connection.on_segment(hand.now, segment, &mut hand.payloads);
    }
    let sent = hand.poll();
    assert_eq!(hand.seen(&sent), [bare(0, 0); 3]);
    assert_eq!(hand.data(0, 1_000, 0), [bare(0, 4_000)]);
}

#[test]
fn an_idle_connection_starts_again_from_the_initial_window() {
    let mut hand = Hand::open(config());
    hand.write(10_000);
    for segment in 1..=10 {
        hand.ack(segment * 1_000);
    }
    assert_eq!(hand.write(20_000).len(), 20, "the window has doubled");
    hand.ack(30_000);
    hand.now += 10 * SECOND;
    assert_eq!(hand.write(50_000).len(), 10);
}

#[test]
fn retransmissions_take_the_same_payload_again() {
    let mut hand = Hand::open(config());
    hand.write(1_000);
    hand.now = SECOND;
    let again = hand.poll();
    assert_eq!((again[0].seq, again[0].parts.len()), (OURS.wrapping_add(1), 1_000));
    assert_eq!(hand.payloads.live(), 1);
}
