//! Windows, small segments and delayed acknowledgements (RFC 9293 sections 3.7.4 and 3.8.6, RFC 7323 section 2).

use snapstack::stack::tcp::{Config, Failure, MILLISECOND, Options, SECOND, State, WriteError};

use super::hand::{Hand, Seen, bare, config, starts};

fn lens(sent: &[Seen]) -> Vec<u32> {
    sent.iter().map(|seen| seen.len).collect()
}

/// Delivers data and says what window the acknowledgement offers.
fn offered(hand: &mut Hand, seq: u32, len: usize) -> u16 {
    let segment = hand.segment(seq, len, 0, Default::default());
    hand.take(segment).last().expect("an acknowledgement").window
}

#[test]
fn the_window_closes_as_bytes_wait_and_opens_by_whole_segments() {
    let mut hand = Hand::open(Config { receive_buffer: 4_000, ..config() });
    let windows: Vec<u16> = (0..4).map(|index| offered(&mut hand, index * 1_000, 1_000)).collect();
    assert_eq!(windows, [3_000, 2_000, 1_000, 0]);
    hand.read(500);
    assert_eq!(hand.poll(), [], "half a segment is not worth telling");
    hand.read(500);
    let update = hand.poll();
    assert_eq!((update.len(), update[0].window), (1, 1_000));
}

#[test]
fn bytes_beyond_the_window_are_not_taken() {
    let mut hand = Hand::open(Config { receive_buffer: 4_000, ..config() });
    assert_eq!(hand.data(3_500, 1_000, 0), [bare(0, 0)]);
    assert_eq!(hand.data(0, 3_500, 0), [bare(0, 4_000)]);
    assert_eq!(hand.data(4_000, 10, 0), [bare(0, 4_000)]);
    assert_eq!(hand.read(u32::MAX), 4_000);
}

#[test]
fn large_buffers_are_offered_scaled_and_the_peers_window_is_scaled_back() {
    let config = Config { receive_buffer: 1 << 20, ..config() };
    let options = Options { mss: Some(1_000), window_scale: Some(3), ..Options::default() };
    let (mut hand, answer) = Hand::accepting(config, options);
    assert_eq!((answer.options.window_scale, answer.window), (Some(5), 65_535));
    assert_eq!(offered(&mut hand, 0, 1_000), (((1 << 20) - 1_000_u32) >> 5) as u16);
    hand.window = 100;
    hand.data(1_000, 0, 0);
    assert_eq!(hand.write(5_000), []);
    assert_eq!(lens(&hand.wait()), [800]);
}

#[test]
fn without_the_peers_offer_windows_are_not_scaled() {
    let (mut hand, answer) =
        Hand::accepting(Config { receive_buffer: 1 << 20, ..config() }, Options::default());
    assert_eq!(answer.options.window_scale, None);
    assert_eq!(offered(&mut hand, 0, 1_000), 65_535);
}

#[test]
fn a_closed_window_is_probed_ever_more_rarely_while_the_peer_answers() {
    let mut hand = Hand::open(config());
    hand.window = 0;
    hand.ack(0);
    assert_eq!(hand.write(3_000), []);
    let mut times = Vec::new();
    for _ in 0..30 {
        assert_eq!(lens(&hand.wait()), [1]);
        times.push(hand.now / SECOND);
        assert_eq!(hand.ack(0), []);
    }
    assert_eq!(times[..8], [1, 3, 7, 15, 31, 63, 123, 183]);
    assert_eq!(hand.connection.state(), State::Established);
}

#[test]
fn a_peer_that_never_answers_a_probe_is_given_up() {
    let mut hand = Hand::open(config());
    hand.window = 0;
    hand.ack(0);
    hand.write(3_000);
    while hand.connection.state() == State::Established {
        hand.wait();
    }
    assert_eq!(hand.connection.failure(), Some(Failure::TimedOut { timeouts: 16 }));
    assert_eq!(hand.payloads.live(), 0);
}

#[test]
fn when_the_window_opens_the_probed_byte_goes_again_and_the_rest_follows() {
    let mut hand = Hand::open(config());
    hand.window = 0;
    hand.ack(0);
    hand.write(5_000);
    hand.wait();
    hand.window = 60_000;
    assert_eq!(starts(&hand.ack(0)), [0, 1, 1_001, 2_001, 3_001]);
}

#[test]
fn a_probed_byte_that_was_taken_is_not_sent_again() {
    let mut hand = Hand::open(config());
    hand.window = 0;
    hand.ack(0);
    hand.write(5_000);
    hand.wait();
    hand.window = 60_000;
    assert_eq!(starts(&hand.ack(1)), [1, 1_001, 2_001, 3_001]);
}

