//! The ladder of a finding: its packets between client and server in order of time, and those that should
//! have come and never did.

mod draw;
mod ghost;
mod packets;
mod records;

use anyany_dissectors::Side;

use crate::diagnose::Finding;
use crate::flow::FrameRef;
use crate::report::html::Material;
use crate::report::html::markup::Html;
use crate::time::Time;

/// What is drawn of one finding.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    rungs: Vec<Rung>,
    /// Packets that were kept and are not drawn.
    left_out: usize,
}

/// One packet, or one that never came.
#[derive(Debug, Clone)]
struct Rung {
    /// When. `None` for what never came.
    time: Option<Time>,
    /// Which frame. `None` for what never came.
    frame: Option<FrameRef>,
    way: Way,
    /// What it is: "SYN", "152 octets".
    what: String,
    /// On which port of the server.
    port: Option<u16>,
    /// Whether the finding names it.
    named: bool,
    /// What the finding says of it, where that is more.
    note: Option<String>,
    act: Act,
    /// The packets that belong together: a conversation.
    lane: Option<Lane>,
}

/// A conversation within one ladder.
type Lane = u16;

/// Between whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From this side to the other one.
    From(Side),
    /// To this side, from a machine between the two.
    Between(Side),
    /// Of this side, to or from another host.
    Aside(Side),
    /// Not known from what was kept.
    Unknown,
}

/// What a packet does for its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// It asks for a connection: SYN.
    Asks,
    /// It agrees: SYN-ACK.
    Agrees,
    /// It carries octets.
    Speaks,
    /// It cuts or refuses: RST, ICMP errors.
    Refuses,
    /// Anything else, or not known.
    Goes,
    /// It should have come.
    NeverCame,
}

impl Ladder {
    /// The ladder of a finding between two hosts. `None` where there is nothing to draw.
    pub(super) fn new(material: &Material<'_>, finding: &Finding) -> Option<Self> {
        finding.client.as_ref().zip(finding.server.as_ref())?;
        let ladder = match material.exhibits {
            Some(exhibits) => packets::ladder(exhibits, finding),
            None => records::ladder(material, finding),
        };
        (!ladder.rungs.is_empty()).then_some(ladder)
    }

    /// Draws it.
    pub(super) fn write(&self, html: &mut Html, material: &Material<'_>, finding: &Finding) {
        draw::write(html, material, finding, self);
    }

    /// Whether a frame is drawn: then others may point to it.
    pub(super) fn shows(&self, frame: FrameRef) -> bool {
        self.rungs.iter().any(|rung| rung.frame == Some(frame))
    }
}

/// Where a frame of a finding is drawn.
pub(super) fn anchor(finding: &Finding, frame: FrameRef) -> String {
    format!("{}-{}-{}", finding.id, frame.capture(), frame.number())
}
