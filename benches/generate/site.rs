//! The hosts of an organization, and how their packets look between them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::frame::End;
use super::random::Random;

/// A host.
#[derive(Debug, Clone)]
pub struct Host {
    pub name: String,
    pub v4: Ipv4Addr,
    pub v6: Ipv6Addr,
    mac: [u8; 6],
    ttl: u8,
    next_port: u16,
}

/// Index of a host.
pub type HostId = usize;

/// Which version of IP a conversation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

/// Hosts by what they are for.
#[derive(Debug)]
pub struct Site {
    pub hosts: Vec<Host>,
    pub controllers: Vec<HostId>,
    pub access: Vec<HostId>,
    pub hubs: Vec<HostId>,
    pub mailboxes: Vec<HostId>,
    pub gateways: Vec<HostId>,
    pub clients: Vec<HostId>,
    pub outside: Vec<HostId>,
    /// Switched off long ago; some still call it.
    pub retired: Vec<HostId>,
}

impl Site {
    /// A site with so many workstations.
    pub fn new(workstations: usize) -> Self {
        let mut hosts = Vec::new();
        let mut group = |name: &str, count: usize, net: [u8; 3], ttl: u8| -> Vec<HostId> {
            let first = hosts.len();
            for number in 1..=count {
                let (third, last) = (net[2] + (number / 200) as u8, (number % 200 + 10) as u8);
                let [a, b] = [u16::from(net[1]), u16::from(third)];
                hosts.push(Host {
                    name: format!("{name}{number:02}"),
                    v4: Ipv4Addr::new(net[0], net[1], third, last),
                    v6: Ipv6Addr::new(0xfd00, 0x10, a, b, 0, 0, 0, u16::from(last)),
                    mac: [2, 0, net[1], third, 0, last],
                    ttl,
                    next_port: 49_152 + (number * 613 % 16_000) as u16,
                });
            }
            (first..hosts.len()).collect()
        };
        let site = Self {
            controllers: group("dc", 4, [10, 10, 3], 127),
            access: group("cas", 3, [10, 10, 1], 127),
            hubs: group("hub", 3, [10, 10, 4], 127),
            mailboxes: group("mbx", 4, [10, 10, 2], 126),
            gateways: group("gw", 2, [10, 10, 9], 63),
            clients: group("ws", workstations, [10, 20, 0], 125),
            outside: group("mx", 3, [203, 0, 113], 49),
            retired: group("old", 1, [10, 10, 5], 127),
            hosts: Vec::new(),
        };
        Self { hosts, ..site }
    }

    /// An address of a host.
    pub fn address(&self, host: HostId, family: Family) -> IpAddr {
        match family {
            Family::V4 => self.hosts[host].v4.into(),
            Family::V6 => self.hosts[host].v6.into(),
        }
    }

    /// A host's end of a conversation.
    pub fn end(&self, host: HostId, family: Family, port: u16) -> End {
        let Host { mac, ttl, .. } = self.hosts[host];
        End { address: self.address(host, family), port, mac, ttl }
    }

    /// The next port from which a host dials.
    pub fn dials_from(&mut self, host: HostId) -> u16 {
        let port = &mut self.hosts[host].next_port;
        *port = if *port >= 65_534 { 49_152 } else { *port + 1 };
        *port
    }

    /// The router that rejects by ICMP.
    pub fn router(family: Family) -> End {
        let address = match family {
            Family::V4 => Ipv4Addr::new(10, 10, 0, 1).into(),
            Family::V6 => Ipv6Addr::new(0xfd00, 0x10, 10, 0, 0, 0, 0, 1).into(),
        };
        End { address, port: 0, mac: [2, 0, 10, 0, 0, 1], ttl: 254 }
    }

    /// Mostly IPv4.
    pub fn family(random: &mut Random) -> Family {
        if random.once_in(4) { Family::V6 } else { Family::V4 }
    }
}
