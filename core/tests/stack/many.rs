//! Many threads on one NIC: each has a socket, all share the rings, and none is left behind.

use snapstack::buffers::Buffers;
use snapstack::stack::{SocketKind, ThreadId};

use crate::net::{Application, Net, SECOND, at, config, pattern, ready, sk_buff, snapshot, v4};

/// Runs `threads` clients of one server, each of which sends `len` bytes: bytes that the server has of each when the first
/// is complete.
fn progress<B: Buffers>(make: fn() -> B, threads: u32, len: usize) -> Vec<usize> {
    let mut net = Net::with([config(1), config(2)], make);
    let bytes = pattern(len);
    let [one, two] = &mut net.hosts;
    let listener = two.socket(SocketKind::Stream).expect("a socket");
    two.bind(listener, at(v4(2), 80)).expect("an address");
    two.listen(listener, threads).expect("a listener");
    let user = one.fill(&bytes);
    let mut clients = Vec::new();
    for thread in 0..threads {
        let client = one.socket(SocketKind::Stream).expect("a socket");
        one.connect(0, client, at(v4(2), 80)).expect("a route");
        clients.push((client, ThreadId(thread), 0));
    }
    let mut accepted = Vec::new();
    let mut first = None;
    net.until(600 * SECOND, |net| {
        let [one, two] = &mut net.hosts;
        for (client, thread, sent) in &mut clients {
            while *sent < len as u64
                && let Some(taken) = ready(one.send(*client, *thread, user, *sent..len as u64))
            {
                *sent += taken;
            }
        }
        while let Some(socket) = ready(two.accept(listener, ThreadId(0))) {
            accepted.push((socket, 0));
        }
        for (socket, got) in &mut accepted {
            while let Some(Some(users)) = ready(two.recv_segments(net.now, *socket, ThreadId(1), u32::MAX)) {
                *got += two.all(&users).len();
            }
        }
        if first.is_none() && accepted.iter().any(|(_, got)| *got == len) {
            first = Some(accepted.iter().map(|(_, got)| *got).collect());
        }
        (accepted.len() == threads as usize && accepted.iter().all(|(_, got)| *got == len)).then_some(())
    });
    first.expect("one was complete first")
}

#[test]
fn a_thousand_threads_share_one_nic() {
    assert!(!progress(snapshot, 1_000, 3_000).is_empty());
    assert!(!progress(sk_buff, 1_000, 3_000).is_empty());
}

#[test]
fn connections_that_started_together_advance_together() {
    // Few enough that all their SYNs find room while the address is asked for.
    let progress = progress(snapshot, 10, 400_000);
    assert_eq!(progress.len(), 10);
    let least = progress.iter().min().copied().unwrap_or(0);
    assert!(least > 200_000, "when one had all of 400,000 bytes, the last had {least}");
}
