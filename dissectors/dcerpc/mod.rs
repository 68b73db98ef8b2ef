//! DCE/RPC: connection-oriented (C706 chapter 12, MS-RPCE) on a TCP port of its own, behind the
//! preamble of RPC over HTTP (MS-RPCH) or in a named pipe, and connectionless over UDP.
//!
//! Which interface a call is for is said once, in the bind; calls name it by a
//! small number. So a connection keeps the numbers, and of all stubs it reads
//! only those of the endpoint mapper ([`crate::epm`]), which tie interfaces to ports.

mod bind;
mod calls;
mod connection;
mod contexts;
mod datagram;
mod header;
pub mod ndr;
mod words;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use connection::Connection;

use crate::{Dialogue, Hint, Probe, Protocol, Stop, Transport};
use datagram::Datagrams;
use header::{Header, PduType};
use ndr::Order;

/// DCE/RPC on its usual ports: the endpoint mapper, RPC over HTTP, and Exchange's three behind it.
pub const PROTOCOL: Protocol =
    Protocol { name: "dcerpc", tcp_ports: &[135, 593, 6001, 6002, 6004], udp_ports: &[135], probe, open };

fn open(transport: Transport) -> Box<dyn Dialogue> {
    match transport {
        Transport::Tcp => Box::new(Connection::default()),
        Transport::Udp => Box::new(Datagrams::default()),
    }
}

fn probe(hint: &Hint<'_>) -> Probe {
    match hint.transport {
        Transport::Tcp => probe_stream(hint.octets),
        Transport::Udp => probe_datagram(hint.octets),
    }
}

fn probe_stream(octets: &[u8]) -> Probe {
    if octets.starts_with(HTTP_PREAMBLE) {
        return Probe::Yes;
    }
    if HTTP_PREAMBLE.starts_with(octets) {
        return Probe::More;
    }
    match Header::read(octets) {
        Ok(header) if header.order == Order::LittleEndian => Probe::Yes,
        // Most of a big-endian header is zeros, as in many a binary protocol; a list of contexts is not.
        Ok(header) if matches!(header.kind, PduType::BIND | PduType::ALTER_CONTEXT) => {
            match header.whole(octets).and_then(|pdu| bind::offers(&header, pdu, 1)) {
                Ok(offers) if offers.iter().any(|offer| offer.transfer != bind::Transfer::Unknown) => Probe::Yes,
                Ok(_) | Err(Stop::Malformed { .. }) => Probe::No,
                Err(Stop::Incomplete { .. }) => Probe::More,
            }
        }
        Ok(_) => Probe::Maybe,
        Err(Stop::Incomplete { .. }) => Probe::More,
        Err(Stop::Malformed { .. }) => Probe::No,
    }
}

fn probe_datagram(octets: &[u8]) -> Probe {
    match datagram::Header::read(octets) {
        Ok(_) => Probe::Yes,
        Err(_) => Probe::No, // a datagram never grows
    }
}

/// The server's first words on a port of RPC over HTTP (MS-RPCH 2.1.1.1), without a line ending.
const HTTP_PREAMBLE: &[u8] = b"ncacn_http/1.0";
