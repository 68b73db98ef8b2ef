//! The headers of a frame: addresses mapped, checksums as right or wrong as they were, all else blank.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Maps;
use super::octets::{blank, part};
use super::sum::{Kind, Sum};
use crate::capture::LinkType;
use crate::decode::{IpHeader, Layout, Payload, layout, place, quoted_layout};

/// A frame whose headers were rewritten and whose payload is blank.
pub(super) struct Rewritten {
    /// The frame as it may be seen.
    pub octets: Vec<u8>,
    /// Its checksums, the innermost first.
    pub sums: Vec<Sum>,
    /// Set where it is the front of a fragmented datagram, or one of its later pieces.
    pub fragment: Option<(FragmentKey, bool)>,
}

/// Which datagram a fragment is of.
pub(super) type FragmentKey = (IpAddr, IpAddr, u32, u8);

/// Rewrites the headers of a frame that has this layout.
pub(super) fn headers(link: LinkType, original: &[u8], found: &Layout<'_>, maps: &mut Maps) -> Rewritten {
    let mut octets = vec![0; original.len()];
    let kept = found.headers.first().map_or_else(|| kept_of_link(link, original), |first| first.at);
    copy(&mut octets, original, 0..kept);
    link_addresses(link, &mut octets, kept, maps);
    if found.headers.is_empty() {
        arp(link, original, &mut octets, maps);
    }
    let (mut sums, mut fragment) = (Vec::new(), None);
    let mut headers = found.headers.iter().peekable();
    while let Some(header) = headers.next() {
        // What lies between an IP header and the next one is the tunnel's.
        let end = headers.peek().map_or(header.body.start, |next| next.at);
        copy(&mut octets, original, header.at..end.max(header.body.start));
        if let Some(next) = headers.peek() {
            inner_link(header, next.at, &mut octets, maps);
        }
        ip(original, header, &mut octets, maps, &mut sums);
        match header.fragment {
            Some((offset, id)) => {
                if let Some((source, destination)) = addresses(original, header.at) {
                    fragment = Some(((source, destination, id, header.protocol), offset == 0));
                }
                // A header may be cut into pieces on purpose.
                let left = TCP_HEADER.saturating_sub(usize::try_from(offset).unwrap_or(usize::MAX));
                if header.protocol == TCP && offset > 0 {
                    copy(&mut octets, original, header.body.start..(header.body.start + left).min(header.body.end));
                }
                if offset == 0 {
                    transport(original, header, found, &mut octets, maps, &mut sums);
                }
            }
            None if headers.peek().is_none() => transport(original, header, found, &mut octets, maps, &mut sums),
            None => tunnel_sum(original, header, &mut sums),
        }
    }
    sums.reverse();
    Rewritten { octets, sums, fragment }
}

fn copy(to: &mut [u8], from: &[u8], range: Range<usize>) {
    if let Some(from) = from.get(range.clone())
        && let Some(to) = to.get_mut(range)
    {
        to.copy_from_slice(from);
    }
}

/// Octets of a frame without IP that say no more than what kind of frame it is.
fn kept_of_link(link: LinkType, octets: &[u8]) -> usize {
    let kept = match link.0 {
        1 => {
            let mut at = 12;
            // Tags, then 802.2 and its protocol.
            while let Some([0x81 | 0x91 | 0x92, 0x00] | [0x88, 0xa8]) = octets.get(at..at + 2) {
                at += 4;
            }
            match octets.get(at..at + 2) {
                Some([0..=5, _]) => at + 2 + 8,
                _ => at + 2,
            }
        }
        113 => 16,
        276 => 20,
        0 | 8 | 9 | 50 | 51 | 104 | 108 | 204 | 205 => 4,
        _ => 0,
    };
    kept.min(octets.len())
}

/// Hardware addresses in the link header.
fn link_addresses(link: LinkType, octets: &mut [u8], kept: usize, maps: &mut Maps) {
    match link.0 {
        1 => {
            mac(octets, 0, maps);
            mac(octets, 6, maps);
        }
        113 => mac(octets, 6, maps),
        276 => mac(octets, 12, maps),
        // Attributes of Linux' filter: prefixes of log lines, devices, hardware addresses, users.
        239 => nflog(octets, kept),
        _ => {}
    }
    // Ethernet in Ethernet, and in the records of Endace's cards.
    if matches!(link.0, 197) && kept >= 16 + 14 {
        let at = kept - 14;
        mac(octets, at, maps);
        mac(octets, at + 6, maps);
    }
}

