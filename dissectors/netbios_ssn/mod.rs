//! NetBIOS session service over TCP 139 (RFC 1002 §4.3): the handshake by names in
//! front of SMB.
//!
//! A session begins with a request and its answer; whatever follows is SMB and is
//! handed over. A session without any SMB (refused, or a port check) remains of this
//! service.

mod packet;
#[cfg(test)]
mod tests;

pub use packet::{Kind, Packet};

use crate::netbios_ns::Name;
use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport, smb, text};

/// The entry in [`crate::ALL`].
pub const PROTOCOL: Protocol = Protocol {
    name: "netbios-ssn",
    tcp_ports: &[139],
    udp_ports: &[],
    probe,
    open: |_| Box::<Session>::default(),
};

/// A session from its request on.
#[derive(Default)]
struct Session {
    /// What the session carries, once it carries something.
    carried: Option<smb::Stream>,
    /// Whether the initiator and the responder are past the session handshake.
    established: [bool; 2],
}

impl Dialogue for Session {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.is_established(side) {
            return self.carried(side, octets, tell);
        }
        let mut r = Reader::new(octets);
        let packet = Packet::read(&mut r)?;
        if packet.kind == Kind::MESSAGE {
            return self.carried(side, octets, tell);
        }
        handshake(packet, &mut r, tell)?;
        Ok(packet.whole())
    }

    fn gap(&mut self, side: Side) -> bool {
        self.establish(side);
        self.carried.get_or_insert_default().gap(side)
    }

    fn finished(&self, side: Side) -> bool {
        self.carried.as_ref().is_some_and(|carried| carried.finished(side))
    }
}

impl Session {
    fn is_established(&self, side: Side) -> bool {
        self.established.get(side.index()) == Some(&true)
    }

    fn establish(&mut self, side: Side) {
        if let Some(established) = self.established.get_mut(side.index()) {
            *established = true;
        }
    }

    /// Reads what the session carries; the first message of it makes the flow one of SMB.
    fn carried(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let stream = self.carried.get_or_insert_default();
        let before = stream.is_proven();
        let read = stream.read(side, octets, tell)?;
        if !before && stream.is_proven() {
            tell(Fact::Service(smb::PROTOCOL.name));
        }
        self.establish(side);
        Ok(read)
    }
}

/// Tells what a packet of the session handshake says (RFC 1002 §4.3.2 to §4.3.6).
fn handshake(packet: Packet, r: &mut Reader<'_>, tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
    let mut body = r.sub(packet.length, "session packet")?;
    match packet.kind {
        Kind::REQUEST => {
            let (called, calling) = (Name::read(&mut body)?, Name::read(&mut body)?);
            tell(Fact::Request { id: SESSION, what: text(format!("session request {called}").as_bytes()) });
            tell(Fact::Detail { key: "called_name", value: text(called.to_string().as_bytes()).into() });
            tell(Fact::Detail { key: "calling_name", value: text(calling.to_string().as_bytes()).into() });
        }
        Kind::POSITIVE => reply(ReplyClass::Success, "positive session response", tell),
        Kind::NEGATIVE => {
            let (class, why) = refusal(body.u8("error code")?);
            reply(class, why, tell);
        }
        Kind::RETARGET => {
            let (address, port) = (body.ipv4("retarget address")?, body.u16_be("retarget port")?);
            reply(ReplyClass::Referral, format!("retarget to {address}:{port}"), tell);
        }
        _ => {}
    }
    Ok(())
}

fn reply(class: ReplyClass, what: impl Into<Text>, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Reply { id: SESSION, class, what: what.into() });
}

/// How and why a session was refused (RFC 1002 §4.3.4).
fn refusal(code: u8) -> (ReplyClass, &'static str) {
    match code {
        0x80 => (ReplyClass::Refused, "not listening on called name"),
        0x81 => (ReplyClass::Refused, "not listening for calling name"),
        0x82 => (ReplyClass::Refused, "called name not present"),
        0x83 => (ReplyClass::Failed, "insufficient resources"),
        _ => (ReplyClass::Refused, "unspecified session error"),
    }
}

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport != Transport::Tcp {
        return Probe::No;
    }
    let mut r = Reader::new(hint.octets);
    let packet = match Packet::read(&mut r) {
        Ok(packet) => packet,
        Err(stop) if stop.is_incomplete() && matches!(hint.octets, [0x81..=0x85, ..]) => return Probe::More,
        Err(_) => return Probe::No,
    };
    match packet.kind {
        Kind::REQUEST => match Name::read(&mut r) {
            Ok(_) => Probe::Yes,
            Err(stop) if stop.is_incomplete() => Probe::More,
            Err(_) => Probe::No,
        },
        Kind::MESSAGE => Probe::No,
        // Four octets, or little more: not enough to say so on a foreign port.
        _ if hint.port(139) => Probe::Yes,
        _ => Probe::No,
    }
}

/// A flow has one session request, so its id never varies.
const SESSION: u64 = 0;
