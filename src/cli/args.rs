//! What may be typed.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};

use crate::cli::when::When;
use crate::diagnose::Kind;
use crate::flow::Transport;

/// Does a firewall block traffic between Exchange servers and domain controllers? Packets tell.
///
/// anyany reads packet captures and says whether something blocks traffic between Exchange servers, or
/// between them and domain controllers: between whom, how sure that is and why, what breaks, and what to
/// do. Or it clears the firewall. It works offline and sends nothing anywhere.
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
    Analyze(Box<Analyze>),
    /// Watches devices such as a mirror port: the same diagnosis, with findings told as they open and resolve.
    #[cfg(feature = "live")]
    Watch(Watch),
    /// Needs libpcap, and this anyany was built without it.
    #[cfg(not(feature = "live"))]
    #[command(hide = true)]
    Watch {
        /// Whatever follows.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
        rest: Vec<String>,
    },
    /// Drafts a file that says which host is what, makes one of server lists, or compares it with captures.
    Topology {
        /// What to do.
        #[command(subcommand)]
        task: Topology,
    },
    /// Lists which ports must pass between two roles, and what breaks when they do not.
    Ports(Ports),
    /// Explains a kind of finding as a colleague would; without one, lists them.
    Explain(Explain),
    /// Writes a completion script for a shell to standard output.
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Writes a manual page to standard output, or all of them to a folder.
    #[command(after_help = MAN)]
    Man(Man),
}

/// Options of `analyze`.
#[derive(Debug, clap::Args)]
pub struct Analyze {
    /// Captures: pcap, pcapng, Network Monitor, snoop and ERF files, also inside gzip and zstd; folders of
    /// them; patterns such as "ring_*.pcapng", also where the shell does not expand them; `-` for standard
    /// input.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// Which host is what: a topology file, as `anyany topology infer` drafts it. Without one, roles are
    /// inferred from the traffic.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Tells what happened at this time: what was under way and failing then, which findings cover it, and
    /// what stands out in half a minute before and after. All that is looked at is judged as it would be
    /// without. A time is 2013-02-18T06:00:00Z, or 06:00:00 on the day on which the first capture begins: in
    /// UTC, as in the report, or with the offset of your clock, 07:00:00+01:00. Fractions of seconds may follow.
    #[arg(long, value_name = "TIME", help_heading = WHAT)]
    pub at: Option<When>,
    /// Looks only at packets from this time on.
    #[arg(long, value_name = "TIME", help_heading = WHAT)]
    pub from: Option<When>,
    /// Looks only at packets up to this time; 06:00:00 means to the end of that second. What --at asks for
    /// should lie between the two.
    #[arg(long, value_name = "TIME", help_heading = WHAT)]
    pub to: Option<When>,
    /// Looks only at packets that match, in tcpdump's words: 'host 10.0.0.5 or icmp'. Leave no port out: the
    /// verdict rests on what works beside what does not.
    #[arg(long, value_name = "BPF", help_heading = WHAT)]
    pub filter: Option<String>,
    /// Writes the report as one page for a browser: for who was not there. It needs no network and no other
    /// file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub html: Option<PathBuf>,
    /// Writes the JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub json: Option<PathBuf>,
    /// Writes the packets that prove the findings to a pcapng file, each with a comment that says what it
    /// shows. Of several vantage points each gets a file of its own (FILE-2, FILE-3 and so on).
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// Adds the list of flows to the JSON document.
    #[arg(long, help_heading = OUTPUT)]
    pub flows: bool,
    /// Writes a row for each finding, for a spreadsheet; `-` as above.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub csv: Option<PathBuf>,
    /// Writes a test case for each path in JUnit's XML, for a build server; `-` as above. Blocked or altered
    /// fails, what could not be judged is skipped.
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub junit: Option<PathBuf>,
    /// Writes everything so that it can be passed on: addresses and names are replaced, the same by the same, and
    /// what else packets held is blank, in every report and in the packets of --evidence. Findings stay what
    /// they are, with times, ports and frame numbers. The captures are rewritten first, in order, by one
    /// thread, into a temporary file of about their size. What replaces what is another choice in each run.
    #[arg(long, help_heading = OUTPUT)]
    pub redact: bool,
    /// Tells on standard error how far the reading is.
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub progress: Show,
    /// Threads in all; by default one for each processor.
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Takes no more memory than about this, such as 512M or 4G; by default there is no limit. What there was no
    /// room for is counted and told, and nothing is called blocked that it might explain.
    #[arg(long, value_name = "SIZE", value_parser = super::size::size)]
    pub memory: Option<u64>,
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
    /// Makes one topology file of server lists as they come, and of the names in captures, and says what
    /// contradicts.
    Import(Import),
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
    /// How it is written: as the topology file, or as a table to be pasted.
    #[arg(long, value_name = "FORMAT", default_value = "toml")]
    pub format: HostList,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `topology import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Server lists and captures, each recognised by its content: Get-ExchangeServer,
    /// Get-DatabaseAvailabilityGroup and Get-ADDomainController through Export-Csv, ConvertTo-Json or
    /// Export-Clixml; nltest /dclist: output; LDIF of the configuration partition; hosts files. Captures tell
    /// the addresses of names.
    #[arg(required = true, value_name = "FILE")]
    pub sources: Vec<PathBuf>,
    /// How it is written: as the topology file, or as a table to be pasted.
    #[arg(long, value_name = "FORMAT", default_value = "toml")]
    pub format: HostList,
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
    /// Only what hosts of this role open (cas, hub, mailbox, um, edge, dc, gc, client and so on).
    #[arg(long, value_name = "ROLE")]
    pub from: Option<String>,
    /// Only what hosts of this role answer.
    #[arg(long, value_name = "ROLE")]
    pub to: Option<String>,
    /// Only what this version of Exchange uses.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Only this service (epm, dcerpc, smb, ldap, kerberos, dns, smtp, https and so on).
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only what may use this port.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Only what this protocol carries.
    #[arg(long, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,
    /// Lays the rows of your own TOML file over the built-in ones: [[path]] tables with the keys that
    /// `anyany ports --json -` shows.
    #[arg(long, value_name = "FILE")]
    pub overlay: Option<PathBuf>,
    /// How the table is written: to be read here, or to be pasted into a document or a spreadsheet.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
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
    /// How it is written: to be read here, or as a page of Markdown.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Page,
    /// Writes a JSON document to a file; `-` writes it to standard output, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Options of `man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The command whose page is wanted, such as "analyze" or "topology infer"; without one, that of anyany.
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Writes every page to this folder, which is made where there is none.
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub into: Option<PathBuf>,
}

