//! The kinds of capture that can be generated.

use super::blocked::Way;
use super::scenes::{self, Scene};
use super::script::{Micros, SECOND};

/// What a capture is made of.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
    /// How often each scene happens, against the others.
    pub scenes: &'static [(u64, Scene)],
    /// What is blocked; each one per cent of all scenes.
    pub ways: &'static [Way],
    /// Packets that a second has on average, and the least and most seconds.
    pub pace: (u64, u64, u64),
    pub workstations: u64,
    /// Frames are padded up to this.
    pub least_frame: usize,
    /// What goes on all the time.
    pub ground: Ground,
}

/// What goes on beside the scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Nothing but them.
    Scenes,
    /// Heartbeats of the cluster, some of them blocked.
    Cluster,
    /// Connections that hold nearly all packets: so many, with RPC.
    Long(u64),
    /// The same, with large data.
    Bulk(u64),
    /// Single SYNs, each a flow, and nothing else.
    Flood,
}

impl Profile {
    /// The one with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|profile| profile.name == name)
    }

    /// How long a capture of so many packets takes.
    pub fn length(&self, packets: u64) -> Micros {
        let (pace, least, most) = self.pace;
        (packets / pace).clamp(least, most) * SECOND
    }
}

const EVERY_WAY: &[Way] = &[
    Way::SynDropped,
    Way::SynRejected,
    Way::Prohibited,
    Way::DynamicPort,
    Way::AnswerDropped,
    Way::Reset,
    Way::Silenced,
    Way::Tls,
    Way::Udp,
    Way::Logon,
    Way::Media,
    Way::Inspection,
];

/// All of them.
pub const ALL: &[Profile] = &[
    Profile {
        name: "mix",
        scenes: &[
            (170, scenes::lookup),
            (55, scenes::logon),
            (60, scenes::ticket),
            (40, scenes::ping),
            (150, scenes::directory),
            (60, scenes::catalog),
            (50, scenes::domain),
            (132, scenes::store),
            (40, scenes::files),
            (50, scenes::mail),
            (132, scenes::web),
            (60, scenes::backend),
            (6, scenes::shipping),
            (30, scenes::time),
            (15, scenes::name),
            (20, scenes::echo),
            (5, scenes::closed),
            (4, scenes::retired),
            (4, scenes::late),
            (4, scenes::odd),
            (3, scenes::idle),
            (4, scenes::call),
        ],
        ways: EVERY_WAY,
        pace: (6_000, 150, 7_200),
        workstations: 200,
        least_frame: 60,
        ground: Ground::Cluster,
    },
    Profile {
        name: "small",
        scenes: &[
            (100, scenes::lookup),
            (60, scenes::time),
            (30, scenes::echo),
            (150, scenes::words),
            (6, scenes::narrow_call),
            (5, scenes::closed),
        ],
        ways: &[Way::SynDropped, Way::SynRejected, Way::Prohibited, Way::AnswerDropped, Way::Udp],
        pace: (20_000, 150, 7_200),
        workstations: 200,
        least_frame: 64,
        ground: Ground::Cluster,
    },
    Profile {
        name: "bulk",
        scenes: &[(10, scenes::bulk), (1, scenes::lookup)],
        ways: &[Way::SynDropped, Way::Reset, Way::Silenced],
        pace: (60_000, 150, 7_200),
        workstations: 20,
        least_frame: 60,
        ground: Ground::Bulk(24),
    },
    Profile {
        name: "synflood",
        scenes: &[],
        ways: &[],
        pace: (100_000, 1, 7_200),
        workstations: 1,
        least_frame: 60,
        ground: Ground::Flood,
    },
    Profile {
        name: "dc",
        scenes: &[
            (150, scenes::lookup),
            (150, scenes::logon),
            (150, scenes::ticket),
            (60, scenes::ping),
            (250, scenes::short_directory),
            (250, scenes::domain),
            (20, scenes::time),
            (5, scenes::odd),
            (5, scenes::idle),
            (5, scenes::late),
        ],
        ways: &[
            Way::SynDropped,
            Way::SynRejected,
            Way::Prohibited,
            Way::AnswerDropped,
            Way::Reset,
            Way::Silenced,
            Way::Udp,
            Way::Logon,
        ],
        pace: (1, 86_400, 86_400),
        workstations: 40,
        least_frame: 60,
        ground: Ground::Scenes,
    },
    Profile {
        name: "long",
        scenes: &[(3, scenes::lookup), (2, scenes::ticket), (1, scenes::domain)],
        ways: &[Way::SynDropped, Way::Silenced],
        pace: (1, 14_400, 14_400),
        workstations: 10,
        least_frame: 60,
        ground: Ground::Long(12),
    },
];
