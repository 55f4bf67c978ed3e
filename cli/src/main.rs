//! `snapstack`: the same core as the page, for batch use. Results go to standard output, problems to standard error with
//! exit code 2.

// A command-line tool prints.
#![allow(clippy::print_stdout)]

mod burst;
mod net;
mod run;
mod table;
#[cfg(target_os = "linux")]
mod tap;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "snapstack",
    version,
    about = "See what a network stack costs when memory itself can take snapshots."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replay a capture, or a workload between two hosts, through network stacks and print what they copied, allocated and
    /// shared.
    Run(run::Run),
    /// Compare how much of a burst each scheme keeps, with nobody to take frames.
    Burst(burst::Bursts),
    /// Run the stack on a TAP device, as a peer of the Linux kernel: an HTTP file server and an echo service.
    #[cfg(target_os = "linux")]
    Tap(tap::Tap),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Run(run) => run.execute(),
        Command::Burst(bursts) => bursts.execute(),
        #[cfg(target_os = "linux")]
        Command::Tap(tap) => tap.execute(),
    };
    match result {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("snapstack: {problem}");
            ExitCode::from(2)
        }
    }
}
