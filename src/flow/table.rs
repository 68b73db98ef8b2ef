//! The flows of one worker.

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::decode::{Control, IcmpError, Payload, Segment};
use crate::flow::{
    Arrival, Endpoint, Flow, FlowKey, IcmpReport, Life, Live, Moment, Observer, Oriented, Transport, simultaneous,
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
}

/// All flows of one shard, with all that the shard heard.
#[derive(Debug)]
pub struct Table<O: Observer> {
    flows: Vec<Live<O>>,
    index: HashMap<FlowKey, usize, foldhash::fast::RandomState>,
    heard: HashMap<IpAddr, (Time, Time), foldhash::fast::RandomState>,
    life: Life,
    counters: TableCounters,
    ports: ServicePorts,
}

impl<O: Observer> Table<O> {
    /// An empty table.
    pub fn new(ports: ServicePorts) -> Self {
        Self {
            flows: Vec::new(),
            index: HashMap::default(),
            heard: HashMap::default(),
            life: Life::default(),
            counters: TableCounters::default(),
            ports,
        }
    }

    /// Takes packets in order of time; those of one time in the order in which they must have been sent.
    pub fn packets<'a>(&mut self, arrivals: impl IntoIterator<Item = Arrival<'a>>, world: &O::World) {
        let mut group: Vec<Arrival<'a>> = Vec::new();
        let mut arrivals = arrivals.into_iter().peekable();
        while let Some(arrival) = arrivals.next() {
            let goes_on = arrivals.peek().is_some_and(|next| next.moment.time == arrival.moment.time);
            if group.is_empty() && !goes_on {
                self.packet(&arrival, world);
                continue;
            }
            group.push(arrival);
            if !goes_on {
                simultaneous::settle(&mut group, &self.ports);
                for arrival in group.drain(..) {
                    self.packet(&arrival, world);
                }
            }
        }
    }

    /// Takes one packet.
    pub fn packet(&mut self, arrival: &Arrival<'_>, world: &O::World) {
        let packet = &arrival.packet;
        self.hear(packet.source, arrival.moment.time);
        let copy = match &packet.payload {
            Payload::Tcp(segment) => {
                let (source, destination) = ends(arrival, segment.source_port, segment.destination_port);
                let at = self.tcp_flow(source, destination, segment, arrival.moment, world);
                self.flows.get_mut(at).is_some_and(|live| {
                    let side = live.flow.side_of(source);
                    live.segment(arrival, segment, side, world)
                })
            }
            Payload::Udp(datagram) => {
                let (source, destination) = ends(arrival, datagram.source_port, datagram.destination_port);
                let at = self.datagram_flow(Transport::Udp, source, destination, arrival.moment, world);
                self.flows.get_mut(at).is_some_and(|live| {
                    let side = live.flow.side_of(source);
                    live.datagram(arrival, datagram, side, world)
                })
            }
            Payload::Echo { request, id, sequence } => {
                let (source, destination) = ends(arrival, *id, *id);
                let (caller, target) = if *request { (source, destination) } else { (destination, source) };
                let at = self.datagram_flow(Transport::Icmp, caller, target, arrival.moment, world);
                self.flows.get_mut(at).is_some_and(|live| {
                    let side = live.flow.side_of(source);
                    live.echo(arrival, *sequence, side)
                })
            }
            Payload::IcmpError(error) => {
                self.icmp_error(arrival, *error);
                false
            }
            Payload::Other(_) => false,
        };
        if copy {
            *self.counters.duplicates.entry(arrival.moment.frame.capture).or_default() += 1;
        }
    }

    /// A host was heard of in a frame that is no IP packet (ARP).
    pub fn hear(&mut self, host: IpAddr, time: Time) {
        let stretch = self.heard.entry(host).or_insert((time, time));
        if time.since(stretch.1).length() > super::life::JOIN {
            self.life.heard(host, stretch.0, stretch.1);
            *stretch = (time, time);
        } else {
            *stretch = (stretch.0.min(time), stretch.1.max(time));
        }
    }

    fn tcp_flow(
        &mut self,
        source: Endpoint,
        destination: Endpoint,
        segment: &Segment<'_>,
        moment: Moment,
        world: &O::World,
    ) -> usize {
        let key = FlowKey::new(Transport::Tcp, source, destination);
        let Control(bits) = segment.control;
        let syn = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN;
        let answer = bits & (Control::SYN | Control::ACK | Control::RST) == Control::SYN | Control::ACK;
        if let Some(&at) = self.index.get(&key)
            && let Some(live) = self.flows.get_mut(at)
        {
            let side = live.flow.side_of(source);
            if !((syn || answer) && live.flow.is_another_attempt(side, segment, moment)) {
                if syn || answer {
                    live.orient_by_handshake(side, segment.control);
                }
                return at;
            }
            live.end(world);
        }
        let (initiator, responder, oriented) = if syn {
            (source, destination, Oriented::Syn)
        } else if answer {
            (destination, source, Oriented::Answer)
        } else {
            self.orient(Transport::Tcp, source, destination)
        };
        self.open(Flow::new(key, initiator, responder, oriented, moment))
    }

    fn datagram_flow(
        &mut self,
        transport: Transport,
        source: Endpoint,
        destination: Endpoint,
        moment: Moment,
        world: &O::World,
    ) -> usize {
        let key = FlowKey::new(transport, source, destination);
        if let Some(&at) = self.index.get(&key)
            && let Some(live) = self.flows.get_mut(at)
        {
            if moment.time.since(live.flow.last.time) < DATAGRAMS_APART {
                return at;
            }
            live.end(world);
        }
        let (initiator, responder, oriented) = match transport {
            Transport::Icmp => (source, destination, Oriented::Answer),
            _ => self.orient(transport, source, destination),
        };
        self.open(Flow::new(key, initiator, responder, oriented, moment))
    }

    fn orient(&self, transport: Transport, source: Endpoint, destination: Endpoint) -> (Endpoint, Endpoint, Oriented) {
        let ranks = (self.ports.rank(transport, source.port), self.ports.rank(transport, destination.port));
        match ranks.0.cmp(&ranks.1) {
            std::cmp::Ordering::Less => (source, destination, Oriented::Ports),
            std::cmp::Ordering::Greater => (destination, source, Oriented::Ports),
            std::cmp::Ordering::Equal => (source, destination, Oriented::FirstSender),
        }
    }

    fn open(&mut self, flow: Flow) -> usize {
        let at = self.flows.len();
        self.index.insert(flow.key, at);
        self.flows.push(Live::new(flow));
        at
    }

    fn icmp_error(&mut self, arrival: &Arrival<'_>, error: IcmpError) {
        let Arrival { moment, packet, .. } = arrival;
        let (Some(key), Some((port, _))) = (FlowKey::of(packet), error.quoted.ports) else { return };
        let Some(live) = self.index.get(&key).and_then(|&at| self.flows.get_mut(at)) else {
            self.counters.stray_icmp += 1;
            return;
        };
        let about = live.flow.side_of(Endpoint { address: error.quoted.source, port });
        live.flow.icmp_error(IcmpReport { sender: packet.source, moment: *moment, about, error });
    }

    /// Lets go of flows that are over or idle, and of signs of life before `forget`, so that a live
    /// table does not grow with time. Returns the flows let go.
    pub fn expire(&mut self, now: Time, idle: Span, forget: Time, world: &O::World) -> Vec<Live<O>> {
        self.life.forget(forget);
        self.heard.retain(|_, stretch| stretch.1 >= forget);
        let mut gone = Vec::new();
        let mut kept = Vec::with_capacity(self.flows.len());
        for mut live in self.flows.drain(..) {
            let quiet = now.since(live.flow.last.time);
            let over = live.flow.is_over() || live.flow.key.transport != Transport::Tcp;
            if quiet > idle || (over && quiet > LINGER) {
                live.end(world);
                gone.push(live);
            } else {
                kept.push(live);
            }
        }
        self.flows = kept;
        // A later flow of the same five-tuple stands behind the earlier one and wins.
        self.index = self.flows.iter().enumerate().map(|(at, live)| (live.flow.key, at)).collect();
        gone
    }

    /// The flows as they are now.
    pub fn flows(&self) -> &[Live<O>] {
        &self.flows
    }

    /// The signs of life so far.
    pub fn life(&self) -> Life {
        let mut life = self.life.clone();
        for (&host, &(from, to)) in &self.heard {
            life.heard(host, from, to);
        }
        life
    }

    /// What was counted so far.
    pub fn counters(&self) -> &TableCounters {
        &self.counters
    }

    /// No more packets will come: all flows, in the order in which they began here.
    pub fn finish(mut self, world: &O::World) -> (Vec<Live<O>>, Life, TableCounters) {
        for live in &mut self.flows {
            live.end(world);
        }
        let life = self.life();
        (self.flows, life, self.counters)
    }
}

fn ends(arrival: &Arrival<'_>, source_port: u16, destination_port: u16) -> (Endpoint, Endpoint) {
    let source = Endpoint { address: arrival.packet.source, port: source_port };
    let destination = Endpoint { address: arrival.packet.destination, port: destination_port };
    (source, destination)
}

/// After this silence, datagrams of the same five-tuple are another exchange.
const DATAGRAMS_APART: Span = Span::seconds(600);
/// How long a live table keeps what is over, for late packets.
const LINGER: Span = Span::seconds(60);
