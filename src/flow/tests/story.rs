//! A small language for captures: who says what to whom, when.

use std::net::IpAddr;

use anyany_dissectors::Side;

use crate::decode::{Control, Datagram, IcmpError, Packet, Payload, Quoted, Segment, TcpOptions};
use crate::flow::{
    About, Arrival, Endpoint, Flow, FrameRef, Live, Moment, Observer, ServicePorts, Table, TableCounters, Transport,
};
use crate::time::{Span, Time};

/// Times are told in microseconds.
pub const MS: i64 = 1_000;
pub const S: i64 = 1_000_000;
pub const FIN: u8 = Control::FIN;
pub const SYN: u8 = Control::SYN;
pub const RST: u8 = Control::RST;
pub const ACK: u8 = Control::ACK;

/// One packet as it was captured.
#[derive(Debug, Clone)]
pub struct Told {
    pub at: i64,
    pub source: Endpoint,
    pub destination: Endpoint,
    pub ttl: u8,
    pub ip_id: Option<u16>,
    pub vlan: Option<u16>,
    /// By how much the capture's clock is wrong, in microseconds.
    pub drift: i64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Tcp(Tcp),
    Udp(Vec<u8>),
    /// Its identifier is the endpoints' port.
    Echo {
        request: bool,
        sequence: u16,
    },
    Icmp(IcmpError),
}

#[derive(Debug, Clone)]
pub struct Tcp {
    pub control: u8,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub window: u16,
    pub checksum: u16,
    pub payload: Vec<u8>,
    /// Length on the wire, where the snap length cut the payload.
    pub wire: Option<u32>,
    /// Of a SYN: the most payload that its sender takes in one packet.
    pub mss: Option<u16>,
}

/// "10.0.0.1:50000" or "[fd00::1]:50000".
pub fn end(text: &str) -> Endpoint {
    let end: std::net::SocketAddr = text.parse().unwrap();
    Endpoint { address: end.ip(), port: end.port() }
}

impl Told {
    pub fn time(&self) -> Time {
        Time(Span::seconds(1_000_000).0 + (self.at + self.drift) * 1_000)
    }

    pub fn tcp(&mut self) -> &mut Tcp {
        match &mut self.what {
            What::Tcp(tcp) => tcp,
            other => panic!("{other:?}"),
        }
    }

    pub fn arrival(&self, number: u64) -> Arrival<'_> {
        let (source_port, destination_port) = (self.source.port, self.destination.port);
        let payload = match &self.what {
            What::Tcp(tcp) => Payload::Tcp(Segment {
                source_port,
                destination_port,
                sequence: tcp.sequence,
                acknowledgement: tcp.acknowledgement,
                control: Control(tcp.control),
                window: tcp.window,
                checksum: tcp.checksum,
                options: TcpOptions { mss: tcp.mss, ..TcpOptions::default() },
                payload: &tcp.payload,
                payload_len: tcp.wire.unwrap_or(u32::try_from(tcp.payload.len()).unwrap()),
            }),
            What::Udp(payload) => Payload::Udp(Datagram {
                source_port,
                destination_port,
                checksum: 0,
                payload,
                payload_len: u32::try_from(payload.len()).unwrap(),
            }),
            What::Echo { request, sequence } => {
                Payload::Echo { request: *request, id: source_port, sequence: *sequence }
            }
            What::Icmp(error) => Payload::IcmpError(*error),
        };
        let packet = Packet {
            source: self.source.address,
            destination: self.destination.address,
            ttl: self.ttl,
            ip_id: self.ip_id,
            dont_fragment: true,
            vlan: self.vlan,
            tunnels: 0,
            payload,
        };
        let moment = Moment { time: self.time(), frame: FrameRef::new(0, number) };
        Arrival::new(moment, 60, packet)
    }
}

/// The packets between one client's port and one server's, over TCP, UDP or as echoes.
#[derive(Debug, Clone)]
pub struct Line {
    pub client: Endpoint,
    pub server: Endpoint,
    next: [u32; 2],
    ttl: [u8; 2],
    ids: [u16; 2],
    pub told: Vec<Told>,
}

impl Line {
    /// The client's numbers begin at 1000, the server's at 5000.
    pub fn new(client: &str, server: &str) -> Self {
        let (client, server) = (end(client), end(server));
        let ids = [client.port.max(1), 7];
        Self { client, server, next: [1_000, 5_000], ttl: [128, 127], ids, told: Vec::new() }
    }

