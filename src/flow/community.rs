//! Community ID v1: one name for a flow in every tool
//! (github.com/corelight/community-id-spec, seed 0).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::flow::{Endpoint, Flow, Transport};

/// The Community ID of a flow. Of an echo, the types of request and reply stand in for the ports.
pub fn community_id(flow: &Flow) -> String {
    let (protocol, low, high) = match (flow.key.transport, flow.initiator.address.is_ipv6()) {
        (Transport::Tcp, _) => (6u8, flow.key.low, flow.key.high),
        (Transport::Udp, _) => (17, flow.key.low, flow.key.high),
        (Transport::Icmp, false) => echo(flow, 1, 8, 0),
        (Transport::Icmp, true) => echo(flow, 58, 128, 129),
    };
    // Ordered by the octets of address and port, which for two addresses of one family is our order, too.
    let mut hash = Sha1::new();
    hash.update(0u16.to_be_bytes());
    for end in [low, high] {
        match end.address {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([protocol, 0]);
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

fn echo(flow: &Flow, protocol: u8, request: u16, reply: u16) -> (u8, Endpoint, Endpoint) {
    let caller = Endpoint { port: request, ..flow.initiator };
    let target = Endpoint { port: reply, ..flow.responder };
    (protocol, caller.min(target), caller.max(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{FlowKey, FrameRef, Moment, Oriented};
    use crate::time::Time;

    fn id(transport: Transport, source: &str, source_port: u16, destination: &str, destination_port: u16) -> String {
        let source = Endpoint { address: source.parse().unwrap(), port: source_port };
        let destination = Endpoint { address: destination.parse().unwrap(), port: destination_port };
        let moment = Moment { time: Time(0), frame: FrameRef::new(0, 1) };
        let key = FlowKey::new(transport, source, destination);
        community_id(&Flow::new(key, source, destination, Oriented::Syn, moment))
    }

    #[test]
    fn the_published_vectors_come_out_in_both_directions() {
        // baseline/baseline_deflt.json of the specification's repository.
        let dns = "1:d/FP5EW3wiY1vCndhwleRRKHowQ=";
        assert_eq!(id(Transport::Udp, "192.168.1.52", 54585, "8.8.8.8", 53), dns);
        assert_eq!(id(Transport::Udp, "8.8.8.8", 53, "192.168.1.52", 54585), dns);
        let tcp = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id(Transport::Tcp, "128.232.110.120", 34855, "66.35.250.204", 80), tcp);
        let ping = "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=";
        assert_eq!(id(Transport::Icmp, "192.168.0.89", 7, "192.168.0.1", 7), ping);
    }
}
