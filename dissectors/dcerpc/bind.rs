//! Presentation contexts on the wire: bind, alter_context and their answers (C706 12.6.4.3 to
//! 12.6.4.5, MS-RPCE 2.2.2), and the verifier behind them.

use super::header::Header;
use super::ndr::{Ndr, Syntax};
use crate::{Reader, Stop, Text, Uuid, text};

/// How the stubs of a context shall be, or are, laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Calls in NDR or NDR64.
    Calls(Syntax),
    /// No calls: bind-time feature negotiation rides as a transfer syntax (MS-RPCE 3.3.1.5.3).
    Features,
    /// Something else, or (in an answer) none.
    Unknown,
}

impl Transfer {
    fn of(syntax: Uuid) -> Self {
        match syntax {
            NDR => Self::Calls(Syntax::Ndr),
            NDR64 => Self::Calls(Syntax::Ndr64),
            Uuid(octets) if octets.starts_with(&FEATURES) => Self::Features,
            _ => Self::Unknown,
        }
    }
}

/// One presentation context that the client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The number by which requests name it.
    pub id: u16,
    /// The interface (abstract syntax).
    pub interface: Uuid,
    /// The best of the transfer syntaxes offered with it.
    pub transfer: Transfer,
}

/// Reads the contexts of a bind or alter_context, at most `limit` of them.
pub fn offers(header: &Header, pdu: &[u8], limit: usize) -> Result<Vec<Offer>, Stop> {
    let mut fields = Ndr::new(Reader::bounded(pdu), header.order, Syntax::Ndr);
    fields.skip(Header::LENGTH + SIZES_AND_GROUP, "fragment sizes")?;
    let count = fields.u8("context count")?;
    fields.skip(3, "reserved")?;
    let mut offers = Vec::new();
    for _ in 0..usize::from(count).min(limit) {
        let id = fields.u16("context id")?;
        let syntaxes = fields.u8("transfer syntax count")?;
        fields.skip(1, "reserved")?;
        let (interface, _version) = (fields.uuid("interface")?, fields.u32("interface version")?);
        let mut transfer = Transfer::Unknown;
        for _ in 0..syntaxes {
            let offered = Transfer::of(fields.uuid("transfer syntax")?);
            fields.skip(4, "transfer syntax version")?;
            if !matches!(transfer, Transfer::Calls(_)) && offered != Transfer::Unknown {
                transfer = offered;
            }
        }
        offers.push(Offer { id, interface, transfer });
    }
    Ok(offers)
}

/// The server's word on one offered context, in the order of the offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// `ACCEPTANCE`, one of the rejections, or `NEGOTIATE_ACK`.
    pub result: u16,
    /// Why it was rejected; feature bits in a `NEGOTIATE_ACK`.
    pub reason: u16,
    /// The transfer syntax that was chosen.
    pub transfer: Transfer,
}

/// Context accepted.
pub const ACCEPTANCE: u16 = 0;
/// The features were understood (MS-RPCE 2.2.2.4): no rejection, and no context for calls.
pub const NEGOTIATE_ACK: u16 = 3;

/// A bind_ack or alter_context_resp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The server's own port or pipe; `None` when empty.
    pub secondary_address: Option<Text>,
    /// One for each offered context.
    pub verdicts: Vec<Verdict>,
}

impl Ack {
    /// Reads the answer to a bind or alter_context, at most `limit` verdicts of it.
    pub fn read(header: &Header, pdu: &[u8], limit: usize) -> Result<Self, Stop> {
        let mut fields = Ndr::new(Reader::bounded(pdu), header.order, Syntax::Ndr);
        fields.skip(Header::LENGTH + SIZES_AND_GROUP, "fragment sizes")?;
        let length = fields.u16("secondary address length")?;
        let address = fields.plain().take(length.into(), "secondary address")?;
        let address = address.strip_suffix(b"\0").unwrap_or(address);
        fields.align(4, "padding")?;
        let count = fields.u8("result count")?;
        fields.skip(3, "reserved")?;
        let mut verdicts = Vec::new();
        for _ in 0..usize::from(count).min(limit) {
            let (result, reason) = (fields.u16("result")?, fields.u16("reason")?);
            let transfer = Transfer::of(fields.uuid("transfer syntax")?);
            fields.skip(4, "transfer syntax version")?;
            verdicts.push(Verdict { result, reason, transfer });
        }
        Ok(Self { secondary_address: (!address.is_empty()).then(|| text(address)), verdicts })
    }
}

/// The reason of a bind_nak (C706 12.6.4.5).
pub fn refusal(header: &Header, pdu: &[u8]) -> Result<u16, Stop> {
    let mut fields = Ndr::new(Reader::bounded(pdu), header.order, Syntax::Ndr);
    fields.skip(Header::LENGTH, "header")?;
    fields.u16("reject reason")
}

/// The fixed part of an authentication verifier (C706 13.2.6.1, `sec_trailer` in MS-RPCE 2.2.2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verifier {
    /// Security provider.
    pub kind: u8,
    /// Protection level.
    pub level: u8,
    /// Octets of padding between the stub and the verifier.
    pub padding: usize,
    /// Where it begins, in octets from the start of the PDU.
    pub at: usize,
}

impl Verifier {
    /// Stubs are encrypted.
    pub const PRIVACY: u8 = 6;

    /// The verifier of a whole PDU; `None` when it carries none.
    pub fn read(header: &Header, pdu: &[u8]) -> Result<Option<Self>, Stop> {
        if header.auth_length == 0 {
            return Ok(None);
        }
        let at = header.length.saturating_sub(header.auth_length + VERIFIER);
        let mut reader = Reader::bounded(pdu);
        reader.skip(at, "stub")?;
        let (kind, level) = (reader.u8("auth type")?, reader.u8("auth level")?);
        let padding = usize::from(reader.u8("auth padding")?);
        Ok(Some(Self { kind, level, padding, at }))
    }
}

/// `max_xmit_frag`, `max_recv_frag`, `assoc_group_id`.
const SIZES_AND_GROUP: usize = 2 + 2 + 4;
/// Octets of the verifier before the credentials.
const VERIFIER: usize = 8;

const NDR: Uuid = Uuid::from_u128(0x8a885d04_1ceb_11c9_9fe8_08002b104860);
const NDR64: Uuid = Uuid::from_u128(0x71710533_beba_4937_8319_b5dbef9ccc36);
/// The first octets of 6cb71c2c-9812-4540-*; the rest are feature bits.
const FEATURES: [u8; 8] = [0x6c, 0xb7, 0x1c, 0x2c, 0x98, 0x12, 0x45, 0x40];
