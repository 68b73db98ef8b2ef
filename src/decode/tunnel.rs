//! Packets within packets: IP in IP (RFC 2003, RFC 4213), GRE (RFC 2784, RFC 2890, RFC 2637),
//! ERSPAN (draft-foschiano-erspan), VXLAN (RFC 7348; draft-ietf-nvo3-vxlan-gpe) and GENEVE (RFC 8926).

use super::ethernet::{IPV4, IPV6, MPLS, PPP, TRANSPARENT_ETHERNET};
use super::front::{Front, Word};
use super::link::Layer;
use super::packet::{Datagram, Payload};
use super::protocol;

/// What a packet holds if it is a tunnel's. That this is a packet again is not certain yet.
pub(super) fn inside<'a>(payload: &Payload<'a>, body: Front<'a>) -> Option<(Layer, Front<'a>)> {
    match payload {
        Payload::Other(protocol::IPV4 | protocol::IPV6) => Some((Layer::Ip, body)),
        Payload::Other(protocol::GRE) => gre(body).ok().flatten(),
        // Both directions of these send *to* the port; the other is a hash.
        Payload::Udp(datagram) => match datagram.destination_port {
            4789 | 4790 | 8472 => vxlan(datagram),
            6081 => geneve(datagram),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a datagram may be a tunnel's.
#[inline]
pub(super) fn may_be(datagram: &Datagram<'_>) -> bool {
    matches!(datagram.destination_port, 4789 | 4790 | 8472 | 6081)
}

fn gre(front: Front<'_>) -> Result<Option<(Layer, Front<'_>)>, Word> {
    let (flags, kind) = (front.u16(0)?, front.u16(2)?);
    let has = |flag: u16| flags & flag != 0;
    let optional = |flag: u16| if has(flag) { 4 } else { 0 };
    let header = match flags & GRE_VERSION {
        0 if has(GRE_ROUTING) => return Ok(None), // source routes are RFC 1701's alone, and long gone
        0 => 4 + optional(GRE_CHECKSUM) + optional(GRE_KEY) + optional(GRE_SEQUENCE),
        1 => 8 + optional(GRE_SEQUENCE) + optional(GRE_ACKNOWLEDGEMENT), // PPTP: the key is always there
        _ => return Ok(None),
    };
    let rest = front.after(header)?;
    if rest.octets.is_empty() {
        return Ok(None); // an acknowledgement, or a keepalive's answer
    }
    Ok(match kind {
        ERSPAN if !has(GRE_SEQUENCE) => Some((Layer::Ethernet, rest)), // type I has no header
        ERSPAN | ERSPAN_3 => erspan(rest)?,
        WCCP => {
            // Version 2 puts four octets before the packet, whose first is not 0x4_.
            let rest = if rest.u8(0)? >> 4 == 4 { rest } else { rest.after(4)? };
            Some((Layer::Ip, rest))
        }
        IPV4 | IPV6 | MPLS | TRANSPARENT_ETHERNET | PPP => Some((Layer::EtherType(kind), rest)),
        _ => None,
    })
}

/// Types II and III tell themselves apart by their version. Type III says what was mirrored (its
/// frame type), and may have a platform's eight octets more.
fn erspan(front: Front<'_>) -> Result<Option<(Layer, Front<'_>)>, Word> {
    Ok(match front.u8(0)? >> 4 {
        1 => Some((Layer::Ethernet, front.after(8)?)),
        2 => {
            let last = front.u16(10)?;
            let rest = front.after(if last & 1 == 1 { 20 } else { 12 })?;
            match last >> 10 & 0x1f {
                0 => Some((Layer::Ethernet, rest)),
                2 => Some((Layer::Ip, rest)),
                _ => None,
            }
        }
        _ => None,
    })
}

/// Flags, three reserved octets, network identifier, one reserved octet. Any flow may have used the
/// port, so reserved bits must be zero. The group policy extension (bit G) uses all three octets,
/// the generic protocol extension (bit P) the last: IPv4, IPv6 or Ethernet.
fn vxlan<'a>(datagram: &Datagram<'a>) -> Option<(Layer, Front<'a>)> {
    let front = carried(datagram);
    let layer = match front.array(0).ok()? {
        [0x08, 0, 0, 0, _, _, _, 0] | [0x88, _, _, _, _, _, _, 0] | [0x0c, 0, 0, 3, _, _, _, 0] => Layer::Ethernet,
        [0x0c, 0, 0, 1, _, _, _, 0] => Layer::EtherType(IPV4),
        [0x0c, 0, 0, 2, _, _, _, 0] => Layer::EtherType(IPV6),
        _ => return None,
    };
    Some((layer, front.after(8).ok()?))
}

/// Version and length of options in words, two flags and six reserved bits, protocol, network
/// identifier, one reserved octet.
fn geneve<'a>(datagram: &Datagram<'a>) -> Option<(Layer, Front<'a>)> {
    let front = carried(datagram);
    let [words @ ..=0x3f, flags, high, low, _, _, _, 0] = front.array(0).ok()? else {
        return None;
    };
    let kind = u16::from_be_bytes([high, low]);
    if flags & 0x3f != 0 || !matches!(kind, IPV4 | IPV6 | TRANSPARENT_ETHERNET) {
        return None;
    }
    Some((Layer::EtherType(kind), front.after(8 + usize::from(words) * 4).ok()?))
}

fn carried<'a>(datagram: &Datagram<'a>) -> Front<'a> {
    Front { octets: datagram.payload, wire: datagram.payload_len }
}

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_ACKNOWLEDGEMENT: u16 = 0x0080;
const GRE_VERSION: u16 = 0x0007;
const ERSPAN: u16 = 0x88be;
const ERSPAN_3: u16 = 0x22eb;
const WCCP: u16 = 0x883e;
