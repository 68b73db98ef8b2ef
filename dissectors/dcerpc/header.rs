//! The common header of connection-oriented PDUs (C706 12.6.3.1).

use super::ndr::Order;
use crate::{Reader, Stop};

/// The type of a PDU (C706 12.6.4; `rts` from MS-RPCH 2.2.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PduType(pub u8);

impl PduType {
    /// A call.
    pub const REQUEST: Self = Self(0);
    /// Its results.
    pub const RESPONSE: Self = Self(2);
    /// Its failure.
    pub const FAULT: Self = Self(3);
    /// The client names the interfaces it wants.
    pub const BIND: Self = Self(11);
    /// The server's word on each of them.
    pub const BIND_ACK: Self = Self(12);
    /// The server refuses the whole association.
    pub const BIND_NAK: Self = Self(13);
    /// More interfaces, or another leg of authentication.
    pub const ALTER_CONTEXT: Self = Self(14);
    /// The answer to that.
    pub const ALTER_CONTEXT_RESP: Self = Self(15);
    /// The third leg of authentication, unanswered (MS-RPCE 2.2.2.5).
    pub const AUTH3: Self = Self(16);
    /// The server asks the client to close.
    pub const SHUTDOWN: Self = Self(17);
    /// The client asks the server to give up a call.
    pub const CO_CANCEL: Self = Self(18);
    /// The client will not wait for the rest of an answer.
    pub const ORPHANED: Self = Self(19);
    /// RPC over HTTP's own housekeeping.
    pub const RTS: Self = Self(20);

    /// The fewest octets that a PDU of this type has; `None` when no connection carries this type.
    fn shortest(self) -> Option<u16> {
        Some(match self {
            Self::REQUEST | Self::RESPONSE | Self::BIND_ACK | Self::ALTER_CONTEXT_RESP => 24,
            Self::FAULT | Self::BIND | Self::ALTER_CONTEXT => 28,
            Self::BIND_NAK => 18,
            Self::AUTH3 | Self::RTS => 20,
            Self::SHUTDOWN | Self::CO_CANCEL | Self::ORPHANED => 16,
            _ => return None,
        })
    }
}

/// A checked header: what it says fits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub kind: PduType,
    /// `PFC_*`.
    flags: u8,
    /// Of every integer of this PDU, header and stub alike.
    pub order: Order,
    /// Octets of this fragment, header included.
    pub length: usize,
    /// Octets of credentials at its end; 0 when there is no verifier.
    pub auth_length: usize,
    /// Pairs requests with their answers.
    pub call: u32,
}

impl Header {
    /// Octets of every header.
    pub const LENGTH: usize = 16;

    /// Reads and checks the header at the front of `octets`. Each field is checked before the next
    /// is read, so that foreign octets are malformed as early as they differ.
    pub fn read(octets: &[u8]) -> Result<Self, Stop> {
        let mut reader = Reader::new(octets);
        if reader.u8("rpc version")? != VERSION {
            return Err(reader.malformed("rpc version", "is not 5"));
        }
        if reader.u8("rpc minor version")? > MAX_MINOR_VERSION {
            return Err(reader.malformed("rpc minor version", "is neither 0 nor 1"));
        }
        let kind = PduType(reader.u8("pdu type")?);
        let Some(shortest) = kind.shortest() else {
            return Err(reader.malformed("pdu type", "belongs to no connection"));
        };
        let flags = reader.u8("flags")?;
        let order = data_representation(&mut reader)?;
        reader.skip(1, "reserved")?;
        let number = match order {
            Order::BigEndian => Reader::u16_be,
            Order::LittleEndian => Reader::u16_le,
        };
        let length = number(&mut reader, "fragment length")?;
        if length < shortest {
            return Err(reader.malformed("fragment length", "is too short for its type"));
        }
        let auth_length = number(&mut reader, "auth length")?;
        if auth_length != 0 && u32::from(length) < u32::from(auth_length) + u32::from(AUTH_OVERHEAD) {
            return Err(reader.malformed("auth length", "overruns the fragment"));
        }
        let call = match order {
            Order::BigEndian => reader.u32_be("call id")?,
            Order::LittleEndian => reader.u32_le("call id")?,
        };
        Ok(Self { kind, flags, order, length: length.into(), auth_length: auth_length.into(), call })
    }

    /// Whether this is the first fragment of its call.
    pub fn is_first(self) -> bool {
        self.flags & FIRST != 0
    }

    /// Whether this is the last fragment of its call.
    pub fn is_last(self) -> bool {
        self.flags & LAST != 0
    }

    /// Whether a request carries an object UUID before its stub.
    pub fn has_object(self) -> bool {
        self.flags & OBJECT_UUID != 0
    }

    /// All octets of this PDU; incomplete until they are there.
    pub fn whole<'a>(&self, octets: &'a [u8]) -> Result<&'a [u8], Stop> {
        Reader::new(octets).take(self.length, "pdu")
    }
}

/// The first three octets of `drep` (C706 14.1): integers and characters, floating point, reserved.
pub(super) fn data_representation(reader: &mut Reader<'_>) -> Result<Order, Stop> {
    let order = match reader.u8("integer representation")? {
        0x00 => Order::BigEndian,
        0x10 => Order::LittleEndian,
        _ => return Err(reader.malformed("integer representation", "is unknown, or text is not ASCII")),
    };
    if reader.u8("floating-point representation")? > MAX_FLOAT {
        return Err(reader.malformed("floating-point representation", "is unknown"));
    }
    if reader.u8("reserved")? != 0 {
        return Err(reader.malformed("reserved", "is not 0"));
    }
    Ok(order)
}

const VERSION: u8 = 5;
const MAX_MINOR_VERSION: u8 = 1;
/// IEEE, VAX, Cray, IBM.
const MAX_FLOAT: u8 = 3;
/// The header and the fixed part of the verifier (C706 13.2.6.1).
const AUTH_OVERHEAD: u16 = 16 + 8;

const FIRST: u8 = 0x01;
const LAST: u8 = 0x02;
const OBJECT_UUID: u8 = 0x80;
