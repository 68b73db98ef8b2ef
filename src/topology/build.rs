//! From traffic and a topology file to the roster.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::Uuid;
use hashbrown::{HashMap, HashSet};

use super::file::{Declared, File};
use super::infer::{Inference, Inferred};
use super::names::Names;
use super::{Host, RoleClaim, Roster};
use crate::observe::Trace;
use crate::reference::{Group, Reference, Sign, Version};

/// Who is who. The file says what hosts are, else their networks, else what they do; `version` is
/// the organization's when the command line tells it, and counts before the file's. What the file
/// says and the traffic contradicts becomes a sentence, not a role.
pub fn roster(traces: &[Trace], file: Option<&File>, version: Option<&str>, reference: &Reference) -> Roster {
    let nothing = File::default();
    let file = file.unwrap_or(&nothing);
    let version: Option<Version> = version.and_then(|version| version.parse().ok()).or(file.version);
    let builder = Builder {
        file,
        version,
        names: Names::of(traces),
        inference: Inference::of(traces, &exchange_servers(file, reference), reference),
        reference,
        contradictions: Vec::new(),
    };
    builder.build(traces)
}

struct Builder<'a> {
    file: &'a File,
    version: Option<Version>,
    names: Names,
    inference: Inference,
    reference: &'a Reference,
    contradictions: Vec<String>,
}

impl Builder<'_> {
    fn build(mut self, traces: &[Trace]) -> Roster {
        let file = self.file;
        let mut hosts: Vec<Host> = file.hosts.iter().map(|declared| self.declared(declared)).collect();
        let (unlisted, left_out) = self.unlisted(traces);
        for addresses in unlisted {
            hosts.push(self.found(addresses));
        }
        for host in &mut hosts {
            host.addresses.sort_unstable();
        }
        hosts.sort_by(|one, other| one.addresses.cmp(&other.addresses));
        let version = self.version.map(|version| version.word().to_owned());
        let mut roster = Roster::new(hosts, version);
        roster.contradictions = self.contradictions;
        roster.left_out = left_out;
        roster
    }

    /// A host of the file.
    fn declared(&mut self, declared: &Declared) -> Host {
        let mut names: Vec<String> = declared.name.iter().cloned().collect();
        for &address in &declared.addresses {
            extend(&mut names, self.names.get(address));
        }
        let version = declared.version.or(self.version);
        let mut roles = stated(&declared.roles, "the topology file says so");
        let inferred = self.inferred(&declared.addresses, version);
        self.compare(declared.addresses.first().copied(), &declared.roles, inferred, &mut roles);
        Host {
            addresses: declared.addresses.clone(),
            names,
            roles,
            site: declared.site.clone(),
            version: declared.version.map(|version| version.word().to_owned()),
            static_ports: self.fixed(declared),
            known: true,
        }
    }

    /// The ports that the file fixes, with what listens there.
    fn fixed(&self, declared: &Declared) -> BTreeMap<u16, Vec<Uuid>> {
        let uuid = |id: &String| {
            let known = self.reference.interfaces().iter().find(|interface| interface.id == *id);
            known.map(|interface| interface.uuid)
        };
        let ports = declared.static_ports.iter();
        ports.map(|(&port, ids)| (port, ids.iter().filter_map(uuid).collect())).collect()
    }

    /// A host that the file does not name.
    fn found(&mut self, addresses: BTreeSet<IpAddr>) -> Host {
        let addresses: Vec<IpAddr> = addresses.into_iter().collect();
        let old = addresses.iter().any(|&address| self.inference.has(address, Sign::Smtp2003));
        let version = if old { Some(Version::V2003) } else { self.version };
        let inferred = self.inferred(&addresses, version);
        let network = addresses.iter().find_map(|&address| self.file.network(address));
        let roles = match network.filter(|network| !network.roles.is_empty()) {
            Some(network) => {
                let because = format!("the topology file says so of {}", network.cidr);
                let mut roles = stated(&network.roles, &because);
                self.compare(addresses.first().copied(), &network.roles, inferred, &mut roles);
                roles
            }
            None => inferred.into_iter().map(claim).collect(),
        };
        let mut names = Vec::new();
        for &address in &addresses {
            extend(&mut names, self.names.get(address));
        }
        let version = old.then(|| Version::V2003.word().to_owned());
        Host { addresses, names, roles, version, ..Host::default() }
    }

    /// What a host does against what the file says it is. Helpers, such as a DNS server, may be
    /// anywhere and are added; that a server also acts as a client tells nothing.
    fn compare(
        &mut self,
        address: Option<IpAddr>,
        stated: &[String],
        inferred: Vec<Inferred>,
        roles: &mut Vec<RoleClaim>,
    ) {
        for inferred in inferred {
            if stated.iter().any(|role| inferred.agrees_with.contains(role)) {
                continue;
            }
            match self.reference.role(&inferred.role).map(|role| (role.group, role.name.as_str())) {
                _ if stated.is_empty() => roles.push(claim(inferred)),
                Some((Group::Helper, _)) => roles.push(claim(inferred)),
                None | Some((Group::Client | Group::Unknown, _)) => {}
                Some((_, name)) => {
                    let host = address.map(|address| address.to_string()).unwrap_or_default();
                    let (stated, deeds) = (stated.join(" and "), inferred.deeds);
                    let article = if name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" };
                    let sentence = format!(
                        "the topology file says that {host} is {stated}, but it {deeds}, as {article} {name} does"
                    );
                    self.contradictions.push(sentence);
                }
            }
        }
    }

    /// The roles that the traffic of any of these addresses tells.
    fn inferred(&self, addresses: &[IpAddr], version: Option<Version>) -> Vec<Inferred> {
        let mut roles: BTreeMap<String, Inferred> = BTreeMap::new();
        for &address in addresses {
            for inferred in self.inference.roles(address, version, self.reference) {
                match roles.get_mut(&inferred.role) {
                    Some(known) if known.confidence >= inferred.confidence => {}
                    _ => {
                        roles.insert(inferred.role.clone(), inferred);
                    }
                }
            }
        }
        let mut roles: Vec<_> = roles.into_values().collect();
        roles.sort_by(|one, other| other.confidence.total_cmp(&one.confidence).then(one.role.cmp(&other.role)));
        roles
    }

    /// The hosts of the traffic that the file does not name, each with all of its addresses, and how many are
    /// left out: of those of which nothing is known, the busiest are kept.
    fn unlisted(&self, traces: &[Trace]) -> (Vec<BTreeSet<IpAddr>>, u64) {
        let mut busy: HashMap<IpAddr, u64> = HashMap::new();
        for one in traces.iter().flat_map(|trace| &trace.conversations) {
            for address in [one.flow.initiator.address, one.flow.responder.address] {
                *busy.entry(address).or_default() += 1;
            }
        }
        for tried in traces.iter().flat_map(|trace| trace.lone.servers()) {
            *busy.entry(tried.at.address).or_default() += tried.count;
        }
        let listed: HashSet<IpAddr> = self.file.hosts.iter().flat_map(|host| host.addresses.iter().copied()).collect();
        let mut strangers = Strangers::default();
        for trace in traces {
            for (address, count) in trace.lone.sources() {
                if let Some(known) = busy.get_mut(&address) {
                    *known += count;
                } else if is_host(address) && !listed.contains(&address) {
                    strangers.add(address, count, traces.len() > 1);
                }
            }
        }
        busy.retain(|&address, _| is_host(address) && !listed.contains(&address));
        let mut hosts = Vec::new();
        for mut group in self.names.same_host() {
            group.retain(|address| busy.contains_key(address));
            if group.len() > 1 {
                busy.retain(|address, _| !group.contains(address));
                hosts.push(group);
            }
        }
        let known = |address: IpAddr| self.inference.knows(address) || !self.names.get(address).is_empty();
        let (known, mut others): (Vec<_>, Vec<_>) = busy.into_iter().partition(|(address, _)| known(*address));
        let beyond = strangers.join(&mut others);
        let left_out = others.len().saturating_sub(MOST_STRANGERS);
        if left_out > 0 {
            others.sort_unstable_by_key(|(address, count)| (Reverse(*count), *address));
            others.truncate(MOST_STRANGERS);
        }
        let alone = known.into_iter().chain(others);
        hosts.extend(alone.map(|(address, _)| BTreeSet::from([address])));
        (hosts, left_out as u64 + beyond)
    }
}

