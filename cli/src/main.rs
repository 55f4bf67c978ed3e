//! `snapstack`: the same core as the page, for batch use. Results go to standard output, problems to standard error with
//! exit code 2.

// A command-line tool prints.
#![allow(clippy::print_stdout)]

mod run;

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
    /// Replay a capture through network stacks and print what they copied, allocated and shared.
    Run(run::Run),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Run(run) => run.execute(),
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
