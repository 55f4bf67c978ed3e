//! What the page needs to know of the traffic before the first event: sends, flows, and the content of every line.

use std::collections::HashMap;

use snapstack::stack::Endpoints;
use snapstack::traffic::{Flow, Traffic as Capture};
use xxhash_rust::xxh3::xxh3_64;

use crate::timeline::{SendInfo, Traffic, columns};

/// Describes a capture's traffic in lines of `line_size` bytes.
pub fn describe(capture: &Capture, line_size: u32) -> Traffic {
    let size = line_size as usize;
    let mut numbers: HashMap<[u8; 64], u32> = HashMap::new();
    let mut traffic = Traffic { line_size, ..Traffic::default() };
    for send in &capture.sends {
        let payload = capture.bytes(send);
        let first_line = traffic.lines.len() as u32;
        for chunk in payload.chunks(size) {
            let mut line = [0; 64];
            line[..chunk.len()].copy_from_slice(chunk);
            let next = numbers.len() as u32;
            let number = *numbers.entry(line).or_insert(next);
            if number == next {
                traffic.glyphs.push(xxh3_64(&line[..size]) as u32);
            }
            traffic.lines.push(number);
        }
        traffic.sends.push(SendInfo {
            flow: send.flow,
            frame: send.frame as u32,
            len: payload.len() as u32,
            first_line,
            lines: traffic.lines.len() as u32 - first_line,
        });
    }
    traffic.flows = capture.flows.iter().map(flow_label).collect();
    traffic.columns = columns(traffic.flows.len(), capture.sends.iter().map(|send| send.flow));
    traffic
}

/// A connection in one line.
pub fn flow_label(flow: &Flow) -> String {
    let protocol = if flow.tcp { "TCP" } else { "UDP" };
    match flow.endpoints {
        Endpoints::V4 { src, dst } => format!("{protocol} {}:{} ↔ {}:{}", src.0, src.1, dst.0, dst.1),
        Endpoints::V6 { src, dst } => format!("{protocol} [{}]:{} ↔ [{}]:{}", src.0, src.1, dst.0, dst.1),
    }
}
