//! What is in the way, and what must be found because of it.

use std::rc::Rc;

use super::library::Remote;
use super::play::Play;
use super::scenes::{called, mapped};
use super::script::{MILLIS, SECOND, Script};
use super::site::{Family, HostId, Site};
use super::talk::{Fault, Talk};

/// A way in which connections are blocked, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    SynDropped,
    SynRejected,
    Prohibited,
    DynamicPort,
    AnswerDropped,
    Reset,
    Silenced,
    Tls,
    /// A question to a name server.
    Udp,
    /// A logon over UDP.
    Logon,
    Media,
    Inspection,
}

/// A path on which one way holds for the whole capture.
#[derive(Debug, Clone)]
pub struct Wall {
    way: Way,
    client: HostId,
    server: HostId,
    family: Family,
    script: Rc<Script>,
    remote: Option<Remote>,
}

impl Way {
    /// Whether nothing at all passes, so that nobody else may use the path.
    fn is_complete(self) -> bool {
        !matches!(self, Self::Reset | Self::Silenced | Self::Tls | Self::Media | Self::Inspection)
    }

    fn kind(self) -> &'static str {
        match self {
            Self::SynDropped => "syn-dropped",
            Self::SynRejected => "syn-rejected",
            Self::Prohibited => "icmp-prohibited",
            Self::DynamicPort => "rpc-dynamic-port-blocked",
            Self::AnswerDropped => "synack-dropped",
            Self::Reset => "midstream-reset",
            Self::Silenced => "midstream-drop",
            Self::Tls => "tls-blocked",
            Self::Udp | Self::Logon => "udp-blocked",
            Self::Media => "media-blocked",
            Self::Inspection => "smtp-inspection",
        }
    }
}

impl Wall {
    /// What stands here.
    pub fn way(&self) -> Way {
        self.way
    }
}

/// Paths for every way, so many each. No two walls stand between the same hosts.
pub fn walls(play: &mut Play, ways: &[Way], each: usize) -> Vec<Wall> {
    let mut walls: Vec<Wall> = Vec::new();
    for &way in ways {
        let mut tries = 0;
        let wanted = walls.len() + if way == Way::Media || way == Way::Inspection { 1 } else { each };
        while walls.len() < wanted && tries < 1_000 {
            tries += 1;
            let wall = wall(play, way);
            let taken = walls.iter().any(|other| (other.client, other.server) == (wall.client, wall.server));
            if wall.client == wall.server || taken {
                continue;
            }
            if way.is_complete() {
                play.walls.insert((wall.client, wall.server, wall.script.port, wall.family));
            }
            walls.push(wall);
        }
    }
    walls
}

fn wall(play: &mut Play, way: Way) -> Wall {
    let family = Site::family(&mut play.stage.random);
    let remote = play.one(|library| &library.store);
    let pick = play.stage.random.below(3);
    let (script, client, server) = match (way, pick) {
        (Way::DynamicPort, _) => (Rc::clone(&remote.calls), play.mail_client(), play.of(|site| &site.mailboxes)),
        (Way::Reset | Way::Silenced, 0) => {
            (Rc::clone(&remote.calls), play.of(|site| &site.clients), play.of(|site| &site.mailboxes))
        }
        (Way::Tls, _) | (Way::SynDropped | Way::Prohibited, 0) => {
            (play.one(|library| &library.web), play.of(|site| &site.clients), play.of(|site| &site.access))
        }
        (Way::Logon, _) => (play.one(|library| &library.logons), play.anyone(), play.of(|site| &site.controllers)),
        (Way::Udp, _) => (play.one(|library| &library.lookups), play.anyone(), play.of(|site| &site.controllers)),
        (Way::SynDropped | Way::SynRejected | Way::Prohibited, 1) => {
            (play.one(|library| &library.mails), play.of(|site| &site.clients), play.of(|site| &site.hubs))
        }
        (Way::SynRejected | Way::AnswerDropped, 0) => {
            (play.one(|library| &library.catalog), play.anyone(), play.of(|site| &site.controllers))
        }
        (Way::Media, _) => (Rc::clone(&play.library.echo), play.stage.site.gateways[1], play.stage.site.mailboxes[3]),
        (Way::Inspection, _) => {
            (Rc::clone(&play.library.inspected), play.of(|site| &site.hubs), play.of(|site| &site.outside))
        }
        _ => (play.one(|library| &library.directory), play.anyone(), play.of(|site| &site.controllers)),
    };
    Wall { way, client, server, family, script, remote: (way == Way::DynamicPort).then_some(remote) }
}

