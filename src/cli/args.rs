//! What may be typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};

use crate::cli::when::When;
use crate::diagnose::Kind;
use crate::flow::Transport;

/// Says from packets whether something blocks traffic between Exchange servers, or between them and
/// domain controllers: between whom, how sure that is and why, and what to do; or clears the firewall.
#[derive(Debug, Parser)]
#[command(
    name = "anyany",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judges captures: is something blocked, between whom, since when, and how sure is that?
    #[command(after_help = ANALYZE_STATUS)]
    Analyze(Analyze),
    /// Watches devices: the same diagnosis over a sliding window, findings told as they open and resolve.
    #[cfg(feature = "live")]
    Watch(Watch),
    /// Who is who: learnt from captures, or a file held against them.
    Topology {
        /// What to do.
        #[command(subcommand)]
        task: Topology,
    },
    /// Lists what must pass between two roles, and what breaks when it does not.
    Ports(Ports),
    /// Explains a kind of finding as a colleague would; without one, lists them.
    Explain(Explain),
    /// Writes a completion script for a shell to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
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
    /// Writes the packets that prove the findings to a pcapng file, each with a comment that says what it
    /// shows. Of several vantage points each gets a file of its own (FILE-2…).
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// Adds the list of flows to the JSON document.
    #[arg(long)]
    pub flows: bool,
    /// Looks only at packets from this time on: 2013-02-18T06:00:00Z, or 06:00:00 on the day on which
    /// the first capture begins. UTC, as in the report; fractions of seconds may follow.
    #[arg(long, value_name = "TIME")]
    pub from: Option<When>,
    /// Looks only at packets up to this time, given in the same way. 06:00:00 means to the end of that second.
    #[arg(long, value_name = "TIME")]
    pub to: Option<When>,
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

/// What `topology` can do.
#[derive(Debug, Subcommand)]
pub enum Topology {
    /// Writes a topology file for the hosts of captures, with the reason for every role.
    Infer(Infer),
    /// Compares a topology file with captures: what they contradict, and who is missing on either side.
    Check(Check),
}

/// Options of `topology infer`.
#[derive(Debug, clap::Args)]
pub struct Infer {
    /// Captures, as for `analyze`.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// The Exchange version of the organization: some signs mean another role in another version.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `topology check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Captures, as for `analyze`.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// The topology file.
    #[arg(long, required = true, value_name = "FILE")]
    pub topology: PathBuf,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `ports`.
#[derive(Debug, clap::Args)]
pub struct Ports {
    /// Only what hosts of this role open (cas, hub, mailbox, um, edge, dc, gc, client…).
    #[arg(long, value_name = "ROLE")]
    pub from: Option<String>,
    /// Only what hosts of this role answer.
    #[arg(long, value_name = "ROLE")]
    pub to: Option<String>,
    /// Only what this version of Exchange uses.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Only this service (epm, dcerpc, smb, ldap, kerberos, dns, smtp, https…).
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only what may use this port.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Only what this carries.
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,
    /// Lays the rows of your own file (TOML, as the tables of the program are) over the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub overlay: Option<PathBuf>,
    /// Lists the RPC interfaces instead.
    #[arg(long, conflicts_with_all = ["from", "to", "exchange", "service", "port", "protocol"])]
    pub interfaces: bool,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// A kind of finding, as the report prints it.
    #[arg(value_parser = kinds(), hide_possible_values = true)]
    pub kind: Option<String>,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.word()))
}

/// What carries a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // each is its own name
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

impl From<Protocol> for Transport {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
            Protocol::Icmp => Self::Icmp,
        }
    }
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

impl From<Version> for crate::reference::Version {
    fn from(version: Version) -> Self {
        match version {
            Version::V2003 => Self::V2003,
            Version::V2007 => Self::V2007,
            Version::V2010 => Self::V2010,
            Version::V2013 => Self::V2013,
            Version::V2016 => Self::V2016,
            Version::V2019 => Self::V2019,
            Version::Se => Self::Se,
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
#[cfg(feature = "live")]
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

const EXAMPLES: &str = "\
Examples:
  anyany analyze cas1.pcapng                        is anything blocked?
  anyany analyze ring/ --from 06:10:00 --to 06:20:00
  anyany analyze --json - cas1.pcapng               for scripts
  anyany explain rpc-dynamic-port-blocked           what does that mean?
  anyany ports --from cas --to mailbox --exchange 2010

Captures stay here: nothing is sent anywhere, and no content of messages is printed.";

const ANALYZE_STATUS: &str = "\
Exit status: 0 done; 1 done, and --fail-on was met; 2 the command line or an input cannot be used
(what could be read is reported all the same).";