    pub fn isn(mut self, client: u32, server: u32) -> Self {
        self.next = [client, server];
        self
    }

    pub fn ttl(mut self, client: u8, server: u8) -> Self {
        self.ttl = [client, server];
        self
    }

    fn ends(&self, side: Side) -> (Endpoint, Endpoint) {
        match side {
            Side::Initiator => (self.client, self.server),
            Side::Responder => (self.server, self.client),
        }
    }

    fn tell(&mut self, at: i64, side: Side, what: What) -> &mut Self {
        let (source, destination) = self.ends(side);
        let id = &mut self.ids[side.index()];
        *id = id.wrapping_add(1).max(1);
        let ip_id = source.address.is_ipv4().then_some(*id);
        let ttl = self.ttl[side.index()];
        self.told.push(Told { at, source, destination, ttl, ip_id, vlan: None, drift: 0, what });
        self
    }

    /// A segment with numbers of its own.
    pub fn raw(
        &mut self,
        at: i64,
        side: Side,
        control: u8,
        sequence: u32,
        acknowledgement: u32,
        payload: &[u8],
    ) -> &mut Self {
        let payload = payload.to_vec();
        let window = if control & RST == 0 { 8192 } else { 0 };
        let tcp = Tcp { control, sequence, acknowledgement, window, checksum: 0x1234, payload, wire: None, mss: None };
        self.tell(at, side, What::Tcp(tcp))
    }

    /// A segment that goes on where the side stands.
    fn goes_on(&mut self, at: i64, side: Side, control: u8, payload: &[u8]) -> &mut Self {
        let (sequence, other) = (self.next[side.index()], self.next[side.other().index()]);
        let takes = u32::try_from(payload.len()).unwrap() + u32::from(control & (SYN | FIN) != 0);
        self.next[side.index()] = sequence.wrapping_add(takes);
        self.raw(at, side, control, sequence, if control & ACK == 0 { 0 } else { other }, payload)
    }

    pub fn syn(&mut self, at: i64) -> &mut Self {
        self.goes_on(at, Side::Initiator, SYN, b"")
    }

    pub fn syn_ack(&mut self, at: i64) -> &mut Self {
        self.goes_on(at, Side::Responder, SYN | ACK, b"")
    }

    pub fn ack(&mut self, at: i64, side: Side) -> &mut Self {
        self.goes_on(at, side, ACK, b"")
    }

    pub fn says(&mut self, at: i64, side: Side, payload: &[u8]) -> &mut Self {
        self.goes_on(at, side, ACK, payload)
    }

    pub fn fin(&mut self, at: i64, side: Side) -> &mut Self {
        self.goes_on(at, side, FIN | ACK, b"")
    }

    pub fn rst(&mut self, at: i64, side: Side) -> &mut Self {
        self.goes_on(at, side, RST | ACK, b"")
    }

    /// The handshake, in two milliseconds.
    pub fn opens(&mut self, at: i64) -> &mut Self {
        self.syn(at).syn_ack(at + MS).ack(at + 2 * MS, Side::Initiator)
    }

    /// Both say goodbye, in three milliseconds.
    pub fn closes(&mut self, at: i64) -> &mut Self {
        self.fin(at, Side::Initiator).fin(at + MS, Side::Responder).ack(at + 2 * MS, Side::Initiator)
    }

    /// A question and its answer, in four milliseconds.
    pub fn talks(&mut self, at: i64) -> &mut Self {
        self.says(at, Side::Initiator, b"question").says(at + 3 * MS, Side::Responder, b"answer");
        self.ack(at + 4 * MS, Side::Initiator)
    }

    /// SYNs at these times, with one number.
    pub fn knocks(&mut self, times: &[i64]) -> &mut Self {
        self.syn(times[0]);
        for &at in &times[1..] {
            self.again(at);
        }
        self
    }

    pub fn asks(&mut self, at: i64, payload: &[u8]) -> &mut Self {
        self.tell(at, Side::Initiator, What::Udp(payload.to_vec()))
    }

    pub fn answers(&mut self, at: i64, payload: &[u8]) -> &mut Self {
        self.tell(at, Side::Responder, What::Udp(payload.to_vec()))
    }

    pub fn echo(&mut self, at: i64, side: Side, sequence: u16) -> &mut Self {
        self.tell(at, side, What::Echo { request: side == Side::Initiator, sequence })
    }

