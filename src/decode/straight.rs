//! The way that nearly all frames take: Ethernet II, an IP header without options, extensions or fragments, and
//! TCP or UDP. It says what the long way says, or nothing; a property in the tests holds it to that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::front::Front;
use super::packet::{Packet, Payload};
use super::{protocol, transport, tunnel};

/// The packet in an Ethernet frame; `None` where it takes the long way to tell.
#[inline]
pub(super) fn packet(octets: &[u8]) -> Option<Packet<'_>> {
    let (link, rest) = octets.split_first_chunk::<ETHERNET>()?;
    let kind = u16::from_be_bytes([link[12], link[13]]);
    if kind == 0x0800 {
        v4(rest)
    } else if kind == 0x86dd {
        v6(rest)
    } else {
        None
    }
}

#[inline(always)]
#[allow(clippy::inline_always)] // as below
fn v4(octets: &[u8]) -> Option<Packet<'_>> {
    let (header, rest) = octets.split_first_chunk::<IPV4>()?;
    let &[
        0x45,
        _,
        len_high,
        len_low,
        id_high,
        id_low,
        flags,
        offset,
        ttl,
        number,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = header
    else {
        return None;
    };
    if flags & 0x3f != 0 || offset != 0 {
        return None; // a fragment
    }
    let len = u16::from_be_bytes([len_high, len_low]).checked_sub(20)?;
    Some(Packet {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        ttl,
        ip_id: Some(u16::from_be_bytes([id_high, id_low])),
        dont_fragment: flags & 0x40 != 0,
        vlan: None,
        tunnels: 0,
        payload: payload(number, rest, len)?,
    })
}

#[inline(always)]
#[allow(clippy::inline_always)] // as below
fn v6(octets: &[u8]) -> Option<Packet<'_>> {
    let (header, rest) = octets.split_first_chunk::<IPV6>()?;
    let &[0x60..=0x6f, _, _, _, len_high, len_low, number, ttl, ref ends @ ..] = header else { return None };
    let (source, destination) = ends.split_first_chunk::<16>()?;
    let len = u16::from_be_bytes([len_high, len_low]);
    if len == 0 {
        return None; // a jumbogram's, or offload's
    }
    Some(Packet {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination.first_chunk::<16>()?)),
        ttl,
        ip_id: None,
        dont_fragment: true,
        vlan: None,
        tunnels: 0,
        payload: payload(number, rest, len)?,
    })
}

/// The transport of a packet whose body has `len` octets as IP says; what is beyond pads the frame.
#[inline(always)]
#[allow(clippy::inline_always)] // so that a packet is written where it stays, and not from hand to hand
fn payload(number: u8, rest: &[u8], len: u16) -> Option<Payload<'_>> {
    let body = Front { octets: rest.get(..len.into()).unwrap_or(rest), wire: len.into() };
    if number == protocol::TCP {
        transport::tcp(body).ok().map(Payload::Tcp)
    } else if number == protocol::UDP {
        let datagram = transport::udp(body).ok()?;
        (!tunnel::may_be(&datagram)).then_some(Payload::Udp(datagram))
    } else {
        None
    }
}

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
