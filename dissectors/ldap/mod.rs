//! LDAPv3 (RFC 4511) over TCP, and CLDAP, its form in single datagrams (MS-ADTS §3.1.1.3.1, §6.3.3).
//!
//! Every operation is named from the front of its message; a search entry of a
//! megabyte is stepped over. Passwords are never kept.

pub mod entry;
pub mod message;
pub mod netlogon;
pub mod result;
pub mod sasl;

#[cfg(test)]
mod tests;

use crate::ber::Tag;
use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport};
use entry::Attributes;
use message::{Bind, Envelope, Operation, Search};
use result::ResultCode;

/// LDAP and CLDAP. Which of these ports is a global catalog's is the caller's to say.
pub const PROTOCOL: Protocol = Protocol {
    name: "ldap",
    tcp_ports: TCP_PORTS,
    udp_ports: UDP_PORTS,
    probe,
    open: |transport| Box::new(Conversation::new(transport)),
};

fn probe(hint: &Hint<'_>) -> Probe {
    let usual = TCP_PORTS.iter().any(|&port| hint.port(port));
    if hint.transport == Transport::Tcp && usual && hint.octets.first() == Some(&0) {
        return sasl::probe(hint.octets);
    }
    match message::probe(hint.octets) {
        // A datagram cut by the snap length will not grow.
        Probe::More if hint.transport == Transport::Udp && usual => Probe::Maybe,
        Probe::More if hint.transport == Transport::Udp => Probe::No,
        told => told,
    }
}

struct Conversation {
    transport: Transport,
    /// The message that asked for StartTLS and was not answered yet.
    start_tls: Option<u64>,
    /// Whether a bind was by more than a password, so that any security layer may follow.
    sasl: bool,
    /// Whether [`SEALED`] was told.
    sealed: bool,
    initiator: Half,
    responder: Half,
}

/// Where one side's stream stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    /// At the start of a message.
    Message,
    /// Among the attributes of a search entry.
    Entry(Attributes),
    /// At an unknown point: where the capture begins, or behind lost octets.
    Lost,
    /// Behind a SASL security layer, for good.
    Sealed,
}

impl Dialogue for Conversation {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match self.transport {
            Transport::Tcp => self.step(side, octets, tell),
            Transport::Udp => self.datagram(side, octets, tell),
        }
    }

    fn gap(&mut self, side: Side) -> bool {
        let half = self.half(side);
        if *half != Half::Sealed {
            *half = Half::Lost;
        }
        true
    }

    fn finished(&self, side: Side) -> bool {
        let half = match side {
            Side::Initiator => self.initiator,
            Side::Responder => self.responder,
        };
        half == Half::Sealed
    }
}

impl Conversation {
    fn new(transport: Transport) -> Self {
        let (initiator, responder) = (Half::Lost, Half::Lost);
        Self { transport, start_tls: None, sasl: false, sealed: false, initiator, responder }
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    /// A datagram answers whole: the entry and the result follow each other in it.
    fn datagram(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        *self.half(side) = Half::Message;
        let mut at = self.step(side, octets, tell)?;
        while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
            // What was told stands, however the rest of the datagram reads.
            let Ok(read @ 1..) = self.step(side, rest, tell) else { break };
            at = at.saturating_add(read);
        }
        Ok(octets.len())
    }

    fn step(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let half = *self.half(side);
        match half {
            Half::Message if self.transport == Transport::Tcp && octets.first() == Some(&0) => {
                self.sealed(side, octets, tell)
            }
            Half::Message => self.message(side, octets, tell),
            Half::Entry(attributes) => {
                let (read, left) = attributes.step(octets, tell)?;
                *self.half(side) = left.map_or(Half::Message, Half::Entry);
                Ok(read)
            }
            Half::Lost => self.resume(side, octets, tell),
            Half::Sealed => Ok(octets.len()),
        }
    }

    fn sealed(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let length = if self.sasl { sasl::size(octets)? } else { sasl::read(octets)? };
        *self.half(side) = Half::Sealed;
        if !self.sealed {
            self.sealed = true;
            detail(SEALED, true, tell);
        }
        Ok(length)
    }

    /// Looks for the start of the next message. Where a message starts, at least 32 bits are
    /// fixed or have to agree; most messages start with a segment and are found at once.
    fn resume(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if octets.first() == Some(&0) {
            match sasl::read(octets) {
                Ok(_) => return self.sealed(side, octets, tell),
                Err(stop) if stop.is_incomplete() => return Err(stop),
                Err(_) => {}
            }
        }
        let starts = octets.iter().enumerate().filter(|(_, octet)| Tag(**octet) == Tag::SEQUENCE);
        for (at, _) in starts {
            let probed = message::probe(octets.get(at..).unwrap_or_default());
            match (probed, at) {
                (Probe::No, _) => {}
                (_, 1..) => return Ok(at),
                (Probe::More, 0) => return Err(Stop::Incomplete { field: "message", more: 1 }),
                (_, 0) => {
                    *self.half(side) = Half::Message;
                    return self.message(side, octets, tell);
                }
            }
        }
        Ok(octets.len())
    }

