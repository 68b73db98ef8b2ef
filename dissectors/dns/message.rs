//! The parts of a message: header, question, record (RFC 1035 §4.1).

use std::net::IpAddr;

use super::name;
use crate::{Reader, Stop, Text};

/// The first twelve octets.
pub struct Header {
    pub id: u16,
    pub is_response: bool,
    pub opcode: u8,
    /// TC: the rest did not fit, ask again over TCP.
    pub is_truncated: bool,
    /// RCODE, its lower four bits.
    pub code: u16,
    /// Entries of the question section; the zone section of an update.
    pub questions: u16,
    /// Entries of the answer, authority and additional sections.
    sections: [u16; 3],
}

impl Header {
    pub const OCTETS: u16 = 12;

    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let id = r.u16_be("message id")?;
        let flags = r.u16_be("flags")?;
        let questions = r.u16_be("question count")?;
        let sections = [r.u16_be("answer count")?, r.u16_be("authority count")?, r.u16_be("additional count")?];
        let [high, low] = flags.to_be_bytes();
        Ok(Self {
            id,
            is_response: high & 0x80 != 0,
            opcode: (high >> 3) & 0x0f,
            is_truncated: high & 0x02 != 0,
            code: u16::from(low & 0x0f),
            questions,
            sections,
        })
    }

    /// Whether a resolver or server would send such a header.
    pub fn is_plausible(&self) -> bool {
        let opcode = matches!(self.opcode, QUERY | INVERSE_QUERY | STATUS | NOTIFY | UPDATE | STATEFUL);
        let counts = self.questions <= MAX_QUESTIONS && self.sections.iter().all(|&count| count <= MAX_RECORDS);
        // A query asks for something and has not failed yet.
        let state = self.is_response || (self.code == 0 && (self.questions > 0 || self.opcode == STATEFUL));
        opcode && counts && state
    }

    /// Records in all sections together.
    pub fn records(&self) -> u32 {
        self.sections.iter().map(|&count| u32::from(count)).sum()
    }
}

/// What is asked for, or the zone that an update is about (RFC 2136 §2.3).
pub struct Question {
    pub name: Text,
    pub kind: u16,
    pub class: u16,
}

impl Question {
    pub fn read(r: &mut Reader<'_>, whole: &[u8]) -> Result<Self, Stop> {
        Ok(Self { name: name::read(r, whole)?, kind: r.u16_be("query type")?, class: r.u16_be("query class")? })
    }
}

/// One resource record.
pub struct Record {
    pub owner: Text,
    pub kind: u16,
    pub class: u16,
    pub data: Data,
}

/// The data of a record, where anything is made of it.
pub enum Data {
    /// A (RFC 1035 §3.4.1) or AAAA (RFC 3596 §2.2).
    Address(IpAddr),
    /// SRV (RFC 2782).
    Service { port: u16, target: Text },
    /// OPT (RFC 6891 §6.1.3): the upper bits of the response code.
    Options { code_above: u16 },
    Other,
}

impl Record {
    pub fn read(r: &mut Reader<'_>, whole: &[u8]) -> Result<Self, Stop> {
        let owner = name::read(r, whole)?;
        let kind = r.u16_be("record type")?;
        let class = r.u16_be("record class")?;
        let [code_above, ..] = r.u32_be("time to live")?.to_be_bytes();
        let mut data = r.sized_u16_be("record data")?;
        let data = match kind {
            A => Data::Address(data.ipv4("address")?.into()),
            AAAA => Data::Address(data.ipv6("address")?.into()),
            SRV => {
                data.skip(4, "priority and weight")?;
                Data::Service { port: data.u16_be("service port")?, target: name::read(&mut data, whole)? }
            }
            OPT => Data::Options { code_above: u16::from(code_above) << 4 },
            _ => Data::Other,
        };
        Ok(Self { owner, kind, class, data })
    }
}

/// Opcode: a standard query.
pub const QUERY: u8 = 0;
/// Opcode: inverse query, obsolete (RFC 3425).
pub const INVERSE_QUERY: u8 = 1;
/// Opcode: server status.
pub const STATUS: u8 = 2;
/// Opcode: a zone changed (RFC 1996).
pub const NOTIFY: u8 = 4;
/// Opcode: dynamic update (RFC 2136), how domain controllers register themselves.
pub const UPDATE: u8 = 5;
/// Opcode: stateful operations (RFC 8490).
pub const STATEFUL: u8 = 6;

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const OPT: u16 = 41;

/// Multicast DNS asks several questions at once; nobody asks more than fit a datagram.
const MAX_QUESTIONS: u16 = 256;
/// More records than a message of 64 KiB can hold, eleven octets each, are none.
const MAX_RECORDS: u16 = 5957;
