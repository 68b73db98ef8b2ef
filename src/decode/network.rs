//! IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers.

use std::net::IpAddr;

use etherparse::{IpNumber, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, LaxIpSlice, LaxIpv4Slice, LaxIpv6Slice};

use super::front::{Front, TRUNCATED, Word, length};

/// An IP header and what it carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) ttl: u8,
    pub(super) ip_id: Option<u16>,
    pub(super) dont_fragment: bool,
    /// The protocol of `body`, behind all extension headers.
    pub(super) protocol: u8,
    pub(super) body: Front<'a>,
    /// Set when `body` is one piece of a larger one.
    pub(super) fragment: Option<Fragment>,
}

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// In octets, from the start of the datagram's payload.
    pub(super) offset: u32,
    /// More pieces follow this one.
    pub(super) more: bool,
}

/// Reads the IP headers at the front, by their own version.
pub(super) fn read(front: Front<'_>) -> Result<Network<'_>, Word> {
    match LaxIpSlice::from_slice(front.octets) {
        Ok((LaxIpSlice::Ipv4(slice), _)) => v4(front, &slice),
        Ok((LaxIpSlice::Ipv6(slice), _)) => v6(front, &slice),
        Err(etherparse::err::ip::LaxHeaderSliceError::Len(_)) => Err(TRUNCATED),
        Err(etherparse::err::ip::LaxHeaderSliceError::Content(_)) => Err("malformed ip"),
    }
}

/// Steps over the extension headers at the front of a body that was put together from fragments.
pub(super) fn behind_extensions(protocol: u8, body: Front<'_>) -> (u8, Front<'_>) {
    let (extensions, protocol, octets, _) = Ipv6ExtensionsSlice::from_slice_lax(IpNumber(protocol), body.octets);
    (protocol.0, Front { octets, wire: body.wire.saturating_sub(length(extensions.slice())) })
}

fn v4<'a>(front: Front<'a>, slice: &LaxIpv4Slice<'a>) -> Result<Network<'a>, Word> {
    let header = slice.header();
    let header_len = header.slice().len();
    let declared = u32::from(header.total_len());
    // Segmentation offload leaves the total length at 0: the segment is cut up after the capture.
    let whole = front.after(header_len)?;
    let wire = declared.checked_sub(length(header.slice())).unwrap_or(whole.wire);
    let authentication = slice.extensions().auth.map_or(0, |auth| length(auth.slice()));
    let mut network = Network {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.ttl(),
        ip_id: Some(header.identification()),
        dont_fragment: header.dont_fragment(),
        protocol: slice.payload().ip_number.0,
        body: Front { octets: slice.payload().payload, wire: wire.saturating_sub(authentication) },
        fragment: None,
    };
    if slice.is_payload_fragmented() {
        // Only the first fragment has extension headers to step over: all wait as they are.
        network.protocol = header.protocol().0;
        network.body = Front { octets: whole.shortened(wire).octets, wire };
        network.fragment = Some(Fragment {
            id: header.identification().into(),
            offset: u32::from(header.fragments_offset().value()) * 8,
            more: header.more_fragments(),
        });
    }
    Ok(network)
}

fn v6<'a>(front: Front<'a>, slice: &LaxIpv6Slice<'a>) -> Result<Network<'a>, Word> {
    let header = slice.header();
    let whole = front.after(header.slice().len())?;
    // As in IPv4, and for jumbograms (RFC 2675 §3).
    let wire = match header.payload_length() {
        0 => whole.wire,
        declared => declared.into(),
    };
    let extensions = slice.extensions();
    let mut network = Network {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit(),
        ip_id: None,
        dont_fragment: true,
        protocol: slice.payload().ip_number.0,
        body: Front { octets: slice.payload().payload, wire: wire.saturating_sub(length(extensions.slice())) },
        fragment: None,
    };
    let mut at = 0;
    for extension in extensions.clone() {
        let Ipv6ExtensionSlice::Fragment(piece) = extension else {
            at += extension_len(&extension);
            continue;
        };
        let id = piece.identification();
        network.ip_id = u16::try_from(id & 0xffff).ok();
        if piece.is_fragmenting_payload() {
            // What follows this header is no header unless the offset is 0: it waits as it is.
            let unread = Front { octets: whole.shortened(wire).octets, wire }.after(at + piece.slice().len())?;
            network.protocol = piece.next_header().0;
            network.body = unread;
            network.fragment = Some(Fragment {
                id,
                offset: u32::from(piece.fragment_offset().value()) * 8,
                more: piece.more_fragments(),
            });
        }
        break;
    }
    Ok(network)
}

fn extension_len(extension: &Ipv6ExtensionSlice<'_>) -> usize {
    match extension {
        Ipv6ExtensionSlice::HopByHop(header)
        | Ipv6ExtensionSlice::Routing(header)
        | Ipv6ExtensionSlice::DestinationOptions(header) => header.slice().len(),
        Ipv6ExtensionSlice::Fragment(header) => header.slice().len(),
        Ipv6ExtensionSlice::Authentication(header) => header.slice().len(),
    }
}
