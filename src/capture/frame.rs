//! What a capture yields.

use std::fmt;

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

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Link types by their names in the registry, without `LINKTYPE_`.
const NAMES: &[(u32, &str)] = &[
    (0, "NULL"),
    (1, "ETHERNET"),
    (6, "IEEE802_5"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "RAW"), // as some systems number it
    (14, "RAW"),
    (50, "PPP_HDLC"),
    (51, "PPP_ETHER"),
    (101, "RAW"),
    (104, "C_HDLC"),
    (105, "IEEE802_11"),
    (107, "FRELAY"),
    (108, "LOOP"),
    (113, "LINUX_SLL"),
    (117, "PFLOG"),
    (119, "IEEE802_11_PRISM"),
    (122, "IP_OVER_FC"),
    (127, "IEEE802_11_RADIOTAP"),
    (163, "IEEE802_11_AVS"),
    (192, "PPI"),
    (228, "IPV4"),
    (229, "IPV6"),
    (239, "NFLOG"),
    (252, "WIRESHARK_UPPER_PDU"),
    (276, "LINUX_SLL2"),
];
