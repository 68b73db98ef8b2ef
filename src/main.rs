//! `anyany`: parses the arguments, calls the library, ends with its exit status.

use std::process::ExitCode;

use clap::Parser as _;

/// A tenth less time than the C library's on large captures, whose conversations are many small pieces of memory.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    anyany::cli::run(anyany::cli::Args::parse())
}
