//! Failover cluster traffic on port 3343: heartbeats over UDP, joining over TCP.
//!
//! The formats are not published, and newer Windows wraps heartbeats in DTLS,
//! so the port alone tells, and all that can be said is how many came.

#[cfg(test)]
mod tests;

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Side, Stop, Transport};

/// Cluster heartbeats and joins.
pub const PROTOCOL: Protocol =
    Protocol { name: "cluster", tcp_ports: &[PORT], udp_ports: &[PORT], probe, open: |transport| match transport {
        Transport::Udp => Box::new(Heartbeats::default()),
        Transport::Tcp => Box::new(Join),
    } };

/// Heartbeats use the port at both ends, so either will do.
fn probe(hint: &Hint<'_>) -> Probe {
    if hint.port(PORT) { Probe::Maybe } else { Probe::No }
}

/// Datagrams of unknown content.
#[derive(Default)]
struct Heartbeats {
    count: u64,
    sealed: bool,
}

impl Dialogue for Heartbeats {
    fn read(&mut self, _side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        self.count = self.count.saturating_add(1);
        tell(Fact::Detail { key: "heartbeats", value: self.count.into() });
        if !self.sealed && is_dtls(octets) {
            self.sealed = true;
            tell(Fact::Detail { key: "dtls", value: true.into() });
        }
        Ok(octets.len())
    }
}

/// A stream of unknown content.
struct Join;

impl Dialogue for Join {
    fn read(&mut self, _side: Side, octets: &[u8], _tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        Ok(octets.len())
    }

    fn gap(&mut self, _side: Side) -> bool {
        true
    }

    fn finished(&self, _side: Side) -> bool {
        true
    }
}

/// A DTLS record's content type and version (RFC 6347 §4.1).
fn is_dtls(octets: &[u8]) -> bool {
    matches!(octets, [20..=25, 0xfe, 0xff | 0xfd, ..])
}

const PORT: u16 = 3343;
