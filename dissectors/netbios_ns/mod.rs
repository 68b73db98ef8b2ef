//! NetBIOS name service over UDP 137 (RFC 1002 §4.2; MS-NBTE): who has a name, and
//! what names a node has.
//!
//! Its messages look like those of DNS, but names are encoded and registration,
//! refresh and release are operations of their own. Queries to the broadcast address
//! are normally answered by nobody, so these are marked.

mod name;
#[cfg(test)]
mod tests;

pub use name::{DECODED, Name, Suffix, skip_labels};

use std::net::Ipv4Addr;

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Transport, text};

/// The entry in [`crate::ALL`].
pub const PROTOCOL: Protocol = Protocol {
    name: "netbios-ns",
    tcp_ports: &[],
    udp_ports: &[137],
    probe,
    open: |_| Box::new(NameService),
};

/// One packet of the name service, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// `NAME_TRN_ID`, which pairs a request with its answer.
    pub id: u16,
    /// Flags, operation and result.
    pub flags: Flags,
    /// The name asked about, or answered for.
    pub name: Name,
    /// What the first record of an answer says.
    pub answer: Answer,
}

/// The second field of the header: response bit, operation, flags and result (RFC 1002 §4.2.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u16);

/// What the first record of an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing of interest here, or the packet is a request.
    None,
    /// A unique name is at these addresses (RFC 1002 §4.2.13), of which the first [`MAX_ADDRESSES`] are kept.
    Host(Vec<Ipv4Addr>),
    /// The names of a node (RFC 1002 §4.2.18), of which the first [`MAX_NODE_NAMES`] are kept.
    Node(Vec<NodeName>),
}

/// One entry of a node status response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName {
    /// The name.
    pub name: Name,
    /// Whether it belongs to a group (a domain, say) rather than to this node alone.
    pub group: bool,
}

impl Flags {
    /// Whether this is an answer (R).
    pub fn is_response(self) -> bool {
        self.0 & 0x8000 != 0
    }

    /// Whether it was sent to everybody (B).
    pub fn is_broadcast(self) -> bool {
        self.0 & 0x0010 != 0
    }

    /// The operation's name; `None` when there is no such operation.
    fn operation(self) -> Option<&'static str> {
        Some(match (self.0 >> 11) & 0xf {
            0 => "name query",
            5 => "name registration",
            6 => "name release",
            7 => "wait for acknowledgement",
            // RFC 1002 names both numbers in different places.
            8 | 9 => "name refresh",
            0xf => "multi-homed name registration",
            _ => return None,
        })
    }

    /// How the operation went and in which words (RCODE, RFC 1002 §4.2.6, §4.2.11, §4.2.14).
    fn result(self) -> (ReplyClass, &'static str) {
        if (self.0 >> 11) & 0xf == 7 {
            return (ReplyClass::Interim, "asks to wait");
        }
        match self.0 & 0xf {
            0 => (ReplyClass::Success, "positive"),
            1 => (ReplyClass::Refused, "format error"),
            2 => (ReplyClass::Failed, "server failure"),
            3 => (ReplyClass::Refused, "no such name"),
            4 => (ReplyClass::Refused, "unsupported request"),
            5 => (ReplyClass::Refused, "refused"),
            6 => (ReplyClass::Refused, "name is active"),
            7 => (ReplyClass::Refused, "name in conflict"),
            _ => (ReplyClass::Refused, "unknown error"),
        }
    }
}

impl Packet {
    /// Reads a packet from the octets of one datagram. An answer cut short is read as far as it goes.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let id = r.u16_be("transaction id")?;
        let flags = Flags(r.u16_be("flags")?);
        if flags.operation().is_none() {
            return Err(r.malformed("operation", "is none of the name service"));
        }
        let (questions, answers) = (r.u16_be("question count")?, r.u16_be("answer count")?);
        let (_authorities, _additional) = (r.u16_be("authority count")?, r.u16_be("additional count")?);
        if (questions, answers) == (0, 0) {
            return Err(r.malformed("question count", "and answer count are both zero"));
        }
        let name = Name::read(r)?;
        let kind = r.u16_be("type")?;
        if !matches!(kind, ADDRESS_RECORD | NULL_RECORD | NB | NBSTAT) || r.u16_be("class")? != INTERNET {
            return Err(r.malformed("type", "is none of the name service"));
        }
        let answered = flags.is_response() && questions == 0;
        let answer = if answered { Answer::read(r, kind).unwrap_or(Answer::None) } else { Answer::None };
        Ok(Self { id, flags, name, answer })
    }

    /// The request's own words: the operation and the name.
    fn what(&self) -> String {
        let operation = match self.name.text.as_ref() {
            "*" => "node status",
            _ => self.flags.operation().unwrap_or("unknown operation"),
        };
        format!("{operation} {}", self.name)
    }
}

