//! `test` and `check`: the steps of continuous integration, in order, each timed, with a summary at the end.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::tools::{Toolbox, WASM};
use crate::{frames, network, page, sh};

/// One step of the tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The formatter has nothing to change
    Fmt,
    /// The linter has nothing to say about the native build
    Clippy,
    /// The linter has nothing to say about the wasm build
    ClippyWasm,
    /// Tests of all crates, natively
    Native,
    /// tshark has nothing against the frames that the native tests sent
    Frames,
    /// Examples in the documentation
    Doc,
    /// Tests of the core in headless Chromium
    WasmCore,
    /// Tests of the page's parts in headless Chromium
    WasmWeb,
    /// The page as it is published
    Build,
    /// Tests of the whole page in headless Chromium
    E2e,
}

/// The steps of `check`.
pub(crate) const CHECK: &[Step] = &[Step::Fmt, Step::Clippy, Step::ClippyWasm];

const CORE: &str = "snapstack";
const WEB: &str = "snapstack-web";
const CLI: &str = "snapstack-cli";
const E2E: &str = "snapstack-e2e";

/// Runs the chosen steps, or all of them, up to the first that fails.
pub(crate) fn test(tools: &mut Toolbox, only: &[Step], args: &[String]) -> Result<ExitCode> {
    let steps = Step::value_variants().iter().copied();
    let steps: Vec<Step> = steps.filter(|step| only.is_empty() || only.contains(step)).collect();
    let mut results: Vec<(Step, Option<(Duration, bool)>)> = Vec::new();
    let mut failed = false;
    for step in steps {
        if failed {
            results.push((step, None));
            continue;
        }
        println!("\n== {} ==", step.name());
        let start = Instant::now();
        let result = step.run(tools, args);
        if let Err(error) = &result {
            failed = true;
            println!("{error:#}");
        }
        println!("-- {}: {} in {}", step.name(), verdict(!failed), sh::seconds(start.elapsed()));
        results.push((step, Some((start.elapsed(), !failed))));
    }
    print!("{}", summary(&results));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, tools: &mut Toolbox, args: &[String]) -> Result<()> {
        match self {
            Step::Fmt => {
                tools.components()?;
                sh::run(&mut tools.cargo(["fmt", "--all", "--check"]))
            }
            Step::Clippy => {
                tools.components()?;
                let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
                sh::run(&mut tools.cargo(clippy))
            }
            Step::ClippyWasm => {
                tools.components()?;
                tools.wasm_target()?;
                // Not the benchmarks, whose harness may be native only.
                let parts = ["--lib", "--bins", "--tests", "--", "-D", "warnings"];
                sh::run(tools.cargo(["clippy", "--target", WASM, "-p", CORE, "-p", WEB]).args(parts))
            }
            Step::Native => {
                network::programs(tools);
                frames::forget(tools)?;
                let mut command = tools.cargo(["test", "--workspace", "--exclude", E2E]);
                sh::run(pass(command.args(["--lib", "--bins", "--tests", "--examples"]), args))
            }
            Step::Frames => frames::judge(tools),
            Step::Doc => {
                sh::run(pass(&mut tools.cargo(["test", "--workspace", "--exclude", E2E, "--doc"]), args))
            }
            Step::WasmCore => wasm_tests(tools, CORE, args),
            Step::WasmWeb => wasm_tests(tools, WEB, args),
            Step::Build => page::build(tools, "./").map(drop),
            Step::E2e => e2e(tools, args),
        }
    }
}

fn wasm_tests(tools: &mut Toolbox, package: &str, args: &[String]) -> Result<()> {
    tools.wasm_target()?;
    tools.wasm_bindgen()?;
    tools.browser()?;
    let mut command = tools.cargo(["test", "--target", WASM, "-p", package, "--lib", "--bins", "--tests"]);
    sh::run(pass(&mut command, args))
}

fn e2e(tools: &mut Toolbox, args: &[String]) -> Result<()> {
    tools.browser()?;
    tools.axe()?;
    let dist = page::dist(tools);
    if !dist.join("index.html").is_file() {
        bail!("there is no built page to test; run `cargo xtask build` first");
    }
    sh::run(&mut tools.cargo(["build", "-p", CLI]))?;
    let exe = std::env::current_exe().context("cannot tell where this program lies")?;
    let cli = exe.with_file_name(format!("snapstack{}", std::env::consts::EXE_SUFFIX));
    let mut command = tools.cargo(["test", "-p", E2E]);
    // A failed wait says what it waited for; where in the runtime it did so fills the screen and helps nobody.
    command.env("SNAPSTACK_DIST", dist).env("SNAPSTACK_CLI", cli).env("RUST_LIB_BACKTRACE", "0");
    sh::run(pass(&mut command, args))
}

/// Adds arguments for the test binaries.
fn pass<'a>(command: &'a mut Command, args: &[String]) -> &'a mut Command {
    if args.is_empty() { command } else { command.arg("--").args(args) }
}

fn verdict(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

fn summary(results: &[(Step, Option<(Duration, bool)>)]) -> String {
    let mut text = "\n== summary ==\n".to_owned();
    for (step, result) in results {
        let (time, verdict) = match result {
            Some((time, passed)) => (sh::seconds(*time), verdict(*passed)),
            None => (String::new(), "not run"),
        };
        text += &format!("{:12} {time:>14}  {verdict}\n", step.name());
    }
    let total = results.iter().filter_map(|(_, result)| result.map(|(time, _)| time)).sum();
    let passed = results.iter().filter(|(_, result)| matches!(result, Some((_, true)))).count();
    text + &format!(
        "{:12} {:>14}  {passed} of {} steps passed\n",
        "in all",
        sh::seconds(total),
        results.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_names_every_step_also_after_a_failure() {
        let second = Duration::from_secs(1);
        let text = summary(&[
            (Step::Fmt, Some((second, true))),
            (Step::Clippy, Some((second, false))),
            (Step::ClippyWasm, None),
        ]);
        let lines: Vec<_> =
            text.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines[0], ["fmt", "1.0", "s", "passed"]);
        assert_eq!(lines[1], ["clippy", "1.0", "s", "FAILED"]);
        assert_eq!(lines[2], ["clippy-wasm", "not", "run"]);
        assert_eq!(lines[3].join(" "), "in all 2.0 s 1 of 3 steps passed");
    }
}