/// Hosts that sent nothing but lone SYNs, in vain: those that sent most.
#[derive(Debug, Default)]
struct Strangers {
    busiest: Vec<(Reverse<u64>, IpAddr)>,
    /// Those that are not among them.
    beyond: u64,
    /// What comes behind this is not.
    worst: Option<(Reverse<u64>, IpAddr)>,
    /// Of several traces a host may be in each: all of them are kept, to be counted once.
    of_several: HashMap<IpAddr, u64>,
}

impl Strangers {
    fn add(&mut self, address: IpAddr, count: u64, several: bool) {
        if several {
            *self.of_several.entry(address).or_default() += count;
            return;
        }
        let one = (Reverse(count), address);
        if self.worst.is_some_and(|worst| one > worst) {
            self.beyond += 1;
            return;
        }
        self.busiest.push(one);
        if self.busiest.len() >= 2 * MOST_STRANGERS {
            self.busiest.select_nth_unstable(MOST_STRANGERS - 1);
            self.beyond += self.busiest.drain(MOST_STRANGERS..).len() as u64;
            self.worst = self.busiest.last().copied();
        }
    }

    /// Adds them to others of which no more is known; returns how many are not among them.
    fn join(self, others: &mut Vec<(IpAddr, u64)>) -> u64 {
        others.extend(self.of_several);
        others.extend(self.busiest.into_iter().map(|(Reverse(count), address)| (address, count)));
        self.beyond
    }
}

fn stated(roles: &[String], because: &str) -> Vec<RoleClaim> {
    roles.iter().map(|role| RoleClaim { role: role.clone(), confidence: 1.0, because: because.to_owned() }).collect()
}

fn claim(inferred: Inferred) -> RoleClaim {
    RoleClaim { role: inferred.role, confidence: inferred.confidence, because: format!("it {}", inferred.deeds) }
}

fn extend(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.clone());
        }
    }
}

/// The addresses of Exchange servers that the file names.
fn exchange_servers(file: &File, reference: &Reference) -> BTreeSet<IpAddr> {
    let is_exchange = |word: &String| reference.role(word).is_some_and(|role| role.group == Group::Exchange);
    let servers = file.hosts.iter().filter(|host| host.roles.iter().any(is_exchange));
    servers.flat_map(|host| host.addresses.iter().copied()).collect()
}

/// Whether an address can be that of one host.
fn is_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !(address.is_multicast() || address.is_broadcast() || address.is_unspecified()),
        IpAddr::V6(address) => !(address.is_multicast() || address.is_unspecified()),
    }
}

/// Hosts of which only addresses are known. A flood has any number of them, most of them invented.
const MOST_STRANGERS: usize = 2_000;
