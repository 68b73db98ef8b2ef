//! What was said in a capture, flow by flow: payload for benches and for the fuzzer's seeds.

use std::path::Path;

use anyany::capture::Capture;
use anyany::classify::usual_ports;
use anyany::decode::{Decoded, Decoder};
use anyany::flow::{About, Arrival, Endpoint, FrameRef, Moment, Observer, ServicePorts, Table, Transport};
use anyany_dissectors::{Protocol, Side, Transport as Framing};

/// One flow's payload.
pub struct Said {
    /// TCP or UDP.
    pub transport: Framing,
    /// Who called.
    pub initiator: Endpoint,
    /// Who was called.
    pub responder: Endpoint,
    /// In order: octets of a stream as segments brought them, or datagrams.
    pub parts: Vec<(Side, Vec<u8>)>,
}

impl Said {
    /// Whether the protocol usually runs on the responder's port.
    pub fn on_port_of(&self, protocol: &Protocol) -> bool {
        let ports = match self.transport {
            Framing::Tcp => protocol.tcp_ports,
            Framing::Udp => protocol.udp_ports,
        };
        ports.contains(&self.responder.port)
    }
}

/// The payload of every flow of a capture that has any.
pub fn conversations(file: &Path) -> Vec<Said> {
    let mut capture = Capture::open(file).unwrap_or_else(|why| panic!("{why}"));
    let ports = ServicePorts::new(usual_ports(Framing::Tcp), usual_ports(Framing::Udp));
    let (mut decoder, mut table) = (Decoder::default(), Table::<Recorder>::new(ports));
    while let Some(frame) = capture.next() {
        if let Decoded::Packet(packet) = decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, 0) {
            let moment = Moment { time: frame.time, frame: FrameRef::new(0, frame.number) };
            table.packet(&Arrival::new(moment, frame.wire_len, packet), &());
        }
    }
    let (flows, _, _) = table.finish(&());
    let said = flows.into_iter().map(|live| Said {
        transport: if live.flow.key.transport == Transport::Udp { Framing::Udp } else { Framing::Tcp },
        initiator: live.flow.initiator,
        responder: live.flow.responder,
        parts: live.observer.0,
    });
    said.filter(|said| !said.parts.is_empty()).collect()
}

/// Keeps all payload.
#[derive(Default)]
struct Recorder(Vec<(Side, Vec<u8>)>);

impl Observer for Recorder {
    type World = ();

    fn stream(&mut self, (): &(), _: &About, side: Side, octets: &[u8]) -> usize {
        self.0.push((side, octets.to_vec()));
        octets.len()
    }

    fn gap(&mut self, (): &(), _: &About, _: Side) {}

    fn datagram(&mut self, (): &(), _: &About, side: Side, octets: &[u8]) {
        self.0.push((side, octets.to_vec()));
    }

    fn wants(&self, _: Side) -> bool {
        true
    }

    fn end(&mut self, (): &(), _: &About) {}
    fn is_ordinary(&self) -> bool {
        true
    }
}
