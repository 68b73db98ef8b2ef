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
///
/// The registry has 16 bits. Above them stand numbers of our own: what other formats hold and the
/// registry has no number for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u32);

impl LinkType {
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Network Monitor: an event of Windows' event tracing.
    pub const NETMON_EVENT: Self = Self::of_netmon(0xffe0);
    /// Network Monitor: the adapters of the machine that captured.
    pub const NETMON_NETWORK_INFO: Self = Self::of_netmon(0xfffb);
    /// Network Monitor: a capture or display filter.
    pub const NETMON_FILTER: Self = Self::of_netmon(0xffff);
    /// ERF: what the capturing machine tells of itself.
    pub const ERF_META: Self = Self::of_erf(27);

    /// A media type of Network Monitor.
    pub(super) const fn of_netmon(media: u16) -> Self {
        Self(OF_NETMON | media as u32) // u32::from is not const
    }

    /// A datalink type of snoop; those too long to be told apart are one.
    pub(super) fn of_snoop(datalink: u32) -> Self {
        Self(OF_SNOOP | datalink.min(0xffff))
    }

    /// A record type of ERF.
    pub(super) const fn of_erf(kind: u8) -> Self {
        Self(OF_ERF | kind as u32)
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => match (self.0 & !0xffff, self.0 & 0xffff) {
                (OF_NETMON, media) => write!(f, "NETMON_{media:#06x}"),
                (OF_SNOOP, datalink) => write!(f, "SNOOP_{datalink}"),
                (OF_ERF, kind) => write!(f, "ERF_{kind}"),
                _ => write!(f, "{}", self.0),
            },
        }
    }
}

const OF_NETMON: u32 = 0x1_0000;
const OF_SNOOP: u32 = 0x2_0000;
const OF_ERF: u32 = 0x3_0000;

/// Link types by their names in the registry, without `LINKTYPE_`, then our own.
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
    (197, "ERF"),
    (228, "IPV4"),
    (229, "IPV6"),
    (239, "NFLOG"),
    (252, "WIRESHARK_UPPER_PDU"),
    (276, "LINUX_SLL2"),
    (OF_NETMON | 4, "NETMON_WAN"),
    (OF_NETMON | 6, "NETMON_802_11"),
    (LinkType::NETMON_EVENT.0, "NETMON_EVENT"),
    (LinkType::NETMON_NETWORK_INFO.0, "NETMON_NETWORK_INFO"),
    (LinkType::NETMON_FILTER.0, "NETMON_FILTER"),
    (LinkType::ERF_META.0, "ERF_META"),
];