/// When something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// On a terminal, after a second of waiting.
    Auto,
    /// Also where standard error is no terminal.
    Always,
    /// Not at all.
    Never,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// In columns, for the terminal.
    Text,
    /// As a table of Markdown.
    Markdown,
    /// As comma-separated values.
    Csv,
}

/// How a list of hosts is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostList {
    /// As the topology file.
    Toml,
    /// In columns, for the terminal.
    Text,
    /// As a table of Markdown.
    Markdown,
    /// As comma-separated values.
    Csv,
}

impl HostList {
    /// As a table; `None` for the file.
    pub fn table(self) -> Option<crate::report::table::Format> {
        match self {
            Self::Toml => None,
            Self::Text => Some(Format::Text.into()),
            Self::Markdown => Some(Format::Markdown.into()),
            Self::Csv => Some(Format::Csv.into()),
        }
    }
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// For the terminal.
    Text,
    /// For a document.
    Markdown,
}

impl From<Format> for crate::report::table::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Markdown => Self::Markdown,
            Format::Csv => Self::Csv,
        }
    }
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
    /// A device to listen to, such as eth1; may be given several times. A name that there is not is
    /// answered with those there are.
    #[arg(short = 'i', long = "device", required = true, value_name = "DEVICE")]
    pub devices: Vec<String>,
    /// Which host is what: a topology file. Where no filter is given, only its hosts are listened to.
    #[arg(long, value_name = "FILE")]
    pub topology: Option<PathBuf>,
    /// Writes what opens, changes and resolves as JSON lines to a file; `-` writes them to standard output.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Looks only at packets that match, in tcpdump's words: 'host 10.0.0.5 or icmp'.
    #[arg(long, value_name = "BPF")]
    pub filter: Option<String>,
    /// The Exchange version of the organization, where no topology file tells.
    #[arg(long, value_name = "VERSION")]
    pub exchange: Option<Version>,
    /// Remembers conversations for so many seconds: what is judged together.
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    pub window: std::num::NonZeroU32,
}

const EXAMPLES: &str = "\
Examples:
  anyany analyze cas1.pcapng                        is anything blocked?
  anyany analyze ring/ --at 06:14:30+01:00          what happened then?
  anyany analyze --json - cas1.pcapng               for scripts
  anyany explain rpc-dynamic-port-blocked           what does that mean?
  anyany ports --from cas --to mailbox --exchange 2010

Captures stay here: nothing is sent anywhere, and no content of messages is printed.";

const ANALYZE_STATUS: &str = "\
Exit status: 0 done; 1 done, and --fail-on was met; 2 the command line or an input cannot be used
(what could be read is reported all the same).";

const COMPLETIONS: &str = "\
Load it where your shell looks for completions:
  bash        anyany completions bash > ~/.local/share/bash-completion/completions/anyany
  zsh         anyany completions zsh > ~/.zfunc/_anyany       with fpath+=~/.zfunc before compinit
  fish        anyany completions fish > ~/.config/fish/completions/anyany.fish
  PowerShell  anyany completions powershell >> $PROFILE";

const MAN: &str = "\
Read one at once with `anyany man analyze | man -l -`, or install them all:
  anyany man --into ~/.local/share/man/man1";

/// Headings of groups of options.
const WHAT: &str = "What is looked at";
const OUTPUT: &str = "What is written";
