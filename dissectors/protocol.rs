//! What a protocol offers to the stream that carries it.

use crate::{Fact, Side, Stop};

/// How a flow's octets are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One ordered stream each way; messages may be cut anywhere.
    Tcp,
    /// Whole datagrams.
    Udp,
}

/// The first octets of one side, and what is known around them.
#[derive(Debug, Clone, Copy)]
pub struct Hint<'a> {
    /// TCP or UDP.
    pub transport: Transport,
    /// Port of the side taken for the initiator.
    pub initiator_port: u16,
    /// Port of the side taken for the responder.
    pub responder_port: u16,
    /// Who sent `octets`.
    pub side: Side,
    /// The first octets of that side (TCP: from the first byte of its stream, or from where the
    /// capture begins), or one datagram. Never empty.
    pub octets: &'a [u8],
}

impl Hint<'_> {
    /// Whether either port is `port`.
    pub fn port(&self, port: u16) -> bool {
        self.initiator_port == port || self.responder_port == port
    }
}

/// What a look at the first octets tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// Not this protocol.
    No,
    /// Too short to tell.
    More,
    /// It fits, but others would too: believed on a usual port, or when no other protocol fits.
    Maybe,
    /// So specific that the port no longer matters.
    Yes,
}

/// One conversation of one protocol: reads messages, keeps only what later messages need
/// (bounded), and says what it saw.
pub trait Dialogue: Send {
    /// Reads the message at the front of `octets` and returns how many octets to step forward.
    ///
    /// TCP: `octets` are the unread, contiguous octets of one side. Read *one* message and return
    /// its length; the caller calls again while octets remain and something was read. The length
    /// may exceed `octets.len()`: the rest of a message that nobody needs to see is stepped over as
    /// it arrives. [`Stop::Incomplete`] asks to be called again, with the same octets and more
    /// behind them; facts must not be told twice, so tell them only when `Ok` is certain.
    /// UDP: `octets` is one whole datagram; the returned length is ignored.
    ///
    /// [`Stop::Malformed`] ends the dialogue: the flow is not what it seemed.
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop>;

    /// Octets of `side` were lost before the ones that come next. Returns whether the dialogue can
    /// find its way again from an arbitrary point (else no more of that side is read).
    fn gap(&mut self, side: Side) -> bool {
        let _ = side;
        false
    }

    /// Whether nothing that is still to come on `side` can say anything new (all encrypted, body only).
    fn finished(&self, side: Side) -> bool {
        let _ = side;
        false
    }
}

/// A protocol's entry in [`crate::ALL`].
#[derive(Clone, Copy)]
pub struct Protocol {
    /// The service word of the contract that flows get when this protocol is recognised. `https`
    /// stands for TLS on any port; the caller renames it where another service runs inside.
    pub name: &'static str,
    /// Usual TCP ports of the server.
    pub tcp_ports: &'static [u16],
    /// Usual UDP ports of the server.
    pub udp_ports: &'static [u16],
    /// Whether the first octets of one side fit. Asked only for a transport whose ports are not
    /// empty, except that [`Hint::transport`] still decides.
    pub probe: fn(&Hint<'_>) -> Probe,
    /// A new conversation, both sides unread.
    pub open: fn(Transport) -> Box<dyn Dialogue>,
}

impl std::fmt::Debug for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Protocol").field("name", &self.name).finish_non_exhaustive()
    }
}
