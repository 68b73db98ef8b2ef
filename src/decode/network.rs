//! IPv4 (RFC 791) and IPv6 (RFC 8200) with the extension headers.
//!
//! etherparse reads the two fixed headers. Its walk over extension headers is not used: version 0.21
//! reads beyond the octets when it is asked for the headers of a packet cut within them.

use std::net::IpAddr;

use etherparse::err::{ipv4, ipv6};
use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

use super::front::{Front, TRUNCATED, Word};
use super::packet::Packet;
use super::{protocol, transport};

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
    match front.u8(0)? >> 4 {
        4 => v4(front),
        6 => v6(front),
        _ => Err(MALFORMED),
    }
}

impl<'a> Network<'a> {
    /// The packet, read up to its transport; found behind these tags and inside so many tunnels.
    #[inline]
    pub(super) fn packet(&self, vlan: Option<u16>, tunnels: u8) -> Packet<'a> {
        Packet {
            source: self.source,
            destination: self.destination,
            ttl: self.ttl,
            ip_id: self.ip_id,
            dont_fragment: self.dont_fragment,
            vlan,
            tunnels,
            payload: transport::read(self.protocol, self.body),
        }
    }

    /// This packet once its fragments are one. Fragments of a fragment are nobody's.
    pub(super) fn joined(self, protocol: u8, body: Front<'a>) -> Self {
        let mut whole = Self { protocol, body, fragment: None, ..self };
        whole.step_over_extensions();
        if whole.fragment.is_some() {
            whole.protocol = protocol::FRAGMENT;
        }
        whole
    }

    /// Steps over extension headers (RFC 8200 §4, RFC 4302 §2) to a transport, or to what was cut.
    fn step_over_extensions(&mut self) {
        while let Some((next, len)) = self.extension() {
            let Ok(rest) = self.body.after(len) else { return };
            (self.protocol, self.body) = (next, rest);
            if self.fragment.is_some() {
                return; // only the first piece goes on with headers: all wait as they are
            }
        }
    }

    /// The protocol behind the extension header at the front, and the header's length.
    fn extension(&mut self) -> Option<(u8, usize)> {
        let octets = self.body.octets;
        match self.protocol {
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS => {
                let header = Ipv6RawExtHeaderSlice::from_slice(octets).ok()?;
                Some((header.next_header().0, header.slice().len()))
            }
            protocol::AUTHENTICATION => {
                let header = IpAuthHeaderSlice::from_slice(octets).ok()?;
                Some((header.next_header().0, header.slice().len()))
            }
            protocol::FRAGMENT => {
                let header = Ipv6FragmentHeaderSlice::from_slice(octets).ok()?;
                let id = header.identification();
                self.ip_id = u16::try_from(id & 0xffff).ok();
                self.fragment = header.is_fragmenting_payload().then(|| Fragment {
                    id,
                    offset: u32::from(header.fragment_offset().value()) * 8,
                    more: header.more_fragments(),
                });
                Some((header.next_header().0, header.slice().len()))
            }
            _ => None,
        }
    }
}

fn v4(front: Front<'_>) -> Result<Network<'_>, Word> {
    let header = Ipv4HeaderSlice::from_slice(front.octets).map_err(|error| match error {
        ipv4::HeaderSliceError::Len(_) => TRUNCATED,
        ipv4::HeaderSliceError::Content(_) => MALFORMED,
    })?;
    let body = front.after(header.slice().len())?;
    let mut network = Network {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.ttl(),
        ip_id: Some(header.identification()),
        dont_fragment: header.dont_fragment(),
        protocol: header.protocol().0,
        // Segmentation offload leaves the total length at 0: the segment is cut up after the capture.
        body: header.payload_len().map_or(body, |len| body.of_length(len.into())),
        fragment: None,
    };
    if header.is_fragmenting_payload() {
        network.fragment = Some(Fragment {
            id: header.identification().into(),
            offset: u32::from(header.fragments_offset().value()) * 8,
            more: header.more_fragments(),
        });
    } else if network.protocol == protocol::AUTHENTICATION {
        network.step_over_extensions();
    }
    Ok(network)
}

fn v6(front: Front<'_>) -> Result<Network<'_>, Word> {
    let header = Ipv6HeaderSlice::from_slice(front.octets).map_err(|error| match error {
        ipv6::HeaderSliceError::Len(_) => TRUNCATED,
        ipv6::HeaderSliceError::Content(_) => MALFORMED,
    })?;
    let body = front.after(header.slice().len())?;
    let mut network = Network {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit(),
        ip_id: None,
        dont_fragment: true,
        protocol: header.next_header().0,
        // 0 is offload's, as in IPv4, or a jumbogram's (RFC 2675 §3).
        body: match header.payload_length() {
            0 => body,
            len => body.of_length(len.into()),
        },
        fragment: None,
    };
    network.step_over_extensions();
    Ok(network)
}

pub(super) const MALFORMED: Word = "malformed ip";