    /// An ICMP error of `sender` about the last packet.
    pub fn icmp(&mut self, at: i64, sender: &str, kind: u8, code: u8) -> &mut Self {
        let about = self.told.last().unwrap().clone();
        let (protocol, sequence) = match &about.what {
            What::Tcp(tcp) => (6, Some(tcp.sequence)),
            _ => (17, None),
        };
        let quoted = Quoted {
            source: about.source.address,
            destination: about.destination.address,
            protocol,
            ports: Some((about.source.port, about.destination.port)),
            sequence,
            ttl: about.ttl,
            ip_id: about.ip_id,
        };
        let sender: IpAddr = sender.parse().unwrap();
        let error = IcmpError { v6: sender.is_ipv6(), kind, code, mtu: None, quoted };
        let source = Endpoint { address: sender, port: 0 };
        let (destination, what) = (about.source, What::Icmp(error));
        self.told.push(Told { at, source, destination, ttl: 64, ip_id: Some(1), vlan: None, drift: 0, what });
        self
    }

    /// The snap length cuts this many octets off the last packet.
    pub fn cut(&mut self, octets: usize) -> &mut Self {
        self.but(|told| {
            let tcp = told.tcp();
            tcp.wire = Some(u32::try_from(tcp.payload.len()).unwrap());
            tcp.payload.truncate(tcp.payload.len() - octets);
        })
    }

    /// The sender sends its last packet once more.
    pub fn again(&mut self, at: i64) -> &mut Self {
        let last = self.told.last().unwrap().clone();
        let side = if last.source == self.client { Side::Initiator } else { Side::Responder };
        self.tell(at, side, last.what)
    }

    /// The capture takes the last packet once more.
    pub fn copy(&mut self, after: i64) -> &mut Self {
        let mut last = self.told.last().unwrap().clone();
        last.at += after;
        self.told.push(last);
        self
    }

    /// Changes the last packet.
    pub fn but(&mut self, change: impl FnOnce(&mut Told)) -> &mut Self {
        change(self.told.last_mut().unwrap());
        self
    }

    /// The one flow that this is.
    pub fn flow(&self) -> Flow {
        self.live().flow
    }

    /// The one flow that this is, and what was read of it.
    pub fn live(&self) -> Live<Recorder> {
        let mut flows = watch(&self.told).flows;
        assert_eq!(flows.len(), 1, "one flow");
        flows.remove(0)
    }
}

/// Lines as one capture, in order of time.
pub fn story(lines: &[&Line]) -> Vec<Told> {
    let mut told: Vec<Told> = lines.iter().flat_map(|line| line.told.iter().cloned()).collect();
    told.sort_by_key(|told| told.at);
    told
}

/// What a capture shows.
pub struct Watched {
    pub flows: Vec<Live<Recorder>>,
    pub counters: TableCounters,
}

pub fn watch(told: &[Told]) -> Watched {
    let mut table = Table::new(ports());
    for (number, told) in (1u64..).zip(told) {
        table.packet(&told.arrival(number), &());
    }
    let (flows, _, counters) = table.finish(&());
    Watched { flows, counters }
}

pub fn ports() -> ServicePorts {
    ServicePorts::new(vec![25, 80, 135, 139, 389, 443, 445], vec![53, 88, 389])
}

/// Reads everything and keeps it.
#[derive(Debug, Default)]
pub struct Recorder {
    pub streams: [Vec<u8>; 2],
    pub gaps: [usize; 2],
    pub datagrams: [Vec<Vec<u8>>; 2],
    pub callers: Vec<Endpoint>,
    pub ended: usize,
}

impl Observer for Recorder {
    type World = ();

    fn stream(&mut self, (): &(), about: &About, side: Side, octets: &[u8]) -> usize {
        assert_eq!(about.transport, Transport::Tcp);
        self.callers.push(about.initiator);
        self.streams[side.index()].extend_from_slice(octets);
        octets.len()
    }

    fn gap(&mut self, (): &(), _: &About, side: Side) {
        self.gaps[side.index()] += 1;
        self.streams[side.index()].push(b'~');
    }

    fn datagram(&mut self, (): &(), _: &About, side: Side, octets: &[u8]) {
        self.datagrams[side.index()].push(octets.to_vec());
    }

    fn wants(&self, _: Side) -> bool {
        self.ended == 0
    }

    fn end(&mut self, (): &(), _: &About) {
        self.ended += 1;
    }

    fn is_ordinary(&self) -> bool {
        true
    }
}
