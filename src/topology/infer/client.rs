//! Signs of clients: hosts that ask and serve nothing.

use super::directory::GC_PORTS;
use super::exchange::BACK_END_PORT;
use super::sign::Signs;
use super::view::{Profiles, told};
use crate::reference::Sign;

/// Asks for mailboxes or address books.
pub(super) fn mapi(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        let wanted = MAPI.iter().filter_map(|id| profile.wanted.get(*id).map(|&moment| (moment, *id))).min();
        // Exchange servers ask for mailboxes too, but they look recipients up as well, or call the back end site.
        let server = !profile.serves_nothing()
            || profile.used_port("ldap", GC_PORTS).is_some()
            || profile.used_port("https", &[BACK_END_PORT]).is_some();
        if let Some((moment, interface)) = wanted.filter(|_| !server) {
            let name = interface.to_ascii_uppercase();
            let deed = || told(format_args!("asks for {name} and serves nothing"), moment);
            signs.add(host, Sign::MapiClient, moment, deed);
        }
    }
}

/// Talks to web servers and does nothing else that would tell.
pub(super) fn web(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        let used = profile.used.iter().filter(|((service, _), _)| matches!(*service, "http" | "https"));
        let Some(moment) = used.map(|(_, &moment)| moment).min() else { continue };
        let only_web = profile.asked.iter().all(|service| WITH_WEB.contains(service));
        let back_end = profile.used_port("https", &[BACK_END_PORT]).is_some();
        if only_web && !back_end && profile.serves_nothing() && !profile.called {
            let deed = || told("talks to web servers only and serves nothing", moment);
            signs.add(host, Sign::WebClientOnly, moment, deed);
        }
    }
}

/// What Outlook asks for, by interface id.
const MAPI: &[&str] = &["emsmdb", "nspi", "rfr"];
/// What a client of web servers asks for.
const WITH_WEB: &[&str] = &["http", "https", "dns"];
