//! Captures whose truth is known because they were made so (see `benches/README.md`).
//!
//! Conversations follow scripts made of real messages' forms ([`protocols`]); a [`stage`] lets the one
//! step whose next packet is due first; what the network does to some of them ([`blocked`]) is written
//! down as the [`truth`]. Memory is bounded by the conversations that go on at once.
#![allow(clippy::indexing_slicing)] // a script that does not fit its blanks must fail
#![allow(clippy::cast_possible_truncation)] // headers take the lower octets of longer numbers

mod blocked;
mod frame;
mod library;
mod play;
mod profile;
mod protocols;
mod random;
mod scenes;
mod script;
mod site;
mod stage;
mod talk;
mod tcp;
mod truth;
mod writer;

use std::io;
use std::path::Path;
use std::rc::Rc;

pub use profile::{ALL, Profile};
pub use writer::Format;

use blocked::Wall;
use frame::{End, Frame, SYN, Segment};
use library::Library;
use play::Play;
use profile::Ground;
use random::Random;
use scenes::Scene;
use script::{MILLIS, Micros, SECOND};
use site::{Family, Site};
use stage::Stage;
use talk::Output;
use truth::Truth;
use writer::Writer;

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub profile: &'static Profile,
    pub packets: u64,
    pub seed: u64,
    pub format: Format,
}

impl Order {
    /// Writes the capture, and returns what must be found in it.
    pub fn write(&self, path: &Path) -> io::Result<serde_json::Value> {
        let writer = Writer::create(path, self.format)?;
        let mut out = Output { frame: Frame::new(self.profile.least_frame), writer };
        let truth = match self.profile.ground {
            Ground::Flood => flood(self, &mut out),
            _ => played(self, &mut out),
        };
        out.writer.finish()?;
        Ok(truth.document(self.profile.name, self.seed, out.writer.packets, out.writer.octets))
    }
}

fn played(order: &Order, out: &mut Output) -> Truth {
    let profile = order.profile;
    let mut random = Random::new(order.seed);
    let site = Site::new(profile.workstations as usize);
    let library = Library::new(&site, &mut random);
    let stage = Stage::new(site, random, order.packets, profile.length(order.packets));
    let mut play = Play::new(stage, library);
    let walls = blocked::walls(&mut play, profile.ways, 1 + (order.packets / PACKETS_PER_WALL) as usize);
    ground(&mut play, profile.ground);
    scenes(&mut play, profile, &walls, out);
    fill(&mut play, out);
    play.stage.truth
}

/// Lets scenes happen until time and packets are used up.
fn scenes(play: &mut Play, profile: &Profile, walls: &[Wall], out: &mut Output) {
    let weights: u64 = profile.scenes.iter().map(|(weight, _)| weight).sum();
    let (begun, mut count) = (play.stage.left(), 0);
    // What conversations did not use of what they had promised is left when they have ended.
    while play.stage.left() > ATTEMPT {
        while play.stage.left() > ATTEMPT {
            match wall(profile, walls, count) {
                Some(wall) => blocked::attempt(play, wall),
                None => scene(profile, play.stage.random.below(weights))(play),
            }
            count += 1;
            let gap = gap(&mut play.stage, begun, count);
            play.stage.play(play.stage.now + gap, out);
        }
        play.stage.finish(out);
    }
    while play.stage.left() > 64 {
        scenes::lookup(play);
        play.stage.play(play.stage.now + MILLIS, out);
    }
    play.stage.finish(out);
}

/// The scene at this place in the profile's weights.
fn scene(profile: &Profile, mut at: u64) -> Scene {
    for (weight, scene) in profile.scenes {
        if at < *weight {
            return *scene;
        }
        at -= weight;
    }
    scenes::lookup
}

/// How long until the next scene, so that packets and time end together.
fn gap(stage: &mut Stage, begun: u64, scenes: u64) -> Micros {
    let mean = (begun.saturating_sub(stage.left()) / scenes).max(1);
    let mean_gap = match stage.end.checked_sub(stage.now) {
        Some(time) if time > 0 => (time * mean / stage.left().max(1)).min(time),
        _ => stage.now / scenes,
    };
    20 + stage.random.below(2 * mean_gap)
}

