//! Closing a connection (RFC 9293 section 3.6), and what is left behind.

use snapstack::stack::tcp::{Failure, Flags, SECOND, State, Stray, TIME_WAIT, TimeWaitTable};

use super::hand::{Hand, Seen, bare, config};

const FIN_ACK: Flags = Flags::FIN.with(Flags::ACK);

fn fin(hand: &mut Hand, seq: u32, len: usize, ack: u32) -> Vec<Seen> {
    let segment = hand.segment(seq, len, ack, Flags::FIN);
    let sent = hand.take(segment);
    hand.seen(&sent)
}

fn shutdown(hand: &mut Hand) -> Vec<Seen> {
    hand.connection.shutdown();
    let sent = hand.poll();
    hand.seen(&sent)
}

#[test]
fn closing_first_goes_through_time_wait() {
    let mut hand = Hand::open(config());
    assert_eq!(shutdown(&mut hand), [Seen { seq: 0, len: 0, ack: 0, flags: FIN_ACK }]);
    assert_eq!(hand.connection.state(), State::FinWait1);
    assert_eq!(hand.ack(1), []);
    assert_eq!(hand.connection.state(), State::FinWait2);
    assert_eq!(fin(&mut hand, 0, 0, 1), [bare(1, 1)]);
    assert_eq!(hand.connection.state(), State::TimeWait);
    assert!(hand.connection.end_of_stream());
    hand.wait();
    assert_eq!((hand.now, hand.connection.state()), (TIME_WAIT, State::Closed));
    assert_eq!(hand.connection.failure(), None);
}

#[test]
fn closing_second_ends_with_the_last_acknowledgement() {
    let mut hand = Hand::open(config());
    assert_eq!(fin(&mut hand, 0, 0, 0), [bare(0, 1)]);
    assert_eq!(hand.connection.state(), State::CloseWait);
    assert_eq!(hand.write(10), [Seen { seq: 0, len: 10, ack: 1, flags: Flags::PSH.with(Flags::ACK) }]);
    assert_eq!(shutdown(&mut hand), [Seen { seq: 10, len: 0, ack: 1, flags: FIN_ACK }]);
    assert_eq!(hand.connection.state(), State::LastAck);
    hand.data(1, 0, 11);
    assert!(hand.connection.is_finished());
    assert_eq!(hand.payloads.live(), 0);
}

#[test]
fn ends_that_close_at_once_both_wait() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    assert_eq!(fin(&mut hand, 0, 0, 0), [bare(1, 1)]);
    assert_eq!(hand.connection.state(), State::Closing);
    hand.data(1, 0, 1);
    assert_eq!(hand.connection.state(), State::TimeWait);
}

#[test]
fn a_fin_that_is_acknowledged_with_the_peers_fin_skips_fin_wait_2() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    fin(&mut hand, 0, 0, 1);
    assert_eq!(hand.connection.state(), State::TimeWait);
}

#[test]
fn a_lost_fin_is_sent_again() {
    let mut hand = Hand::open(config());
    hand.write(10);
    shutdown(&mut hand);
    assert_eq!(hand.ack(10), []);
    assert_eq!(hand.wait(), [Seen { seq: 10, len: 0, ack: 0, flags: FIN_ACK }]);
}

#[test]
fn after_shutdown_the_peers_data_still_arrives() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    assert_eq!(hand.data(0, 500, 1), [bare(1, 500)]);
    assert_eq!(hand.read(u32::MAX), 500);
    assert!(!hand.connection.end_of_stream());
}

#[test]
fn a_fin_before_its_turn_counts_when_the_gap_is_filled() {
    let mut hand = Hand::open(config());
    fin(&mut hand, 100, 50, 0);
    assert_eq!(hand.connection.state(), State::Established);
    assert_eq!(hand.data(0, 100, 0), [bare(0, 151)]);
    assert_eq!(hand.connection.state(), State::CloseWait);
    assert_eq!(hand.read(u32::MAX), 150);
    assert!(hand.connection.end_of_stream());
}

