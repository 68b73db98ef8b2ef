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

    /// Addresses that are surely one host, in groups of two and more: each gave itself the same full
    /// name, and never another one, to those who signed on. What DNS says is not enough: a name with
    /// several addresses may be several hosts behind one name, or one address several hosts in turn.
    pub fn same_host(&self) -> Vec<BTreeSet<IpAddr>> {
        let mut groups: BTreeMap<&str, BTreeSet<IpAddr>> = BTreeMap::new();
        for (&address, signed) in &self.signed {
            if let (1, Some(name)) = (signed.len(), signed.first()) {
                groups.entry(name).or_default().insert(address);
            }
        }
        groups.into_values().filter(|group| group.len() > 1).collect()
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
