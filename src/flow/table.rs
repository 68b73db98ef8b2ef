//! The flows of one worker.

use std::net::IpAddr;

use anyany_dissectors::Side;
use hashbrown::HashMap;

use crate::decode::{Control, IcmpError, Payload, Segment};
use crate::flow::index::{Index, hash};
use crate::flow::life::{Stretch, Voice};
use crate::flow::pressure::{LIVE, Place, Pressure, SINGLE};
use crate::flow::slot::{Ended, Single, Slot};
use crate::flow::{
    Arrival, Crowd, Endpoint, Flow, FlowKey, IcmpReport, Life, Live, Moment, Observer, Oriented, ServicePorts,
    Transport, simultaneous,
};
use crate::time::{Span, Time};

/// What a table counted beside its flows.
#[derive(Debug, Clone, Default)]
pub struct TableCounters {
    /// Copies made by the capture, by capture.
    pub duplicates: HashMap<u32, u64>,
    /// ICMP errors about flows that were not seen.
    pub stray_icmp: u64,
    /// Flows for which there was no room.
    pub crowd: Crowd,
    /// Times that what waited in a flow's streams was given up for want of room.
    pub given_up: u64,
}

/// All flows of one shard, with all that the shard heard.
#[derive(Debug)]
pub struct Table<O: Observer> {
    pub(super) flows: Vec<Slot<O>>,
    pub(super) index: Index,
    /// Of hosts that were heard outside of flows.
    heard: HashMap<IpAddr, Voice, foldhash::fast::RandomState>,
    /// The last packets, which wait for others of the same time, and their payloads.
    held: Vec<(Arrival<'static>, Vec<u8>)>,
    pub(super) life: Life,
    counters: TableCounters,
    ports: ServicePorts,
    /// Where a limit was set.
    pub(super) pressure: Option<Pressure>,
    /// Places whose flows were let go.
    pub(super) free: Vec<u32>,
}

impl<O: Observer> Table<O> {
    /// An empty table.
    pub fn new(ports: ServicePorts) -> Self {
        Self {
            flows: Vec::new(),
            index: Index::default(),
            heard: HashMap::default(),
            held: Vec::new(),
            life: Life::default(),
            counters: TableCounters::default(),
            ports,
            pressure: None,
            free: Vec::new(),
        }
    }

    /// Holds no more than about so many octets, with all other tables of the same trace together.
    #[must_use]
    pub fn limited(self, limit: Option<u64>) -> Self {
        Self { pressure: limit.map(Pressure::new), ..self }
    }

    /// Whether it has a limit.
    pub fn is_limited(&self) -> bool {
        self.pressure.is_some()
    }

    /// Takes packets in order of time; those of one time in the order in which they must have been sent. The
    /// last ones wait for others of their time, which the next call may bring.
    pub fn packets(&mut self, arrivals: &[Arrival<'_>], world: &O::World) {
        let mut rest = self.join_held(arrivals, world);
        while let Some((first, others)) = rest.split_first() {
            let time = first.moment.time;
            let same = 1 + others.iter().take_while(|other| other.moment.time == time).count();
            let (group, later) = rest.split_at(same);
            if later.is_empty() && group.len() < MOST_HELD {
                self.hold(group);
            } else {
                self.together(group, world);
            }
            rest = later;
        }
    }

    /// Takes all packets of one time; that of the next is known to be another, so that none has to wait.
    pub fn moment(&mut self, arrivals: &[Arrival<'_>], world: &O::World) {
        let rest = self.join_held(arrivals, world);
        if self.held.is_empty() {
            self.together(rest, world);
        } else {
            self.release(world);
        }
    }

    /// What waits goes on with those of the same time, or before all of another; returns the others.
    fn join_held<'s, 'a>(&mut self, arrivals: &'s [Arrival<'a>], world: &O::World) -> &'s [Arrival<'a>] {
        let Some((first, _)) = self.held.first() else { return arrivals };
        let time = first.moment.time;
        let same = arrivals.iter().take_while(|arrival| arrival.moment.time == time).count();
        let (join, later) = arrivals.split_at(same);
        self.hold(join);
        if !later.is_empty() || self.held.len() >= MOST_HELD {
            self.release(world);
        }
        later
    }

