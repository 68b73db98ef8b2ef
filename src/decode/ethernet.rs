//! Ethernet and what EtherTypes announce: VLAN and fabric tags, MPLS, 802.2, ARP.

use std::net::Ipv4Addr;

use super::front::{Front, Word};
use super::link::{Layer, Next};
use super::network;

/// The packet in an Ethernet II frame without tags.
#[inline]
pub(super) fn plain_ip(front: Front<'_>) -> Option<Front<'_>> {
    match front.octets {
        [_, _, _, _, _, _, _, _, _, _, _, _, 0x08, 0x00, 0x40..=0x4f, ..]
        | [_, _, _, _, _, _, _, _, _, _, _, _, 0x86, 0xdd, 0x60..=0x6f, ..] => front.after(14).ok(),
        _ => None,
    }
}

/// Ethernet II, 802.3 (a length instead of a type), or Cisco's ISL around either.
pub(super) fn frame<'a>(front: Front<'a>, vlan: &mut Option<u16>) -> Next<'a> {
    let kind = front.u16(12)?;
    if front.octets.starts_with(&ISL_01) || front.octets.starts_with(&ISL_03) {
        tag(front.u16(20)? >> 1, vlan);
        return Ok((Layer::Ethernet, front.after(26)?));
    }
    Ok(typed(kind, front.after(14)?))
}

/// One field tells either the type of what follows, or the length of what 802.2 then tells.
fn typed(kind: u16, rest: Front<'_>) -> (Layer, Front<'_>) {
    if kind > MAX_LENGTH { (Layer::EtherType(kind), rest) } else { (Layer::Llc, rest.shortened(kind.into())) }
}

/// What `kind` announces. ARP, which ends the way, is the caller's.
pub(super) fn announced<'a>(kind: u16, front: Front<'a>, vlan: &mut Option<u16>) -> Next<'a> {
    match kind {
        IPV4 => version(4, front),
        IPV6 => version(6, front),
        // 802.1Q, 802.1ad, and the numbers that vendors took before it.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            tag(front.u16(0)?, vlan);
            behind_tag(front, 2)
        }
        MPLS | 0x8848 => Ok((Layer::Mpls, front)),
        0x8864 => Ok((Layer::Pppoe, front)),
        0x8926 => behind_tag(front, 4),          // VN-Tag
        0x893f | 0x8909 => behind_tag(front, 6), // 802.1BR E-Tag; Cisco metadata with a security group
        TRANSPARENT_ETHERNET => Ok((Layer::Ethernet, front)),
        PPP => Ok((Layer::Ppp, front)),
        _ => Err(NAMES.iter().find(|(number, _)| *number == kind).map_or("unknown ethertype", |(_, name)| name)),
    }
}

/// A tag of `len` octets, then the type or length that it moved back.
fn behind_tag(front: Front<'_>, len: usize) -> Next<'_> {
    Ok(typed(front.u16(len)?, front.after(len + 2)?))
}

/// Keeps the outermost tag. Identifier 0 is a priority on no VLAN (802.1Q §9.6).
fn tag(tci: u16, vlan: &mut Option<u16>) {
    let id = tci & 0x0fff;
    if id != 0 {
        vlan.get_or_insert(id);
    }
}

/// A frame that announces one version and holds another was read wrongly.
fn version(announced: u8, front: Front<'_>) -> Next<'_> {
    if front.u8(0)? >> 4 == announced { Ok((Layer::Ip, front)) } else { Err(network::MALFORMED) }
}

/// The label stack (RFC 3032 §2.1) says not what follows it; the first four bits do (RFC 4928 §3):
/// 0 is the control word of a pseudo-wire (RFC 4385), 1 its associated channel.
pub(super) fn mpls(front: Front<'_>) -> Next<'_> {
    let mut stack = front;
    let mut bottom = false;
    while !bottom {
        bottom = stack.u8(2)? & 1 == 1;
        stack = stack.after(4)?;
    }
    match stack.u8(0)? >> 4 {
        4 | 6 => Ok((Layer::Ip, stack)),
        0 => Ok((Layer::Ethernet, stack.after(4)?)),
        1 => Err("mpls oam"),
        _ => Ok((Layer::Ethernet, stack)),
    }
}

/// 802.2: the two service access points, control; 0xaa is SNAP and brings an EtherType (RFC 1042).
pub(super) fn llc(front: Front<'_>) -> Next<'_> {
    let [dsap, ssap, control] = front.array(0)?;
    match (dsap, ssap, control) {
        (0xaa, 0xaa, 3) => snap(front),
        (0x06, 0x06, 3) => Ok((Layer::Ip, front.after(3)?)),
        (0x42, ..) => Err("stp"),
        (0xe0, ..) | (0xff, 0xff, _) => Err("ipx"),
        (0xf0, ..) => Err("netbeui"),
        (0xfe, ..) => Err("osi"),
        _ => Err("llc"),
    }
}

fn snap(front: Front<'_>) -> Next<'_> {
    let (organisation, kind) = (front.array(3)?, front.u16(6)?);
    match (organisation, kind) {
        ([0, 0, 0 | 0xf8], _) => Ok((Layer::EtherType(kind), front.after(8)?)),
        (CISCO, 0x010b) => Err("stp"), // one per VLAN
        (CISCO, 0x2000) => Err("cdp"),
        (CISCO, 0x2003) => Err("vtp"),
        (CISCO, 0x2004) => Err("dtp"),
        (CISCO, 0x0111) => Err("udld"),
        _ => Err("snap"),
    }
}

/// Who asks or answers (RFC 826): hardware and protocol type, their lengths, operation, sender.
pub(super) fn arp_sender(front: Front<'_>) -> Result<Ipv4Addr, Word> {
    let (protocol, hardware_len, address_len) = (front.u16(2)?, front.u8(4)?, front.u8(5)?);
    if protocol != IPV4 || address_len != 4 {
        return Err("malformed arp");
    }
    Ok(Ipv4Addr::from(front.array::<4>(8 + usize::from(hardware_len))?))
}

pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
pub(super) const MPLS: u16 = 0x8847;
pub(super) const TRANSPARENT_ETHERNET: u16 = 0x6558;
pub(super) const PPP: u16 = 0x880b;

/// The largest 802.3 length (802.3 §3.2.6); larger numbers are types.
const MAX_LENGTH: u16 = 1500;
/// The two destinations that announce ISL, less the octet of type and user bits.
const ISL_01: [u8; 5] = [0x01, 0x00, 0x0c, 0x00, 0x00];
const ISL_03: [u8; 5] = [0x03, 0x00, 0x0c, 0x00, 0x00];
const CISCO: [u8; 3] = [0x00, 0x00, 0x0c];

/// Neighbours seen beside IP, by EtherType.
const NAMES: [(u16, Word); 20] = [
    (0x0842, "wake on lan"),
    (0x8035, "rarp"),
    (0x8137, "ipx"),
    (0x8138, "ipx"),
    (0x8809, "lacp"),
    (0x8863, "pppoe control"),
    (0x886f, "nlb heartbeat"),
    (0x8870, "jumbo llc"),
    (0x888e, "eapol"),
    (0x8892, "profinet"),
    (0x88a2, "aoe"),
    (0x88cc, "lldp"),
    (0x88d9, "lltd"),
    (0x88e5, "macsec"),
    (0x88e7, "provider backbone"),
    (0x88f7, "ptp"),
    (0x8902, "cfm"),
    (0x8906, "fcoe"),
    (0x8914, "fip"),
    (0x9000, "loopback"),
];
