//! The layers below IP: what each capture's link type begins with, and the way from there to IP.
//! Header layouts are those of the link-layer registry at tcpdump.org; Ethernet has its own file.

use std::net::Ipv4Addr;

use super::ethernet;
use super::front::{Front, Word};
use crate::capture::{LinkType, erf_packet};

/// The header that stands at the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// A BSD address family.
    Null,
    /// Ethernet II or 802.3.
    Ethernet,
    /// What an EtherType announces.
    EtherType(u16),
    /// 802.2, after an 802.3 length.
    Llc,
    /// An MPLS label stack.
    Mpls,
    /// PPP, with or without its HDLC address.
    Ppp,
    /// PPPoE, from its version on.
    Pppoe,
    /// Cisco's HDLC.
    CiscoHdlc,
    /// SLIP as BPF devices show it.
    Slip,
    /// Linux "cooked" capture.
    Cooked,
    /// Its second version.
    Cooked2,
    /// Packets logged by the Linux packet filter.
    Nflog,
    /// PPP behind one octet that tells the direction.
    DirectedPpp,
    /// Cisco's HDLC behind one octet that tells the direction.
    DirectedCiscoHdlc,
    /// A record of Endace's cards, in the format of a converter.
    Erf,
    /// No packet: what a capture tells of itself, named.
    NoPacket(Word),
    /// IPv4 or IPv6: its first four bits tell.
    Ip,
}

/// The end of the way through the link layers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opened<'a> {
    /// An IP header follows.
    Ip(Front<'a>),
    /// A host speaks ARP.
    Arp(Ipv4Addr),
}

/// One header read: the next layer and where it begins.
pub(super) type Next<'a> = Result<(Layer, Front<'a>), Word>;

/// What frames of this link type begin with.
pub(super) fn first(link: LinkType) -> Option<Layer> {
    match link {
        LinkType::NETMON_EVENT => return Some(Layer::NoPacket("windows event")),
        LinkType::NETMON_NETWORK_INFO => return Some(Layer::NoPacket("list of adapters")),
        LinkType::NETMON_FILTER => return Some(Layer::NoPacket("network monitor filter")),
        LinkType::ERF_META => return Some(Layer::NoPacket("erf metadata")),
        _ => {}
    }
    Some(match link.0 {
        0 | 108 => Layer::Null,
        1 => Layer::Ethernet,
        8 => Layer::Slip,
        9 => Layer::Ppp,
        12 | 14 | 101 | 228 | 229 => Layer::Ip,
        50 | 104 => Layer::CiscoHdlc,
        51 => Layer::Pppoe,
        113 => Layer::Cooked,
        197 => Layer::Erf,
        204 => Layer::DirectedPpp,
        205 => Layer::DirectedCiscoHdlc,
        239 => Layer::Nflog,
        276 => Layer::Cooked2,
        _ => return None,
    })
}

/// Reads link headers until IP or ARP is at the front. The outermost VLAN goes into `vlan`.
#[inline]
pub(super) fn open<'a>(layer: Layer, front: Front<'a>, vlan: &mut Option<u16>) -> Result<Opened<'a>, Word> {
    // Nearly all frames take the straight way.
    match ethernet::plain_ip(front) {
        Some(ip) if layer == Layer::Ethernet => Ok(Opened::Ip(ip)),
        _ => walk(layer, front, vlan),
    }
}

/// No layer is met again before octets were stepped over, so the way ends.
fn walk<'a>(mut layer: Layer, mut front: Front<'a>, vlan: &mut Option<u16>) -> Result<Opened<'a>, Word> {
    loop {
        (layer, front) = match layer {
            Layer::Ip => return Ok(Opened::Ip(front)),
            Layer::EtherType(ethernet::ARP) => return ethernet::arp_sender(front).map(Opened::Arp),
            Layer::Ethernet => ethernet::frame(front, vlan)?,
            Layer::EtherType(kind) => ethernet::announced(kind, front, vlan)?,
            Layer::Llc => ethernet::llc(front)?,
            Layer::Mpls => ethernet::mpls(front)?,
            Layer::Null => null(front)?,
            Layer::Ppp => ppp(front)?,
            Layer::Pppoe => pppoe(front)?,
            Layer::CiscoHdlc => cisco_hdlc(front)?,
            Layer::Slip => slip(front)?,
            Layer::Cooked => cooked(front)?,
            Layer::Cooked2 => cooked2(front)?,
            Layer::Nflog => nflog(front)?,
            Layer::Erf => erf(front)?,
            Layer::NoPacket(word) => return Err(word),
            Layer::DirectedPpp => (Layer::Ppp, front.after(1)?),
            Layer::DirectedCiscoHdlc => (Layer::CiscoHdlc, front.after(1)?),
        }
    }
}

