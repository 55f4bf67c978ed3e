//! The Linux kernel as the peer: `snapstack tap` serves files to curl and answers ping, over a TAP device inside a network
//! namespace that each test makes and removes. Needs root and /dev/net/tun, and says so where it has not.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use sha2::{Digest, Sha256};

/// Bytes of the files: around lines, segments and pages, up to 16 MiB.
const SIZES: [usize; 16] =
    [1, 2, 63, 64, 65, 1427, 1448, 1449, 1460, 2896, 4097, 65_535, 65_536, 1_000_003, 4 << 20, 16 << 20];
const HOSTS: [&str; 2] = ["10.77.0.2", "fd77::2"];
const FAULTS: [&str; 8] = ["--loss", "10000", "--duplicate", "10000", "--reorder", "10000", "--delay", "200"];
/// What tshark may not find in frames of ours: malformed packets and bad checksums. The kernel's own are none of our
/// business: it may write a TCP checksum of zero as all ones, which tshark minds.
const BAD: &str = "eth.src == 02:73:6e:61:70:01 && (_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 \
                   || icmp.checksum.status == 0 || icmpv6.checksum.status == 0)";

/// Whether the tests can run here; prints why not.
fn possible() -> bool {
    let problem = if !geteuid().is_root() {
        "it needs root"
    } else if !Path::new("/dev/net/tun").exists() {
        "there is no /dev/net/tun"
    } else {
        return true;
    };
    say(&format!("skipped: {problem}"));
    false
}

/// Tells what a passing test's captured output would hide.
fn say(text: &str) {
    writeln!(std::io::stderr(), "tap: {text}").expect("standard error takes a line");
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed\n{text}{problems}");
    text
}

