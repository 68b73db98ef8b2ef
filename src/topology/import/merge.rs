//! Many facts, one host each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Fact, Read};
use crate::observe::Trace;
use crate::reference::Version;
use crate::topology::names::Names;
use crate::topology::{Host, RoleClaim};

/// Hosts that the sources name together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// Those that have a role and an address, in order of their first address. The reason of each role is where it stands.
    pub hosts: Vec<Host>,
    /// The Exchange version that most servers have, if any has one; the others tell their own.
    pub version: Option<Version>,
    /// Those that have a role and of which no source tells an address.
    pub nowhere: Vec<Nowhere>,
    /// What sources say against each other, or against names in the captures: sentences.
    pub contradictions: Vec<String>,
    /// What was not used, and why: sentences.
    pub notes: Vec<String>,
}

/// A host without an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    /// Its name.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Where it stands.
    pub place: String,
}

/// What is known of one host, each value with the place where it stands.
#[derive(Debug, Default)]
struct One {
    names: Vec<String>,
    addresses: BTreeMap<IpAddr, String>,
    roles: Vec<(&'static str, String)>,
    site: Option<(String, String)>,
    version: Option<(Version, String)>,
}

pub(super) fn merge(read: Read, traces: &[Trace]) -> Gathered {
    let mut gathered = Gathered { notes: read.notes, ..Gathered::default() };
    let mut hosts: Vec<One> = Vec::new();
    // Full names first: a short one belongs to the only full name that begins so.
    let (full, short): (Vec<Fact>, Vec<Fact>) = read.facts.into_iter().partition(|fact| fact.names.iter().any(is_full));
    let mut by_name: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for fact in full.into_iter().chain(short) {
        let at = match whose(&fact, &by_name) {
            Whose::Nobodys => {
                hosts.push(One::default());
                hosts.len() - 1
            }
            Whose::His(at) => at,
            Whose::Several => {
                let name = fact.names.first().cloned().unwrap_or_default();
                gathered.notes.push(format!(
                    "{}: {name} may be any of several hosts of that name; its full name would tell",
                    fact.place
                ));
                continue;
            }
        };
        for name in &fact.names {
            by_name.entry(name.clone()).or_default().insert(at);
            if let Some((label, _)) = name.split_once('.') {
                by_name.entry(label.to_owned()).or_default().insert(at);
            }
        }
        if let Some(one) = hosts.get_mut(at) {
            one.take(fact, &mut gathered.contradictions);
        }
    }
    let names = Names::of(traces);
    let mut seen: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
    for (address, called) in names.all() {
        for name in called {
            seen.entry(name).or_default().insert(address);
        }
    }
    for one in &mut hosts {
        one.look_up(&seen, &mut gathered.contradictions);
    }
    share(&mut hosts, &mut gathered.contradictions);
    for one in hosts.iter_mut().filter(|one| one.site.is_none()) {
        let of = |address: &IpAddr| {
            let around = read.subnets.iter().filter(|(cidr, _)| cidr.contains(address));
            around.max_by_key(|(cidr, _)| cidr.prefix_len()).map(|(_, site)| site.clone())
        };
        one.site = one.addresses.keys().find_map(of).map(|site| (site, String::new()));
    }
    gathered.settle(hosts);
    gathered
}

enum Whose {
    Nobodys,
    His(usize),
    Several,
}

/// Whose fact it is. Two full names that differ are two hosts, though their first labels agree.
fn whose(fact: &Fact, by_name: &BTreeMap<String, BTreeSet<usize>>) -> Whose {
    let full = fact.names.iter().filter(|name| is_full(name)).find_map(|name| by_name.get(name));
    if let Some(&at) = full.and_then(BTreeSet::first) {
        return Whose::His(at);
    }
    if fact.names.iter().any(is_full) {
        return Whose::Nobodys;
    }
    let known: BTreeSet<usize> = fact.names.iter().filter_map(|name| by_name.get(name)).flatten().copied().collect();
    match (known.len(), known.first()) {
        (0, _) => Whose::Nobodys,
        (1, Some(&at)) => Whose::His(at),
        _ => Whose::Several,
    }
}

fn is_full(name: impl AsRef<str>) -> bool {
    name.as_ref().contains('.')
}

impl One {
    fn take(&mut self, fact: Fact, contradictions: &mut Vec<String>) {
        for name in fact.names {
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        for address in fact.addresses {
            self.addresses.entry(address).or_insert_with(|| fact.place.clone());
        }
        for role in fact.roles {
            if !self.roles.iter().any(|(known, _)| *known == role) {
                self.roles.push((role, fact.place.clone()));
            }
        }
        let name = self.names.first().cloned().unwrap_or_default();
        if let Some(site) = fact.site {
            match &self.site {
                Some((known, place)) if !known.eq_ignore_ascii_case(&site) => contradictions.push(format!(
                    "{name} is in site {known} ({place}) and in site {site} ({}); the first counts",
                    fact.place
                )),
                Some(_) => {}
                None => self.site = Some((site, fact.place.clone())),
            }
        }
        if let Some(version) = fact.version {
            match &self.version {
                Some((known, place)) if *known != version => contradictions.push(format!(
                    "{name} runs Exchange {known} ({place}) and {version} ({}); the first counts",
                    fact.place
                )),
                Some(_) => {}
                None => self.version = Some((version, fact.place)),
            }
        }
    }

    /// Addresses that names have in captures: they count where no source tells any of that family.
    fn look_up(&mut self, seen: &BTreeMap<&str, BTreeSet<IpAddr>>, contradictions: &mut Vec<String>) {
        let found: BTreeSet<IpAddr> = self
            .names
            .iter()
            .filter(|name| is_full(name))
            .filter_map(|name| seen.get(name.as_str()))
            .flatten()
            .copied()
            .collect();
        let name = self.names.first().cloned().unwrap_or_default();
        let told = |v4: bool, one: &Self| {
            one.addresses
                .iter()
                .find(|(address, _)| address.is_ipv4() == v4)
                .map(|(address, place)| (*address, place.clone()))
        };
        let (four, six) = (told(true, self), told(false, self));
        for address in found.into_iter().filter(|address| !self.addresses.contains_key(address)).collect::<Vec<_>>() {
            match if address.is_ipv4() { &four } else { &six } {
                Some((known, place)) => contradictions.push(format!(
                    "{name} is {known} ({place}), but in the capture that name is {address}; add it if the host has both"
                )),
                None => drop(self.addresses.insert(address, "the capture".to_owned())),
            }
        }
    }
}

/// An address belongs to one host: the first that has it.
fn share(hosts: &mut [One], contradictions: &mut Vec<String>) {
    let mut taken: BTreeMap<IpAddr, (String, String)> = BTreeMap::new();
    for one in hosts.iter_mut() {
        let name = one.names.first().cloned().unwrap_or_default();
        one.addresses.retain(|address, place| {
            if let Some((other, there)) = taken.get(address) {
                contradictions.push(format!("{address} is {other} ({there}) and {name} ({place}); the first counts"));
                return false;
            }
            taken.insert(*address, (name.clone(), place.clone()));
            true
        });
    }
}

impl Gathered {
    fn settle(&mut self, hosts: Vec<One>) {
        let mut versions: BTreeMap<Version, usize> = BTreeMap::new();
        for (version, _) in hosts.iter().filter_map(|one| one.version.as_ref()) {
            *versions.entry(*version).or_default() += 1;
        }
        self.version = versions.iter().max_by_key(|(version, count)| (**count, **version)).map(|(version, _)| *version);
        for one in hosts.into_iter().filter(|one| !one.roles.is_empty()) {
            if one.addresses.is_empty() {
                let place = one.roles.first().map(|(_, place)| place.clone()).unwrap_or_default();
                let roles = one.roles.iter().map(|(role, _)| (*role).to_owned()).collect();
                self.nowhere.push(Nowhere { name: one.names.first().cloned().unwrap_or_default(), roles, place });
            } else {
                self.hosts.push(one.host(self.version));
            }
        }
        self.hosts.sort_by(|one, other| one.addresses.cmp(&other.addresses));
        self.nowhere.sort_by(|one, other| one.name.cmp(&other.name));
    }
}

impl One {
    fn host(self, most: Option<Version>) -> Host {
        let claim =
            |(role, place): (&str, String)| RoleClaim { role: role.to_owned(), confidence: 1.0, because: place };
        let version = self.version.map(|(version, _)| version).filter(|version| Some(*version) != most);
        Host {
            addresses: self.addresses.into_keys().collect(),
            names: self.names,
            roles: self.roles.into_iter().map(claim).collect(),
            site: self.site.map(|(site, _)| site),
            version: version.map(|version| version.word().to_owned()),
            known: true,
            ..Host::default()
        }
    }
}
