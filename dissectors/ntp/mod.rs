//! NTP (RFC 5905) and SNTP as domain members use it (MS-SNTP).
//!
//! A reply repeats the client's transmit timestamp, which pairs the two even
//! when several requests are on their way.

pub mod packet;

#[cfg(test)]
mod tests;

use crate::{Dialogue, Fact, Hint, Probe, Protocol, ReplyClass, Side, Stop, Transport};
use packet::{Authentication, Message, Mode, Packet};

/// NTP, UDP only.
pub const PROTOCOL: Protocol = Protocol {
    name: "ntp",
    tcp_ports: &[],
    udp_ports: &[PORT],
    probe,
    open: |_| Box::new(Conversation),
};

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport != Transport::Udp {
        return Probe::No;
    }
    match Message::read(hint.octets) {
        Ok(Message::Time(packet)) if packet.is_coherent_reply() => Probe::Yes,
        Ok(_) if hint.port(PORT) => Probe::Maybe,
        _ => Probe::No,
    }
}

struct Conversation;

impl Dialogue for Conversation {
    fn read(&mut self, _side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match Message::read(octets)? {
            Message::Time(packet) => time(&packet, tell),
            Message::Control { version, mode } => head(version, mode, tell),
        }
        Ok(octets.len())
    }
}

fn time(packet: &Packet, tell: &mut dyn FnMut(Fact)) {
    head(packet.version, packet.mode, tell);
    match packet.authentication {
        Authentication::None => {}
        Authentication::Symmetric => detail("authenticated", true, tell),
        Authentication::Domain => {
            detail("authenticated", true, tell);
            detail("ms_sntp", true, tell);
        }
    }
    let what = packet.mode.to_string();
    match packet.mode {
        Mode::CLIENT | Mode::SYMMETRIC_ACTIVE => tell(Fact::Request { id: packet.transmit, what: what.into() }),
        Mode::SERVER | Mode::SYMMETRIC_PASSIVE => {
            detail("stratum", u64::from(packet.stratum), tell);
            let (class, what) = match packet.kiss() {
                Some(code) => (ReplyClass::Refused, format!("{what} {code}")),
                None if packet.is_synchronised() => (ReplyClass::Success, what),
                None => (ReplyClass::Failed, format!("{what} unsynchronised")),
            };
            tell(Fact::Reply { id: packet.origin, class, what: what.into() });
        }
        _ => detail("stratum", u64::from(packet.stratum), tell),
    }
}

fn head(version: u8, mode: Mode, tell: &mut dyn FnMut(Fact)) {
    detail("version", u64::from(version), tell);
    detail("mode", mode.to_string(), tell);
}

fn detail(key: &'static str, value: impl Into<crate::Value>, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Detail { key, value: value.into() });
}

const PORT: u16 = 123;