#[test]
fn nagle_holds_small_segments_while_something_is_in_flight() {
    let mut hand = Hand::open(config());
    assert_eq!(lens(&hand.write(100)), [100]);
    assert_eq!(hand.write(100), []);
    assert_eq!(hand.write(100), []);
    assert_eq!(lens(&hand.write(900)), [1_000], "a full segment may go");
    assert_eq!(lens(&hand.ack(1_100)), [100]);
}

#[test]
fn without_nagle_every_write_goes_at_once() {
    let mut hand = Hand::open(Config { nagle: false, ..config() });
    assert_eq!(lens(&hand.write(100)), [100]);
    assert_eq!(lens(&hand.write(10)), [10]);
}

#[test]
fn a_sliver_of_a_window_is_not_used_until_the_override_timeout() {
    let mut hand = Hand::open(config());
    hand.window = 300;
    hand.ack(0);
    assert_eq!(hand.write(5_000), []);
    assert_eq!(lens(&hand.wait()), [300]);
    assert_eq!(hand.now, 200 * MILLISECOND);
}

#[test]
fn a_window_that_was_always_small_is_used_by_halves() {
    let (mut hand, _) = Hand::accepting(config(), Options { mss: Some(1_000), ..Options::default() });
    hand.window = 100;
    hand.ack(0);
    assert_eq!(lens(&hand.write(500)), [100]);
    assert_eq!(lens(&hand.ack(100)), [100]);
}

#[test]
fn an_acknowledgement_waits_for_a_second_segment_or_its_delay() {
    let mut hand = Hand::open(Config { ack_delay: 40 * MILLISECOND, ..config() });
    assert_eq!(hand.data(0, 1_000, 0), []);
    assert_eq!(hand.wait(), [bare(0, 1_000)]);
    assert_eq!(hand.now, 40 * MILLISECOND);
    assert_eq!(hand.data(1_000, 1_000, 0), []);
    assert_eq!(hand.data(2_000, 1_000, 0), [bare(0, 3_000)]);
    assert_eq!(hand.connection.next_time(), None);
}

#[test]
fn data_that_goes_takes_the_acknowledgement_along() {
    let mut hand = Hand::open(Config { ack_delay: 40 * MILLISECOND, ..config() });
    hand.data(0, 1_000, 0);
    let sent = hand.write(10);
    assert_eq!((sent.len(), sent[0].ack), (1, 1_000));
    hand.data(1_000, 0, 10);
    assert_eq!(hand.connection.next_time(), None);
}

#[test]
fn segments_that_need_a_fourth_range_end_before_it() {
    let mut hand = Hand::open(Config { nagle: false, ..config() });
    for _ in 0..7 {
        let chunk = hand.payloads.add(&[1; 10]);
        hand.connection.write(chunk).unwrap();
    }
    let sent = hand.poll();
    assert_eq!(lens(&hand.seen(&sent)), [30, 30, 10]);
    assert_eq!(sent[0].parts.as_slice().len(), 3);
}

#[test]
fn a_peer_cannot_make_segments_smaller_than_their_headers() {
    let (mut hand, _) = Hand::accepting(config(), Options { mss: Some(1), ..Options::default() });
    hand.ack(0);
    assert_eq!(lens(&hand.write(176)), [88, 88]);
}

#[test]
fn tiny_segments_fill_the_queue_by_number_not_only_by_bytes() {
    let mut hand = Hand::open(Config { receive_buffer: 65_536, ..config() });
    for seq in 0..400 {
        hand.data(seq, 1, 0);
    }
    assert_eq!((hand.payloads.live(), hand.connection.readable()), (256, 256));
    assert_eq!(hand.read(u32::MAX), 256);
    assert_eq!(hand.data(256, 100, 0), [bare(0, 356)]);
}

#[test]
fn the_send_queue_takes_what_fits_and_says_what_does_not() {
    let mut hand = Hand::open(Config { send_buffer: 1_000, ..config() });
    let chunk = hand.payloads.add(&[0; 1_001]);
    assert_eq!(hand.connection.write(chunk), Err(WriteError::Full { len: 1_001, space: 1_000 }));
    hand.write(600);
    assert_eq!(hand.connection.writable(), 400);
    hand.ack(600);
    assert_eq!(hand.connection.writable(), 1_000);
    hand.connection.shutdown();
    assert_eq!(hand.connection.write(chunk), Err(WriteError::Closed));
}

#[test]
fn a_smaller_path_sends_what_is_in_flight_again_in_smaller_segments() {
    let mut hand = Hand::open(config());
    hand.write(2_000);
    hand.connection.on_path_mss(super::hand::OURS.wrapping_add(1), 500);
    let sent = hand.poll();
    let seen = hand.seen(&sent);
    assert_eq!((starts(&seen), lens(&seen)), (vec![0, 500, 1_000, 1_500], vec![500; 4]));
}
