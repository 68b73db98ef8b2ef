//! A packet that was kept, and why.

use std::collections::BTreeMap;

use anyany_dissectors::Side;

use crate::capture::{Frame, LinkType};
use crate::decode::Packet;
use crate::diagnose::Finding;
use crate::flow::FrameRef;
use crate::time::Time;

/// A frame that matters to at least one finding.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// Where it stands: capture and frame number.
    pub frame: FrameRef,
    /// When it was captured.
    pub time: Time,
    /// How to read its first octets.
    pub link: LinkType,
    /// Interface within its file, as [`Frame::interface`].
    pub interface: u32,
    /// What was kept of it by the capture.
    pub octets: Vec<u8>,
    /// Its length on the wire.
    pub wire_len: u32,
    /// What it is to which finding; never empty.
    pub roles: Vec<Role>,
    /// What it says, without payload octets. `None` for what is no IP packet (ARP), and for fragments
    /// before the one that completes them.
    pub packet: Option<Packet<'static>>,
}

/// What a packet is to a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The finding's id, as [`Finding::id`]; empty for what belongs to the capture as a whole.
    pub finding: String,
    /// Which part it plays.
    pub part: Part,
    /// The same for people.
    pub note: String,
}

/// The parts that packets play, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The finding names this very frame.
    Named,
    /// Of an attempt that failed, or of a conversation that was altered.
    Attempt,
    /// Of a conversation on the same path that went well.
    Success,
    /// Of another conversation that holds a frame which the finding names.
    Told,
    /// Of the same two hosts on another port.
    Pair,
    /// Of another client that reached the same port.
    OtherClient,
    /// Of a closed port of the server that answered.
    Refusal,
    /// That the server or the client was there.
    Life,
    /// Where the capture begins or ends.
    Edge,
}

/// All that was kept, in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Exhibits {
    /// The packets.
    pub list: Vec<Exhibit>,
    /// Packets that the limits kept out, by finding id; a finding without any is not listed.
    pub left_out: BTreeMap<String, u64>,
}

impl Exhibits {
    /// The packets of one finding, in the order of time, each with what it is to it.
    pub fn of<'a>(&'a self, finding: &'a str) -> impl Iterator<Item = (&'a Exhibit, &'a Role)> {
        self.list.iter().filter_map(move |exhibit| exhibit.role(finding).map(|role| (exhibit, role)))
    }
}

impl Exhibit {
    /// A copy of a frame of the capture with this index.
    pub(super) fn of(capture: u32, frame: &Frame<'_>, packet: Option<Packet<'static>>) -> Self {
        Self {
            frame: FrameRef::new(capture, frame.number),
            time: frame.time,
            link: frame.link,
            interface: frame.interface,
            octets: frame.octets.to_vec(),
            wire_len: frame.wire_len,
            roles: Vec::new(),
            packet,
        }
    }

    /// The most telling part that it plays in a finding.
    pub fn role(&self, finding: &str) -> Option<&Role> {
        self.roles.iter().filter(|role| role.finding == finding).min_by_key(|role| role.part)
    }

    /// Which of the finding's two hosts sent it, to the other one. `None` for packets from or to others: a
    /// router's ICMP error, another client.
    pub fn side(&self, finding: &Finding) -> Option<Side> {
        let packet = self.packet.as_ref()?;
        let (client, server) = (finding.client.as_ref()?.address, finding.server.as_ref()?.address);
        match (packet.source, packet.destination) {
            ends if ends == (client, server) => Some(Side::Initiator),
            ends if ends == (server, client) => Some(Side::Responder),
            _ => None,
        }
    }

    /// Adds a role that it does not have yet.
    pub(super) fn plays(&mut self, role: &Role) {
        if !self.roles.contains(role) {
            self.roles.push(role.clone());
        }
    }
}
