//! What a reader of a format says about the front of its window.

use std::ops::Range;

use super::LinkType;
use crate::time::Time;

/// What stands at the front of the window.
#[derive(Debug)]
pub(super) enum Step {
    /// It takes this many octets from the front of the window to say.
    Needs(usize),
    /// So many octets that are not a packet.
    Passed(usize),
    /// So many octets that are not a packet, but that others count as one: frame numbers must agree.
    Numbered(usize),
    /// A packet.
    Packet(Place),
    /// A packet of so many octets in the file that cannot be used, and why. What follows can.
    Unreadable(usize, String),
    /// Nothing from here on can be trusted, and why.
    Broken(String),
    /// There are no more, whatever octets follow.
    End,
}

/// Where a packet lies, and what its header says.
#[derive(Debug)]
pub(super) struct Place {
    /// Octets to move on by: those of the packet in the file, with header and padding.
    pub(super) length: usize,
    /// The captured octets, within the window.
    pub(super) octets: Range<usize>,
    /// `None` where the format keeps none, as in the simple packet block of pcapng.
    pub(super) time: Option<Time>,
    pub(super) link: LinkType,
    pub(super) interface: u32,
    pub(super) wire_len: u32,
}
