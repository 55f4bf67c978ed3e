//! What is said of a line: the text under the picture, which assistive technology reads.

use super::compare::Shares;
use super::forest::flag;
use super::model::Model;
use crate::scene::{counted, duration, grouped};
use snapstack::order::sort_by_number;

/// Most places that are listed one by one.
const LISTED: u64 = 5;

/// A line in words: "line 1042: data, 3 references, places 5, 17 and 33 of page A, held once".
pub fn describe(model: &Model, line: u32) -> String {
    let it = model.line(line);
    let times = model.occurrences(line);
    let what = match it.height {
        0 => "data".to_owned(),
        height => {
            let mut below: Vec<u32> = model.children(line).iter().map(|edge| edge.child).collect();
            below.sort_unstable();
            below.dedup();
            format!("height {height}, refers to {}", counted(below.len() as u64, "line"))
        }
    };
    let references = counted(u64::from(it.references), "reference");
    let mut text = format!("line {}: {what}, {references}, {}", it.plid, places(model, line));
    if times > 1 {
        text.push_str(", held once");
    }
    let said = [
        (flag::WAITING, ", waits to be freed"),
        (flag::HELD, ", held at the other moment, too"),
        (flag::EXCLUSIVE, ", kept by this segment alone"),
    ];
    for (flag, words) in said {
        if it.flags & flag != 0 {
            text.push_str(words);
        }
    }
    if model.compares() && it.flags & flag::HELD == 0 {
        text.push_str(", not held at the other moment");
    }
    text
}

/// Where a line stands: all leaf places if they are few, else the first.
fn places(model: &Model, line: u32) -> String {
    let times = model.occurrences(line);
    let wide = model.leaves(model.line(line).height);
    let place = |at: u64| match wide {
        1 => grouped(at),
        _ => format!("{} to {}", grouped(at), grouped(at + wide - 1)),
    };
    let name = |top: u32| &model.segment(top).label;
    if times > LISTED {
        let (top, at) = model.first(line);
        return format!("{} places, the first {} of {}", grouped(times), place(at), name(top));
    }
    let mut all = occurrences(model, line);
    sort_by_number(&mut all, |(top, at)| u64::from(*top) << 40 | at);
    let parts = all.chunk_by(|a, b| a.0 == b.0).map(|places| {
        let texts: Vec<String> = places.iter().map(|(_, at)| place(*at)).collect();
        let noun = if texts.len() == 1 && wide == 1 { "place" } else { "places" };
        format!("{noun} {} of {}", joined(&texts), name(places[0].0))
    });
    joined(&parts.collect::<Vec<_>>())
}

/// Every place of a line: segment and first leaf place. Only for lines that stand in few.
fn occurrences(model: &Model, line: u32) -> Vec<(u32, u64)> {
    let tops = (0..).zip(&model.forest().segments).filter(|(_, top)| top.root == Some(line));
    let mut all: Vec<(u32, u64)> = tops.map(|(top, _)| (top, 0)).collect();
    let step = model.leaves(model.line(line).height);
    for edge in model.parents(line) {
        let over = occurrences(model, edge.parent);
        all.extend(over.into_iter().map(|(top, at)| (top, at + u64::from(edge.word) * step)));
    }
    all
}

/// What a segment is called where there is less and less room: its whole name, what holds it and which, the same shortened, and
/// kind and number apart.
pub(super) struct ShortName {
    /// From the longest to the shortest.
    pub(super) names: Vec<String>,
    /// Kind and number, to be written one over the other; None of what is not of that form.
    pub(super) parts: Option<(&'static str, String)>,
}

/// Shortens a segment's name; one that is not the worker's is left as it is.
pub(super) fn short_name(label: &str) -> ShortName {
    let kinds = [
        ("application's buffer ", "buffer", "buf"),
        ("socket's queue, payload ", "payload", "pay"),
        ("TX slot ", "TX slot", "TX"),
        ("RX slot ", "RX slot", "RX"),
        ("packet ", "packet", "pkt"),
    ];
    let found = kinds.iter().find_map(|(begin, long, short)| {
        let rest = label.strip_prefix(begin)?;
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!number.is_empty()).then_some((*long, *short, number))
    });
    let mut names = vec![label.to_owned()];
    if let Some((long, short, number)) = &found {
        names.extend([format!("{long} {number}"), format!("{short} {number}")]);
    }
    ShortName { names, parts: found.map(|(_, short, number)| (short, number)) }
}

/// A list as it is spoken.
fn joined(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What two moments have in common: the one that is drawn, and a marked one, each with its time in nanoseconds. Of one segment
/// all lines of the marked moment are no measure, so those that it alone has are told only where `all` are drawn.
pub fn compared(shares: &Shares, (here_ns, marked_ns): (u64, u64), all: bool) -> String {
    let lines = |count: u32| counted(count.into(), "line");
    let later = marked_ns > here_ns;
    let (only_here, only_there) =
        if later { ("freed by then", "new by then") } else { ("new", "freed since") };
    let when = if later { ", which is later" } else { "" };
    let mut text = format!(
        "Compared with the marked moment, {}{when}: {} held at both, {} {only_here}",
        duration(marked_ns),
        lines(shares.both),
        lines(shares.here)
    );
    if all {
        text.push_str(&format!(", {} {only_there}", lines(shares.there)));
    }
    text.push_str(if shares.partial { ". Lines that are not drawn are not compared." } else { "." });
    text
}

/// What is drawn, for those who do not see it.
pub fn overview(model: &Model) -> String {
    let forest = model.forest();
    let count = |level: usize| u64::from(model.row(level).len());
    let shared: u64 = (0..model.levels())
        .map(|level| model.row(level))
        .map(|row| u64::from(row.shared((0, row.len()))))
        .sum();
    let lines = u64::from(model.lines());
    let data = if model.levels() == 0 { 0 } else { count(0) };
    let mut text = format!(
        "{}, {} ({} of data) of {} bytes, {} shared",
        counted(forest.segments.len() as u64, "segment"),
        counted(lines, "line"),
        grouped(data),
        forest.line_size,
        grouped(shared)
    );
    if forest.left_out > 0 {
        let most = if forest.segments.len() > 1 { "up to " } else { "" };
        text.push_str(&format!("; {most}{} more are not drawn", grouped(forest.left_out)));
    }
    text
}
