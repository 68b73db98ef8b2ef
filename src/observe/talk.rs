//! The observer of one flow: finds its protocol, runs the dissector, keeps what it says.

use anyany_dissectors::{
    Dialogue, Endpoint as Announced, Fact, Hint, Probe, Protocol, Side, Stop, Text, Transport as Framing, Value,
};

use crate::classify::{Choice, Rejected, certain, choose, inside_tls};
use crate::flow::{About, Endpoint, Observer, Transport};
use crate::observe::{Call, LearntFrom, PromisedMedia, RpcAnswer, Said, ServicePort, SipEvent, Timing, World};

/// The observer of one flow.
#[derive(Default)]
pub struct Talk {
    /// What was said so far.
    pub seen: Said,
    state: State,
    rejected: Rejected,
    /// Looks at octets that no protocol recognised, by side.
    looks: [u8; 2],
    /// Whether nothing more of a side can be read.
    closed: [bool; 2],
    /// Messages read with the present protocol, by side.
    read: [u64; 2],
    /// Whether the last message ended in an upgrade to TLS.
    upgraded: bool,
    /// Where the responder's times are kept, once it answered.
    timing: Option<Timing>,
}

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    Known(&'static Protocol, Box<dyn Dialogue>),
    GivenUp,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Observer for Talk {
    type World = World;

    fn stream(&mut self, world: &World, about: &About, side: Side, octets: &[u8]) -> usize {
        // A protocol that proves wrong gives way to the next best, so this ends.
        loop {
            if self.is_answered_in_another(about, side, octets) {
                self.wrong();
            }
            match &mut self.state {
                State::GivenUp => return octets.len(),
                State::Unknown => match self.find(about, Framing::Tcp, side, octets) {
                    Some(read) => return read,
                    None => continue,
                },
                State::Known(..) => {}
            }
            match self.message(world, about, side, octets) {
                // Told that TLS goes on from here, with these very octets.
                Ok(0) if std::mem::take(&mut self.upgraded) => {}
                Ok(read) => return read.max(1),
                Err(Stop::Incomplete { .. }) => return 0,
                Err(Stop::Malformed { .. }) if self.read == [0, 0] => self.wrong(),
                Err(Stop::Malformed { .. }) => {
                    self.seen.unread = self.seen.unread.saturating_add(1);
                    self.lose(side);
                    return octets.len();
                }
            }
        }
    }

    fn gap(&mut self, _: &World, _: &About, side: Side) {
        self.seen.unread = self.seen.unread.saturating_add(1);
        self.lose(side);
    }

    fn datagram(&mut self, world: &World, about: &About, side: Side, octets: &[u8]) {
        loop {
            match &mut self.state {
                State::GivenUp => return,
                State::Unknown => match self.find(about, Framing::Udp, side, octets) {
                    Some(_) => return,
                    None => continue,
                },
                State::Known(..) => {}
            }
            match self.message(world, about, side, octets) {
                Err(Stop::Malformed { .. }) if self.read.iter().sum::<u64>() <= UNPROVEN_DATAGRAMS => self.wrong(),
                Err(_) => {
                    self.seen.unread = self.seen.unread.saturating_add(1);
                    return;
                }
                Ok(_) => return,
            }
        }
    }

    fn wants(&self, side: Side) -> bool {
        match &self.state {
            State::Unknown => true,
            State::GivenUp => false,
            State::Known(_, dialogue) => !self.closed(side) && !dialogue.finished(side),
        }
    }

    fn end(&mut self, _: &World, _: &About) {
        self.state = State::GivenUp;
        self.timing = None;
        if let Some(seen) = self.seen.get_mut() {
            seen.shrink();
        }
    }

    fn is_ordinary(&self) -> bool {
        self.seen.is_ordinary()
    }
}

impl Talk {
    fn closed(&self, side: Side) -> bool {
        self.closed.get(side.index()).copied().unwrap_or(true)
    }

    /// Looks for the protocol. `Some` ends this look: so many octets are done with.
    fn find(&mut self, about: &About, transport: Framing, side: Side, octets: &[u8]) -> Option<usize> {
        let (initiator_port, responder_port) = (about.initiator.port, about.responder.port);
        match choose(&Hint { transport, initiator_port, responder_port, side, octets }, self.rejected) {
            Choice::Known(protocol) => {
                self.state = State::Known(protocol, (protocol.open)(transport));
                self.read = [0, 0];
                return None;
            }
            Choice::Wait if transport == Framing::Tcp && octets.len() < MOST_PROBED => return Some(0),
            Choice::Wait | Choice::Unknown => {}
        }
        if let Some(looks) = self.looks.get_mut(side.index()) {
            *looks = looks.saturating_add(1);
        }
        if self.looks.iter().any(|&looks| looks >= MOST_LOOKS) {
            self.state = State::GivenUp;
        }
        Some(octets.len())
    }

    /// Reads one message with the present protocol and keeps what it says.
    fn message(&mut self, world: &World, about: &About, side: Side, octets: &[u8]) -> Result<usize, Stop> {
        let State::Known(protocol, dialogue) = &mut self.state else { return Ok(octets.len()) };
        let protocol = *protocol;
        let mut facts = Facts::default();
        self.upgraded = false;
        let read = dialogue.read(side, octets, &mut |fact| facts.push(fact))?;
        if let Some(count) = self.read.get_mut(side.index()) {
            *count += 1;
        }
        if self.seen.service.is_none() && !says_so_itself(protocol) {
            self.seen.service = Some(protocol.name);
            self.name_tls(protocol, about);
        }
        for place in facts.few.iter_mut().take(facts.count) {
            if let Some(fact) = place.take() {
                self.keep(fact, world, about, side);
            }
        }
        for fact in facts.more {
            self.keep(fact, world, about, side);
        }
        Ok(read)
    }

    /// TLS itself is no service: the port names what runs inside.
    fn name_tls(&mut self, protocol: &Protocol, about: &About) {
        if protocol.name != "https" {
            return;
        }
        self.seen.tls = true;
        if about.transport == Transport::Tcp {
            let inside = inside_tls(about.responder.port).or_else(|| inside_tls(about.initiator.port));
            self.seen.service = Some(inside.unwrap_or("other"));
        }
    }

    /// Whether these octets, the first of the responder, are certainly of another protocol than the one
    /// that it was asked in: scanners ask every port in every protocol, and what answers is the service.
    fn is_answered_in_another(&self, about: &About, side: Side, octets: &[u8]) -> bool {
        let State::Known(present, _) = &self.state else { return false };
        let [asked, answered] = self.read;
        if side != Side::Responder || asked == 0 || answered > 0 || self.seen.tls {
            return false;
        }
        let (initiator_port, responder_port) = (about.initiator.port, about.responder.port);
        let hint = Hint { transport: Framing::Tcp, initiator_port, responder_port, side, octets };
        (present.probe)(&hint) == Probe::No && certain(&hint, self.rejected).is_some()
    }

    /// The present protocol is not it, and what it said is not so.
    fn wrong(&mut self) {
        if let State::Known(protocol, _) = &self.state {
            self.rejected.reject(protocol);
        }
        self.state = State::Unknown;
        let unread = self.seen.unread;
        self.seen = Said::default();
        if unread > 0 {
            self.seen.unread = unread;
        }
    }

    /// Octets of `side` cannot be read: the dialogue finds its way again, or that side is closed.
    fn lose(&mut self, side: Side) {
        if let State::Known(_, dialogue) = &mut self.state
            && !dialogue.gap(side)
            && let Some(closed) = self.closed.get_mut(side.index())
        {
            *closed = true;
        }
    }

    fn keep(&mut self, fact: Fact, world: &World, about: &About, side: Side) {
        let (moment, seen) = (about.moment, &mut *self.seen);
        match fact {
            Fact::Service(name) => seen.service = Some(name),
            Fact::Greeting(text) => {
                seen.greeting.get_or_insert((text, moment));
            }
            Fact::Request { id, what } => {
                seen.requests += 1;
                seen.first_request.get_or_insert(moment);
                self.note_sip(about, side, &what, None);
                let waiting = &mut self.seen.waiting;
                // Sent again: the first time counts.
                if waiting.iter().any(|call| call.id == id && call.side == side) {
                    return;
                }
                if waiting.len() >= MOST_WAITING {
                    waiting.remove(0);
                }
                waiting.push(Call { id, what, moment, side });
            }
            Fact::Reply { id, class, what } => self.reply(id, class, &what, world, about, side),
            Fact::UpgradeToTls => self.upgrade(),
            Fact::Endpoint(announced) => self.announce(announced, world, about, side),
            Fact::Name { address, name } => world.name(address, &name, moment),
            Fact::Alert(text) => seen.keep(|lists| &mut lists.alerts, (text, moment, side)),
            Fact::Close(text) => {
                seen.close.get_or_insert((text, moment));
            }
            Fact::Detail { key, value } => {
                if key == "masked" {
                    seen.masked.get_or_insert(moment);
                }
                seen.set(key, value);
            }
            Fact::Member { key, value } => {
                if let Value::Text(text) = &value {
                    seen.note_call(key, text, moment);
                }
                seen.add(key, value);
            }
        }
    }

    fn reply(
        &mut self,
        id: u64,
        class: anyany_dissectors::ReplyClass,
        what: &Text,
        world: &World,
        about: &About,
        side: Side,
    ) {
        use anyany_dissectors::ReplyClass::{Failed, Interim, Refused};
        self.note_sip(about, side, what, Some(class));
        let seen = &mut self.seen;
        seen.last_reply = Some(about.moment);
        match class {
            Refused | Failed => seen.refusals += 1,
            _ => seen.replies += 1,
        }
        let asked = seen.waiting.iter().position(|call| call.id == id && call.side != side);
        let Some(asked) = asked else { return };
        if class == Interim {
            return; // the last word is still to come
        }
        let call = seen.waiting.remove(asked);
        let server = match side {
            Side::Initiator => about.initiator,
            Side::Responder => about.responder,
        };
        let service = ServicePort { server: server.address, port: server.port, transport: about.transport };
        let took = about.moment.time.since(call.moment.time);
        if side == Side::Initiator {
            world.answered(service, took);
        } else if let Some(timing) = &self.timing {
            timing.record(took);
        } else {
            self.timing = world.answered(service, took);
        }
        seen.answered(call, about.moment);
    }

    fn note_sip(&mut self, about: &About, side: Side, what: &Text, class: Option<anyany_dissectors::ReplyClass>) {
        if self.seen.service == Some("sip") {
            let event = SipEvent { moment: about.moment, side, what: what.clone(), class };
            let seen = &mut *self.seen;
            seen.keep(|lists| &mut lists.sip, event);
        }
    }

    /// Both sides go on inside TLS.
    fn upgrade(&mut self) {
        self.upgraded = true;
        self.seen.tls = true;
        self.seen.set("tls", true.into());
        let tls =
            anyany_dissectors::ALL.iter().find(|protocol| protocol.name == "https" && !protocol.tcp_ports.is_empty());
        self.state = tls.map_or(State::GivenUp, |tls| State::Known(tls, (tls.open)(Framing::Tcp)));
        self.closed = [false; 2];
    }

    fn announce(&mut self, announced: Announced, world: &World, about: &About, side: Side) {
        let (moment, seen) = (about.moment, &mut *self.seen);
        let here = match side {
            Side::Initiator => about.initiator,
            Side::Responder => about.responder,
        };
        match announced {
            Announced::Mapped { interface, address: _, port } => {
                // The tower's own address is often 0.0.0.0, a cluster's or behind NAT: the client dials
                // the host that it asked.
                world.learn(Endpoint { address: here.address, port }, interface, LearntFrom::Epm, moment);
                let answer = RpcAnswer { moment, interface: Some(interface), port: Ok(port) };
                seen.keep(|lists| &mut lists.rpc_answers, answer);
            }
            Announced::NotRegistered { interface, status } => {
                let answer = RpcAnswer { moment, interface, port: Err(status) };
                seen.keep(|lists| &mut lists.rpc_answers, answer);
            }
            Announced::Bound { interface, pipe: None } => {
                if about.transport == Transport::Tcp {
                    world.learn(here, interface, LearntFrom::Bind, moment);
                }
                seen.keep(|lists| &mut lists.bound, interface);
            }
            Announced::Bound { interface, pipe: Some(_) } => {
                seen.keep(|lists| &mut lists.bound, interface);
            }
            Announced::BindRefused { interface, reason } => {
                seen.keep(|lists| &mut lists.bind_refused, (interface, reason));
            }
            Announced::Wanted { interface } => seen.keep(|lists| &mut lists.wanted, interface),
            Announced::Media(media) => {
                seen.promise(PromisedMedia { media: *media, moment });
            }
        }
    }
}

/// What one message says: nearly always so little that it takes no memory of its own.
#[derive(Default)]
struct Facts {
    few: [Option<Fact>; FEW_FACTS],
    /// How many of those are taken.
    count: usize,
    more: Vec<Fact>,
}

impl Facts {
    fn push(&mut self, fact: Fact) {
        match self.few.get_mut(self.count) {
            Some(place) => {
                *place = Some(fact);
                self.count += 1;
            }
            None => self.more.push(fact),
        }
    }
}

/// Media have no mark of their own: one datagram that looks like RTP is no proof, and their dialogue
/// tells the service once it has seen enough.
fn says_so_itself(protocol: &Protocol) -> bool {
    matches!(protocol.name, "rtp" | "rtcp")
}

/// Octets within which every protocol shows itself.
const MOST_PROBED: usize = 4096;
/// Segments of one side that may pass before a protocol is recognised: a capture that begins midway
/// may need a few until a message begins.
const MOST_LOOKS: u8 = 16;
/// Until so many datagrams were read, a datagram that does not fit means a wrong guess (RTP).
const UNPROVEN_DATAGRAMS: u64 = 4;
/// Facts of one message that take no memory of their own: a search says six things.
const FEW_FACTS: usize = 6;
/// Requests that may wait for their answers at once.
const MOST_WAITING: usize = 64;