impl Answer {
    /// The rest of a resource record behind its class.
    fn read(r: &mut Reader<'_>, kind: u16) -> Result<Self, Stop> {
        r.skip(4, "time to live")?;
        let mut data = r.sized_u16_be("record data")?;
        match kind {
            NB => {
                let mut addresses = Vec::new();
                while !data.is_empty() && addresses.len() < MAX_ADDRESSES {
                    let group = data.u16_be("name flags")? & GROUP != 0;
                    let address = data.ipv4("address")?;
                    if group {
                        return Ok(Self::None);
                    }
                    addresses.push(address);
                }
                Ok(Self::Host(addresses))
            }
            NBSTAT => {
                let count = usize::from(data.u8("name count")?).min(MAX_NODE_NAMES);
                (0..count).map(|_| NodeName::read(&mut data)).collect::<Result<_, _>>().map(Self::Node)
            }
            _ => Ok(Self::None),
        }
    }
}

impl NodeName {
    fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let octets = r.take(DECODED, "node name")?;
        let octets = octets.try_into().map_err(|_| r.malformed("node name", "has another size"))?;
        Ok(Self { name: Name::from_octets(octets), group: r.u16_be("name flags")? & GROUP != 0 })
    }
}

/// Nothing is kept between packets: the transaction id does the pairing.
struct NameService;

impl Dialogue for NameService {
    fn read(&mut self, _: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let packet = Packet::read(&mut Reader::bounded(octets))?;
        let id = u64::from(packet.id);
        if packet.flags.is_response() {
            let (class, result) = packet.flags.result();
            tell(Fact::Reply { id, class, what: text(format!("{}: {result}", packet.what()).as_bytes()) });
            if class == ReplyClass::Success {
                tell_answer(&packet, tell);
            }
        } else {
            tell(Fact::Request { id, what: text(packet.what().as_bytes()) });
            tell(Fact::Detail { key: "broadcast", value: packet.flags.is_broadcast().into() });
        }
        tell(Fact::Detail { key: "suffix", value: packet.name.suffix.to_string().into() });
        tell(Fact::Detail { key: "name", value: packet.name.text.into() });
        Ok(octets.len())
    }
}

/// Names of hosts, from a positive answer.
fn tell_answer(packet: &Packet, tell: &mut dyn FnMut(Fact)) {
    match &packet.answer {
        Answer::None => {}
        // A registration's answer repeats the claim of the asker; only a query's tells something new.
        Answer::Host(_) if packet.flags.operation() != Some("name query") => {}
        Answer::Host(addresses) => {
            for address in addresses.iter().filter(|address| !address.is_unspecified() && !address.is_broadcast()) {
                if packet.name.suffix.names_a_host() {
                    tell(Fact::Name { address: (*address).into(), name: packet.name.text.clone() });
                }
            }
        }
        Answer::Node(names) => {
            for NodeName { name, group } in names {
                tell(Fact::Member { key: "node_names", value: text(name.to_string().as_bytes()).into() });
                if !group && name.suffix.names_a_host() {
                    tell(Fact::Detail { key: "server_name", value: name.text.clone().into() });
                }
            }
        }
    }
}

fn probe(hint: &Hint<'_>) -> Probe {
    // Thirty-two letters A to P at a fixed place: no other protocol has that.
    match Packet::read(&mut Reader::bounded(hint.octets)) {
        Ok(_) if hint.transport == Transport::Udp => Probe::Yes,
        _ => Probe::No,
    }
}

/// At most so many addresses of one name are kept: a multi-homed host has a few.
const MAX_ADDRESSES: usize = 8;

/// At most so many names of one node are kept.
const MAX_NODE_NAMES: usize = 32;

/// Record types and the class, RFC 1002 §4.2.1.2 and §4.2.1.3.
const ADDRESS_RECORD: u16 = 0x0001;
const NULL_RECORD: u16 = 0x000a;
const NB: u16 = 0x0020;
const NBSTAT: u16 = 0x0021;
const INTERNET: u16 = 0x0001;

/// The G bit of `NB_FLAGS` and `NAME_FLAGS`: the name belongs to a group.
const GROUP: u16 = 0x8000;