/// Blanks the values of all attributes in front of the packet.
fn nflog(octets: &mut [u8], kept: usize) {
    let mut at = 4;
    while let Some(&[a, b, c, d]) = octets.get(at..).and_then(|rest| rest.first_chunk()) {
        let little = u16::from_le_bytes([c, d]) < 256;
        let length = usize::from(if little { u16::from_le_bytes([a, b]) } else { u16::from_be_bytes([a, b]) });
        if length < 4 || at + 4 >= kept {
            return;
        }
        blank(octets, at + 4..(at + length).min(kept));
        at += length.next_multiple_of(4);
    }
}

fn mac(octets: &mut [u8], at: usize, maps: &mut Maps) {
    if let Some(address) = part(octets, at..at + 6).first_chunk_mut::<6>() {
        *address = maps.addresses.mac(*address);
    } else {
        blank(octets, at..octets.len()); // cut within the address
    }
}

/// The Ethernet header of a packet in a tunnel.
fn inner_link(outer: &IpHeader, inner: usize, octets: &mut [u8], maps: &mut Maps) {
    // Ethernet ends right before IP; tunnels without it have fewer octets in front of it than it takes.
    let room = inner.saturating_sub(outer.body.start);
    let kind = octets.get(inner.saturating_sub(2)..inner);
    if room >= 14 + 4 && matches!(kind, Some([0x08, 0x00] | [0x86, 0xdd])) {
        let mut at = inner - 14;
        while let Some([0x81, 0x00] | [0x88, 0xa8]) = octets.get(at + 8..at + 10) {
            at = at.saturating_sub(4);
        }
        mac(octets, at, maps);
        mac(octets, at + 6, maps);
    }
}

/// The addresses of an IP header.
fn addresses(octets: &[u8], at: usize) -> Option<(IpAddr, IpAddr)> {
    let header = octets.get(at..)?;
    if header.first()? >> 4 == 4 {
        let v4 = |at: usize| header.get(at..)?.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into());
        Some((v4(12)?, v4(16)?))
    } else {
        let v6 = |at: usize| header.get(at..)?.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into());
        Some((v6(8)?, v6(24)?))
    }
}

/// Addresses and options of one IP header, and its checksum.
fn ip(original: &[u8], header: &IpHeader, octets: &mut [u8], maps: &mut Maps, sums: &mut Vec<Sum>) {
    let at = header.at;
    map_ip(octets, at, maps);
    if original.get(at).is_some_and(|first| first >> 4 == 4) {
        let length = original.get(at).map_or(0, |first| usize::from(first & 0x0f) * 4);
        options(part(octets, at + 20..(at + length).min(header.body.start)));
        sums.push(Sum { field: at + 10, kind: Kind::Plain, covers: one(at..at + length) });
    } else {
        // Extension headers: the first says what comes, and options may hold addresses.
        extensions(octets, at, header.body.start);
    }
}

/// Maps the two addresses of the IP header at `at`.
fn map_ip(octets: &mut [u8], at: usize, maps: &mut Maps) {
    let Some((source, destination)) = addresses(octets, at) else {
        blank(octets, at + 8..octets.len());
        return;
    };
    let mut put = |place: usize, address: IpAddr| match maps.addresses.map(address) {
        IpAddr::V4(new) => part(octets, place..place + 4).copy_from_slice(&new.octets()),
        IpAddr::V6(new) => part(octets, place..place + 16).copy_from_slice(&new.octets()),
    };
    let (first, second) = if source.is_ipv4() { (at + 12, at + 16) } else { (at + 8, at + 24) };
    put(first, source);
    put(second, destination);
}

/// IPv4 options keep kind and length.
fn options(mut options: &mut [u8]) {
    loop {
        options = match options {
            [] | [0, ..] => return options.fill(0),
            [1, rest @ ..] => rest,
            [_, length, rest @ ..] => {
                let value = usize::from(*length).saturating_sub(2).min(rest.len());
                let (value, rest) = rest.split_at_mut(value);
                value.fill(0);
                if *length < 2 {
                    return rest.fill(0);
                }
                rest
            }
            [_] => return,
        }
    }
}

