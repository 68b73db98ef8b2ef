//! Kerberos V5 (RFC 4120) with a domain controller, and password changes (RFC 3244).
//!
//! A message is told from its first octets. Behind them it is walked element by
//! element for its names, because the ticket that stands before the names of a
//! TGS-REQ may be longer than what anyone wants to buffer.

pub mod error;
pub mod kpasswd;
pub mod message;

#[cfg(test)]
mod tests;

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport};
use kpasswd::PasswordChange;
use message::{Field, Head, MessageType, Walk};

/// Kerberos and its password service.
pub const PROTOCOL: Protocol = Protocol {
    name: "kerberos",
    tcp_ports: PORTS,
    udp_ports: PORTS,
    probe,
    open: |transport| Box::new(Conversation::new(transport)),
};

fn probe(hint: &Hint<'_>) -> Probe {
    let fits = match hint.transport {
        Transport::Tcp => record(hint.octets).and_then(|size| {
            let mut r = Reader::new(hint.octets);
            r.skip(RECORD_MARK, "record mark")?;
            fits(hint, r.rest(), size)
        }),
        Transport::Udp => fits(hint, hint.octets, hint.octets.len()),
    };
    match fits {
        Ok(()) => Probe::Yes,
        Err(Stop::Incomplete { .. }) if hint.transport == Transport::Tcp => Probe::More,
        // A datagram cut by the snap length will not grow.
        Err(Stop::Incomplete { .. }) if PORTS.iter().any(|&port| hint.port(port)) => Probe::Maybe,
        Err(_) => Probe::No,
    }
}

fn fits(hint: &Hint<'_>, octets: &[u8], size: usize) -> Result<(), Stop> {
    if hint.port(PASSWORD_PORT) && PasswordChange::read(octets, size)?.is_some() {
        return Ok(());
    }
    Head::read(octets, size).map(drop)
}

/// The size of the message behind the record mark (RFC 4120 §7.2.2).
fn record(octets: &[u8]) -> Result<usize, Stop> {
    let mut r = Reader::new(octets);
    let size = r.u32_be("record mark")?;
    match usize::try_from(size) {
        Ok(size) if size <= MAX_RECORD => Ok(size),
        _ => Err(r.malformed("record mark", "is longer than any message, or asks for an extension")),
    }
}

struct Conversation {
    transport: Transport,
    exchange: Exchange,
    /// Inside which message each side is.
    initiator: Option<Walk>,
    responder: Option<Walk>,
}

impl Dialogue for Conversation {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match self.transport {
            Transport::Tcp => self.step(side, octets, tell),
            Transport::Udp => self.datagram(side, octets, tell),
        }
    }
}

impl Conversation {
    fn new(transport: Transport) -> Self {
        Self { transport, exchange: Exchange::default(), initiator: None, responder: None }
    }

    fn walk(&mut self, side: Side) -> &mut Option<Walk> {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    fn datagram(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        *self.walk(side) = None;
        let mut at = self.start(side, octets, octets.len(), tell)?;
        while self.walk(side).is_some() {
            // What was told stands, however the rest of the datagram reads.
            let Ok(read) = self.step(side, octets.get(at..).unwrap_or_default(), tell) else { break };
            at = at.saturating_add(read);
        }
        Ok(octets.len())
    }

    fn step(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let Some(walk) = *self.walk(side) else {
            let length = record(octets)?;
            let mut r = Reader::new(octets);
            r.skip(RECORD_MARK, "record mark")?;
            let front = r.front(length, "message")?;
            return self.start(side, front.rest(), length, tell).map(|read| read.saturating_add(RECORD_MARK));
        };
        let step = walk.step(octets)?;
        *self.walk(side) = step.rest;
        for field in step.fields {
            self.field(field, tell);
        }
        Ok(step.read)
    }

    /// Reads the front of a message of `length` octets; its walk goes on behind the octets returned.
    fn start(&mut self, side: Side, octets: &[u8], length: usize, tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let (kind, read) = match PasswordChange::read(octets, length)? {
            Some(PasswordChange::Error { at }) => {
                let error = octets.get(at..).unwrap_or_default();
                let head = Head::read(error, length.saturating_sub(at))?;
                *self.walk(side) = head.walk;
                (head.kind, at.saturating_add(head.length))
            }
            Some(PasswordChange::Request) => (MessageType::PASSWORD_REQUEST, length),
            Some(PasswordChange::Reply) => (MessageType::PASSWORD_REPLY, length),
            None => {
                let head = Head::read(octets, length)?;
                *self.walk(side) = head.walk;
                (head.kind, head.length)
            }
        };
        let what = kind.text();
        detail("message", what.clone(), tell);
        match kind {
            // Its reply is told with the error code, a few elements on.
            MessageType::KRB_ERROR => {}
            kind if kind.is_request() => tell(Fact::Request { id: self.exchange.request(), what }),
            kind if kind.is_reply() => {
                tell(Fact::Reply { id: self.exchange.reply(), class: ReplyClass::Success, what });
            }
            _ => {}
        }
        Ok(read)
    }

    fn field(&mut self, field: Field, tell: &mut dyn FnMut(Fact)) {
        match field {
            Field::Realm(realm) => detail("realm", realm, tell),
            Field::Client(name) => detail("client_name", name, tell),
            Field::Service(name) => detail("service_name", name, tell),
            Field::Error(code) => {
                let what = code.text();
                detail("error", what.clone(), tell);
                tell(Fact::Reply { id: self.exchange.reply(), class: code.class(), what });
            }
        }
    }
}

/// Pairs requests with replies, which name no number: a client waits for one reply at a time and
/// sends an unanswered request over UDP again.
#[derive(Default)]
struct Exchange {
    next: u64,
    waiting: Option<u64>,
}

impl Exchange {
    fn request(&mut self) -> u64 {
        let id = self.waiting.unwrap_or_else(|| self.fresh());
        self.waiting = Some(id);
        id
    }

    fn reply(&mut self) -> u64 {
        self.waiting.take().unwrap_or_else(|| self.fresh())
    }

    fn fresh(&mut self) -> u64 {
        let id = self.next;
        self.next = id.saturating_add(1);
        id
    }
}

fn detail(key: &'static str, value: Text, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Detail { key, value: value.into() });
}

const PORTS: &[u16] = &[88, PASSWORD_PORT];
/// The password service (RFC 3244 §2).
const PASSWORD_PORT: u16 = 464;
/// Octets of the record mark.
const RECORD_MARK: usize = 4;
/// Far above the largest ticket; its high bit would announce an extension (RFC 5021).
const MAX_RECORD: usize = 1 << 20;