    fn message(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let envelope = Envelope::read(octets)?;
        let mut value = envelope.value(octets)?;
        match envelope.operation {
            Operation::UNBIND_REQUEST => {
                operation(envelope.operation, tell);
                tell(Fact::Close("unbindRequest".into()));
            }
            Operation::ABANDON_REQUEST => operation(envelope.operation, tell),
            Operation::SEARCH_RESULT_ENTRY => {
                let attributes = Attributes::open(&mut value, &envelope)?;
                reply(&envelope, ReplyClass::Interim, envelope.operation.text(), tell);
                if let Some(attributes) = attributes {
                    *self.half(side) = Half::Entry(attributes);
                    return Ok(attributes.start());
                }
            }
            Operation::SEARCH_RESULT_REFERENCE => {
                reply(&envelope, ReplyClass::Referral, envelope.operation.text(), tell);
            }
            Operation::INTERMEDIATE_RESPONSE => {
                reply(&envelope, ReplyClass::Interim, envelope.operation.text(), tell);
            }
            request if request.is_request() => self.request(&envelope, &mut value, tell)?,
            _ => self.result(&envelope, &mut value, tell)?,
        }
        Ok(envelope.length)
    }

    fn request(
        &mut self,
        envelope: &Envelope,
        value: &mut Reader<'_>,
        tell: &mut dyn FnMut(Fact),
    ) -> Result<(), Stop> {
        let mut what = envelope.operation.text();
        match envelope.operation {
            Operation::BIND_REQUEST => {
                let bind = Bind::read(value)?;
                self.sasl |= !matches!(&*bind.method, "anonymous" | "simple");
                detail("bind_version", bind.version, tell);
                detail("auth", bind.method, tell);
                if !bind.name.is_empty() {
                    detail("bind_dn", bind.name, tell);
                }
            }
            Operation::SEARCH_REQUEST => {
                let search = Search::read(value)?;
                detail("base_dn", search.base, tell);
                detail("scope", search.scope.text(), tell);
            }
            Operation::EXTENDED_REQUEST => {
                let oid = message::request_name(value)?;
                if &*oid == START_TLS {
                    self.start_tls = Some(envelope.id);
                    what = Text::joined(&[&what, " StartTLS"]);
                }
                detail("extended_oid", oid, tell);
            }
            _ => {}
        }
        operation(envelope.operation, tell);
        tell(Fact::Request { id: envelope.id, what });
        Ok(())
    }

    fn result(&mut self, envelope: &Envelope, value: &mut Reader<'_>, tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let code = ResultCode::read(value)?;
        if envelope.operation == Operation::EXTENDED_RESPONSE {
            let name = message::response_name(value, envelope.size)?;
            let name = name.as_deref().unwrap_or_default();
            if envelope.id == 0 {
                // RFC 4511 §4.4: nobody asked. Only the notice of disconnection is defined.
                let notice = if name == DISCONNECTION { "notice of disconnection" } else { "unsolicited notification" };
                tell(Fact::Alert(format!("{notice}: {code}").into()));
                return Ok(());
            }
            let asked = self.start_tls.take_if(|id| *id == envelope.id).is_some();
            if code == ResultCode::SUCCESS && (asked || name == START_TLS) {
                answer(envelope, code, tell);
                tell(Fact::UpgradeToTls);
                return Ok(());
            }
        }
        answer(envelope, code, tell);
        Ok(())
    }
}

fn answer(envelope: &Envelope, code: ResultCode, tell: &mut dyn FnMut(Fact)) {
    let (operation, result) = (envelope.operation, code.text());
    let succeeded = operation.succeeded().filter(|_| code == ResultCode::SUCCESS);
    let what = succeeded.map_or_else(|| Text::joined(&[&operation.text(), " ", &result]), Text::from);
    detail("result", result, tell);
    reply(envelope, code.class(), what, tell);
}

fn reply(envelope: &Envelope, class: ReplyClass, what: Text, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Reply { id: envelope.id, class, what });
}

fn operation(operation: Operation, tell: &mut dyn FnMut(Fact)) {
    let word = operation.text();
    detail("operation", word.clone(), tell);
    tell(Fact::Member { key: "operations", value: word.into() });
}

fn detail(key: &'static str, value: impl Into<crate::Value>, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Detail { key, value: value.into() });
}

/// LDAP, global catalog, and the usual ports of directory services beside a domain controller: the
/// connectors of Exchange 5.5 (379, 390) and the directory of an Edge server (50389).
const TCP_PORTS: &[u16] = &[389, 3268, 379, 390, 50389];
const UDP_PORTS: &[u16] = &[389];
const SEALED: &str = "sealed";
/// RFC 4511 §4.14.1.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// RFC 4511 §4.4.1.
const DISCONNECTION: &str = "1.3.6.1.4.1.1466.20036";
