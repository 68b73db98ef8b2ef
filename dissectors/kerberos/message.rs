//! Kerberos messages from their front (RFC 4120 §5.4 to §5.9).
//!
//! All have one shape: an application tag, a SEQUENCE, protocol version 5, the
//! tag's number again, and then numbered elements.

use std::fmt;

use super::error::ErrorCode;
use crate::ber::{self, Tag};
use crate::{MAX_TEXT, Reader, Stop, Text, text};

/// The kind of a message: its application tag and `msg-type` (RFC 4120 §5.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Asks for a ticket-granting ticket.
    pub const AS_REQ: Self = Self(10);
    /// Grants it.
    pub const AS_REP: Self = Self(11);
    /// Asks for a service's ticket.
    pub const TGS_REQ: Self = Self(12);
    /// Grants it.
    pub const TGS_REP: Self = Self(13);
    /// Shows a ticket.
    pub const AP_REQ: Self = Self(14);
    /// Accepts it.
    pub const AP_REP: Self = Self(15);
    /// Signed data.
    pub const KRB_SAFE: Self = Self(20);
    /// Sealed data.
    pub const KRB_PRIV: Self = Self(21);
    /// Forwarded credentials.
    pub const KRB_CRED: Self = Self(22);
    /// Refuses.
    pub const KRB_ERROR: Self = Self(30);
    /// A request of the password service, which has no number of its own (RFC 3244 §2).
    pub const PASSWORD_REQUEST: Self = Self(0xf0);
    /// Its reply.
    pub const PASSWORD_REPLY: Self = Self(0xf1);

    /// Whether a reply is due.
    pub fn is_request(self) -> bool {
        matches!(self, Self::AS_REQ | Self::TGS_REQ | Self::AP_REQ | Self::PASSWORD_REQUEST)
    }

    /// Whether it answers a request with what was asked for.
    pub fn is_reply(self) -> bool {
        matches!(self, Self::AS_REP | Self::TGS_REP | Self::AP_REP | Self::PASSWORD_REPLY)
    }

    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::AS_REQ => "AS-REQ",
            Self::AS_REP => "AS-REP",
            Self::TGS_REQ => "TGS-REQ",
            Self::TGS_REP => "TGS-REP",
            Self::AP_REQ => "AP-REQ",
            Self::AP_REP => "AP-REP",
            Self::KRB_SAFE => "KRB-SAFE",
            Self::KRB_PRIV => "KRB-PRIV",
            Self::KRB_CRED => "KRB-CRED",
            Self::KRB_ERROR => "KRB-ERROR",
            Self::PASSWORD_REQUEST => "password request",
            Self::PASSWORD_REPLY => "password reply",
            _ => return None,
        })
    }

    /// As it is printed.
    pub fn text(self) -> Text {
        Text::known(self.word(), self)
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.write_str(word),
            None => write!(f, "message type {:#04x}", self.0),
        }
    }
}

/// The first octets of a message, up to its `msg-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What it is.
    pub kind: MessageType,
    /// Octets read.
    pub length: usize,
    /// What follows them.
    pub walk: Option<Walk>,
}

impl Head {
    /// Reads the front of a message of `size` octets. A datagram cut by the snap length may declare more.
    pub fn read(octets: &[u8], size: usize) -> Result<Self, Stop> {
        let mut r = Reader::new(octets);
        let outer = ber::header(&mut r, "message")?;
        let kind = outer.tag.application().map(MessageType).filter(|kind| kind.word().is_some());
        let kind = kind.ok_or_else(|| r.malformed("message", "is none of Kerberos"))?;
        if r.position().saturating_add(outer.length) < size {
            return Err(r.malformed("message", "is shorter than its frame"));
        }
        let sequence = ber::header(&mut r, "message")?;
        if sequence.tag != Tag::SEQUENCE || sequence.length > outer.length {
            return Err(r.malformed("message", "is no SEQUENCE"));
        }
        // A request to a KDC counts its elements from 1, every other message from 0.
        let first = u8::from(matches!(kind, MessageType::AS_REQ | MessageType::TGS_REQ));
        if number(&mut r, first, "pvno")? != VERSION {
            return Err(r.malformed("pvno", "is not 5"));
        }
        if number(&mut r, first + 1, "msg-type")? != i64::from(kind.0) {
            return Err(r.malformed("msg-type", "contradicts the message's tag"));
        }
        let length = r.position();
        let left = size.saturating_sub(length);
        Ok(Self { kind, length, walk: (left > 0).then_some(Walk { kind, left }) })
    }
}

/// What an element says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The realm asked, or answering.
    Realm(Text),
    /// Who asks.
    Client(Text),
    /// For which service, as in `ldap/dc1.contoso.com`.
    Service(Text),
    /// Why not.
    Error(ErrorCode),
}

/// A walk through the elements behind a [`Head`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    kind: MessageType,
    /// Octets of the message not read yet.
    left: usize,
}

/// One element further.
#[derive(Debug)]
pub struct Step {
    /// Octets to step forward, be they there or not.
    pub read: usize,
    /// The walk from there on.
    pub rest: Option<Walk>,
    /// What the element said, three fields at most.
    pub fields: Vec<Field>,
}

