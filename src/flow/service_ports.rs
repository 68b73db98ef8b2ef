//! Which ports are likely a server's.

use crate::flow::Transport;

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
