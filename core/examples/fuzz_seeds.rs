//! Makes the seeds of the fuzz targets: conversations of a client with the host that is attacked, recorded as they reach
//! it, and the same frames as capture files. `cargo run --example fuzz_seeds` writes them to `fuzz/seeds`.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the fuzzer builds the same files as a library")]
mod fuzz;

use std::collections::VecDeque;
use std::error::Error;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

use fuzz::frame_input::{self, Arrival, JOINED, REPAIR, SCARCE, SHORT_LINES, TSO};
use fuzz::victim::{ECHO, PEER, SPLICE, Victim, config, v4, v6};
use snapstack::buffers::{Buffers, SendId, Snapshot};
use snapstack::nic::TxFrames;
use snapstack::stack::{Shutdown, SocketId, SocketKind, Stack, ThreadId};
use snapstack::traffic::capture::{ETHERNET, PcapWriter, PcapngWriter, WriteError};

const THREAD: ThreadId = ThreadId(0);
/// One way, in nanoseconds.
const LATENCY: u64 = 100_000;
/// Where a recording ends, in nanoseconds.
const END: u64 = 20_000_000_000;
/// Frames of a recording.
const MOST: usize = 100;

/// What the client's application does each time that something has happened.
type Application = Box<dyn FnMut(&mut Stack<Snapshot>, u64)>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let mut all = Vec::new();
    for (name, settings, lost, application) in scenes() {
        let arrivals = record(settings, lost, application)?;
        let input = frame_input::encode(settings, &arrivals);
        frame_input::run(&input);
        write(&folder.join("frame_input"), name, &input)?;
        all.extend(arrivals);
    }
    for (name, file) in captures(&all)? {
        fuzz::capture_reader::run(&file);
        write(&folder.join("capture_reader"), name, &file)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(name), bytes)
}

/// Name, settings, which frames of the client get lost (each so-many-th; 0 for none), and what the client does.
fn scenes() -> Vec<(&'static str, u8, usize, Application)> {
    vec![
        ("echo-v4", REPAIR, 0, talk(v4(2), ECHO, 3_000, true)),
        ("echo-v6", REPAIR | SHORT_LINES, 0, talk(v6(2), ECHO, 3_000, true)),
        ("splice-v4", REPAIR | JOINED, 0, talk(v4(2), SPLICE, 3_000, true)),
        ("splice-v6", REPAIR | TSO, 0, talk(v6(2), SPLICE, 3_000, true)),
        ("losses", REPAIR, 5, talk(v4(2), ECHO, 6_000, true)),
        ("scarce", REPAIR | SCARCE, 0, talk(v4(2), ECHO, 6_000, true)),
        ("reset", REPAIR, 0, talk(v6(2), ECHO, 1_000, false)),
        ("closed-port", REPAIR, 0, talk(v4(2), 81, 10, true)),
        ("greeting", REPAIR, 0, serve()),
        ("datagrams-v4", REPAIR, 0, datagrams(v4(2), SocketKind::Datagram, ECHO)),
        ("datagrams-v6", REPAIR, 0, datagrams(v6(2), SocketKind::Datagram, ECHO)),
        ("unbound-port", REPAIR, 0, datagrams(v6(2), SocketKind::Datagram, 9)),
        ("pings-v4", 0, 0, datagrams(v4(2), SocketKind::Echo, 0)),
        ("pings-v6", 0, 0, datagrams(v6(2), SocketKind::Echo, 0)),
    ]
}

/// Connects, sends `len` bytes, and reads until the end or leaves with bytes unread.
fn talk(ip: IpAddr, port: u16, len: usize, reads: bool) -> Application {
    let mut stream = None;
    let mut ended = false;
    Box::new(move |stack, now| {
        if ended {
            return;
        }
        let (socket, user, sent) = stream.get_or_insert_with(|| {
            let socket = stack.socket(SocketKind::Stream).expect("room for sockets");
            stack.connect(now, socket, SocketAddr::new(ip, port)).expect("a route");
            (socket, fill(stack, len), 0)
        });
        if *sent < len as u64
            && let Ok(taken) = stack.send(*socket, THREAD, *user, *sent..len as u64)
        {
            *sent += taken;
            if *sent == len as u64 {
                stack.shutdown(now, *socket, Shutdown::Send).expect("a stream");
            }
        }
        let readable = stack.readiness(*socket).is_ok_and(|ready| ready.readable);
        ended = readable && (!reads || drain(stack, now, *socket));
        if ended {
            stack.close(now, *socket).expect("an open socket");
        }
    })
}

