//! `snapstack tap`: the stack on a TAP device, so that the Linux kernel is its peer. It serves the files of a folder over
//! HTTP/1.1 and echoes what it gets, until it is told to end; then it prints what that cost.

mod echo;
mod files;
mod http;
mod report;
mod wire;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use snapstack::buffers::{Buffers, Scheme, SkBuff, Snapshot};
use snapstack::memory::MemoryConfig;
use snapstack::nic::{Faults, NicConfig, TxFrames};
use snapstack::sim::{parse_line_size, parse_seed};
use snapstack::stack::{Address, Config, HardwareAddress, Stack};

use echo::Echo;
use files::Files;
use http::Http;
use report::Report;
use wire::Wire;

/// Lines beside the files': rings, queues, buffers of the services.
const SPARE_LINES: u64 = 1 << 18;
/// Frames taken from the device before the services have their turn.
const BURST: usize = 64;

/// Arguments of `snapstack tap`.
#[derive(Args)]
pub(crate) struct Tap {
    /// TAP device; it is made if it does not exist.
    #[arg(long, value_name = "NAME", default_value = "tap0")]
    device: String,
    /// The stack's own address with its network's prefix, such as 10.7.0.2/24; once for each.
    #[arg(long, value_name = "ADDRESS/PREFIX", required = true, value_parser = parse_address)]
    address: Vec<Address>,
    /// Router for other networks; at most one a family.
    #[arg(long, value_name = "ADDRESS")]
    router: Vec<IpAddr>,
    /// The stack's hardware address.
    #[arg(long, value_name = "AA:BB:CC:DD:EE:FF", default_value = "02:73:6e:61:70:01", value_parser = parse_hardware)]
    hardware: HardwareAddress,
    /// Scheme of its buffers: `sk_buff` or `snapshot`.
    #[arg(long, value_name = "SCHEME", default_value = "snapshot", value_parser = crate::run::parse_scheme)]
    scheme: Scheme,
    /// Bytes a memory line: 16, 32 or 64.
    #[arg(long, value_name = "N", default_value = "64", value_parser = parse_line_size)]
    line_size: u32,
    /// Folder whose files are served; they are read into memory at the start.
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Port of the HTTP server.
    #[arg(long, value_name = "PORT", default_value_t = 80)]
    http_port: u16,
    /// Port of the echo service, TCP and UDP.
    #[arg(long, value_name = "PORT", default_value_t = 7)]
    echo_port: u16,
    /// Most bytes of a send that the NIC cuts into TCP segments; 0 switches that off.
    #[arg(long, value_name = "BYTES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    tso: u32,
    /// Seed of all that is drawn, faults included.
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_seed)]
    seed: u64,
    /// Frames per million that are lost, in each direction.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    loss: u32,
    /// Frames per million that arrive twice.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    duplicate: u32,
    /// Frames per million that arrive `--reorder-by` later, so that others overtake them.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    reorder: u32,
    /// How much later, in microseconds.
    #[arg(long, value_name = "US", default_value_t = 2_000)]
    reorder_by: u32,
    /// Delay of every frame, in microseconds.
    #[arg(long, value_name = "US", default_value_t = 0)]
    delay: u32,
    /// Write every frame on the device to this pcapng file.
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    /// Print the summary as one JSON object.
    #[arg(long)]
    json: bool,
}

fn parse_address(text: &str) -> Result<Address, String> {
    let problem = || format!("{text:?} is no address with a prefix, such as 10.7.0.2/24 or fd77::2/64");
    let (address, prefix) = text.split_once('/').ok_or_else(problem)?;
    let address: IpAddr = address.parse().map_err(|_| problem())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.parse().ok().filter(|prefix| *prefix <= most).ok_or_else(problem)?;
    Ok(Address::new(address, prefix))
}

fn parse_hardware(text: &str) -> Result<HardwareAddress, String> {
    let bytes: Result<Vec<u8>, _> = text.split(':').map(|part| u8::from_str_radix(part, 16)).collect();
    let bytes: Option<[u8; 6]> = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(HardwareAddress)
        .filter(|address| !address.is_multicast())
        .ok_or_else(|| format!("{text:?} is no hardware address of a host, such as 02:00:00:00:00:01"))
}

impl Tap {
    /// Serves until a signal ends it; returns what is to be printed.
    pub(crate) fn execute(&self) -> Result<String, String> {
        let files = match &self.root {
            Some(root) => files::read(root)?,
            None => Vec::new(),
        };
        let nic = NicConfig::default();
        match self.scheme {
            Scheme::Snapshot => {
                let bytes: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
                let data = bytes / u64::from(self.line_size) + files.len() as u64;
                let lines = data + data / 2 + SPARE_LINES;
                let memory = MemoryConfig { line_size: self.line_size, lines, ..MemoryConfig::default() };
                let buffers = Snapshot::new(memory, nic).map_err(|e| e.to_string())?;
                self.serve(buffers, files)
            }
            Scheme::SkBuff => self.serve(SkBuff::new(self.line_size, nic), files),
        }
    }

    fn config(&self) -> Config {
        let plain = Config::new(self.hardware, self.address.clone());
        // The least timeout of Linux, its peer: with a second of RFC 6298 every tail loss would cost a second.
        let least_rto = 200_000_000;
        let tcp = snapstack::stack::tcp::Config { tso: self.tso, least_rto, ..plain.tcp };
        Config { routers: self.router.clone(), seed: self.seed, tcp, ..plain }
    }

    fn serve<B: Buffers>(&self, mut buffers: B, files: Vec<(String, Vec<u8>)>) -> Result<String, String> {
        let faults = Faults { loss: self.loss, duplicate: self.duplicate, reorder: self.reorder, corrupt: 0 };
        let times = [self.delay, self.reorder_by].map(|us| u64::from(us) * 1_000);
        let mut wire = Wire::open(&self.device, faults, times, self.seed, self.pcapng.as_deref())?;
        let files = Files::store(&mut buffers, files)?;
        let mut stack = Stack::new(self.config(), buffers);
        let mut http = Http::listen(&mut stack, self.http_port, files)?;
        let mut echo = Echo::listen(&mut stack, self.echo_port)?;
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&ended)).map_err(|e| e.to_string())?;
        }
        eprintln!("snapstack: serving on {}", self.device);
        let start = Instant::now();
        let mut frames = TxFrames::default();
        while !ended.load(Ordering::Relaxed) {
            let now = start.elapsed().as_nanos() as u64;
            for _ in 0..BURST {
                let Some(frame) = wire.receive(now)? else { break };
                stack.buffers_mut().deliver(&frame);
            }
            stack.receive(now);
            http.run(&mut stack, now);
            echo.run(&mut stack, now);
            while stack.next_wakeup().is_some() {}
            frames.clear();
            stack.poll(now);
            while stack.transmit(0, &mut frames) {}
            stack.interrupt();
            for frame in frames.iter() {
                wire.send(now, frame);
            }
            wire.flush(now)?;
            if frames.is_empty() {
                let next = stack.next_time().into_iter().chain(wire.next_time()).min();
                wire.wait(next.map(|time| time.saturating_sub(start.elapsed().as_nanos() as u64)))?;
            }
        }
        let report = Report::new(&stack, &wire, http.served());
        wire.finish()?;
        if self.json { serde_json::to_string(&report).map_err(|e| e.to_string()) } else { Ok(report.text()) }
    }
}
