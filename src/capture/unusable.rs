//! Inputs from which nothing can be read: which, what was found, and what to do.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::Foreign;
use super::magic::Kind;
use super::source::Source;

/// Why an input cannot be used. Its text names the file, says what was found, and how to cure it.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is nothing under this name.
    #[error("{file}: there is no such file. Check the name and the folder it is given from")]
    Missing {
        /// As it was named.
        file: String,
    },
    /// The system does not let us.
    #[error("{file}: may not be read. Run as a user who may, or change its owner: captures belong to who made them")]
    Forbidden {
        /// As it was named.
        file: String,
    },
    /// The system cannot.
    #[error("{file}: cannot be read: {why}. Copy it to a local disk and try again")]
    Unreadable {
        /// As it was named.
        file: String,
        /// The system's word.
        why: io::Error,
    },
    /// Not a file, and not expanded by the caller.
    #[error("{file}: is a folder. Name the captures in it")]
    Folder {
        /// As it was named.
        file: String,
    },
    /// A folder with nothing to read.
    #[error(
        "{file}: no capture in this folder ({looked_at} files looked at; folders inside it are not searched). \
         Name a folder that has captures, or the files"
    )]
    NoCaptures {
        /// As it was named.
        file: String,
        /// Files that were looked at.
        looked_at: usize,
    },
    /// No octet at all.
    #[error("{file}: is empty. Capture again, and let the capture tool end before copying the file")]
    Empty {
        /// As it was named.
        file: String,
    },
    /// Cut before the first packet could begin.
    #[error("{file}: ends or is damaged in its header, after {octets} octets. Copy or capture it again")]
    Header {
        /// As it was named.
        file: String,
        /// Octets that are there.
        octets: usize,
    },
    /// A version of the format that nobody writes.
    #[error(
        "{file}: has the major version {major}, which {format} files do not have ({versions} is read): damaged, or not \
         a capture. Copy or capture it again"
    )]
    Version {
        /// As it was named.
        file: String,
        /// The version found.
        major: u32,
        /// What its first octets say it is.
        format: &'static str,
        /// Versions that there are.
        versions: &'static str,
    },
    /// The compressed data cannot be undone.
    #[error(
        "{file}: is compressed and damaged: {why}. Copy it again, or unpack what can be with the tool that packed it"
    )]
    Damaged {
        /// As it was named.
        file: String,
        /// The decompressor's word.
        why: String,
    },
    /// Compressed more than once.
    #[error("{file}: is compressed twice. Unpack it once")]
    CompressedTwice {
        /// As it was named.
        file: String,
    },
    /// A format of others.
    #[error("{file}: {}", foreign(*.kind, file))]
    Foreign {
        /// As it was named.
        file: String,
        /// Which format.
        kind: Foreign,
    },
    /// Text: a saved listing, a log.
    #[error(
        "{file}: is text, beginning {begins:?}, not a capture. Save the packets themselves: in Wireshark with File, \
         Save As, with tcpdump by -w FILE"
    )]
    Text {
        /// As it was named.
        file: String,
        /// Its first characters.
        begins: String,
    },
    /// None of the known.
    #[error(
        "{file}: is not a capture of a known format (first octets {begins}). If Wireshark opens it: editcap -F pcapng \
         {} {}",
        argument(file, None),
        argument(file, Some("pcapng"))
    )]
    Unknown {
        /// As it was named.
        file: String,
        /// Its first octets in hexadecimal.
        begins: String,
    },
}

impl Unusable {
    /// Why the system would not open `path`.
    pub(super) fn unreadable(path: &Path, why: io::Error) -> Self {
        let file = path.display().to_string();
        match why.kind() {
            io::ErrorKind::NotFound => Self::Missing { file },
            io::ErrorKind::PermissionDenied => Self::Forbidden { file },
            _ => Self::Unreadable { file, why },
        }
    }

    /// Why a capture of this `kind` and version cannot be read.
    pub(super) fn version(file: String, kind: &Kind, major: u32) -> Self {
        let (format, versions) = match kind {
            Kind::Pcapng => ("pcapng", "1"),
            Kind::Netmon => ("Network Monitor", "1 or 2"),
            Kind::Snoop => ("snoop", "2"),
            _ => ("pcap", "2"),
        };
        Self::Version { file, major, format, versions }
    }

    /// Why `source`, which is of this `kind`, cannot be read.
    pub(super) fn not_a_capture(file: String, kind: &Kind, source: &Source) -> Self {
        if let Some(why) = source.failure() {
            return Self::Damaged { file, why: why.to_string() };
        }
        let head = source.window();
        let named = Path::new(&file).extension().map(OsStr::to_ascii_lowercase);
        let named = named.as_deref().and_then(|extension| extension.to_str());
        match kind {
            Kind::Empty => Self::Empty { file },
            // Only where the octets are nobody's may the name have a word.
            Kind::Text | Kind::Unknown if named == Some("etl") => Self::Foreign { file, kind: Foreign::Etl },
            Kind::Compressed(_) => Self::CompressedTwice { file },
            Kind::Foreign(kind) => Self::Foreign { file, kind: *kind },
            Kind::Text => {
                let head = head.get(..BEGINNING * 2).unwrap_or(head);
                let begins = String::from_utf8_lossy(head).chars().take(BEGINNING).collect();
                Self::Text { file, begins }
            }
            Kind::Pcap | Kind::Pcapng | Kind::Netmon | Kind::Snoop | Kind::Erf | Kind::Unknown => {
                let head = head.get(..8).unwrap_or(head);
                let begins = head.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ");
                Self::Unknown { file, begins }
            }
        }
    }
}

/// What a foreign format is, and the command that turns `file` into a pcapng.
fn foreign(kind: Foreign, file: &str) -> String {
    let (from, to) = (argument(file, None), argument(file, Some("pcapng")));
    let is = match kind {
        Foreign::Etl => {
            let drops = argument(file, Some("drops.pcapng"));
            return format!(
                "is a Windows event trace (ETL). Convert it on Windows. Made by netsh trace: etl2pcapng.exe {from} {to}. \
                 Made by pktmon: pktmon etl2pcap {from} --out {to}; this leaves out the packets that Windows dropped, \
                 so convert these too: pktmon etl2pcap {from} --out {drops} --drop-only"
            );
        }
        Foreign::Packed(tool) => {
            return format!("is packed by {tool}. Unpack it; gzip and zstd are read as they are");
        }
        Foreign::Sniffer => "a Network General Sniffer capture",
        Foreign::Iptrace => "an AIX iptrace capture",
    };
    format!("is {is}, which is not read. Convert it with Wireshark's editcap: editcap -F pcapng {from} {to}")
}

/// `file` as one word of a command, with another extension if asked for.
fn argument(file: &str, extension: Option<&str>) -> String {
    let path = match extension {
        Some(extension) => PathBuf::from(file).with_extension(extension),
        None => PathBuf::from(file),
    };
    let word = path.display().to_string();
    if word.contains(' ') { format!("\"{word}\"") } else { word }
}

/// Characters quoted of a text.
const BEGINNING: usize = 40;
