//! `bench`: the benchmarks of the core crate, natively or in headless Chromium.
//!
//! The benchmark programs print one JSON object a line; here those lines are passed on as they are, or become a table.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tools::{Toolbox, WASM};

/// Runs the benchmarks whose names contain one of `args`, or all of them.
pub(crate) fn bench(tools: &mut Toolbox, wasm: bool, json: bool, args: &[String]) -> Result<()> {
    let mut command = if wasm {
        tools.wasm_target()?;
        tools.wasm_bindgen()?;
        tools.browser()?;
        // All cases are one test to the runner, which otherwise gives up on it too early.
        tools.var("WASM_BINDGEN_TEST_TIMEOUT", "1200");
        let mut command =
            tools.cargo(["test", "--release", "--target", WASM, "-p", "snapstack", "--bench", "wasm"]);
        command.env("SNAPSTACK_BENCH", args.join(" ")).args(["--", "--nocapture"]);
        command
    } else {
        let mut command =
            tools.cargo(["bench", "-p", "snapstack", "--bench", "native", "--bench", "density", "--"]);
        command.args(args);
        command
    };
    if !json {
        println!("{:26} {:>14} {:>14}  {:13} {:>7}", "case", "ours", "peer", "", "ratio");
    }
    let shown = |line: &str| {
        // The browser's runner indents what a test prints, and prints more than that.
        let line = line.trim();
        let Some(result) = serde_json::from_str(line).ok().filter(Value::is_object) else { return 0 };
        println!("{}", if json { line.to_owned() } else { row(&result) });
        1
    };
    if results(&mut command, shown)? == 0 {
        bail!("no benchmark has a name like {}", args.join(" or "));
    }
    Ok(())
}

/// Runs a command and hands each line of its output to `each`, as soon as it is there; the sum of what that returns.
fn results(command: &mut Command, each: impl Fn(&str) -> usize) -> Result<usize> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("the benchmarks have no output")?;
    let mut count = 0;
    let mut rest = String::new();
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read what the benchmarks print")?;
        let results = each(&line);
        count += results;
        if results == 0 {
            rest = rest + &line + "\n";
        }
    }
    let status = child.wait().context("cannot tell how the benchmarks ended")?;
    if !status.success() {
        bail!("the benchmarks failed: {status}\n{rest}");
    }
    Ok(count)
}

/// A result as a line of the table.
fn row(result: &Value) -> String {
    let text = |key: &str| result[key].as_str().unwrap_or_default();
    let number = |key: &str| result[key].as_f64().unwrap_or_default();
    let name = text("name");
    if result["bytes"].is_number() {
        let bytes = |key| format!("{:.1} B", number(key));
        return format!("{name:26} {:>14} {:>14}  target", bytes("bytes"), bytes("target"));
    }
    let (ours, peer) = (time(number("ours_ns")), time(number("peer_ns")));
    let row = format!("{name:26} {ours:>14} {peer:>14}  {:13} {:>7.2}", text("peer"), number("ratio"));
    match result["packets_per_s"].as_f64() {
        Some(rate) => format!("{row}  {:.2} M packets/s", rate / 1e6),
        None => row,
    }
}

/// Nanoseconds in the unit that leaves one to three digits before the point.
fn time(ns: f64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let (size, unit) = units.into_iter().find(|(size, _)| ns >= *size).unwrap_or((1.0, "ns"));
    format!("{:.2} {unit}", ns / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_times_in_readable_units_and_bytes_with_their_target() {
        let contest = r#"{"name":"read","ours_ns":41500.0,"peer":"memcpy","peer_ns":990.5,"ratio":0.024}"#;
        let contest = row(&serde_json::from_str(contest).unwrap());
        let words: Vec<_> = contest.split_whitespace().collect();
        assert_eq!(words, ["read", "41.50", "µs", "990.50", "ns", "memcpy", "0.02"]);
        let rate = r#"{"name":"send","ours_ns":800,"packets_per_s":1250000,"peer":"smoltcp","peer_ns":400,"ratio":0.5}"#;
        assert!(row(&serde_json::from_str(rate).unwrap()).ends_with(" 0.50  1.25 M packets/s"));
        let held = row(&serde_json::from_str(r#"{"name":"held","bytes":81.25,"target":82}"#).unwrap());
        assert_eq!(held.split_whitespace().collect::<Vec<_>>(), ["held", "81.2", "B", "82.0", "B", "target"]);
    }
}