    fn together(&mut self, group: &[Arrival<'_>], world: &O::World) {
        match group {
            [one] => self.packet(one, world),
            many => self.simultaneous(many.to_vec(), world),
        }
    }

    fn simultaneous(&mut self, mut arrivals: Vec<Arrival<'_>>, world: &O::World) {
        simultaneous::settle(&mut arrivals, &self.ports);
        for arrival in &arrivals {
            self.packet(arrival, world);
        }
    }

    fn hold(&mut self, arrivals: &[Arrival<'_>]) {
        self.held.extend(arrivals.iter().map(|arrival| {
            let (bare, octets) = arrival.parted();
            (bare, octets.to_vec())
        }));
    }

    /// Takes what waits for others of its time.
    fn release(&mut self, world: &O::World) {
        let held = std::mem::take(&mut self.held);
        let whole = held.iter().map(|(bare, octets)| bare.with_payload(octets));
        self.simultaneous(whole.collect(), world);
    }

    /// Takes one packet.
    pub fn packet(&mut self, arrival: &Arrival<'_>, world: &O::World) {
        if !self.held.is_empty() {
            self.release(world);
        }
        let packet = &arrival.packet;
        match &packet.payload {
            Payload::Tcp(segment) => {
                let (source, destination) = ends(arrival, segment.source_port, segment.destination_port);
                let key = FlowKey::new(Transport::Tcp, source, destination);
                let at = match self.find(arrival.hash, &key) {
                    // Nearly always: it belongs to a flow that goes on.
                    Some(at) if !segment.control.syn() && matches!(self.flows.get(at), Some(Slot::Live(_))) => Some(at),
                    known => self.tcp_flow(key, known, (source, destination), segment, arrival, world),
                };
                if let Some(at) = at {
                    self.take(at, source, arrival, world, |live, side| live.segment(arrival, segment, side, world));
                }
            }
            Payload::Udp(datagram) => {
                let (source, destination) = ends(arrival, datagram.source_port, datagram.destination_port);
                if let Some(at) =
                    self.datagram_flow(Transport::Udp, (source, destination), arrival.hash, arrival.moment, world)
                {
                    self.take(at, source, arrival, world, |live, side| live.datagram(arrival, datagram, side, world));
                }
            }
            Payload::Echo { request, id, sequence } => {
                let (source, destination) = ends(arrival, *id, *id);
                let (caller, target) = if *request { (source, destination) } else { (destination, source) };
                if let Some(at) =
                    self.datagram_flow(Transport::Icmp, (caller, target), arrival.hash, arrival.moment, world)
                {
                    self.take(at, source, arrival, world, |live, side| live.echo(arrival, *sequence, side));
                }
            }
            Payload::IcmpError(error) => {
                self.hear(packet.source, arrival.moment.time);
                self.icmp_error(arrival, *error, world);
            }
            Payload::Other(_) => self.hear(packet.source, arrival.moment.time),
        }
    }

    /// Hands a packet to its flow; `read` says whether it is a copy made by the capture.
    fn take(
        &mut self,
        at: usize,
        source: Endpoint,
        arrival: &Arrival<'_>,
        world: &O::World,
        read: impl FnOnce(&mut Live<O>, Side) -> bool,
    ) {
        let Some(live) = self.flows.get_mut(at).and_then(|slot| slot.live(world)) else { return };
        let side = live.flow.side_of(source);
        let ended = live.hear(side, arrival.moment.time);
        let copy = match &mut self.pressure {
            None => read(live, side),
            Some(pressure) => {
                let (before, ended) = (live.waiting(), live.has_ended());
                let copy = read(live, side);
                let key = live.flow.key;
                if live.has_ended() && !ended {
                    pressure.may_be_over(&key, Place::new(at, live.flow.first.frame));
                }
                pressure.change(&key, before, live.waiting());
                if live.waiting() > before && !pressure.fits(&key, 0) {
                    let before = live.waiting();
                    live.give_up_streams(world);
                    pressure.change(&key, before, live.waiting());
                    self.counters.given_up += 1;
                }
                copy
            }
        };
        if let Some((from, to)) = ended {
            self.life.heard(source.address, from, to);
        }
        if copy {
            *self.counters.duplicates.entry(arrival.moment.frame.capture()).or_default() += 1;
        }
    }

    /// A host was heard of in a frame that is no IP packet (ARP).
    pub fn hear(&mut self, host: IpAddr, time: Time) {
        if let Some((from, to)) = self.heard.entry(host).or_default().heard(time) {
            self.life.heard(host, from, to);
        }
    }

    /// Where the flow of a segment stands, `known` being the latest of its five-tuple. `None` when the segment
    /// opens one and is all of it as yet.
    fn tcp_flow(
        &mut self,
        key: FlowKey,
        known: Option<usize>,
        (source, destination): (Endpoint, Endpoint),
        segment: &Segment<'_>,
        arrival: &Arrival<'_>,
        world: &O::World,
    ) -> Option<usize> {
        let Control(bits) = segment.control;
        let syn = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN;
        let answer = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN | Control::ACK;
        match known.and_then(|at| Some((at, self.flows.get_mut(at)?))) {
            Some((_, Slot::Single(single))) if single.is_before(source, segment) => {}
            Some((at, _)) => {
                if !self.wake(at, &key, arrival.moment.time) {
                    return None;
                }
                let live = self.flows.get_mut(at)?.live(world)?;
                let side = live.flow.side_of(source);
                if !((syn || answer) && live.flow.is_another_attempt(side, segment, arrival.moment)) {
                    if syn || answer {
                        live.orient_by_handshake(side, segment.control);
                    }
                    return Some(at);
                }
                live.end(world);
            }
            None => {}
        }
        if let Some(single) = Single::of(arrival, segment) {
            self.open_single(&key, single);
            return None;
        }
        let (initiator, responder, oriented) = if syn {
            (source, destination, Oriented::Syn)
        } else if answer {
            (destination, source, Oriented::Answer)
        } else {
            self.orient(Transport::Tcp, source, destination)
        };
        self.open_live(Flow::new(key, initiator, responder, oriented, arrival.moment))
    }

    fn datagram_flow(
        &mut self,
        transport: Transport,
        (source, destination): (Endpoint, Endpoint),
        hash: u32,
        moment: Moment,
        world: &O::World,
    ) -> Option<usize> {
        let key = FlowKey::new(transport, source, destination);
        if let Some(at) = self.find(hash, &key)
            && let Some(live) = self.flows.get_mut(at).and_then(|slot| slot.live(world))
        {
            if moment.time.since(live.flow.last.time) < DATAGRAMS_APART {
                return Some(at);
            }
            live.end(world);
        }
        let (initiator, responder, oriented) = match transport {
            Transport::Icmp => (source, destination, Oriented::Answer),
            _ => self.orient(transport, source, destination),
        };
        self.open_live(Flow::new(key, initiator, responder, oriented, moment))
    }

    /// Where the latest flow of a five-tuple stands.
    fn find(&self, hash: u32, key: &FlowKey) -> Option<usize> {
        self.index.find(hash, |at| self.flows.get(at).is_some_and(|slot| slot.is_of(key)))
    }

    fn orient(&self, transport: Transport, source: Endpoint, destination: Endpoint) -> (Endpoint, Endpoint, Oriented) {
        let ranks = (self.ports.rank(transport, source.port), self.ports.rank(transport, destination.port));
        match ranks.0.cmp(&ranks.1) {
            std::cmp::Ordering::Less => (source, destination, Oriented::Ports),
            std::cmp::Ordering::Greater => (destination, source, Oriented::Ports),
            std::cmp::Ordering::Equal => (source, destination, Oriented::FirstSender),
        }
    }

    /// Opens a flow, where there is room for it; else its packet is counted.
    fn open_live(&mut self, flow: Flow) -> Option<usize> {
        let (key, time, frame) = (flow.key, flow.first.time, flow.first.frame);
        if !self.make_room(&key, LIVE, time, None) {
            self.unread(&key, flow.responder, time);
            return None;
        }
        let at = self.open(&key, Slot::Live(Box::new(Live::new(flow))));
        if let Some(pressure) = &mut self.pressure {
            pressure.hold(&key, LIVE);
            if key.transport == Transport::Udp {
                pressure.may_be_over(&key, Place::new(at, frame));
            }
        }
        Some(at)
    }

    fn open_single(&mut self, key: &FlowKey, single: Single) {
        if !self.make_room(key, SINGLE, single.moment.time, None) {
            self.unread(key, single.destination(), single.moment.time);
            return;
        }
        let (server, frame) = (single.destination(), single.moment.frame);
        let at = self.open(key, Slot::Single(Box::new(single)));
        if let Some(pressure) = &mut self.pressure {
            pressure.single(key, server, Place::new(at, frame));
        }
    }

    fn open(&mut self, key: &FlowKey, slot: Slot<O>) -> usize {
        let free = self.free.pop().and_then(|at| usize::try_from(at).ok()).filter(|at| *at < self.flows.len());
        let at = free.unwrap_or(self.flows.len());
        let flows = &self.flows;
        self.index.set(hash(key), at, |at| flows.get(at).is_some_and(|slot| slot.is_of(key)));
        match self.flows.get_mut(at) {
            Some(place) => *place = slot,
            None => self.flows.push(slot),
        }
        at
    }

    fn icmp_error(&mut self, arrival: &Arrival<'_>, error: IcmpError, world: &O::World) {
        let Arrival { moment, packet, .. } = arrival;
        let (Some(key), Some((port, _))) = (FlowKey::of(packet), error.quoted.ports) else { return };
        let Some(at) = self.find(arrival.hash, &key) else {
            self.counters.stray_icmp += 1;
            return;
        };
        if !self.wake(at, &key, moment.time) {
            return;
        }
        let Some(live) = self.flows.get_mut(at).and_then(|slot| slot.live(world)) else { return };
        let about = live.flow.side_of(Endpoint { address: error.quoted.source, port });
        live.flow.icmp_error(IcmpReport { sender: packet.source, moment: *moment, about, error });
    }

    /// Lets go of flows that are over or idle, and of signs of life before `forget`, so that a live
    /// table does not grow with time. Returns the flows let go.
    pub fn expire(&mut self, now: Time, idle: Span, forget: Time, world: &O::World) -> Vec<Live<O>> {
        self.heard.retain(|_, voice| voice.stretch().is_some_and(|(_, to)| to >= forget));
        let mut gone = Vec::new();
        let mut kept = Vec::with_capacity(self.flows.len());
        for slot in self.flows.drain(..) {
            let Some(last) = slot.last() else { continue };
            let quiet = now.since(last);
            let over = match &slot {
                Slot::Single(_) | Slot::Gone => false,
                Slot::Live(live) => live.flow.is_over() || live.flow.key.transport != Transport::Tcp,
            };
            if quiet > idle || (over && quiet > LINGER) {
                let Some(mut live) = slot.into_live(world) else { continue };
                live.end(world);
                for (host, (from, to)) in voices(&live) {
                    self.life.heard(host, from, to);
                }
                gone.push(live);
            } else {
                kept.push(slot);
            }
        }
        self.life.forget(forget);
        self.flows = kept;
        // A later flow of the same five-tuple stands behind the earlier one and wins.
        self.index.clear();
        let flows = &self.flows;
        for (at, slot) in flows.iter().enumerate() {
            if let Some(key) = slot.key() {
                self.index.set(hash(&key), at, |at| flows.get(at).is_some_and(|slot| slot.is_of(&key)));
            }
        }
        gone
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Copies of the flows as they are now, with what the observer made of each: nothing yet of a single SYN.
    pub fn flows(&self, world: &O::World) -> impl Iterator<Item = (Box<Flow>, Option<&O>)> {
        self.flows.iter().filter_map(|slot| match slot {
            Slot::Single(single) => Some((Box::new(single.live::<O>(world).flow), None)),
            Slot::Live(live) => Some((Box::new(live.flow.clone()), Some(&live.observer))),
            Slot::Gone => None,
        })
    }

    /// The signs of life so far.
    pub fn life(&self) -> Life {
        let mut life = self.life.clone();
        outside(&self.heard, &mut life);
        for slot in &self.flows {
            match slot {
                Slot::Single(single) => life.heard(single.source().address, single.moment.time, single.moment.time),
                Slot::Live(live) => voices(live).for_each(|(host, (from, to))| life.heard(host, from, to)),
                Slot::Gone => {}
            }
        }
        life
    }

    /// What was counted so far.
    pub fn counters(&self) -> &TableCounters {
        &self.counters
    }

    /// No more packets will come: all flows, in the order in which they began here.
    pub fn finish(self, world: &O::World) -> (Vec<Live<O>>, Life, TableCounters) {
        let mut flows = Vec::with_capacity(self.flows.len());
        let mut heard = Vec::new();
        let (mut life, counters) = self.finish_each(world, |ended| match ended {
            Ended::Flow(live) => flows.push(*live),
            Ended::Lone(single) => {
                let mut live = single.live(world);
                live.end(world);
                heard.extend(voices(&live));
                flows.push(live);
            }
        });
        for (host, (from, to)) in heard {
            life.heard(host, from, to);
        }
        (flows, life, counters)
    }

    /// No more packets will come: hands on one flow after the other, in the order in which they began here, so
    /// that never all of them are held with what reading them takes.
    pub fn finish_each(mut self, world: &O::World, mut each: impl FnMut(Ended<O>)) -> (Life, TableCounters) {
        self.release(world);
        if let Some(pressure) = &self.pressure {
            self.counters.crowd = pressure.crowd();
        }
        drop((self.index, self.free, self.pressure));
        let mut life = std::mem::take(&mut self.life);
        outside(&self.heard, &mut life);
        for slot in self.flows {
            let Some(mut ended) = slot.into_ended() else { continue };
            if let Ended::Flow(live) = &mut ended {
                live.end(world);
                voices(live).for_each(|(host, (from, to))| life.heard(host, from, to));
            }
            each(ended);
        }
        (life, self.counters)
    }
}

/// The hosts that were heard outside of flows.
fn outside(heard: &HashMap<IpAddr, Voice, foldhash::fast::RandomState>, life: &mut Life) {
    for (&host, voice) in heard {
        if let Some((from, to)) = voice.stretch() {
            life.heard(host, from, to);
        }
    }
}

/// The hosts of a flow, and the stretches in which they are heard on it.
pub(super) fn voices<O>(live: &Live<O>) -> impl Iterator<Item = (IpAddr, Stretch)> {
    let ends = [live.flow.initiator, live.flow.responder];
    ends.into_iter().zip(live.voices).filter_map(|(end, voice)| Some((end.address, voice.stretch()?)))
}

fn ends(arrival: &Arrival<'_>, source_port: u16, destination_port: u16) -> (Endpoint, Endpoint) {
    let source = Endpoint { address: arrival.packet.source, port: source_port };
    let destination = Endpoint { address: arrival.packet.destination, port: destination_port };
    (source, destination)
}

/// After this silence, datagrams of the same five-tuple are another exchange.
const DATAGRAMS_APART: Span = Span::seconds(600);
/// Packets of one time that are put in order together.
const MOST_HELD: usize = 4096;
/// How long a live table keeps what is over, for late packets.
const LINGER: Span = Span::seconds(60);
