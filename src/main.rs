//! `anyany`: parses the arguments, calls the library, ends with its exit status.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    anyany::cli::run(anyany::cli::Args::parse())
}