/// LINKTYPE_NULL has the address family in the byte order of the machine that captured,
/// LINKTYPE_LOOP in network order. Families are small, so the order shows.
fn null(front: Front<'_>) -> Next<'_> {
    let family = front.u32(0)?;
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    match family {
        // AF_INET everywhere; AF_INET6 of Linux, NetBSD, FreeBSD and Darwin.
        2 | 10 | 24 | 28 | 30 => Ok((Layer::Ip, front.after(4)?)),
        _ => Err("other address family"),
    }
}

/// PPP in HDLC-like framing (RFC 1662 §3.1), whose address and control octets may be left out,
/// as may the first octet of a protocol below 256 (RFC 1661 §6.5).
fn ppp(front: Front<'_>) -> Next<'_> {
    let front = if front.octets.starts_with(&PPP_ADDRESS) { front.after(2)? } else { front };
    let first = front.u8(0)?;
    let (protocol, front) =
        if first & 1 == 1 { (first.into(), front.after(1)?) } else { (front.u16(0)?, front.after(2)?) };
    match protocol {
        0x0021 | 0x0057 => Ok((Layer::Ip, front)),
        0x0281 | 0x0283 => Ok((Layer::Mpls, front)),
        0x002d | 0x002f => Err(COMPRESSED_HEADERS),
        0x003d => Err("ppp multilink"),
        0x00fb | 0x00fd => Err("ppp compressed"),
        0x8000.. => Err("ppp control"),
        _ => Err("ppp"),
    }
}

/// PPPoE (RFC 2516 §4): version and type, code, session, length.
fn pppoe(front: Front<'_>) -> Next<'_> {
    let [version, code, _, _, high, low] = front.array(0)?;
    if version != 0x11 || code != 0 {
        return Err("pppoe control");
    }
    Ok((Layer::Ppp, front.after(6)?.shortened(u16::from_be_bytes([high, low]).into())))
}

/// Cisco HDLC: address, control, then an EtherType. The same lines carry PPP.
fn cisco_hdlc(front: Front<'_>) -> Next<'_> {
    if front.octets.starts_with(&PPP_ADDRESS) {
        return Ok((Layer::Ppp, front));
    }
    match front.u16(2)? {
        0x8035 => Err("slarp"), // Cisco's, where Ethernet has RARP
        0x2000 => Err("cdp"),
        0xfefe => Err("osi"),
        kind => Ok((Layer::EtherType(kind), front.after(4)?)),
    }
}

/// LINKTYPE_SLIP: direction, then a copy of the header as it was compressed on the line.
fn slip(front: Front<'_>) -> Next<'_> {
    // RFC 1144: a first octet of 0x70 and up is a compressed or connection-numbered header.
    if front.u8(1)? >= 0x70 { Err(COMPRESSED_HEADERS) } else { Ok((Layer::Ip, front.after(16)?)) }
}

/// LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address, protocol.
fn cooked(front: Front<'_>) -> Next<'_> {
    cooked_protocol(front.u16(2)?, front.u16(14)?, front.after(16)?)
}

/// LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD, packet type, address.
fn cooked2(front: Front<'_>) -> Next<'_> {
    cooked_protocol(front.u16(8)?, front.u16(0)?, front.after(20)?)
}

fn cooked_protocol(device: u16, protocol: u16, rest: Front<'_>) -> Next<'_> {
    match (device, protocol) {
        (824, _) => Err("netlink"),
        (801..=803, _) => Err("wlan"),
        (_, 1) => Err("ipx"), // 802.3 without 802.2
        (_, 4) => Ok((Layer::Llc, rest)),
        (_, kind) => Ok((Layer::EtherType(kind), rest)),
    }
}

/// LINKTYPE_NFLOG: family, version, resource, then attributes of length and type in the byte order
/// of the machine that captured, padded to four octets.
fn nflog(front: Front<'_>) -> Next<'_> {
    let mut front = front.after(4)?;
    loop {
        let [a, b, c, d] = front.array(0)?;
        let kind = u16::from_le_bytes([c, d]);
        // Attribute types are below 256, so a big-endian one shows as at least 256.
        let (length, kind) = if kind < 256 {
            (u16::from_le_bytes([a, b]), kind)
        } else {
            (u16::from_be_bytes([a, b]), kind.swap_bytes())
        };
        let value_len = length.checked_sub(4).ok_or("nflog")?;
        if kind == NFULA_PAYLOAD {
            return Ok((Layer::Ip, front.after(4)?.shortened(value_len.into())));
        }
        front = front.after(usize::from(length).next_multiple_of(4))?;
    }
}

/// LINKTYPE_ERF: a record with all its headers.
fn erf(front: Front<'_>) -> Next<'_> {
    let (link, octets) = erf_packet(front.octets).ok_or("erf")?;
    // A record within a record would be one more turn.
    let layer = first(link).filter(|layer| *layer != Layer::Erf).ok_or("erf, other")?;
    Ok((layer, front.after(octets.start)?.shortened(u32::from(front.u16(14)?))))
}

const PPP_ADDRESS: [u8; 2] = [0xff, 0x03];
/// Van Jacobson's compression (RFC 1144) needs all packets before to be read.
const COMPRESSED_HEADERS: Word = "compressed headers";
const NFULA_PAYLOAD: u16 = 9;
