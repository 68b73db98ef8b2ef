//! What the capture itself allows to be known.

use std::collections::BTreeMap;

use super::{FragmentCounts, Unfinished};
use crate::capture::{LinkType, Summary};
use crate::time::Time;

/// One capture as it was read.
#[derive(Debug, Clone)]
pub struct Health {
    /// Its index among the inputs.
    pub index: u32,
    /// What its reader counted.
    pub summary: Summary,
    /// Frames that are no IP packet, by why.
    pub undecoded: BTreeMap<&'static str, u64>,
    /// Link types that cannot be read, with the first frame and how many.
    pub unknown_links: BTreeMap<LinkType, (u64, u64)>,
    /// Frames left out by the user's filter or time range.
    pub filtered: u64,
    /// The times of the frames that were looked at.
    pub covered: Option<(Time, Time)>,
    /// What became of fragments; told by the first capture of a trace.
    pub fragments: Option<(FragmentCounts, usize)>,
    /// Datagrams of which only some fragments came, in order of time; told by the first capture of a trace.
    pub unfinished: Vec<Unfinished>,
}

impl Health {
    /// Nothing read yet.
    pub fn new(index: u32, summary: Summary) -> Self {
        Self {
            index,
            summary,
            undecoded: BTreeMap::new(),
            unknown_links: BTreeMap::new(),
            filtered: 0,
            covered: None,
            fragments: None,
            unfinished: Vec::new(),
        }
    }

    /// A frame that is no IP packet.
    pub fn undecoded(&mut self, word: &'static str) {
        *self.undecoded.entry(word).or_default() += 1;
    }

    /// A frame whose link type is not known.
    pub fn unknown_link(&mut self, link: LinkType, frame: u64) {
        self.unknown_links.entry(link).or_insert((frame, 0)).1 += 1;
    }

    /// Adds what another thread counted of the same capture.
    pub fn add(&mut self, other: &Self) {
        self.filtered += other.filtered;
        for (word, count) in &other.undecoded {
            *self.undecoded.entry(word).or_default() += count;
        }
        for (link, (frame, count)) in &other.unknown_links {
            let known = self.unknown_links.entry(*link).or_insert((*frame, 0));
            *known = (known.0.min(*frame), known.1 + count);
        }
        for time in other.covered.into_iter().flat_map(|(from, to)| [from, to]) {
            self.cover(time);
        }
    }

    /// A frame was looked at.
    pub fn cover(&mut self, time: Time) {
        let (from, to) = self.covered.unwrap_or((time, time));
        self.covered = Some((from.min(time), to.max(time)));
    }
}

/// The word for an IP protocol that is not looked into (IANA's keywords).
pub fn protocol_word(protocol: u8) -> &'static str {
    match protocol {
        1 => "icmp, other",
        2 => "igmp",
        6 => "tcp, cut short",
        17 => "udp, cut short",
        47 => "gre, not opened",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6, other",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        132 => "sctp",
        _ => "other ip protocol",
    }
}