/// Blanks the routes of a routing header (RFC 8200 §4.4).
fn extensions(octets: &mut [u8], at: usize, end: usize) {
    let (mut next, mut at) = (octets.get(at + 6).copied().unwrap_or(59), at + 40);
    while at + 8 <= end {
        let (Some(&following), Some(&words)) = (octets.get(at), octets.get(at + 1)) else { return };
        let length = match next {
            44 => 8,
            51 => (usize::from(words) + 2) * 4,
            _ => (usize::from(words) + 1) * 8,
        };
        match next {
            43 => blank(octets, at + 8..(at + length).min(end)),
            51 => blank(octets, at + 12..(at + length).min(end)),
            _ => {}
        }
        (next, at) = (following, at + length);
    }
}

/// The transport header; the payload stays blank.
fn transport(
    original: &[u8],
    header: &IpHeader,
    found: &Layout<'_>,
    octets: &mut [u8],
    maps: &mut Maps,
    sums: &mut Vec<Sum>,
) {
    let body = header.body.clone();
    let Some(packet) = &found.packet else { return };
    let pseudo = pseudo(original, header.at);
    let mut covered = |field: usize, kind| {
        let mut covers = pseudo.clone();
        covers.push(body.clone());
        sums.push(Sum { field, kind, covers });
    };
    match packet.payload {
        Payload::Tcp(segment) => {
            let end = place(original, segment.payload).map_or(body.end, |payload| payload.start);
            let end = if segment.payload.is_empty() { header_end(original, &body) } else { end };
            copy(octets, original, body.start..end);
            tcp_options(part(octets, body.start + 20..end));
            covered(body.start + 16, Kind::Plain);
        }
        Payload::Udp(_) => {
            copy(octets, original, body.start..(body.start + 8).min(body.end));
            covered(body.start + 6, Kind::Udp);
        }
        _ => other(original, header, octets, maps, sums),
    }
}

