//! The `triage` program: parses the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    triage::cli::run(triage::cli::Cli::parse())
}
