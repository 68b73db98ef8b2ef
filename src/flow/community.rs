//! Community ID v1: one name for a flow in every tool
//! (github.com/corelight/community-id-spec, seed 0).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::flow::{Flow, Transport};

/// The Community ID of a flow. `None` for ICMP echo, whose specification orders by message type and
/// names the first packet's, which a capture that begins midway does not know.
pub fn community_id(flow: &Flow) -> Option<String> {
    let protocol = match flow.key.transport {
        Transport::Tcp => 6u8,
        Transport::Udp => 17,
        Transport::Icmp => return None,
    };
    // Ordered by the octets of address and port, which for two addresses of one family is our key's order.
    let (low, high) = (flow.key.low, flow.key.high);
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
    Some(format!("1:{}", STANDARD.encode(hash.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Endpoint, FlowKey, FrameRef, Moment, Oriented};
    use crate::time::Time;

    fn id(
        transport: Transport,
        source: &str,
        source_port: u16,
        destination: &str,
        destination_port: u16,
    ) -> Option<String> {
        let source = Endpoint { address: source.parse().unwrap(), port: source_port };
        let destination = Endpoint { address: destination.parse().unwrap(), port: destination_port };
        let moment = Moment { time: Time(0), frame: FrameRef { capture: 0, number: 1 } };
        let key = FlowKey::new(transport, source, destination);
        community_id(&Flow::new(key, source, destination, Oriented::Syn, moment))
    }

    #[test]
    fn the_published_vectors_come_out_in_both_directions() {
        // baseline/baseline_deflt.json of the specification's repository.
        let dns = "1:d/FP5EW3wiY1vCndhwleRRKHowQ=";
        assert_eq!(id(Transport::Udp, "192.168.1.52", 54585, "8.8.8.8", 53).as_deref(), Some(dns));
        assert_eq!(id(Transport::Udp, "8.8.8.8", 53, "192.168.1.52", 54585).as_deref(), Some(dns));
        let tcp = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id(Transport::Tcp, "128.232.110.120", 34855, "66.35.250.204", 80).as_deref(), Some(tcp));
    }
}
