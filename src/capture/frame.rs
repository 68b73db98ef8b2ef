//! What a capture yields.

use crate::time::Time;

/// One captured frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// 1-based position in its file, as Wireshark shows it. Blocks that are not packets do not count.
    pub number: u64,
    /// When it was captured.
    pub time: Time,
    /// How to read its first octets.
    pub link: LinkType,
    /// Interface within the file, counted over all sections of a pcapng; 0 in a pcap.
    pub interface: u32,
    /// What was kept of it.
    pub octets: &'a [u8],
    /// Its length on the wire, at least `octets.len()`.
    pub wire_len: u32,
}

/// A link-layer header type (the registry at tcpdump.org, `LINKTYPE_` values). Unknown values
/// survive and print as their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);
