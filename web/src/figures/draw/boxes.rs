//! The boxes that all figures are made of: lines, and entries of the segment map.

use super::{Mark, Part};
use crate::figures::{Line, Segment};

/// Height of a line's box.
pub(super) const LINE: f64 = 38.0;
/// Height of a leaf of which only the content's colour and glyph are shown.
const CELL: f64 = 18.0;
/// Narrowest leaves with their bytes in one row, and in two.
const ONE_ROW: f64 = 138.0;
const TWO_ROWS: f64 = 76.0;
/// Narrowest leaf with its name.
const NAMED: f64 = 22.0;

/// A byte as the character that it is, or a dot.
fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }
}

fn title(line: &Line) -> String {
    let times = if line.references == 1 { "once" } else { "times" };
    let count = if line.references == 1 { String::new() } else { format!("{} ", line.references) };
    match &line.content {
        Some(bytes) => {
            let text: String = bytes.iter().map(|byte| printable(*byte)).collect();
            format!("Line {}, referred to {count}{times}: “{text}”", line.plid)
        }
        None => {
            let words: Vec<_> = line
                .children
                .iter()
                .map(|child| child.map_or("0".to_owned(), |plid| plid.to_string()))
                .collect();
            format!("Line {}, referred to {count}{times}: the line IDs {}", line.plid, words.join(", "))
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It is held.
    Held,
    /// The step freed it.
    Freed,
}

fn class(line: &Line, look: Look) -> String {
    let kind = if line.content.is_some() { "leaf" } else { "node" };
    let state = match look {
        Look::Freed => " freed",
        Look::Held if line.fresh => " fresh",
        Look::Held => "",
    };
    let shared = if line.references > 1 && look == Look::Held { " shared" } else { "" };
    format!("box line {kind}{state}{shared}")
}

/// A line whose box has its top left corner at `at`, `w` wide.
pub(super) fn line(key: String, line: &Line, at: [f64; 2], w: f64, look: Look) -> Part {
    let mut part = Part::new(key, at, class(line, look)).titled(title(line));
    part.rect([0.0, 0.0, w, height(line, w)], "body");
    let count = if look == Look::Freed { "freed".to_owned() } else { format!("×{}", line.references) };
    match &line.content {
        Some(bytes) => leaf(&mut part, line, bytes, w, count),
        None => node(&mut part, line, w, count),
    }
    part
}

fn leaf(part: &mut Part, line: &Line, bytes: &[u8], w: f64, count: String) {
    let mut content = |at| part.marks.push(Mark::Content { at, hash: line.hash });
    let Some(per_row) = bytes_a_row(w) else {
        content([0.0, 0.0, w, CELL]);
        if w >= 48.0 {
            part.text([5.0, 32.0], "start", "id small", line.plid.to_string());
            part.text([w - 4.0, 32.0], "end", "count small", count);
        } else if w >= NAMED {
            part.text([w / 2.0, 30.0], "middle", "id small", line.plid.to_string());
        }
        return;
    };
    content([0.0, 0.0, 12.0, leaf_height(w)]);
    part.text([18.0, 15.0], "start", "id", line.plid.to_string());
    part.text([w - 6.0, 15.0], "end", "count", count);
    for (row, bytes) in bytes.chunks(per_row).enumerate() {
        let text: String = bytes.iter().map(|byte| printable(*byte)).collect();
        part.text([18.0, 31.0 + 14.0 * row as f64], "start", "bytes", text);
    }
}

fn node(part: &mut Part, line: &Line, w: f64, count: String) {
    let h = LINE;
    if w >= 60.0 {
        part.text([6.0, 15.0], "start", "id", line.plid.to_string());
        part.text([w - 6.0, 15.0], "end", "count", count);
    } else {
        part.text([w / 2.0, 14.0], "middle", "id small", line.plid.to_string());
    }
    // The words: a square where there is a line ID, nothing where there is zero.
    let word = w / line.children.len().max(1) as f64;
    part.path(format!("M0 21.5H{w:.1}"), "hair");
    for (i, child) in line.children.iter().enumerate() {
        let left = word * i as f64;
        if i > 0 {
            part.path(format!("M{left:.1} 21.5V{h:.1}"), "hair");
        }
        if child.is_some() {
            let size = (word - 4.0).clamp(3.0, 6.0);
            part.rect([left + (word - size) / 2.0, 29.5 - size / 2.0, size, size], "word");
        }
    }
}

/// Bytes that a row of a leaf's text holds; None if there is no room for text.
fn bytes_a_row(w: f64) -> Option<usize> {
    match w {
        w if w >= ONE_ROW => Some(16),
        w if w >= TWO_ROWS => Some(8),
        _ => None,
    }
}

/// Height of a line's box.
pub(super) fn height(line: &Line, w: f64) -> f64 {
    if line.content.is_some() { leaf_height(w) } else { LINE }
}

/// Height of a leaf's box.
pub(super) fn leaf_height(w: f64) -> f64 {
    match w {
        w if w < NAMED => CELL,
        w if (TWO_ROWS..ONE_ROW).contains(&w) => LINE + 14.0,
        _ => LINE,
    }
}

/// Where the reference of a word of an interior line begins.
pub(super) fn word(at: [f64; 2], w: f64, words: usize, word: usize) -> [f64; 2] {
    [at[0] + (word as f64 + 0.5) * w / words.max(1) as f64, at[1] + 29.5]
}

/// Size of a segment map entry's box.
pub(super) const ENTRY: [f64; 2] = [112.0, 40.0];

/// A segment map entry; `None` leaves its place empty.
pub(super) fn entry(id: u32, name: &str, segment: Option<&Segment>, at: [f64; 2], w: f64) -> Part {
    let key = format!("segment {id}");
    let Some(segment) = segment else {
        let mut part = Part::new(key, at, "box entry none");
        part.rect([0.0, 0.0, w, ENTRY[1]], "body");
        part.text([8.0, 17.0], "start", "name", id.to_string());
        part.text([8.0, 33.0], "start", "small", name);
        return part;
    };
    let fresh = if segment.fresh { " fresh" } else { "" };
    let root = if segment.root == 0 { "zeros".to_owned() } else { segment.root.to_string() };
    let mut part = Part::new(key, at, format!("box entry{fresh}"))
        .titled(format!("Segment {id}, {name}: {} bytes, root line {root}", segment.length));
    part.rect([0.0, 0.0, w, ENTRY[1]], "body");
    part.text([8.0, 17.0], "start", "name", id.to_string());
    part.text(
        [w - 8.0, 17.0],
        "end",
        "root",
        if w >= 100.0 && segment.root > 0 { format!("root {root}") } else { root },
    );
    part.text([8.0, 33.0], "start", "small", name);
    part
}
