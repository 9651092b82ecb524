//! The `triage` program: parses the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser;

/// A message makes some hundred small allocations that live for a millisecond: what this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    triage::cli::run(triage::cli::Cli::parse())
}
