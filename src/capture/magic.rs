//! What a file is, by its first octets. Names of files prove nothing.

use super::Compression;
use super::order::Order;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::source::Source;

/// What a file's first octets say it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pcap,
    Pcapng,
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
    /// Microsoft Network Monitor, 1 and 2.
    NetworkMonitor,
    /// Solaris `snoop` (RFC 1761).
    Snoop,
    /// Network General Sniffer, for DOS and for Windows.
    Sniffer,
    /// AIX `iptrace`.
    Iptrace,
    /// Endace extensible record format.
    Erf,
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
        match *magic {
            [0x1f, 0x8b, ..] => return Kind::Compressed(Compression::Gzip),
            // A frame, or one to be skipped (RFC 8878, 3.1).
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => return Kind::Compressed(Compression::Zstd),
            _ => {}
        }
    }
    source.fill(ENOUGH);
    let head = source.window();
    let head = head.get(..ENOUGH).unwrap_or(head);
    if head.is_empty() {
        Kind::Empty
    } else if let Some((_, foreign)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        Kind::Foreign(*foreign)
    } else if is_etl(head) {
        Kind::Foreign(Foreign::Etl)
    } else if is_text(head) {
        Kind::Text
    } else if is_erf(head) {
        Kind::Foreign(Foreign::Erf)
    } else {
        Kind::Unknown
    }
}

/// A buffer header of 72 octets with its size, then a system trace event that describes the log.
fn is_etl(head: &[u8]) -> bool {
    let (size, used) = (Order::Little.u32(head, 0), Order::Little.u32(head, 4));
    let plausible = matches!((size, used), (Some(size), Some(used)) if size >= 1_024 && used <= size);
    // Version, type (system event of a 32-bit or 64-bit machine), flags (trace header, event trace).
    plausible && matches!(head.get(72..76), Some([_, 0, 1 | 2, 0xc0]))
}

/// Records follow each other: a known type, a length that holds the header, a time that does not go
/// back by much. One record proves nothing.
fn is_erf(head: &[u8]) -> bool {
    let mut rest = head;
    let mut records = 0;
    let mut before = None;
    while let Some(record) = rest.get(..16) {
        let kind = record.get(8).map_or(0, |kind| kind & 0x7f);
        let length = usize::from(Order::Big.u16(record, 10).unwrap_or_default());
        let second = Order::Little.u32(record, 4);
        if !(1..=48).contains(&kind) || length < 16 || second < before {
            return false;
        }
        (records, before) = (records + 1, second);
        rest = rest.get(length..).unwrap_or_default();
    }
    records >= 2
}

/// Printable octets only, or the byte order mark of UTF-16.
fn is_text(head: &[u8]) -> bool {
    let printable = |octet: &u8| *octet >= b' ' || matches!(octet, b'\t' | b'\n' | b'\r' | 0x0c);
    head.starts_with(&[0xff, 0xfe])
        || head.starts_with(&[0xfe, 0xff])
        || head.iter().all(printable) && String::from_utf8_lossy(head).chars().filter(|c| *c == '\u{fffd}').count() <= 1
}

/// Octets that tell all kinds apart.
const ENOUGH: usize = 4_096;

const FOREIGN: &[(&[u8], Foreign)] = &[
    (b"GMBU", Foreign::NetworkMonitor),
    (b"RTSS", Foreign::NetworkMonitor),
    (b"snoop\0\0\0", Foreign::Snoop),
    (b"TRSNIFF data    \x1a", Foreign::Sniffer),
    (b"XCP\0", Foreign::Sniffer),
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
