//! The command line: what was typed becomes what was meant. The only user of clap.

mod analyze;
mod args;
mod evidence;
mod explain;
mod inputs;
mod keep;
mod man;
mod output;
mod ports;
mod progress;
mod redact;
mod size;
mod topology;
#[cfg(feature = "live")]
mod watch;
mod when;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::report::harmless::escaped;

pub use args::{Args, Command};

/// Runs the program as typed.
pub fn run(args: Args) -> ExitCode {
    let done = match args.command {
        Command::Analyze(options) => analyze::run(&options),
        #[cfg(feature = "live")]
        Command::Watch(options) => watch::run(&options),
        #[cfg(not(feature = "live"))]
        Command::Watch { .. } => Err(Failure::Said(NO_DEVICES.to_owned())),
        Command::Topology { task } => topology::run(&task),
        Command::Ports(options) => ports::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Completions { shell } => completions(shell),
        Command::Man(options) => man::run(&options),
    };
    match done {
        Ok(Outcome::Met) => ExitCode::from(1),
        Ok(Outcome::Unusable) => ExitCode::from(2),
        Ok(Outcome::Done) | Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(Failure::Said(why)) => {
            complain(&why);
            ExitCode::from(2)
        }
    }
}

/// Tells the user what cannot be used. File names and contents are written by others.
fn complain(why: &str) {
    let mut said = String::new();
    for line in why.lines() {
        said.push_str(&escaped(line));
        said.push('\n');
    }
    // Nobody is left to be told when this fails.
    let _ = io::stderr().write_all(format!("anyany: {said}").as_bytes());
}

/// Why there is no `watch`.
#[cfg(not(feature = "live"))]
const NO_DEVICES: &str = "watch needs libpcap, and this anyany was built without it (feature \"live\"). Capture with \
                          dumpcap -i DEVICE -w FILE, then: anyany analyze FILE";

fn completions(shell: clap_complete::Shell) -> Result<Outcome, Failure> {
    // clap_complete panics where its output fails: memory never does.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "anyany", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Done)
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

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
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
