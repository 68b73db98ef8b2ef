//! A run: the stage, the scripts, and the walls that some conversations meet.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::library::Library;
use super::script::{Micros, Script};
use super::site::{Family, HostId, Site};
use super::stage::Stage;
use super::talk::Talk;

/// All that scenes use.
#[derive(Debug)]
pub struct Play {
    pub stage: Stage,
    pub library: Library,
    /// Client, server, port and version of IP between which nothing passes.
    pub walls: BTreeSet<(HostId, HostId, u16, Family)>,
    next_media: u16,
}

impl Play {
    /// Nothing has happened yet.
    pub fn new(stage: Stage, library: Library) -> Self {
        Self { stage, library, walls: BTreeSet::new(), next_media: 0 }
    }

    /// One of the scripts.
    pub fn one<T: Clone>(&mut self, list: impl Fn(&Library) -> &Vec<T>) -> T {
        self.stage.random.of(list(&self.library)).clone()
    }

    /// One of the hosts.
    pub fn of(&mut self, list: impl Fn(&Site) -> &Vec<HostId>) -> HostId {
        *self.stage.random.of(list(&self.stage.site))
    }

    /// A workstation or a server that needs a domain controller.
    pub fn anyone(&mut self) -> HostId {
        match self.stage.random.below(5) {
            0 => self.of(|site| &site.mailboxes),
            1 => self.of(|site| &site.access),
            _ => self.of(|site| &site.clients),
        }
    }

    /// Who calls a mailbox server.
    pub fn mail_client(&mut self) -> HostId {
        if self.stage.random.once_in(2) { self.of(|site| &site.access) } else { self.of(|site| &site.clients) }
    }

    /// The two ports of a call's media; each has the one above for its reports.
    pub fn media_ports(&mut self) -> [u16; 2] {
        self.next_media = (self.next_media + 2) % 30_000;
        [16_384 + self.next_media, 34_000 + self.next_media]
    }

    /// A version of IP in which no wall stands between the two, if there is one.
    pub fn family(&mut self, client: HostId, server: HostId, port: u16) -> Option<Family> {
        let first = Site::family(&mut self.stage.random);
        let second = if first == Family::V4 { Family::V6 } else { Family::V4 };
        [first, second].into_iter().find(|&family| !self.walls.contains(&(client, server, port, family)))
    }

    /// A conversation that begins now, if no wall is in the way. Nobody calls himself.
    pub fn between(
        &mut self,
        client: HostId,
        server: HostId,
        script: &Rc<Script>,
        rounds: u64,
        change: impl FnOnce(&mut Talk),
    ) {
        if let Some(family) = self.family(client, server, script.port) {
            self.at(0, client, server, family, script, rounds, change);
        }
    }

    /// So many rounds of a script, or fewer where not all of their packets may still be sent.
    fn room(&self, script: &Script, mut rounds: u64) -> u64 {
        while rounds > LEAST_ROUNDS && script.packets(rounds) > self.stage.left() {
            rounds /= 2;
        }
        rounds
    }

    /// A conversation that begins after a while.
    #[expect(clippy::too_many_arguments, reason = "who, whom, when, how and what")]
    pub fn at(
        &mut self,
        after: Micros,
        client: HostId,
        server: HostId,
        family: Family,
        script: &Rc<Script>,
        rounds: u64,
        change: impl FnOnce(&mut Talk),
    ) {
        if client == server {
            return;
        }
        let rounds = self.room(script, rounds);
        let mut talk = self.talk(client, server, family, script, rounds);
        change(&mut talk);
        let when = self.stage.now + after;
        self.stage.begin(when, talk);
    }

    /// A conversation of all these rounds, which has not begun.
    pub fn talk(&mut self, client: HostId, server: HostId, family: Family, script: &Rc<Script>, rounds: u64) -> Talk {
        let site = &mut self.stage.site;
        let port = site.dials_from(client);
        let ends = [site.end(client, family, port), site.end(server, family, script.port)];
        Talk::new(script, ends, rounds, &mut self.stage.random)
    }
}

/// What an attempt says before it meets its wall, and a little more.
const LEAST_ROUNDS: u64 = 30;
