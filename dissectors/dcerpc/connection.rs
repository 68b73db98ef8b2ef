//! One association: PDUs of both sides, in either order, from any point on.

use super::HTTP_PREAMBLE;
use super::bind::{self, Ack, Verifier};
use super::calls::Calls;
use super::contexts::{Contexts, Outcome};
use super::header::{Header, PduType};
use super::ndr::Order;
use super::words;
use crate::{Dialogue, Endpoint, Fact, Reader, ReplyClass, Side, Stop, Text, epm, text};

/// A connection-oriented conversation: a TCP connection, or a named pipe within SMB.
///
/// The type of a PDU, not the side that sent it, tells client from server.
#[derive(Debug, Default)]
pub struct Connection {
    /// The named pipe that carries it; `None` on a port of its own.
    pipe: Option<Text>,
    initiator: Place,
    responder: Place,
    contexts: Contexts,
    calls: Calls,
    /// Byte order of the PDU read last.
    order: Option<Order>,
}

/// Where one side's stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A PDU begins here.
    InStep,
    /// The capture begins here, or octets were lost: a PDU may begin here or later.
    Searching {
        /// Octets passed over so far.
        passed: usize,
    },
}

impl Default for Place {
    fn default() -> Self {
        Self::Searching { passed: 0 }
    }
}

impl Dialogue for Connection {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let length = match *self.place(side) {
            Place::InStep => self.pdu(side, octets, tell)?,
            Place::Searching { .. } if octets.starts_with(HTTP_PREAMBLE) => {
                tell(Fact::Greeting(text(HTTP_PREAMBLE)));
                tell(Fact::Detail { key: "rpc_over_http", value: true.into() });
                HTTP_PREAMBLE.len()
            }
            Place::Searching { .. } if HTTP_PREAMBLE.starts_with(octets) => {
                let more = HTTP_PREAMBLE.len().saturating_sub(octets.len());
                return Err(Stop::Incomplete { field: "preamble", more });
            }
            Place::Searching { passed } => match Header::read(octets) {
                Err(Stop::Malformed { .. }) => return self.search(side, passed, octets),
                Ok(_) | Err(Stop::Incomplete { .. }) => self.pdu(side, octets, tell)?,
            },
        };
        *self.place(side) = Place::InStep;
        Ok(length)
    }

    fn gap(&mut self, side: Side) -> bool {
        *self.place(side) = Place::default();
        self.calls.lose(side);
        true
    }
}

impl Connection {
    /// A conversation inside a named pipe: interfaces are bound to the pipe rather than to the flow's
    /// port, and the flow keeps its service.
    pub fn over_pipe(pipe: Text) -> Self {
        Self { pipe: Some(pipe), ..Self::default() }
    }