#[test]
fn bytes_behind_a_fin_are_never_delivered() {
    let mut hand = Hand::open(config());
    hand.data(300, 100, 0);
    fin(&mut hand, 100, 0, 0);
    hand.data(0, 200, 0);
    assert_eq!(hand.connection.state(), State::CloseWait);
    assert_eq!(hand.read(u32::MAX), 100);
    assert_eq!(hand.payloads.live(), 0);
}

#[test]
fn closing_over_unread_bytes_resets() {
    let mut hand = Hand::open(config());
    hand.data(0, 500, 0);
    hand.connection.close(hand.now, &mut hand.payloads);
    let sent = hand.poll();
    assert_eq!(hand.seen(&sent), [Seen { seq: 0, len: 0, ack: 500, flags: Flags::RST.with(Flags::ACK) }]);
    assert_eq!(hand.payloads.live(), 0);
}

#[test]
fn bytes_that_arrive_after_close_reset() {
    let mut hand = Hand::open(config());
    hand.write(100);
    hand.connection.close(hand.now, &mut hand.payloads);
    let fins = hand.poll();
    assert_eq!(hand.seen(&fins), [Seen { seq: 100, len: 0, ack: 0, flags: FIN_ACK }]);
    let sent = hand.data(0, 10, 101);
    assert_eq!(sent, [Seen { seq: 101, len: 0, ack: 0, flags: Flags::RST.with(Flags::ACK) }]);
    assert_eq!((hand.connection.failure(), hand.payloads.live()), (Some(Failure::Aborted), 0));
}

#[test]
fn a_closed_connection_does_not_wait_for_ever_for_the_peers_fin() {
    let mut hand = Hand::open(config());
    hand.connection.close(hand.now, &mut hand.payloads);
    hand.poll();
    hand.now = 5 * SECOND;
    hand.ack(1);
    assert_eq!(hand.connection.state(), State::FinWait2);
    hand.wait();
    assert_eq!((hand.now, hand.connection.state()), (65 * SECOND, State::Closed));
}

#[test]
fn a_connection_that_was_only_shut_down_waits_for_its_peer() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    hand.ack(1);
    assert_eq!(hand.connection.next_time(), None);
}

#[test]
fn time_wait_moves_to_the_table_and_answers_there() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    fin(&mut hand, 0, 20, 1);
    let entry = hand.connection.take_time_wait().expect("an entry");
    assert!(hand.connection.is_finished());
    assert_eq!(hand.read(u32::MAX), 20);
    let mut table = TimeWaitTable::new(10);
    table.insert(0, 1, entry);
    let repeated = hand.segment(20, 0, 1, Flags::FIN);
    let Stray::Answer(answer, _) = table.on_segment(1, &1, &repeated) else { panic!("no answer") };
    assert_eq!(hand.seen(&[answer]), [bare(1, 21)]);
}

#[test]
fn a_repeated_fin_is_acknowledged_and_begins_time_wait_anew() {
    let mut hand = Hand::open(config());
    shutdown(&mut hand);
    fin(&mut hand, 0, 0, 1);
    hand.now = 30 * SECOND;
    assert_eq!(fin(&mut hand, 0, 0, 1), [bare(1, 1)]);
    assert_eq!(hand.connection.next_time(), Some(90 * SECOND));
}

#[test]
fn an_abort_resets_and_lets_everything_go() {
    let mut hand = Hand::open(config());
    hand.write(5_000);
    hand.data(0, 100, 0);
    hand.data(500, 100, 0);
    hand.connection.abort(&mut hand.payloads);
    let sent = hand.poll();
    assert_eq!(hand.seen(&sent), [Seen { seq: 5_000, len: 0, ack: 100, flags: Flags::RST.with(Flags::ACK) }]);
    assert_eq!((hand.payloads.live(), hand.connection.next_time()), (0, None));
}
