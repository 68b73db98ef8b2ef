//! What a file is, by its first octets. Names of files prove nothing.

use super::netmon::Netmon;
use super::order::Order;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::source::Source;
use super::{Compression, erf, snoop};

/// What a file's first octets say it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pcap,
    Pcapng,
    Netmon,
    Snoop,
    Erf,
    Compressed(Compression),
    Foreign(Foreign),
    Text,
    Empty,
    Unknown,
}

/// A file that others can turn into a capture, but that is not read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Event trace log of Windows: `netsh trace`, `pktmon`.
    Etl,
    /// Network General Sniffer, for DOS and for Windows.
    Sniffer,
    /// AIX `iptrace`.
    Iptrace,
    /// Packed by a tool that is not undone here, named.
    Packed(&'static str),
}

/// Looks at the front of `source` without taking anything from it.
pub(super) fn of(source: &mut Source) -> Kind {
    // No more than these four until it is known that more will come: a pipe may stay silent for long
    // after a capture's header.
    source.fill(4);
    if let Some(magic) = source.window().first_chunk::<4>() {
        if Pcap::magic(*magic).is_some() {
            return Kind::Pcap;
        }
        if Pcapng::magic(*magic) {
            return Kind::Pcapng;
        }
        if Netmon::magic(*magic) {
            return Kind::Netmon;
        }
        match *magic {
            [0x1f, 0x8b, ..] => return Kind::Compressed(Compression::Gzip),
            // A frame, or one to be skipped (RFC 8878, 3.1).
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => return Kind::Compressed(Compression::Zstd),
            _ => {}
        }
    }
    source.fill(ENOUGH);
    let head = beginning(source, ENOUGH);
    if head.is_empty() {
        Kind::Empty
    } else if head.starts_with(snoop::MAGIC) {
        Kind::Snoop
    } else if let Some((_, foreign)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Kind::Foreign(*foreign)
    } else if is_etl(head) {
        Kind::Foreign(Foreign::Etl)
    } else if is_text(head) {
        Kind::Text
    } else if is_erf(source) {
        Kind::Erf
    } else {
        Kind::Unknown
    }
}

/// The first record alone may be longer than what tells all other kinds.
fn is_erf(source: &mut Source) -> bool {
    if erf::looks_like(beginning(source, ENOUGH)) {
        return true;
    }
    source.fill(erf::TWO_RECORDS);
    erf::looks_like(beginning(source, erf::TWO_RECORDS))
}

/// So many of the first octets, if there are as many.
fn beginning(source: &Source, octets: usize) -> &[u8] {
    let window = source.window();
    window.get(..octets).unwrap_or(window)
}

/// A buffer header of 72 octets with its size, then a system trace event that describes the log.
fn is_etl(head: &[u8]) -> bool {
    let (size, used) = (Order::Little.u32(head, 0), Order::Little.u32(head, 4));
    let plausible = matches!((size, used), (Some(size), Some(used)) if size >= 1_024 && used <= size);
    // Version, type (system event of a 32-bit or 64-bit machine), flags (trace header, event trace).
    plausible && matches!(head.get(72..76), Some([_, 0, 1 | 2, 0xc0]))
}

/// Printable octets only, or the byte order mark of UTF-16.
fn is_text(head: &[u8]) -> bool {
    let printable = |octet: &u8| *octet >= b' ' || matches!(octet, b'\t' | b'\n' | b'\r' | 0x0c);
    head.starts_with(&[0xff, 0xfe])
        || head.starts_with(&[0xfe, 0xff])
        || head.iter().all(printable) && String::from_utf8_lossy(head).chars().filter(|c| *c == '\u{fffd}').count() <= 1
}

/// Octets that tell all kinds apart, but for ERF, which has no magic number.
const ENOUGH: usize = 4_096;

const FOREIGN: &[(&[u8], Foreign)] = &[
    (b"TRSNIFF data    \x1a", Foreign::Sniffer),
    (b"XCP\0", Foreign::Sniffer),
    (b"VL\0\0", Foreign::Sniffer), // NetXRay 1, from which the one for Windows came
    (b"iptrace 1.0", Foreign::Iptrace),
    (b"iptrace 2.0", Foreign::Iptrace),
    (b"\xfd7zXZ\0", Foreign::Packed("xz")),
    (b"BZh", Foreign::Packed("bzip2")),
    (b"\x04\x22\x4d\x18", Foreign::Packed("lz4")),
    (b"PK\x03\x04", Foreign::Packed("zip")),
    (b"7z\xbc\xaf\x27\x1c", Foreign::Packed("7-Zip")),
    (b"MSCF", Foreign::Packed("cabinet")),
    (b"Rar!", Foreign::Packed("RAR")),
];