/// Someone runs into a wall: the truth is told of it.
pub fn attempt(play: &mut Play, wall: &Wall) {
    let Wall { way, client, server, family, .. } = *wall;
    if way == Way::Media {
        return half_a_call(play, client, server);
    }
    let opening = wall.script.opening.len() as u32;
    let fault = match way {
        Way::SynDropped | Way::DynamicPort | Way::Udp | Way::Logon => Fault::Dropped,
        Way::SynRejected => Fault::Rejected { ttl: FOREIGN },
        Way::Prohibited => Fault::Prohibited { router: Site::router(family) },
        Way::AnswerDropped => Fault::AnswerDropped,
        Way::Reset => Fault::Reset { says: opening + 2, ttl: FOREIGN },
        Way::Silenced => Fault::Silenced { says: opening + 2 },
        Way::Tls if play.stage.random.once_in(2) => Fault::Reset { says: 0, ttl: FOREIGN },
        Way::Tls => Fault::Silenced { says: 0 },
        Way::Media | Way::Inspection => Fault::None,
    };
    // The same two hosts talk on another port meanwhile: the server is there.
    let other = Rc::clone(&play.library.files[0]);
    play.at(0, client, server, family, &other, LIFE_ROUNDS, |talk| {
        talk.pace = LIFE_PACE;
        talk.trouble = 0;
    });
    let begins = 2 * SECOND + play.stage.random.below(SECOND);
    if let Some(remote) = &wall.remote {
        mapped(play, client, server, family, remote);
    }
    let change = |talk: &mut Talk| {
        talk.fault = fault;
        talk.trouble = 0;
    };
    let rounds = if way == Way::Inspection { 1 } else { 4 };
    play.at(begins, client, server, family, &wall.script, rounds, change);
    let [from, to] = [client, server].map(|host| play.stage.site.address(host, family));
    let transport = if matches!(way, Way::Udp | Way::Logon) { "udp" } else { "tcp" };
    play.stage.truth.add(way.kind(), from, to, wall.script.port, transport);
}

/// A call of which one side hears nothing.
fn half_a_call(play: &mut Play, client: HostId, server: HostId) {
    let lasts = play.stage.random.between(4, 8) * SECOND;
    let heard = 1 + play.stage.random.below(2) as usize;
    let (ports, family) = called(play, (client, server), lasts, [heard, heard]);
    let addresses = [client, server].map(|host| play.stage.site.address(host, family));
    // Who is heard is the side that sends; missing is what the other one should have sent.
    let missing = 2 - heard;
    let receiver = 1 - missing;
    play.stage.truth.add("media-blocked", addresses[missing], addresses[receiver], ports[receiver], "udp");
}

/// Heartbeats between members of the cluster for the whole capture; those of one pair pass one way only.
pub fn heartbeats(play: &mut Play, blocked: bool) {
    let members = play.stage.site.mailboxes.clone();
    let beats = play.stage.end / SECOND;
    for (at, pair) in members.windows(2).enumerate() {
        let one_way = blocked && at + 2 == members.len();
        let (client, server) = (pair[0], pair[1]);
        let script = Rc::clone(&play.library.beats[usize::from(one_way)]);
        let mut talk = play.talk(client, server, Family::V4, &script, u64::MAX);
        talk.ends[0].port = 3343;
        talk.promise = Some((beats + 120) * script.middle.len() as u64);
        play.stage.begin_endless(100 * MILLIS, talk);
        if one_way {
            let other = Rc::clone(&play.library.files[0]);
            play.at(SECOND, client, server, Family::V4, &other, LIFE_ROUNDS, |talk| talk.pace = LIFE_PACE);
            let [from, to] = [server, client].map(|host| play.stage.site.address(host, Family::V4));
            play.stage.truth.add("heartbeat-blocked", from, to, 3343, "udp");
        }
    }
}

/// A time to live that no host shows.
const FOREIGN: u8 = 252;
/// How long the same hosts talk beside a blocked attempt: 25 s and more.
const LIFE_ROUNDS: u64 = 22;
const LIFE_PACE: u64 = 6_500;
