//! Flow truth: one record per attempt, with what each side did and how it ended.

mod community;
mod delivery;
mod half;
mod history;
mod index;
mod key;
mod lazy;
mod life;
mod live;
mod outcome;
mod pressure;
mod reassembly;
mod record;
mod room;
mod sequence;
mod service_ports;
mod simultaneous;
mod slot;
mod table;

#[cfg(test)]
pub(crate) mod tests;

use anyany_dissectors::Side;

use crate::decode::Packet;

pub use community::community_id;
pub use delivery::{Delivery, Missing, Repeated};
pub use half::{Half, Losses, Spoken, TtlRange};
pub use history::History;
pub use key::{Endpoint, FlowKey, FrameRef, Moment, Transport};
pub use lazy::{Blank, Lazy};
pub(crate) use lazy::{blank, reads_through};
pub use life::Life;
pub use live::Live;
pub use outcome::{ConnState, Outcome};
pub use pressure::{Crowd, Crowded, SHARDS, shard};
#[cfg(test)]
pub(crate) use pressure::{LIVE, SINGLE};
pub use record::{Flow, IcmpReport, Oriented, Pause, Question, Rare, Reset, Tries, WAITED};
pub use service_ports::ServicePorts;
pub use slot::{Ended, Single, Syn};
pub use table::{Table, TableCounters};

/// One packet on its way to its flow.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// When, and which frame.
    pub moment: Moment,
    /// The frame's length on the wire.
    pub wire_len: u32,
    /// The packet.
    pub packet: Packet<'a>,
    /// Of the five-tuple of its flow.
    hash: u32,
}

impl<'a> Arrival<'a> {
    /// A packet of so many octets on the wire.
    #[inline(always)]
    #[allow(clippy::inline_always)] // as in decode: a packet is written where it stays
    pub fn new(moment: Moment, wire_len: u32, packet: Packet<'a>) -> Self {
        let hash = FlowKey::of(&packet).map_or(0, |key| index::hash(&key));
        Self { moment, wire_len, packet, hash }
    }

    /// Which of so many tables keeps its flow. Where each has a limit, it keeps whole shards: within one, what is let
    /// go for want of room must not depend on who owns it.
    #[inline]
    pub fn owner(&self, tables: usize, by_shard: bool) -> usize {
        if tables == 1 {
            return 0;
        }
        let number = if by_shard {
            FlowKey::of(&self.packet).map_or(0, |key| shard(&key))
        } else {
            usize::try_from(self.hash).unwrap_or(0)
        };
        number % tables.max(1)
    }

    /// All but the payload's octets, which no longer borrow from the frame, and those octets.
    pub fn parted(self) -> (Arrival<'static>, &'a [u8]) {
        let Self { moment, wire_len, packet, hash } = self;
        let (packet, octets) = packet.parted();
        (Arrival { moment, wire_len, packet, hash }, octets)
    }

    /// The packet with these octets as its payload: what [`parted`](Self::parted) took away.
    pub fn with_payload<'b>(self, octets: &'b [u8]) -> Arrival<'b>
    where
        'a: 'b,
    {
        let Self { moment, wire_len, packet, hash } = self;
        Arrival { moment, wire_len, packet: packet.with_payload(octets), hash }
    }
}

/// What an observer is told of a flow besides the octets.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// TCP or UDP.
    pub transport: Transport,
    /// Who called.
    pub initiator: Endpoint,
    /// Who was called.
    pub responder: Endpoint,
    /// The packet that brought the octets, or made them contiguous.
    pub moment: Moment,
}

/// Reads the payload of one flow. Made anew for each flow.
pub trait Observer: Default {
    /// What all flows may learn from one another; written during reading, read when all is read.
    type World;

    /// Contiguous unread octets of one side; returns how many to step over (0: needs more first).
    fn stream(&mut self, world: &Self::World, about: &About, side: Side, octets: &[u8]) -> usize;
    /// Octets of one side are missing before the next ones.
    fn gap(&mut self, world: &Self::World, about: &About, side: Side);
    /// One datagram.
    fn datagram(&mut self, world: &Self::World, about: &About, side: Side, octets: &[u8]);
    /// Whether more octets of that side could say anything new.
    fn wants(&self, side: Side) -> bool;
    /// No more octets will come.
    fn end(&mut self, world: &Self::World, about: &About);
    /// Whether what was said is everyday, so that knowing of it once is enough.
    fn is_ordinary(&self) -> bool;
}

/// An observer that wants no payload: what is left is the flow's own state.
#[derive(Debug, Default)]
pub struct Deaf;

impl Observer for Deaf {
    type World = ();

    fn stream(&mut self, (): &(), _: &About, _: Side, octets: &[u8]) -> usize {
        octets.len()
    }

    fn gap(&mut self, (): &(), _: &About, _: Side) {}

    fn datagram(&mut self, (): &(), _: &About, _: Side, _: &[u8]) {}

    fn wants(&self, _: Side) -> bool {
        false
    }

    fn end(&mut self, (): &(), _: &About) {}

    fn is_ordinary(&self) -> bool {
        true
    }
}
