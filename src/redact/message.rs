//! What is kept of a message: one rewriter for each protocol, and nothing of any other.

use anyany_dissectors::{Side, Transport};

use super::Maps;

/// How one conversation is read.
#[derive(Debug)]
pub(super) struct Reading {
    transport: Transport,
    ports: [u16; 2],
    state: State,
    looks: [u8; 2],
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Known(&'static str),
    GivenUp,
}

/// What became of a look at the front of a stream.
pub(super) enum Step {
    /// So many octets were read, or have not come yet and are of no interest.
    Read(usize),
    /// More are needed.
    Waits,
}

impl Reading {
    pub(super) fn new(transport: Transport, initiator_port: u16, responder_port: u16) -> Self {
        Self { transport, ports: [initiator_port, responder_port], state: State::Unknown, looks: [0; 2] }
    }

    /// Rewrites the message at the front of a side's octets. `last` says that no more will come.
    pub(super) fn message(&mut self, side: Side, octets: &mut [u8], last: bool, maps: &mut Maps) -> Step {
        let _ = (side, last, maps);
        octets.fill(0);
        Step::Read(octets.len())
    }

    /// Octets of a side are missing.
    pub(super) fn gap(&mut self, side: Side) {
        let _ = side;
    }

    /// Rewrites a datagram.
    pub(super) fn datagram(&mut self, side: Side, octets: &mut [u8], maps: &mut Maps) {
        let _ = (side, maps);
        octets.fill(0);
    }
}