/// A network namespace with a TAP device, and the stack on it.
struct Peer {
    namespace: String,
    folder: PathBuf,
    server: Option<Child>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // What is gone already needs no more.
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn name(size: usize) -> String {
    format!("{size}.bin")
}

/// Bytes that no line repeats.
fn content(size: usize) -> Vec<u8> {
    let mut state = size as u64;
    let mut bytes = vec![0; size];
    for part in bytes.chunks_mut(8) {
        state = snapstack::random::mix(state);
        let drawn = state.to_le_bytes();
        part.copy_from_slice(&drawn[..part.len()]);
    }
    bytes
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Peer {
    fn start(test: &str, arguments: &[&str]) -> Self {
        let namespace = format!("snapstack-{}-{test}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&namespace);
        let root = folder.join("root");
        std::fs::create_dir_all(&root).expect("a folder");
        for size in SIZES {
            std::fs::write(root.join(name(size)), content(size)).expect("a file");
        }
        run(Command::new("ip").args(["netns", "add", &namespace]));
        let mut peer = Self { namespace, folder, server: None };
        for arguments in [
            "tuntap add dev tap0 mode tap",
            "address add 10.77.0.1/24 dev tap0",
            "address add fd77::1/64 dev tap0 nodad",
            "link set lo up",
            "link set tap0 up",
        ] {
            run(Command::new("ip").args(["-n", &peer.namespace]).args(arguments.split(' ')));
        }
        let mut server = peer.inside(env!("CARGO_BIN_EXE_snapstack"));
        server.args(["tap", "--json", "--address", "10.77.0.2/24", "--address", "fd77::2/64", "--root"]);
        server.arg(&root).arg("--pcapng").arg(peer.folder.join("wire.pcapng")).args(arguments);
        server.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = server.spawn().expect("the server starts");
        let errors = server.stderr.take().expect("a pipe");
        peer.server = Some(server);
        let first = BufReader::new(errors).lines().next().expect("a line").expect("text");
        assert_eq!(first, "snapstack: serving on tap0");
        peer
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, program]);
        command
    }

    /// Pings both addresses with packets of several sizes; `lossless` when every one of them must be answered.
    fn ping(&self, lossless: bool) {
        for (size, count) in [("56", "5"), ("1472", "5"), ("9000", "10")] {
            for host in HOSTS {
                let mut ping = self.inside("ping");
                let said = run(ping.args(["-c", count, "-i", "0.05", "-W", "2", "-s", size, host]));
                // It is content with a single answer.
                assert!(!lossless || said.contains(", 0% packet loss"), "{said}");
            }
        }
    }

    /// Fetches all files over both families, all at once.
    fn fetch(&self) {
        let mut curl = self.inside("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "240"]);
        curl.args(["--globoff", "--parallel", "--parallel-immediate", "--parallel-max", "32"]);
        for (family, host) in [("4", "10.77.0.2"), ("6", "[fd77::2]")] {
            for size in SIZES {
                let target = self.folder.join(format!("{family}-{}", name(size)));
                curl.arg("--output").arg(target).arg(format!("http://{host}/{}", name(size)));
            }
        }
        run(&mut curl);
        for family in ["4", "6"] {
            for size in SIZES {
                let got =
                    std::fs::read(self.folder.join(format!("{family}-{}", name(size)))).expect("a file");
                let same = digest(&got) == digest(&content(size));
                assert!(same, "{size} bytes over IPv{family}: {} came", got.len());
            }
        }
    }

    /// Several requests over one connection, one of them for what is not there.
    fn keep_alive(&self) {
        let mut curl = self.inside("curl");
        curl.args(["--silent", "--show-error"]);
        curl.args(["--write-out", "%{http_code} %{num_connects} %{size_download}\\n"]);
        for file in ["64.bin", "missing", "1460.bin"] {
            curl.args(["--output", "/dev/null", &format!("http://10.77.0.2/{file}")]);
        }
        assert_eq!(run(&mut curl), "200 1 64\n404 0 0\n200 0 1460\n");
    }

    /// Runs with the kernel's sockets of the namespace.
    fn with_sockets(&self, work: impl FnOnce() + Send) {
        let path = Path::new("/var/run/netns").join(&self.namespace);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let namespace = File::open(path).expect("the namespace");
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("root may enter a namespace");
                work();
            });
        });
    }

    /// Half a megabyte comes back over TCP, and the end of the stream behind it.
    fn echo_stream(&self) {
        self.with_sockets(|| {
            for host in HOSTS {
                let address = SocketAddr::new(host.parse::<IpAddr>().expect("an address"), 7);
                let mut stream = TcpStream::connect(address).expect("a connection");
                let bytes = content(500_000);
                let mut writer = stream.try_clone().expect("a second handle");
                let sent = bytes.clone();
                let writing = std::thread::spawn(move || {
                    writer.write_all(&sent).expect("bytes are taken");
                    writer.shutdown(Shutdown::Write).expect("an open stream");
                });
                let mut back = Vec::new();
                stream.read_to_end(&mut back).expect("the end of the stream");
                writing.join().expect("the writer");
                assert!(back == bytes, "{} bytes came back from {host}", back.len());
            }
        });
    }

    /// Datagrams come back, also those that travel in fragments; a port without socket is reported.
    fn echo_datagrams(&self) {
        self.with_sockets(|| {
            for (host, own) in HOSTS.into_iter().zip(["10.77.0.1:0", "[fd77::1]:0"]) {
                let address = SocketAddr::new(host.parse::<IpAddr>().expect("an address"), 7);
                let socket = UdpSocket::bind(own).expect("an address");
                socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
                for len in [1, 1472, 1473, 8000, 60_000] {
                    let bytes = content(len);
                    socket.send_to(&bytes, address).expect("a route");
                    let mut back = vec![0; 65_536];
                    let got = socket.recv(&mut back).expect("an echo");
                    assert!(back[..got] == bytes, "{got} of {len} bytes came back from {host}");
                }
                socket.connect(SocketAddr::new(address.ip(), 9)).expect("a route");
                socket.send(b"anybody?").expect("a route");
                let refused = socket.recv(&mut [0; 16]).expect_err("nobody is there");
                assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused, "{host}");
            }
        });
    }

    /// Ends the server: its summary. tshark, where it is installed, looks at every frame.
    fn finish(mut self) -> serde_json::Value {
        let mut server = self.server.take().expect("the server");
        kill_process(Pid::from_child(&server), Signal::TERM).expect("the server runs");
        let mut text = String::new();
        let mut output = server.stdout.take().expect("a pipe");
        output.read_to_string(&mut text).expect("the summary");
        assert!(server.wait().expect("the server's end").success());
        self.look_at_frames();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
    }

    fn look_at_frames(&self) {
        let capture = self.folder.join("wire.pcapng");
        let mut tshark = Command::new("tshark");
        tshark.arg("-r").arg(&capture).args(["-n", "-Y", BAD]);
        for protocol in ["ip", "tcp", "udp"] {
            tshark.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
        }
        match tshark.output() {
            Ok(output) => {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                let found = String::from_utf8_lossy(&output.stdout);
                assert!(found.is_empty(), "tshark objects to\n{found}");
            }
            Err(error) => say(&format!("tshark did not look at the frames: {error}")),
        }
    }
}