/// The wall that someone runs into this time: one per cent each, of media a tenth of that.
fn wall<'a>(profile: &Profile, walls: &'a [Wall], count: u64) -> Option<&'a Wall> {
    let (hundred, at) = (count / 100, count % 100);
    let way = *profile.ways.get(at.checked_sub(5)? as usize / 7).filter(|_| (at - 5).is_multiple_of(7))?;
    if way == blocked::Way::Media && !hundred.is_multiple_of(10) {
        return None;
    }
    let of_way: Vec<&Wall> = walls.iter().filter(|wall| wall.way() == way).collect();
    of_way.get(hundred as usize % of_way.len().max(1)).copied()
}

fn ground(play: &mut Play, ground: Ground) {
    match ground {
        Ground::Scenes | Ground::Flood => {}
        Ground::Cluster => blocked::heartbeats(play, true),
        Ground::Long(flows) => {
            let rounds = play.stage.left() * 9 / 10 / flows / 3;
            let script = Rc::clone(&play.library.store[0].calls);
            let pace = (play.stage.end / rounds.max(1)) * 100 / (40 * MILLIS);
            of_long(play, &script, flows, rounds, pace, 3);
        }
        Ground::Bulk(flows) => {
            let script = Rc::clone(&play.library.bulk[0]);
            let each = 46;
            let rounds = play.stage.left() * 9 / 10 / flows / each;
            let pace = (play.stage.end / rounds.max(1)) * 100 / (80 * MILLIS);
            of_long(play, &script, flows, rounds, pace, each);
        }
    }
}

/// Connections that last for the whole capture, with so many packets in each round.
fn of_long(play: &mut Play, script: &Rc<script::Script>, flows: u64, rounds: u64, pace: u64, each: u64) {
    for flow in 0..flows {
        let client = play.of(|site| &site.clients);
        let server = play.stage.site.mailboxes[flow as usize % 4];
        let mut talk = play.talk(client, server, Family::V4, script, rounds);
        talk.pace = pace.max(1);
        talk.promise = Some(rounds * each + rounds * each / 16 + 64);
        talk.acknowledged_together = if each > 3 { 16 } else { 2 };
        play.stage.begin(0, talk);
    }
}

/// Echo requests for the packets that are left over, some seconds after all else.
fn fill(play: &mut Play, out: &mut Output) {
    let script = Rc::clone(&play.library.echo);
    let left = play.stage.rest();
    if left > 0 {
        let (client, server) = (play.stage.site.clients[0], play.stage.site.controllers[0]);
        let mut talk = play.talk(client, server, Family::V4, &script, left.div_ceil(2));
        talk.pace = 1;
        play.stage.begin(play.stage.now + QUIET, talk);
        play.stage.finish(out);
    }
}

/// Single SYNs, no two of one flow, to hosts that never answer.
fn flood(order: &Order, out: &mut Output) -> Truth {
    let mut random = Random::new(order.seed);
    let site = Site::new(1);
    let gap = (order.profile.length(order.packets) / order.packets.max(1)).max(1);
    let mut now: Micros = 0;
    let mut target = site.end(site.access[0], Family::V4, 443);
    for number in 0..order.packets {
        // An odd factor only permutes: every source is another one.
        let source = (number as u32).wrapping_mul(0x9e37_79b1).to_be_bytes();
        let address = std::net::Ipv4Addr::new(100 + source[0] % 20, source[1], source[2], source[3]).into();
        let from = End { address, port: 1_024 + random.below(64_000) as u16, mac: [2, 0, 0, 0, 0, 9], ttl: 44 };
        target.port = *random.of(&[443, 25, 80]);
        let segment = Segment { sequence: random.word(), acknowledgement: 0, flags: SYN, window: 1_024, options: &[] };
        out.frame.tcp((&from, &target), random.short(), &segment, &[], |_| {});
        out.write(now);
        now += 1 + random.below(2 * gap);
    }
    Truth { flows: order.packets, ..Truth::default() }
}

/// For each so many packets one more path is blocked in each way.
const PACKETS_PER_WALL: u64 = 500_000;
/// Any answer would have come by then.
const QUIET: Micros = 6 * SECOND;
/// Packets that an attempt may take that runs into a wall, with what is said beside it.
const ATTEMPT: u64 = 600;
