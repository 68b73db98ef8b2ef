//! The flows of one worker.

use std::net::IpAddr;

use anyany_dissectors::Side;
use hashbrown::HashMap;

use crate::decode::{Control, IcmpError, Payload, Segment};
use crate::flow::index::Index;
use crate::flow::life::{Stretch, Voice};
use crate::flow::pressure::{LIVE, Place, Pressure, SINGLE};
use crate::flow::slot::{Single, Slot};
use crate::flow::{
    Arrival, Crowd, Endpoint, Flow, FlowKey, IcmpReport, Life, Live, Moment, Observer, Oriented, Transport,
    simultaneous,
};
use crate::time::{Span, Time};

/// How likely a port is a server's, for flows whose beginning was not seen.
#[derive(Debug, Clone, Default)]
pub struct ServicePorts {
    /// Of protocols whose content is understood.
    usual: Ports,
    /// Of which only a table tells.
    listed: Ports,
}

/// Port numbers in order, by transport.
#[derive(Debug, Clone, Default)]
struct Ports {
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl Ports {
    fn new(mut tcp: Vec<u16>, mut udp: Vec<u16>) -> Self {
        tcp.sort_unstable();
        udp.sort_unstable();
        Self { tcp, udp }
    }

    fn have(&self, transport: Transport, port: u16) -> bool {
        match transport {
            Transport::Tcp => self.tcp.binary_search(&port).is_ok(),
            Transport::Udp => self.udp.binary_search(&port).is_ok(),
            Transport::Icmp => false,
        }
    }
}

impl ServicePorts {
    /// From the ports of the protocols that are understood.
    pub fn new(tcp: Vec<u16>, udp: Vec<u16>) -> Self {
        Self { usual: Ports::new(tcp, udp), listed: Ports::default() }
    }

    /// And from those that a table lists: a server's as well, but less likely than the former.
    #[must_use]
    pub fn listed(self, tcp: Vec<u16>, udp: Vec<u16>) -> Self {
        Self { listed: Ports::new(tcp, udp), ..self }
    }

