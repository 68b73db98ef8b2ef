//! Roles told by traffic: what hosts serve and ask. Only what was answered counts as served.

mod client;
mod directory;
mod exchange;
mod sign;
mod view;
mod voice;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::observe::Trace;
use crate::reference::{Reference, Sign, Version};
use sign::Signs;
use view::{Profiles, View};

pub use sign::Inferred;

/// What the signs in some traces say of every host.
#[derive(Debug, Default)]
pub struct Inference {
    signs: Signs,
}

impl Inference {
    /// Looks for signs. `exchange` are hosts that are known to be Exchange servers: calls of theirs
    /// are not those of a client.
    pub fn of(traces: &[Trace], exchange: &BTreeSet<IpAddr>, reference: &Reference) -> Self {
        let mut signs = Signs::default();
        let mut profiles = Profiles::default();
        for trace in traces {
            for conversation in &trace.conversations {
                let view = View { trace, conversation, reference };
                profiles.add(&view);
                for rule in OF_CONVERSATIONS {
                    rule(&view, &mut signs);
                }
            }
            profiles.add_book(trace, reference);
        }
        for trace in traces {
            for conversation in &trace.conversations {
                profiles.add_asked(&View { trace, conversation, reference });
            }
            // Of their clients nothing else is known.
            trace.lone.servers().iter().for_each(|tried| profiles.add_called(tried.at.address, tried.service));
        }
        for rule in OF_HOSTS {
            rule(&profiles, &mut signs);
        }
        exchange::mailbox_rather_than_client_access(&profiles, exchange, &mut signs);
        Self { signs }
    }

    /// The roles that a host likely has, the surest first.
    pub fn roles(&self, host: IpAddr, version: Option<Version>, reference: &Reference) -> Vec<Inferred> {
        self.signs.sum(host, version, reference)
    }

    /// Whether a host shows any sign.
    pub fn knows(&self, host: IpAddr) -> bool {
        self.signs.any(host)
    }

    /// Whether a host shows a sign.
    pub fn has(&self, host: IpAddr, sign: Sign) -> bool {
        self.signs.has(host, sign)
    }
}

/// What one conversation tells of its ends.
const OF_CONVERSATIONS: &[fn(&View<'_>, &mut Signs)] = &[
    directory::kerberos,
    directory::ldap,
    directory::dns,
    directory::shares,
    directory::secure_channel,
    exchange::smtp,
    exchange::web,
    exchange::back_end,
    exchange::edge_sync,
    exchange::heartbeats,
    voice::unified_messaging,
];

/// What all that a host served and asked tells of it.
const OF_HOSTS: &[fn(&Profiles, &mut Signs)] = &[
    directory::interfaces,
    exchange::interfaces,
    exchange::cluster_rpc,
    exchange::log_copy,
    exchange::mail_with_directory,
    voice::media,
    client::mapi,
    client::web,
];