impl Walk {
    /// Reads the element at the front of `octets`.
    pub fn step(self, octets: &[u8]) -> Result<Step, Stop> {
        let mut fields = Vec::new();
        match self.element(octets, &mut fields) {
            Ok(read) if read < self.left => {
                let rest = Some(Self { left: self.left - read, ..self });
                Ok(Step { read, rest, fields })
            }
            Ok(_) => Ok(Step { read: self.left, rest: None, fields }),
            // The frame's length holds, whatever its inside looks like.
            Err(Stop::Malformed { .. }) => Ok(Step { read: self.left, rest: None, fields: Vec::new() }),
            Err(incomplete) => Err(incomplete),
        }
    }

    fn element(self, octets: &[u8], fields: &mut Vec<Field>) -> Result<usize, Stop> {
        let mut r = Reader::new(octets).front(self.left, "element")?;
        let header = ber::header(&mut r, "element")?;
        let Some(element) = header.tag.context() else {
            return Err(r.malformed("element", "has no number"));
        };
        let end = r.position().saturating_add(header.length);
        let mut value = || r.front(header.length.min(self.left), "element");
        match (self.kind, element) {
            (MessageType::AS_REQ | MessageType::TGS_REQ, 4) => request_body(&mut value()?, fields)?,
            (MessageType::AS_REP | MessageType::TGS_REP, 3) | (MessageType::KRB_ERROR, 9) => {
                fields.push(Field::Realm(name(&mut value()?)?));
            }
            (MessageType::AS_REP | MessageType::TGS_REP, 4) | (MessageType::KRB_ERROR, 8) => {
                fields.push(Field::Client(principal(&mut value()?)?));
            }
            (MessageType::AS_REP | MessageType::TGS_REP, 5) | (MessageType::AP_REQ, 3) => {
                ticket(&mut value()?, fields)?;
            }
            (MessageType::KRB_ERROR, 6) => {
                let code = ber::integer(&mut value()?, Tag::INTEGER, "error code")?;
                fields.push(Field::Error(ErrorCode(code)));
            }
            (MessageType::KRB_ERROR, 10) => fields.push(Field::Service(principal(&mut value()?)?)),
            _ => {}
        }
        Ok(end)
    }
}

/// `KDC-REQ-BODY` (RFC 4120 §5.4.1) up to the service's name.
fn request_body(r: &mut Reader<'_>, fields: &mut Vec<Field>) -> Result<(), Stop> {
    let mut body = ber::front(r, Tag::SEQUENCE, "request body")?;
    loop {
        let header = ber::header(&mut body, "request element")?;
        let mut value = body.front(header.length, "request element")?;
        match header.tag.context() {
            Some(0) => {}
            Some(1) => fields.push(Field::Client(principal(&mut value)?)),
            Some(2) => fields.push(Field::Realm(name(&mut value)?)),
            Some(3) => {
                fields.push(Field::Service(principal(&mut value)?));
                return Ok(());
            }
            // Elements come in order, and the service is optional.
            _ => return Ok(()),
        }
    }
}

/// A `Ticket` (RFC 4120 §5.3) up to the service's name. Its realm is the message's own.
fn ticket(r: &mut Reader<'_>, fields: &mut Vec<Field>) -> Result<(), Stop> {
    let mut outer = ber::front(r, TICKET, "ticket")?;
    let mut ticket = ber::front(&mut outer, Tag::SEQUENCE, "ticket")?;
    if number(&mut ticket, 0, "tkt-vno")? != VERSION {
        return Err(ticket.malformed("tkt-vno", "is not 5"));
    }
    ber::front(&mut ticket, Tag::explicit(1), "ticket realm")?;
    let mut service = ber::front(&mut ticket, Tag::explicit(2), "ticket service")?;
    fields.push(Field::Service(principal(&mut service)?));
    Ok(())
}

/// A `PrincipalName` (RFC 4120 §5.2.2), its parts joined as people write them.
fn principal(r: &mut Reader<'_>) -> Result<Text, Stop> {
    let mut principal = ber::value(r, Tag::SEQUENCE, "principal")?;
    ber::value(&mut principal, Tag::explicit(0), "name type")?;
    let mut parts = ber::value(&mut principal, Tag::explicit(1), "name")?;
    let mut parts = ber::value(&mut parts, Tag::SEQUENCE, "name")?;
    let mut joined = Vec::new();
    while !parts.is_empty() && joined.len() < MAX_TEXT {
        if !joined.is_empty() {
            joined.push(b'/');
        }
        joined.extend_from_slice(ber::value(&mut parts, Tag::GENERAL_STRING, "name part")?.rest());
    }
    Ok(text(&joined))
}

fn name(r: &mut Reader<'_>) -> Result<Text, Stop> {
    ber::value(r, Tag::GENERAL_STRING, "realm").map(|name| text(name.rest()))
}

/// An INTEGER in the element `n`.
fn number(r: &mut Reader<'_>, n: u8, field: &'static str) -> Result<i64, Stop> {
    let mut element = ber::value(r, Tag::explicit(n), field)?;
    ber::integer(&mut element, Tag::INTEGER, field)
}

/// `pvno` and `tkt-vno`.
const VERSION: i64 = 5;
/// `[APPLICATION 1]`.
const TICKET: Tag = Tag(0x61);