    /// Higher is likelier.
    pub(super) fn rank(&self, transport: Transport, port: u16) -> u8 {
        match port {
            port if self.usual.have(transport, port) => 3,
            port if self.listed.have(transport, port) => 2,
            1..1024 => 1,
            _ => 0,
        }
    }
}

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
    flows: Vec<Slot<O>>,
    index: Index,
    /// Of hosts that were heard outside of flows.
    heard: HashMap<IpAddr, Voice, foldhash::fast::RandomState>,
    /// The last packets, which wait for others of the same time, and their payloads.
    held: Vec<(Arrival<'static>, Vec<u8>)>,
    life: Life,
    counters: TableCounters,
    ports: ServicePorts,
    /// Where a limit was set.
    pressure: Option<Pressure>,
    /// Places whose flows were let go.
    free: Vec<u32>,
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

    /// Takes packets in order of time; those of one time in the order in which they must have been sent. The
    /// last ones wait for others of their time, which the next call may bring.
    pub fn packets(&mut self, arrivals: &[Arrival<'_>], world: &O::World) {
        let mut rest = arrivals;
        if let Some((first, _)) = self.held.first() {
            let time = first.moment.time;
            let same = rest.iter().take_while(|arrival| arrival.moment.time == time).count();
            let (join, later) = rest.split_at(same);
            self.hold(join);
            if later.is_empty() && self.held.len() < MOST_HELD {
                return;
            }
            self.release(world);
            rest = later;
        }
        let mut groups = rest.chunk_by(|one, next| one.moment.time == next.moment.time).peekable();
        while let Some(group) = groups.next() {
            match group {
                group if groups.peek().is_none() && group.len() < MOST_HELD => self.hold(group),
                [one] => self.packet(one, world),
                many => self.simultaneous(many.to_vec(), world),
            }
        }
    }

    fn simultaneous(&mut self, mut arrivals: Vec<Arrival<'_>>, world: &O::World) {
        simultaneous::settle(&mut arrivals, &self.ports);
        for arrival in &arrivals {
            self.packet(arrival, world);
        }
    }

    fn hold(&mut self, arrivals: &[Arrival<'_>]) {
        self.held.extend(arrivals.iter().map(|&Arrival { moment, wire_len, packet }| {
            let (packet, octets) = packet.parted();
            (Arrival { moment, wire_len, packet }, octets.to_vec())
        }));
    }

    /// Takes what waits for others of its time.
    fn release(&mut self, world: &O::World) {
        let held = std::mem::take(&mut self.held);
        let whole = held.iter().map(|(arrival, octets)| {
            let &Arrival { moment, wire_len, packet } = arrival;
            Arrival { moment, wire_len, packet: packet.with_payload(octets) }
        });
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
                if let Some(at) = self.tcp_flow(source, destination, segment, arrival, world) {
                    self.take(at, source, arrival, world, |live, side| live.segment(arrival, segment, side, world));
                }
            }
            Payload::Udp(datagram) => {
                let (source, destination) = ends(arrival, datagram.source_port, datagram.destination_port);
                if let Some(at) = self.datagram_flow(Transport::Udp, source, destination, arrival.moment, world) {
                    self.take(at, source, arrival, world, |live, side| live.datagram(arrival, datagram, side, world));
                }
            }
            Payload::Echo { request, id, sequence } => {
                let (source, destination) = ends(arrival, *id, *id);
                let (caller, target) = if *request { (source, destination) } else { (destination, source) };
                if let Some(at) = self.datagram_flow(Transport::Icmp, caller, target, arrival.moment, world) {
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

    /// Where the flow of a segment stands. `None` when the segment opens one and is all of it as yet.
    fn tcp_flow(
        &mut self,
        source: Endpoint,
        destination: Endpoint,
        segment: &Segment<'_>,
        arrival: &Arrival<'_>,
        world: &O::World,
    ) -> Option<usize> {
        let key = FlowKey::new(Transport::Tcp, source, destination);
        let Control(bits) = segment.control;
        let syn = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN;
        let answer = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN | Control::ACK;
        match self.find(&key).and_then(|at| Some((at, self.flows.get_mut(at)?))) {
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
        source: Endpoint,
        destination: Endpoint,
        moment: Moment,
        world: &O::World,
    ) -> Option<usize> {
        let key = FlowKey::new(transport, source, destination);
        if let Some(at) = self.find(&key)
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
    fn find(&self, key: &FlowKey) -> Option<usize> {
        self.index.find(key, |at| self.flows.get(at).is_some_and(|slot| slot.key() == Some(*key)))
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
            self.unread(key, single.destination, single.moment.time);
            return;
        }
        let (server, frame) = (single.destination, single.moment.frame);
        let at = self.open(key, Slot::Single(Box::new(single)));
        if let Some(pressure) = &mut self.pressure {
            pressure.single(key, server, Place::new(at, frame));
        }
    }

    fn open(&mut self, key: &FlowKey, slot: Slot<O>) -> usize {
        let free = self.free.pop().and_then(|at| usize::try_from(at).ok()).filter(|at| *at < self.flows.len());
        let at = free.unwrap_or(self.flows.len());
        let flows = &self.flows;
        self.index.set(key, at, |at| flows.get(at).is_some_and(|slot| slot.key() == Some(*key)));
        match self.flows.get_mut(at) {
            Some(place) => *place = slot,
            None => self.flows.push(slot),
        }
        at
    }

    /// A lone SYN is to become more: whether there is room for that. Where there is none the packet is counted.
    fn wake(&mut self, at: usize, key: &FlowKey, time: Time) -> bool {
        let Some(Slot::Single(single)) = self.flows.get(at) else { return true };
        let (server, place) = (single.destination, Place::new(at, single.moment.frame));
        if !self.make_room(key, LIVE - SINGLE, time, Some((place, server))) {
            self.unread(key, server, time);
            return false;
        }
        if let Some(pressure) = &mut self.pressure {
            pressure.hold(key, LIVE - SINGLE);
        }
        true
    }

    /// Lets go of lone SYNs, `but` never, and of what went in order and is over, until `more` octets fit. Returns
    /// whether they do. A SYN that came just now may be answered yet: it goes last.
    fn make_room(&mut self, key: &FlowKey, more: usize, now: Time, but: Option<(Place, Endpoint)>) -> bool {
        let mut passed_over = None;
        let fits = loop {
            let Some(pressure) = &mut self.pressure else { break true };
            if pressure.fits(key, more) {
                break true;
            }
            let Some(place) = pressure.oldest(key) else {
                if self.let_go_ordinary(key, now) {
                    continue;
                }
                break false;
            };
            if but.is_some_and(|(but, _)| place == but) {
                passed_over = but;
            } else if let Some(Slot::Single(single)) = self.flows.get(place.at())
                && single.moment.frame == place.first
            {
                let young = now.since(single.moment.time) < YOUNG;
                if young && self.let_go_ordinary(key, now) {
                    continue;
                }
                self.let_go_single(place.at());
            }
            if let Some(pressure) = &mut self.pressure {
                pressure.next_single(key);
            }
        };
        if let (Some((place, server)), Some(pressure), false) = (passed_over, &mut self.pressure, fits) {
            pressure.again(key, server, place);
        }
        fits
    }

    fn let_go_single(&mut self, at: usize) {
        let (Some(slot), Some(pressure)) = (self.flows.get_mut(at), &mut self.pressure) else { return };
        let Slot::Single(single) = slot else { return };
        let key = single.key();
        pressure.let_go(&key, single.destination, single.moment.time);
        self.index.forget(&key, at);
        self.free.extend(u32::try_from(at));
        *slot = Slot::Gone;
    }

    /// Lets go of one flow that went in order and is over. Returns whether there was one.
    fn let_go_ordinary(&mut self, key: &FlowKey, now: Time) -> bool {
        let Some(pressure) = &mut self.pressure else { return false };
        while let Some(place) = pressure.first_over(key) {
            let at = place.at();
            let Some(Slot::Live(live)) = self.flows.get_mut(at) else {
                pressure.next_over(key);
                continue;
            };
            if live.flow.first.frame != place.first {
                pressure.next_over(key);
                continue;
            }
            if now.since(live.flow.last.time) < LATE {
                return false;
            }
            pressure.next_over(key);
            if !live.is_ordinary() || !pressure.may_go(&live.flow) {
                continue;
            }
            pressure.let_go_ordinary(&live.flow);
            voices(live).for_each(|(host, (from, to))| self.life.heard(host, from, to));
            self.index.forget(&live.flow.key, at);
            self.free.extend(u32::try_from(at));
            if let Some(slot) = self.flows.get_mut(at) {
                *slot = Slot::Gone;
            }
            return true;
        }
        false
    }

    fn unread(&mut self, key: &FlowKey, server: Endpoint, time: Time) {
        if let Some(pressure) = &mut self.pressure {
            pressure.unread(key, server, time);
        }
    }

    fn icmp_error(&mut self, arrival: &Arrival<'_>, error: IcmpError, world: &O::World) {
        let Arrival { moment, packet, .. } = arrival;
        let (Some(key), Some((port, _))) = (FlowKey::of(packet), error.quoted.ports) else { return };
        let Some(at) = self.find(&key) else {
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
                self.index.set(&key, at, |at| flows.get(at).is_some_and(|slot| slot.key() == Some(key)));
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
                Slot::Single(single) => life.heard(single.source.address, single.moment.time, single.moment.time),
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
        let (life, counters) = self.finish_each(world, |live| flows.push(live));
        (flows, life, counters)
    }

    /// No more packets will come: hands on one flow after the other, in the order in which they began here, so
    /// that never all of them are held with what reading them takes.
    pub fn finish_each(mut self, world: &O::World, mut each: impl FnMut(Live<O>)) -> (Life, TableCounters) {
        self.release(world);
        if let Some(pressure) = &self.pressure {
            self.counters.crowd = pressure.crowd();
        }
        drop((self.index, self.free, self.pressure));
        let mut life = std::mem::take(&mut self.life);
        outside(&self.heard, &mut life);
        for slot in self.flows {
            let Some(mut live) = slot.into_live(world) else { continue };
            live.end(world);
            voices(&live).for_each(|(host, (from, to))| life.heard(host, from, to));
            each(live);
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
fn voices<O>(live: &Live<O>) -> impl Iterator<Item = (IpAddr, Stretch)> {
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
/// So long after it a SYN is most likely not answered any more.
const YOUNG: Span = Span::seconds(1);
/// Packets of a connection that is over may still come so much later; datagrams too.
const LATE: Span = Span::seconds(3);
/// How long a live table keeps what is over, for late packets.
const LINGER: Span = Span::seconds(60);