fn number(summary: &serde_json::Value, path: &str) -> u64 {
    summary.pointer(path).and_then(serde_json::Value::as_u64).unwrap_or(0)
}

/// Bytes that all files have, over both families.
fn served() -> u64 {
    2 * SIZES.iter().map(|size| *size as u64).sum::<u64>()
}

#[test]
fn the_kernel_fetches_every_file_and_no_payload_byte_is_copied() {
    if !possible() {
        return;
    }
    let peer = Peer::start("snapshot", &[]);
    peer.ping(true);
    peer.keep_alive();
    peer.fetch();
    peer.echo_stream();
    let summary = peer.finish();
    assert_eq!(number(&summary, "/copied_on_send/bytes"), 0, "{summary}");
    assert_eq!(summary["copies"], serde_json::json!({}), "nor on the way up: {summary}");
    assert_eq!(summary["allocations"], serde_json::json!({}), "{summary}");
    assert!(number(&summary, "/dma/bytes") > served(), "the NIC read all of it: {summary}");
}

#[test]
fn datagrams_in_fragments_are_echoed_and_closed_ports_reported() {
    if !possible() {
        return;
    }
    let peer = Peer::start("datagrams", &[]);
    peer.echo_datagrams();
    peer.finish();
}

#[test]
fn the_nic_cuts_large_sends_and_the_kernel_sees_the_same_files() {
    if !possible() {
        return;
    }
    let peer = Peer::start("tso", &["--tso", "60000"]);
    peer.fetch();
    let summary = peer.finish();
    assert_eq!(number(&summary, "/copied_on_send/bytes"), 0, "{summary}");
    let (posted, frames) = (number(&summary, "/packets_posted"), number(&summary, "/to_device/frames"));
    assert!(posted * 3 < frames, "{posted} posts became {frames} frames");
}

#[test]
fn the_conventional_stack_serves_the_same_files_and_copies_each_byte() {
    if !possible() {
        return;
    }
    let peer = Peer::start("sk_buff", &["--scheme", "sk_buff"]);
    peer.ping(true);
    peer.fetch();
    peer.echo_stream();
    let summary = peer.finish();
    assert!(number(&summary, "/copies/user_to_kernel/bytes") >= served(), "{summary}");
}

#[test]
fn files_arrive_whole_through_losses_repeats_delays_and_reordering() {
    if !possible() {
        return;
    }
    for scheme in ["snapshot", "sk_buff"] {
        let arguments: Vec<_> = FAULTS.into_iter().chain(["--scheme", scheme]).collect();
        let peer = Peer::start(&format!("faults-{scheme}"), &arguments);
        peer.ping(false);
        peer.fetch();
        peer.echo_stream();
        let summary = peer.finish();
        for direction in ["from_device", "to_device"] {
            for fault in ["lost", "duplicated", "late"] {
                assert!(number(&summary, &format!("/{direction}/{fault}")) > 0, "{fault} in {summary}");
            }
        }
        if scheme == "snapshot" {
            assert_eq!(number(&summary, "/copied_on_send/bytes"), 0, "{summary}");
        }
    }
}
