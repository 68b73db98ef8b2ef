//! Session descriptions (RFC 8866), as far as they promise media to an address and port.
//!
//! The reader is our own: the descriptions of real gateways have lines in the wrong order and
//! unknown attributes, and a captured one may end anywhere. A missing line here costs that line only.

use std::net::IpAddr;

use super::head::split_once;
use crate::{Endpoint, Media, Side, Text, text};

/// One `m=` line with what was said for it, at its own or at session level.
pub struct Stream {
    kind: Text,
    port: u16,
    place: Place,
}

/// What session and media level can both say; media level wins.
#[derive(Clone, Copy, Default)]
struct Place {
    address: Option<IpAddr>,
    flow: Option<Flow>,
    rtcp: Option<Rtcp>,
}

/// `a=sendrecv` and its kin (RFC 8866 §6.7).
#[derive(Clone, Copy)]
struct Flow {
    sends: bool,
    receives: bool,
}

#[derive(Clone, Copy)]
enum Rtcp {
    /// `a=rtcp:53020` (RFC 3605).
    Port(u16),
    /// `a=rtcp-mux` (RFC 5761): on the port of RTP.
    Shared,
}

/// The streams that come over UDP. Of a cut description the last line and the
/// stream it belongs to are left out: what would have followed could have changed it.
pub fn read(description: &[u8], cut: bool) -> Vec<Stream> {
    let mut session = Place::default();
    let mut streams: Vec<Option<Stream>> = Vec::new();
    for line in description.split(|&octet| octet == b'\n') {
        let line = line.trim_ascii();
        let &[kind, b'=', ref value @ ..] = line else { continue };
        if kind == b'm' {
            if streams.len() == MAX_STREAMS {
                break;
            }
            streams.push(stream(value, session));
            continue;
        }
        // Lines of a stream that is not told must not count for the session.
        match streams.last_mut() {
            None => session.take(kind, value),
            Some(Some(stream)) => stream.place.take(kind, value),
            Some(None) => {}
        }
    }
    if cut {
        streams.pop();
    }
    streams.into_iter().flatten().collect()
}

/// `audio 49170 RTP/AVP 0 8`; `None` for streams over TCP.
fn stream(value: &[u8], session: Place) -> Option<Stream> {
    let (kind, rest) = split_once(value, b' ')?;
    let (port, rest) = split_once(rest.trim_ascii_start(), b' ')?;
    let port = port.split(|&octet| octet == b'/').next()?;
    let port = std::str::from_utf8(port).ok()?.parse().ok()?;
    let is_tcp = rest.get(..3).is_some_and(|front| front.eq_ignore_ascii_case(b"TCP"));
    (!is_tcp).then(|| Stream { kind: text(kind), port, place: session })
}

impl Place {
    fn take(&mut self, kind: u8, value: &[u8]) {
        match kind {
            b'c' => self.address = address(value).or(self.address),
            b'a' => self.attribute(value),
            _ => {}
        }
    }

    fn attribute(&mut self, value: &[u8]) {
        let flow = |sends, receives| Some(Flow { sends, receives });
        match value {
            b"sendrecv" => self.flow = flow(true, true),
            b"sendonly" => self.flow = flow(true, false),
            b"recvonly" => self.flow = flow(false, true),
            b"inactive" => self.flow = flow(false, false),
            b"rtcp-mux" => self.rtcp = Some(Rtcp::Shared),
            _ => {
                let port = value.strip_prefix(b"rtcp:").and_then(|rest| rest.split(|&octet| octet == b' ').next());
                let port = port.and_then(|port| std::str::from_utf8(port).ok()?.parse().ok());
                if let (Some(port), None) = (port, self.rtcp) {
                    self.rtcp = Some(Rtcp::Port(port));
                }
            }
        }
    }
}

/// `IN IP4 10.10.2.21`; a multicast address has `/ttl` behind it.
fn address(value: &[u8]) -> Option<IpAddr> {
    let last = std::str::from_utf8(value).ok()?.split_ascii_whitespace().nth(2)?;
    last.split('/').next()?.parse().ok()
}

impl Stream {
    /// The promise as a fact; `None` where a host is only named. The address 0.0.0.0 is the old way
    /// to put a call on hold (RFC 3264 §8.4).
    pub fn endpoint(self, call: Text, side: Side, answer: bool) -> Option<Endpoint> {
        let address = self.place.address?;
        let flow = self.place.flow.unwrap_or(Flow { sends: true, receives: true });
        let rtcp_port = match self.place.rtcp {
            _ if self.port == 0 => 0,
            Some(Rtcp::Port(port)) => port,
            Some(Rtcp::Shared) => self.port,
            None => self.port.saturating_add(1),
        };
        let receives = flow.receives && !address.is_unspecified();
        let (kind, port, sends) = (self.kind, self.port, flow.sends);
        let media = Media { call, side, answer, kind, address, port, rtcp_port, sends, receives };
        Some(Endpoint::Media(Box::new(media)))
    }
}

/// `m=` lines that are read.
const MAX_STREAMS: usize = 16;
