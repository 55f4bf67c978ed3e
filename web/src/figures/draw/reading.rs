//! Figure 3's bytes: what the object reads, what the packet carries and what went over the wire, one under the other.

use super::{Drawing, Part, WIDE};
use crate::figures::State;
use crate::figures::sender::OBJECT;

/// Bytes of Ethernet, IPv4 and TCP headers on the wire.
const HEADERS: usize = 54;
const ROW: f64 = 16.0;
const GAP: f64 = 12.0;

/// Bytes a row: one row of all 128, or as many as fit.
fn columns(width: f64) -> usize {
    if width >= 1000.0 {
        128
    } else if width >= WIDE {
        64
    } else {
        43
    }
}

fn block(width: f64) -> f64 {
    128_usize.div_ceil(columns(width)) as f64 * ROW + ROW + GAP
}

/// Height that the three take.
pub(super) fn height(width: f64) -> f64 {
    3.0 * block(width) + 8.0
}

/// Draws those that there are.
pub(super) fn draw(drawing: &mut Drawing, state: &State, packet: Option<u32>, offset: u64, top: f64) {
    let object = state.bytes(OBJECT);
    let carried = packet.map(|id| state.bytes(id).split_off(offset as usize * state.line_size as usize));
    let wire = state.frames.last().map(|frame| frame[HEADERS.min(frame.len())..].to_vec());
    let object_reads = ("The object reads", Some(object.clone()));
    let readings = [object_reads, ("The packet carries", carried), ("On the wire", wire)];
    let columns = columns(drawing.size[0]);
    for (i, (name, bytes)) in readings.into_iter().enumerate() {
        let Some(mut bytes) = bytes else { continue };
        bytes.truncate(object.len());
        let y = top + i as f64 * block(drawing.size[0]);
        let mut part = Part::new(format!("reading {i}"), [4.0, y], "box reading");
        part.text([0.0, 12.0], "start", "dim small", name);
        let same = bytes == object;
        for (row, text) in bytes.chunks(columns).enumerate() {
            let text: String = text.iter().map(|byte| char::from(*byte)).collect();
            let class = if same { "bytes" } else { "bytes other" };
            part.text([0.0, 12.0 + ROW * (row + 1) as f64], "start", class, text);
        }
        drawing.parts.push(part);
    }
}