    fn place(&mut self, side: Side) -> &mut Place {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    /// Steps to the next octets that may be a header, in the byte order of this connection: most of a
    /// big-endian header is zeros, which any stub may hold.
    fn search(&mut self, side: Side, passed: usize, octets: &[u8]) -> Result<usize, Stop> {
        let order = self.order.unwrap_or(Order::LittleEndian);
        let begins = |window| Header::read(window).is_ok_and(|header| header.order == order);
        // Without a header, the last octets stay: they may be the front of one.
        let rest = Header::LENGTH - 1;
        let found = octets.windows(Header::LENGTH).position(begins);
        let step = found.unwrap_or(octets.len().saturating_sub(rest));
        let passed = passed.saturating_add(step);
        if step == 0 {
            let more = Header::LENGTH.saturating_sub(octets.len()).max(1);
            return Err(Stop::Incomplete { field: "header", more });
        }
        if passed > LONGEST_FRAGMENT {
            return Err(Reader::new(octets).malformed("header", "is nowhere within the longest possible fragment"));
        }
        *self.place(side) = Place::Searching { passed };
        Ok(step)
    }

    fn pdu(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let header = Header::read(octets)?;
        let in_pipe = self.pipe.is_some();
        let tell = &mut |fact| {
            // SMB remains SMB, whatever is called inside.
            if !(in_pipe && matches!(fact, Fact::Service(_))) {
                tell(fact);
            }
        };
        match header.kind {
            PduType::BIND | PduType::ALTER_CONTEXT => self.bind(&header, header.whole(octets)?, tell)?,
            PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => self.ack(&header, header.whole(octets)?, tell)?,
            PduType::BIND_NAK => self.nak(&header, header.whole(octets)?, tell)?,
            PduType::AUTH3 => tell_verifier(Verifier::read(&header, header.whole(octets)?)?, tell),
            PduType::REQUEST => self.calls.request(side, &header, octets, &mut self.contexts, tell)?,
            PduType::RESPONSE => self.calls.response(side, &header, octets, &mut self.contexts, tell)?,
            PduType::FAULT => self.calls.fault(&header, octets, tell)?,
            PduType::SHUTDOWN => tell(Fact::Close("shutdown".into())),
            PduType::CO_CANCEL => tell(Fact::Detail { key: "cancelled", value: true.into() }),
            PduType::ORPHANED => tell(Fact::Detail { key: "orphaned", value: true.into() }),
            _ => tell(Fact::Detail { key: "rpc_over_http", value: true.into() }), // RTS, the last that is left
        }
        if self.order.replace(header.order) != Some(header.order) && header.order == Order::BigEndian {
            tell(Fact::Detail { key: "byte_order", value: "big-endian".into() });
        }
        Ok(header.length)
    }

    fn bind(&mut self, header: &Header, pdu: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let offers = bind::offers(header, pdu, Contexts::LIMIT)?;
        tell_verifier(Verifier::read(header, pdu)?, tell);
        let what = if header.kind == PduType::BIND { "bind" } else { "alter_context" };
        tell(Fact::Request { id: header.call.into(), what: what.into() });
        let mut wanted = Vec::new();
        for offer in offers {
            let interface = offer.interface;
            if !wanted.contains(&interface) && !self.contexts.is_bound(interface) {
                wanted.push(interface);
                tell(Fact::Endpoint(Endpoint::Wanted { interface }));
                tell(Fact::Member { key: "interfaces", value: interface.text().into() });
                self.calls.tell_interface(interface, tell);
                if interface == epm::INTERFACE {
                    tell(Fact::Service("epm"));
                }
            }
            self.contexts.offer(header.call, offer);
        }
        Ok(())
    }

    fn ack(&mut self, header: &Header, pdu: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let ack = Ack::read(header, pdu, Contexts::LIMIT)?;
        tell_verifier(Verifier::read(header, pdu)?, tell);
        if let Some(address) = ack.secondary_address {
            tell(Fact::Detail { key: "bind_ack_port", value: address.into() });
        }
        let mut refusal = None;
        for outcome in self.contexts.settle(header.call, &ack.verdicts) {
            tell(Fact::Endpoint(match outcome {
                Outcome::Bound(interface) => Endpoint::Bound { interface, pipe: self.pipe.clone() },
                Outcome::Refused(interface, reason) => {
                    refusal = Some(words::rejection(reason));
                    Endpoint::BindRefused { interface, reason }
                }
            }));
        }
        let (class, what) = match (refusal, header.kind) {
            (Some(reason), _) => (ReplyClass::Refused, reason),
            (None, PduType::BIND_ACK) => (ReplyClass::Success, "bind_ack"),
            (None, _) => (ReplyClass::Success, "alter_context_resp"),
        };
        if let Some(reason) = refusal {
            tell(Fact::Detail { key: "bind_refused", value: reason.into() });
        }
        tell(Fact::Reply { id: header.call.into(), class, what: what.into() });
        Ok(())
    }

    fn nak(&mut self, header: &Header, pdu: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let reason = bind::refusal(header, pdu)?;
        let refused = self.contexts.refuse(header.call, reason);
        if refused.is_empty() {
            tell(Fact::Endpoint(Endpoint::BindRefused { interface: None, reason }));
        }
        for interface in refused {
            tell(Fact::Endpoint(Endpoint::BindRefused { interface: Some(interface), reason }));
        }
        let what = words::refusal(reason);
        tell(Fact::Detail { key: "bind_refused", value: what.into() });
        tell(Fact::Reply { id: header.call.into(), class: words::refusal_class(reason), what: what.into() });
        Ok(())
    }
}

fn tell_verifier(verifier: Option<Verifier>, tell: &mut dyn FnMut(Fact)) {
    let Some(Verifier { kind, level, .. }) = verifier else { return };
    let mut detail = |key, name: Option<&'static str>, value: u8| {
        let value = name.map_or_else(|| text(format!("0x{value:02x}").as_bytes()), Text::from);
        tell(Fact::Detail { key, value: value.into() });
    };
    detail("auth_type", words::auth_type(kind), kind);
    detail("auth_level", words::auth_level(level), level);
}

/// `frag_length` has 16 bits; a header must follow within that.
const LONGEST_FRAGMENT: usize = 0xffff;
