//! Arguments of `snapstack run` that make its configuration.

use clap::Args;
use snapstack::sim::{Config, ConfigError, Receive, Workload};

/// A workload that two hosts run.
fn simulated(text: &str) -> Result<Workload, ConfigError> {
    let simulated = Workload::parse(text).ok().filter(|workload| *workload != Workload::Capture);
    simulated.ok_or_else(|| ConfigError::Workload(text.to_owned()))
}

/// What a run depends on beside its traffic.
#[derive(Args)]
pub(crate) struct Network {
    /// Simulate two hosts instead of replaying a capture: bulk, web, request, fanout or overwriter.
    #[arg(long, value_name = "NAME", value_parser = simulated, conflicts_with = "capture")]
    workload: Option<Workload>,
    /// Threads of each host, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "workload")]
    threads: u32,
    /// Payload bytes of each thread.
    #[arg(long, value_name = "N", default_value_t = 1 << 20, requires = "workload")]
    bytes: u64,
    /// Bytes that an application writes at once.
    #[arg(long, value_name = "N", default_value_t = 16 << 10, requires = "workload")]
    message: u32,
    /// Receive into contiguous buffers instead of segments.
    #[arg(long)]
    contiguous: bool,
    /// Leave the headers of what arrives before its payload, wherever lines end.
    #[arg(long)]
    no_header_split: bool,
    /// Frames lost, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    loss: f64,
    /// Frames delivered twice, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    duplicate: f64,
    /// Frames delivered late, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    reorder: f64,
    /// Frames with a flipped bit, in percent.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    corrupt: f64,
    /// Most bytes of a send that the NIC cuts into segments; 0 has the stack cut.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "workload")]
    tso: u32,
    /// Largest IP packet, in bytes.
    #[arg(long, value_name = "N", default_value_t = 1500, requires = "workload")]
    mtu: u16,
    /// Leave TCP timestamps out.
    #[arg(long, requires = "workload")]
    no_timestamps: bool,
    /// Bytes of each of a socket's two queues.
    #[arg(long, value_name = "N", default_value_t = 128 << 10, requires = "workload")]
    socket_bytes: u32,
    /// The link's rate, in Mbit/s.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    rate: u32,
    /// From a frame's departure to its arrival, in nanoseconds.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    latency: u64,
    /// Slots of each ring, 64 to 4096.
    #[arg(long, value_name = "N", default_value_t = 512)]
    ring_slots: u32,
    /// Pairs of rings, 1 to 16.
    #[arg(long, value_name = "N", default_value_t = 1)]
    queues: u16,
    /// Sends that share a doorbell, 1 to 64.
    #[arg(long, value_name = "N", default_value_t = 10)]
    doorbell_every: u32,
    /// Dead lines that wait to be revived.
    #[arg(long, value_name = "N", default_value_t = 0)]
    delayed_free: u32,
    /// Lines of HICAMP memory; 0 for as many as the run can need.
    #[arg(long, value_name = "N", default_value_t = 0)]
    memory_lines: u64,
    /// Lines beside them that are kept for what arrives.
    #[arg(long, value_name = "N", default_value_t = 0)]
    reserve_lines: u32,
}

/// Frames per million from percent; what cannot be meant becomes a value that the configuration refuses.
fn per_million(percent: f64) -> u32 {
    if (0.0..=100.0).contains(&percent) { (percent * 10_000.0).round() as u32 } else { u32::MAX }
}

impl Network {
    /// The configuration, over what is given besides.
    pub(crate) fn config(&self, base: Config) -> Config {
        Config {
            workload: self.workload.unwrap_or(Workload::Capture),
            threads: self.threads,
            bytes: self.bytes,
            message: self.message,
            receive: if self.contiguous { Receive::Contiguous } else { Receive::Segments },
            header_split: !self.no_header_split,
            ring_slots: self.ring_slots,
            queues: self.queues,
            doorbell_every: self.doorbell_every,
            delayed_free: self.delayed_free,
            memory_lines: self.memory_lines,
            reserve_lines: self.reserve_lines,
            tso: self.tso,
            mtu: self.mtu,
            timestamps: !self.no_timestamps,
            socket_bytes: self.socket_bytes,
            megabits: self.rate,
            latency_ns: self.latency,
            loss: per_million(self.loss),
            duplicate: per_million(self.duplicate),
            reorder: per_million(self.reorder),
            corrupt: per_million(self.corrupt),
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[arg(long)]
        capture: Option<String>,
        #[command(flatten)]
        network: Network,
    }

    fn config(line: &str) -> Config {
        let line = Line::try_parse_from(format!("run {line}").split_whitespace()).unwrap();
        assert_eq!(line.capture, None);
        line.network.config(Config::default())
    }

    #[test]
    fn what_is_not_given_is_as_in_the_explorer() {
        assert_eq!(config(""), Config::for_capture());
    }

    #[test]
    fn hosts_and_the_link_are_set() {
        let given = "--workload web --mtu 1280 --no-timestamps --socket-bytes 65536 --rate 100 --latency 7";
        let expected = Config {
            workload: Workload::Web,
            mtu: 1280,
            timestamps: false,
            socket_bytes: 65_536,
            megabits: 100,
            latency_ns: 7,
            ..Config::default()
        };
        assert_eq!(config(given), expected);
    }
}
