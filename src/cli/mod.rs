//! The command line: what was typed becomes what was meant. The only user of clap.

mod analyze;
mod args;

use std::process::ExitCode;

pub use args::{Args, Command};

/// Runs the program as typed.
pub fn run(args: Args) -> ExitCode {
    let done = match args.command {
        Command::Analyze(options) => analyze::run(&options),
    };
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Met) => ExitCode::from(1),
        Ok(Outcome::Unusable) => ExitCode::from(2),
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(Failure::Said(why)) => {
            eprintln!("anyany: {why}");
            ExitCode::from(2)
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Done.
    Done,
    /// Done, and `--fail-on` was met.
    Met,
    /// An input could not be used; what could be read was reported.
    Unusable,
}

/// Why a command could not do its work.
enum Failure {
    /// Whoever read our output has gone: no error of ours.
    BrokenPipe,
    /// For the user.
    Said(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::Said(format!("cannot write: {error}"))
        }
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Said(why)
    }
}
