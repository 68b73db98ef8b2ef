//! Log copy and seeding between the members of a DAG (Exchange 2010 and later).
//!
//! The format is not published: the port of the server is all that tells, and
//! the content is stepped over.

#[cfg(test)]
mod tests;

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Side, Stop, Transport};

/// Continuous replication.
pub const PROTOCOL: Protocol =
    Protocol { name: "dag-replication", tcp_ports: &[PORT], udp_ports: &[], probe, open: |_| Box::new(LogCopy) };

/// The port lies in the range from which Windows dials, so at the initiator it means nothing.
fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport == Transport::Tcp && hint.responder_port == PORT { Probe::Maybe } else { Probe::No }
}

struct LogCopy;

impl Dialogue for LogCopy {
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

/// The default of `Set-DatabaseAvailabilityGroup -ReplicationPort`.
const PORT: u16 = 64327;
