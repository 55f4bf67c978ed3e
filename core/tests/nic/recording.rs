//! The record of sent frames itself: nothing is lost, and nothing bad gets by.

use snapstack::traffic::capture::{ETHERNET, RAW_IP, Reader, Status};

use crate::frames;
use crate::support::{V4, V6, noise, udp4};

#[test]
fn every_frame_is_in_the_file_when_its_thread_has_ended() {
    const NAME: &str = "recording::thread";
    let sent: Vec<(u64, Vec<u8>)> =
        (0..4000).map(|n| (n, V4.frame(n as u32, &noise(n as usize % 1460, n)))).collect();
    let copy = sent.clone();
    let thread = std::thread::Builder::new().name(NAME.to_owned()).spawn(move || {
        for (time, frame) in &copy {
            frames::record(ETHERNET, *time, frame);
            frames::record(RAW_IP, *time, &frame[14..]);
        }
    });
    thread.unwrap().join().unwrap();
    let (mut reader, mut read) = (Reader::new(), Vec::new());
    reader.push(&std::fs::read(frames::path(NAME)).unwrap(), |packet| {
        read.push((packet.time_ns, packet.link_type, packet.captured.to_vec()));
    });
    assert_eq!(reader.finish().ending.status, Status::Ok);
    let expected = sent.into_iter().flat_map(|(time, frame)| {
        let packet = frame[14..].to_vec();
        [(Some(time.into()), ETHERNET.into(), frame), (Some(time.into()), RAW_IP.into(), packet)]
    });
    assert!(read.into_iter().eq(expected));
}

#[test]
fn a_flipped_bit_a_missing_byte_and_a_byte_too_much_are_seen() {
    // From where on every bit is covered: of an IPv6 header only addresses and what tells lengths and protocols.
    for (frame, covered) in [(V4.frame(1, b"odd"), 14), (V6.frame(1, b"even"), 22), (udp4(9, b"udp"), 14)] {
        assert_eq!(frames::verify(ETHERNET, &frame), Ok(()));
        assert_eq!(frames::verify(RAW_IP, &frame[14..]), Ok(()));
        for bit in 8 * covered..8 * frame.len() {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(frames::verify(ETHERNET, &flipped).is_err(), "bit {bit} of {frame:02x?}");
        }
        assert!(frames::verify(ETHERNET, &frame[..frame.len() - 1]).is_err());
        assert!(frames::verify(ETHERNET, &[&frame[..], &[0]].concat()).is_err());
    }
}
