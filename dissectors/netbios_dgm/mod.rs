//! NetBIOS datagram service over UDP 138 (RFC 1002 §4.4): announcements and mailslot
//! messages, from a name to a name.
//!
//! Nothing is ever answered here but a datagram server's queries, so names are all
//! there is to tell. A sender's own address and name stand in each datagram.

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use crate::netbios_ns::Name;
use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport, text};

/// The entry in [`crate::ALL`].
pub const PROTOCOL: Protocol = Protocol {
    name: "netbios-dgm",
    tcp_ports: &[],
    udp_ports: &[138],
    probe,
    open: |_| Box::new(DatagramService),
};

/// One packet of the datagram service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// `DGM_ID`, which pairs a query with its answer.
    pub id: u16,
    /// The address that the sender gives as its own.
    pub source: Ipv4Addr,
    /// What it says.
    pub content: Content,
}

/// What a packet of the datagram service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// User data, from a name to a name.
    Data {
        /// To whom: `direct unique`, `direct group` or `broadcast`.
        kind: &'static str,
        /// Who sends.
        from: Name,
        /// Who shall receive.
        to: Name,
        /// The mailslot, when the data is an SMB mailslot write (MS-MAIL §2.2.1).
        mailslot: Option<Text>,
    },
    /// The datagram could not be delivered.
    Error(u8),
    /// A datagram server is asked whether it serves a name.
    Query(Name),
    /// And its answer.
    Answer {
        /// Whether it does.
        class: ReplyClass,
        /// The name asked about.
        name: Name,
    },
}

impl Packet {
    /// Reads a packet from the octets of one datagram.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let kind = r.u8("message type")?;
        if r.u8("flags")? & RESERVED_FLAGS != 0 {
            return Err(r.malformed("flags", "has reserved bits set"));
        }
        let id = r.u16_be("datagram id")?;
        let source = r.ipv4("source address")?;
        r.skip(2, "source port")?;
        let content = match kind {
            0x10 => Content::data(r, "direct unique")?,
            0x11 => Content::data(r, "direct group")?,
            0x12 => Content::data(r, "broadcast")?,
            0x13 => Content::Error(r.u8("error code")?),
            0x14 => Content::Query(Name::read(r)?),
            0x15 => Content::Answer { class: ReplyClass::Success, name: Name::read(r)? },
            0x16 => Content::Answer { class: ReplyClass::Refused, name: Name::read(r)? },
            _ => return Err(r.malformed("message type", "is none of the datagram service")),
        };
        Ok(Self { id, source, content })
    }
}

impl Content {
    /// What follows the header of a datagram with user data (RFC 1002 §4.4.2).
    fn data(r: &mut Reader<'_>, kind: &'static str) -> Result<Self, Stop> {
        r.skip(2, "datagram length")?;
        r.skip(2, "packet offset")?;
        let (from, to) = (Name::read(r)?, Name::read(r)?);
        Ok(Self::Data { kind, from, to, mailslot: mailslot(r.rest()) })
    }
}

/// The name of the mailslot that an SMB write names, e.g. `\MAILSLOT\NET\NETLOGON`: the transaction's
/// own name, ASCII here, in front of its data.
fn mailslot(data: &[u8]) -> Option<Text> {
    let data = data.strip_prefix(b"\xffSMB\x25")?;
    let start = data.windows(MAILSLOT.len()).position(|window| window.eq_ignore_ascii_case(MAILSLOT))?;
    let name = data.get(start..)?.split(|&octet| octet == 0).next()?;
    Some(text(name))
}

/// Nothing is kept between datagrams.
struct DatagramService;

impl Dialogue for DatagramService {
    fn read(&mut self, _: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let packet = Packet::read(&mut Reader::bounded(octets))?;
        let id = u64::from(packet.id);
        match packet.content {
            Content::Data { kind, from, to, mailslot } => {
                tell(Fact::Detail { key: "kind", value: kind.into() });
                if from.suffix.names_a_host() && !packet.source.is_unspecified() {
                    tell(Fact::Name { address: packet.source.into(), name: from.text.clone() });
                }
                tell(Fact::Detail { key: "source_name", value: text(from.to_string().as_bytes()).into() });
                tell(Fact::Detail { key: "destination_name", value: text(to.to_string().as_bytes()).into() });
                if let Some(mailslot) = mailslot {
                    tell(Fact::Member { key: "mailslots", value: mailslot.into() });
                }
            }
            Content::Error(code) => tell(Fact::Alert(error(code).into())),
            Content::Query(name) => {
                tell(Fact::Request { id, what: text(format!("datagram query {name}").as_bytes()) });
            }
            Content::Answer { class, name } => {
                tell(Fact::Reply { id, class, what: text(format!("datagram query {name}").as_bytes()) });
            }
        }
        Ok(octets.len())
    }
}

/// Why a datagram could not be delivered (RFC 1002 §4.4.3).
fn error(code: u8) -> &'static str {
    match code {
        0x82 => "destination name not present",
        0x83 => "invalid source name format",
        0x84 => "invalid destination name format",
        _ => "unknown datagram error",
    }
}

fn probe(hint: &Hint<'_>) -> Probe {
    match Packet::read(&mut Reader::bounded(hint.octets)) {
        Ok(_) if hint.transport != Transport::Udp => Probe::No,
        // An error is ten octets of anything; a name is not.
        Ok(Packet { content: Content::Error(_), .. }) if !hint.port(138) => Probe::No,
        Ok(Packet { content: Content::Error(_), .. }) => Probe::Maybe,
        Ok(_) => Probe::Yes,
        Err(_) => Probe::No,
    }
}

/// The bits of the flags field that must be zero (RFC 1002 §4.4.1).
const RESERVED_FLAGS: u8 = 0xf0;

const MAILSLOT: &[u8] = br"\MAILSLOT\";
