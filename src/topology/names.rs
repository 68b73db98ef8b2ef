//! Names of hosts: those others use, and those hosts give themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::observe::{Conversation, Trace};

/// What addresses are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every name, the earliest first.
    seen: BTreeMap<IpAddr, Vec<String>>,
    /// The full names under which an address gave itself to those who signed on there.
    signed: BTreeMap<IpAddr, BTreeSet<String>>,
}

impl Names {
    pub fn of(traces: &[Trace]) -> Self {
        let mut names = Self::default();
        for trace in traces {
            for (&address, others) in &trace.names {
                for name in others {
                    names.add(address, name);
                }
            }
            for conversation in &trace.conversations {
                names.introduce(conversation);
            }
        }
        names
    }

    /// The names of an address.
    pub fn get(&self, address: IpAddr) -> &[String] {
        self.seen.get(&address).map(Vec::as_slice).unwrap_or_default()
    }

    /// All addresses, each with its names.
    pub fn all(&self) -> impl Iterator<Item = (IpAddr, &[String])> {
        self.seen.iter().map(|(address, names)| (*address, names.as_slice()))
    }

    /// Addresses that are surely one host, in groups of two and more: each gave itself the same full
    /// name, and never another one, to those who signed on; or one IPv4 and one IPv6 address, and no
    /// further one, have the same full name and no other. More than that DNS does not prove: a name
    /// with several addresses may be several hosts behind one name, or one address several in turn.
    pub fn same_host(&self) -> Vec<BTreeSet<IpAddr>> {
        let mut groups: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
        for (&address, signed) in &self.signed {
            if let (1, Some(name)) = (signed.len(), signed.first()) {
                groups.entry(name).or_default().insert(address);
            }
        }
        let signed = groups.into_values().filter(|group| group.len() > 1);
        signed.chain(self.dual_stacked()).collect()
    }

    /// Pairs of one IPv4 and one IPv6 address that share their only full name with nobody else.
    fn dual_stacked(&self) -> Vec<BTreeSet<IpAddr>> {
        let mut named: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
        for (&address, names) in &self.seen {
            for name in names.iter().filter(|name| name.contains('.')) {
                named.entry(name).or_default().insert(address);
            }
        }
        let only_name = |address: &IpAddr| self.get(*address).iter().filter(|name| name.contains('.')).count() == 1;
        let pair = |addresses: &BTreeSet<IpAddr>| {
            let v4 = addresses.iter().filter(|address| address.is_ipv4()).count();
            let unsigned = addresses.iter().all(|address| !self.signed.contains_key(address));
            (v4, addresses.len()) == (1, 2) && unsigned && addresses.iter().all(only_name)
        };
        named.into_values().filter(pair).collect()
    }

    /// What the server of a conversation calls itself.
    fn introduce(&mut self, conversation: &Conversation) {
        let (server, seen) = (conversation.flow.responder.address, &conversation.seen);
        match conversation.service {
            "smb" | "netbios-ssn" => {
                if let Some(name) = seen.text("server_dns_name").filter(|name| name.contains('.')) {
                    self.signed.entry(server).or_default().insert(name.to_ascii_lowercase());
                    self.add(server, name);
                }
                seen.text("server_name").into_iter().for_each(|name| self.add(server, name));
            }
            "ldap" => seen.text("dns_host_name").into_iter().for_each(|name| self.add(server, name)),
            "smtp" => {
                let banner = seen.text("banner").and_then(|banner| banner.split_ascii_whitespace().next());
                banner.filter(|name| name.contains('.')).into_iter().for_each(|name| self.add(server, name));
            }
            _ => {}
        }
    }

    fn add(&mut self, address: IpAddr, name: &str) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let names = self.seen.entry(address).or_default();
        let plain = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
        if plain && names.len() < MOST_NAMES && !names.contains(&name) {
            names.push(name);
        }
    }
}

/// Names of one address.
const MOST_NAMES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(known: &[(&str, &[&str])]) -> Names {
        let mut names = Names::default();
        for (address, called) in known {
            for name in *called {
                names.add(address.parse().unwrap(), name);
            }
        }
        names
    }

    #[test]
    fn one_address_of_each_family_under_one_name_is_one_host() {
        let names = names(&[("10.10.2.10", &["dc1.exlab.test"]), ("fd10:10:2::10", &["dc1.exlab.test"])]);
        assert_eq!(names.same_host().len(), 1);
    }

    #[test]
    fn a_name_shared_by_several_hosts_joins_none() {
        let two =
            names(&[("10.0.0.1", &["mail.a.test"]), ("10.0.0.2", &["mail.a.test"]), ("fd00::1", &["mail.a.test"])]);
        assert!(two.same_host().is_empty());
        let short = names(&[("10.0.0.1", &["mail"]), ("fd00::1", &["mail"])]);
        assert!(short.same_host().is_empty());
        let renamed = names(&[("10.0.0.1", &["a.a.test", "mail.a.test"]), ("fd00::1", &["mail.a.test"])]);
        assert!(renamed.same_host().is_empty());
    }
}
