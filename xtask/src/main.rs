//! The project's own commands, run as `cargo xtask <command>`; each installs first what it needs and does not find.

#![allow(clippy::print_stdout, reason = "a command-line tool talks to its user on stdout")]

mod bench;
mod browser;
mod files;
mod frames;
mod fuzz;
mod install;
mod measure;
mod names;
mod network;
mod page;
mod publish;
mod screenshot;
mod serve;
mod sh;
mod test;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tools::Toolbox;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, serves, tests and measures the project")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the page on a local address and rebuild it at every change
    Serve {
        /// First port to try; the next free one is taken where it is in use
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Compile with optimisation (slower to build, as fast to run as the published page)
        #[arg(long)]
        release: bool,
    },
    /// Build the page for publication into dist/
    Build {
        /// Where the page will be served from; the default works under any path
        #[arg(long, default_value = "./")]
        public_url: String,
    },
    /// Run everything that continuous integration runs
    Test {
        /// Run only these steps (may be given several times)
        #[arg(long, value_enum, value_name = "STEP")]
        only: Vec<test::Step>,
        /// Arguments for the test binaries of the test steps, such as a name to filter by
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Run the formatter in check mode and the linter, natively and for wasm
    Check,
    /// Run the benchmarks of the core crate
    Bench {
        /// Run them in headless Chromium instead of natively
        #[arg(long)]
        wasm: bool,
        /// Hand `--json` to the benchmark program, which then writes its results as JSON
        #[arg(long)]
        json: bool,
        /// Arguments for the benchmark program
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Measure how the page loads and plays in headless Chromium at 1440x900
    Measure {
        /// Seconds of play at each speed
        #[arg(long, default_value_t = 8)]
        seconds: u32,
    },
    /// Run what the tests run briefly for long: the memory against byte vectors, looking for leaks, and TCP over links with
    /// faults, against itself and smoltcp
    Soak {
        /// Operations on the memory in all
        #[arg(long, default_value_t = 10_000_000)]
        operations: u64,
        /// Seed of the operations
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many times the test command's cases of TCP; 0 leaves TCP out
        #[arg(long, default_value_t = 20)]
        tcp: u32,
    },
    /// Feed the fuzz targets with mutated frames and captures, and stop at the first that breaks something
    Fuzz {
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Run only these targets
        #[arg(value_enum)]
        targets: Vec<fuzz::Target>,
    },
    /// Run the gallery's links again and write their digests anew, after the model has changed
    Gallery,
    /// Take pictures of every page, in light and dark, wide and narrow
    Screenshot {
        /// Folder for the PNG files
        #[arg(long, default_value = "screenshots")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let mut tools = Toolbox::new()?;
    match command {
        Command::Serve { port, release } => serve::serve(&mut tools, port, release)?,
        Command::Build { public_url } => page::build(&mut tools, &public_url).map(drop)?,
        Command::Test { only, args } => return test::test(&mut tools, &only, &args),
        Command::Check => return test::test(&mut tools, test::CHECK, &[]),
        Command::Bench { wasm, json, args } => bench::bench(&mut tools, wasm, json, &args)?,
        Command::Measure { seconds } => measure::measure(&mut tools, seconds)?,
        Command::Soak { operations, seed, tcp } => soak(&tools, operations, seed, tcp)?,
        Command::Fuzz { seconds, targets } => fuzz::fuzz(&mut tools, seconds, &targets)?,
        Command::Gallery => gallery(&tools)?,
        Command::Screenshot { out } => screenshot::screenshot(&mut tools, &out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn soak(tools: &Toolbox, operations: u64, seed: u64, tcp: u32) -> Result<()> {
    let memory = ["run", "--release", "-p", "snapstack", "--example", "soak", "--"];
    sh::run(tools.cargo(memory).args([operations.to_string(), seed.to_string()]))?;
    if tcp > 0 {
        let tests = ["test", "--release", "-p", "snapstack", "--test", "tcp", "--test", "stack"];
        let mut connections = tools.cargo(tests);
        sh::run(connections.env("SNAPSTACK_SOAK", tcp.to_string()))?;
    }
    Ok(())
}

/// Writes the gallery with the digests that its runs have now.
fn gallery(tools: &Toolbox) -> Result<()> {
    let mut command = tools.cargo(["run", "--release", "-p", "snapstack-web", "--example", "gallery"]);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "the gallery could not be run: {}", output.status);
    let file = tools.root.join("web/src/gallery.txt");
    std::fs::write(&file, output.stdout)?;
    Ok(())
}
