//! What may be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Says from packets whether something blocks traffic between Exchange servers, or between them and
/// domain controllers: between whom, how sure it is and why, and what to do. Or clears the firewall.
#[derive(Debug, Parser)]
#[command(name = "anyany", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One diagnosis over one or more captures.
    Analyze(Analyze),
}

/// Options of `analyze`.
#[derive(Debug, clap::Args)]
pub struct Analyze {
    /// Captures: pcap and pcapng files, also inside gzip and zstd; folders; `-` for standard input.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// Who is who: a topology file. Without one, roles are inferred from the traffic.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Writes the JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Adds the list of flows to the JSON document.
    #[arg(long)]
    pub flows: bool,
    /// Looks only at packets from this time on (RFC 3339, as the report prints it).
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Looks only at packets up to this time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Looks only at packets that match (pcap-filter syntax).
    #[arg(long, value_name = "BPF")]
    pub filter: Option<String>,
    /// Threads in all; by default one for each processor.
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// The Exchange version of the organization, where no topology file tells.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Ends with exit status 1 when something is found to be blocked.
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,
}

/// Exchange versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // each is its own name
pub enum Version {
    #[value(name = "2003")]
    V2003,
    #[value(name = "2007")]
    V2007,
    #[value(name = "2010")]
    V2010,
    #[value(name = "2013")]
    V2013,
    #[value(name = "2016")]
    V2016,
    #[value(name = "2019")]
    V2019,
    #[value(name = "se", alias = "SE")]
    Se,
}

impl Version {
    /// As the tables spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::V2003 => "2003",
            Self::V2007 => "2007",
            Self::V2010 => "2010",
            Self::V2013 => "2013",
            Self::V2016 => "2016",
            Self::V2019 => "2019",
            Self::Se => "SE",
        }
    }
}

/// What `--fail-on` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A finding with the verdict "blocked".
    Blocked,
}

/// Options of `watch`.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// A device to listen to; may be given several times.
    #[arg(short = 'i', long = "device", required = true, value_name = "DEVICE")]
    pub devices: Vec<String>,
    /// Who is who: a topology file. Its hosts also make the filter, where none is given.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Writes what opens, changes and resolves as JSON lines to a file; `-` writes them to standard output.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Looks only at packets that match (pcap-filter syntax).
    #[arg(long, value_name = "BPF")]
    pub filter: Option<String>,
    /// The Exchange version of the organization, where no topology file tells.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Remembers conversations for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    pub window: std::num::NonZeroU32,
}
