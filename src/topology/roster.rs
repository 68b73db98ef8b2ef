//! The hosts of a diagnosis and what is known of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany_dissectors::Uuid;
use hashbrown::HashMap;

use crate::reference::{Group, Reference, Version};

/// One role of a host, and why it is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleClaim {
    /// A role word of `reference/ports.toml`, or `client`, `relay`.
    pub role: String,
    /// 0 to 1; 1 only when the topology file says so.
    pub confidence: f64,
    /// A sentence for people.
    pub because: String,
}

/// One host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Host {
    /// Its addresses, in order.
    pub addresses: Vec<IpAddr>,
    /// Its names: the topology file's first, then those seen.
    pub names: Vec<String>,
    /// Its roles, the surest first.
    pub roles: Vec<RoleClaim>,
    /// AD site.
    pub site: Option<String>,
    /// Exchange version (`2003` … `SE`).
    pub version: Option<String>,
    /// TCP ports that the topology file fixes, with the RPC interfaces behind each.
    pub static_ports: BTreeMap<u16, Vec<Uuid>>,
    /// Whether the topology file names it.
    pub known: bool,
}

/// All hosts, found by any of their addresses.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    hosts: Vec<Host>,
    by_address: HashMap<IpAddr, usize, foldhash::fast::RandomState>,
    /// The organization's version from the file or the command line.
    pub version: Option<String>,
    /// What the traffic contradicts in the topology file, as sentences.
    pub contradictions: Vec<String>,
    /// Hosts of which nothing but an address is known, and for which there was no room.
    pub left_out: u64,
}

impl Roster {
    /// From hosts whose addresses do not overlap; of an address named twice the first host keeps it.
    pub fn new(hosts: Vec<Host>, version: Option<String>) -> Self {
        let mut by_address = HashMap::default();
        for (at, host) in hosts.iter().enumerate() {
            for &address in &host.addresses {
                by_address.entry(address).or_insert(at);
            }
        }
        Self { hosts, by_address, version, contradictions: Vec::new(), left_out: 0 }
    }

    /// Every host, in order of its first address.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The host that has an address.
    pub fn host(&self, address: IpAddr) -> Option<&Host> {
        self.place(address).and_then(|at| self.hosts.get(at))
    }

    /// Where the host that has an address stands among all hosts.
    pub fn place(&self, address: IpAddr) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    /// Whether two addresses are surely of one host.
    pub fn are_one(&self, one: IpAddr, other: IpAddr) -> bool {
        self.host(one).map_or(one == other, |host| host.addresses.contains(&other))
    }

    /// All addresses of the host that has this one; itself when the host is not known.
    pub fn addresses(&self, address: IpAddr) -> Vec<IpAddr> {
        self.host(address).map_or_else(|| vec![address], |host| host.addresses.clone())
    }

    /// The surest role of the host that has an address; `unknown` without one.
    pub fn role(&self, address: IpAddr) -> &str {
        let claim = self.host(address).and_then(|host| host.roles.first());
        claim.map_or("unknown", |claim| claim.role.as_str())
    }

    /// Every role of the host that has an address.
    pub fn roles(&self, address: IpAddr) -> impl Iterator<Item = &str> {
        self.host(address).into_iter().flat_map(|host| &host.roles).map(|claim| claim.role.as_str())
    }

    /// The RPC interface that the topology file fixes to a TCP port of the host that has an address; the
    /// first of several.
    pub fn fixed(&self, address: IpAddr, port: u16) -> Option<Uuid> {
        self.host(address)?.static_ports.get(&port)?.first().copied()
    }

    /// The Exchange versions that two hosts run, the newer one first: those of the Exchange servers among
    /// them; the organization's where neither is one.
    pub fn versions_between(&self, one: IpAddr, other: IpAddr, reference: &Reference) -> Vec<Version> {
        let is_exchange = |address: &IpAddr| {
            self.roles(*address).any(|role| reference.role(role).is_some_and(|role| role.group == Group::Exchange))
        };
        let parsed = |version: &str| version.parse().ok();
        let servers = [one, other].into_iter().filter(is_exchange);
        let mut versions: Vec<Version> = servers.filter_map(|server| self.version(server).and_then(parsed)).collect();
        if versions.is_empty() {
            versions.extend(self.version.as_deref().and_then(parsed));
        }
        versions.sort_unstable_by(|one, other| other.cmp(one));
        versions.dedup();
        versions
    }

    /// The Exchange version that counts for a host: its own, else the organization's.
    pub fn version(&self, address: IpAddr) -> Option<&str> {
        let own = self.host(address).and_then(|host| host.version.as_deref());
        own.or(self.version.as_deref())
    }
}