/// Lets the host connect, and reads what it has to say.
fn serve() -> Application {
    let mut listener = None;
    let mut streams: Vec<SocketId> = Vec::new();
    Box::new(move |stack, now| {
        let listener = *listener.get_or_insert_with(|| {
            let listener = stack.socket(SocketKind::Stream).expect("room for sockets");
            stack.bind(listener, SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), PEER)).expect("a port");
            stack.listen(listener, 8).expect("a bound socket");
            listener
        });
        while let Ok(socket) = stack.accept(listener, THREAD) {
            let user = fill(stack, 50);
            stack.send(socket, THREAD, user, 0..50).expect("room");
            stack.shutdown(now, socket, Shutdown::Send).expect("a stream");
            streams.push(socket);
        }
        for socket in &streams {
            drain(stack, now, *socket);
        }
    })
}

/// Sends datagrams or pings of some lengths, in fragments the long ones.
fn datagrams(ip: IpAddr, kind: SocketKind, port: u16) -> Application {
    let mut lengths = VecDeque::from([0, 1, 1_400, 4_000]);
    let mut socket = None;
    let mut waits = false;
    Box::new(move |stack, now| {
        let socket = *socket.get_or_insert_with(|| stack.socket(kind).expect("room for sockets"));
        waits &= stack.recv_from(socket, THREAD).is_err();
        if !waits && let Some(len) = lengths.pop_front() {
            let user = fill(stack, len);
            let to = Some(SocketAddr::new(ip, port));
            // An error of the one before is told here.
            waits = stack.send_to(now, socket, THREAD, user, 0..len as u64, to).is_ok() && port != 9;
        }
    })
}

fn fill(stack: &mut Stack<Snapshot>, len: usize) -> snapstack::buffers::UserId {
    let bytes: Vec<u8> = (0..len).map(|i| (i * 31 % 253) as u8).collect();
    stack.buffers_mut().app_write(None, SendId(0), &bytes).expect("memory for a buffer")
}

/// Reads what is there: true at the end of the stream, or when it failed.
fn drain(stack: &mut Stack<Snapshot>, now: u64, socket: SocketId) -> bool {
    loop {
        match stack.recv(now, socket, THREAD, u32::MAX) {
            Ok(Some(user)) => stack.buffers_mut().free_user(user).expect("a buffer"),
            Ok(None) => return true,
            Err(error) => return error != snapstack::stack::SocketError::WouldBlock,
        }
    }
}

/// Runs a client against the host: what reaches the host, and when.
fn record(settings: u8, lost: usize, mut application: Application) -> Result<Vec<Arrival>, Box<dyn Error>> {
    let tso = if settings & TSO != 0 { 20_000 } else { 0 };
    let mut victim =
        Victim::new(frame_input::snapshot(settings), tso).ok_or("the host has too little memory")?;
    let mut client = Stack::new(config(1, 0), frame_input::snapshot(0));
    let mut wire: VecDeque<(u64, Vec<u8>)> = VecDeque::new();
    let (mut now, mut heard, mut sent) = (0, 0, 0);
    let mut arrivals: Vec<Arrival> = Vec::new();
    let mut last = 0;
    while now < END && arrivals.len() < MOST {
        while let Some((time, frame)) = victim.sent.get(heard)
            && time + LATENCY <= now
        {
            client.buffers_mut().deliver(frame);
            heard += 1;
        }
        client.receive(now);
        application(&mut client, now);
        let mut frames = TxFrames::default();
        client.poll(now);
        while client.transmit(0, &mut frames) {}
        client.interrupt();
        for frame in frames.iter() {
            sent += 1;
            if lost == 0 || sent % lost != 0 {
                // The format counts microseconds.
                wire.push_back(((now + LATENCY).next_multiple_of(1_000), frame.to_vec()));
            }
        }
        victim.wait(now);
        while let Some((time, _)) = wire.front()
            && *time <= now
            && let Some((time, frame)) = wire.pop_front()
        {
            victim.frame(&frame);
            arrivals.push((((time - last) / 1_000) as u32, frame));
            last = time;
        }
        let reply = victim.sent.get(heard).map(|(time, _)| time + LATENCY);
        let arrival = wire.front().map(|(time, _)| *time);
        let times = [reply, arrival, client.next_time(), victim.stack.next_time()];
        let Some(next) = times.into_iter().flatten().min() else { break };
        now = next.max(now + 1);
    }
    Ok(arrivals)
}

/// Some of the frames as capture files of either format.
fn captures(arrivals: &[Arrival]) -> Result<[(&'static str, Vec<u8>); 2], WriteError> {
    let (mut pcap, mut pcapng) = (PcapWriter::new(ETHERNET), PcapngWriter::new());
    let interface = pcapng.interface(ETHERNET, "seed");
    for (index, (_, frame)) in arrivals.iter().enumerate().step_by(20).take(12) {
        let time = index as u64 * 1_000_000_007;
        pcap.packet(time, frame)?;
        pcapng.packet(interface, time, frame)?;
    }
    Ok([("pcap", pcap.bytes().to_vec()), ("pcapng", pcapng.bytes().to_vec())])
}