fn one(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

fn header_end(original: &[u8], body: &Range<usize>) -> usize {
    let words = original.get(body.start + 12).map_or(5, |offset| usize::from(offset >> 4));
    (body.start + words.max(5) * 4).min(body.end)
}

/// Keeps the options that say how a connection works; what an appliance put there is blanked.
fn tcp_options(mut options: &mut [u8]) {
    loop {
        options = match options {
            [0, rest @ ..] => return rest.fill(0),
            [1, rest @ ..] => rest,
            [] | [_] => return,
            [kind, length, rest @ ..] => {
                let value = usize::from(*length).saturating_sub(2).min(rest.len());
                let (value, rest) = rest.split_at_mut(value);
                if !matches!(kind, 2..=5 | 8) {
                    value.fill(0);
                }
                if *length < 2 {
                    return rest.fill(0);
                }
                rest
            }
        }
    }
}

/// ICMP, and what is not looked into: its first octets say what it is.
fn other(original: &[u8], header: &IpHeader, octets: &mut [u8], maps: &mut Maps, sums: &mut Vec<Sum>) {
    let (body, number) = (header.body.clone(), header.protocol);
    let kept = match number {
        ICMP | ICMPV6 | UDP => 8,
        TCP => 20,
        GRE => 4,
        _ => 0,
    };
    copy(octets, original, body.start..(body.start + kept).min(body.end));
    let kind = original.get(body.start).copied().unwrap_or_default();
    let quotes = matches!((number, kind), (ICMP, 3..=5 | 11 | 12) | (ICMPV6, 1..=4));
    if number == ICMP && kind == 5 {
        redirect(octets, body.start + 4, maps);
    } else if !quotes && !matches!((number, kind), (ICMP, 0 | 8) | (ICMPV6, 128 | 129)) {
        blank(octets, body.start + 4..body.end); // router advertisements and their like
    }
    if quotes {
        quoted(original, body.start + 8..body.end, octets, maps, sums);
    }
    match number {
        ICMP => sums.push(Sum { field: body.start + 2, kind: Kind::Plain, covers: one(body) }),
        ICMPV6 => {
            let mut covers = pseudo(original, header.at);
            covers.push(body.clone());
            sums.push(Sum { field: body.start + 2, kind: Kind::Plain, covers });
        }
        _ => {}
    }
}

/// The gateway of a redirect.
fn redirect(octets: &mut [u8], at: usize, maps: &mut Maps) {
    if let Some(gateway) = part(octets, at..at + 4).first_chunk_mut::<4>() {
        *gateway = maps.addresses.v4(Ipv4Addr::from(*gateway)).octets();
    }
}

/// The packet that an error quotes: addresses, ports and sequence number stay, the rest is blank.
fn quoted(original: &[u8], range: Range<usize>, octets: &mut [u8], maps: &mut Maps, sums: &mut Vec<Sum>) {
    let Some(inside) = original.get(range.clone()) else { return };
    let Some(found) = quoted_layout(inside) else { return };
    let at = range.start;
    let body = at + found.body.start..range.end;
    let kept = if found.fragment.is_some_and(|(offset, _)| offset > 0) { 0 } else { 8 };
    copy(octets, original, at..(body.start + kept).min(body.end));
    let header = IpHeader { at, body: body.clone(), protocol: found.protocol, fragment: None };
    ip(original, &header, octets, maps, sums);
    let mut covers = pseudo(original, at);
    covers.push(body.clone());
    match found.protocol {
        TCP if kept == 8 && body.len() >= 20 => {
            copy(octets, original, body.start..body.start + 20);
            sums.push(Sum { field: body.start + 16, kind: Kind::Plain, covers });
        }
        UDP if kept == 8 => sums.push(Sum { field: body.start + 6, kind: Kind::Udp, covers }),
        _ => {}
    }
}

/// The addresses of the IP header at `at`, which the transport's checksum covers.
fn pseudo(octets: &[u8], at: usize) -> Vec<Range<usize>> {
    match octets.get(at) {
        Some(first) if first >> 4 == 4 => one(at + 12..at + 20),
        _ => one(at + 8..at + 40),
    }
}

/// The checksum of a UDP header around another packet.
fn tunnel_sum(original: &[u8], header: &IpHeader, sums: &mut Vec<Sum>) {
    let mut covers = pseudo(original, header.at);
    covers.push(header.body.clone());
    match (header.protocol, original.get(header.body.start)) {
        (UDP, _) => sums.push(Sum { field: header.body.start + 6, kind: Kind::Udp, covers }),
        (GRE, Some(flags)) if flags & 0x80 != 0 => {
            sums.push(Sum { field: header.body.start + 4, kind: Kind::Plain, covers: one(header.body.clone()) });
        }
        _ => {}
    }
}

/// Who asks and answers in ARP.
fn arp(link: LinkType, original: &[u8], octets: &mut [u8], maps: &mut Maps) {
    let Some(at) = arp_at(link, original) else { return };
    copy(octets, original, at..at + 28);
    if original.get(at..at + 6) != Some(&[0, 1, 8, 0, 6, 4]) {
        blank(octets, at + 8..octets.len());
        return;
    }
    for place in [at + 8, at + 18] {
        mac(octets, place, maps);
        redirect(octets, place + 6, maps);
    }
    if octets.len() < at + 28 {
        blank(octets, at + 8..octets.len()); // cut
    }
}

fn arp_at(link: LinkType, octets: &[u8]) -> Option<usize> {
    let (kind, at) = match link.0 {
        1 => {
            let mut at = 12;
            while let Some([0x81, 0x00] | [0x88, 0xa8]) = octets.get(at..at + 2) {
                at += 4;
            }
            (at, at + 2)
        }
        113 => (14, 16),
        276 => (0, 20),
        _ => return None,
    };
    (octets.get(kind..kind + 2) == Some(&[0x08, 0x06])).then_some(at)
}

/// The layout of a frame; see [`layout`].
pub(super) fn find(link: LinkType, octets: &[u8], wire_len: u32) -> Layout<'_> {
    layout(link, octets, wire_len)
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const TCP_HEADER: usize = 20;
const UDP: u8 = 17;
const GRE: u8 = 47;
const ICMPV6: u8 = 58;
