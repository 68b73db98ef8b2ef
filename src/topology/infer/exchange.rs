//! Signs of Exchange servers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::directory::GC_PORTS;
use super::sign::Signs;
use super::view::{Profiles, View, told};
use crate::observe::Seen;
use crate::reference::Sign;

/// What the server offers and how both speak.
pub(super) fn smtp(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.served("smtp") else { return };
    let seen = &view.conversation.seen;
    let offers =
        |wanted: &str| seen.members("capabilities").any(|offer| offer.split([' ', '=']).next() == Some(wanted));
    if offers("X-ANONYMOUSTLS") && offers("X-EXPS") {
        let deed = || told("offers X-ANONYMOUSTLS and X-EXPS in SMTP", moment);
        signs.add(view.server(), Sign::Smtp2007, moment, deed);
    } else if offers("X-LINK2STATE") && offers("XEXCH50") && !offers("X-ANONYMOUSTLS") {
        let deed = || told("offers X-LINK2STATE and XEXCH50 in SMTP", moment);
        signs.add(view.server(), Sign::Smtp2003, moment, deed);
    }
    let banner = seen.text("banner").unwrap_or_default();
    // Up to 2003 the greeting tells the version of the SMTP service that Windows has.
    if banner.contains("Microsoft ESMTP MAIL Service") && !banner.contains("Version:") {
        signs.add(view.server(), Sign::SmtpBanner, moment, || told("greets in SMTP as Exchange does", moment));
    }
    if seen.text("tls_by").is_some_and(|verb| verb.eq_ignore_ascii_case("X-ANONYMOUSTLS")) {
        for host in [view.client(), view.server()] {
            let deed = || told("begins TLS by X-ANONYMOUSTLS in SMTP, as only Exchange servers do", moment);
            signs.add(host, Sign::Smtp2007Tls, moment, deed);
        }
    }
}

/// Answers on paths of Exchange, or is called by a name usual for it.
pub(super) fn web(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.answered().filter(|_| matches!(view.conversation.service, "http" | "https")) else {
        return;
    };
    let seen = &view.conversation.seen;
    // Unauthorized is an answer of the door; not found is that of another house.
    let opens = seen.replies > 0 && seen.number("status") != Some(404);
    if let Some(door) = seen.text("exchange").filter(|_| opens) {
        let sign = match door {
            "rpc-over-http" | "powershell" => Sign::ExchangeHttpOther,
            _ => Sign::ExchangeHttp,
        };
        let deed = || told(format_args!("answers on the path of {door}"), moment);
        signs.add(view.server(), sign, moment, deed);
    }
    if let Some(name) = usual_name(seen).filter(|_| view.port() == HTTPS_PORT) {
        let deed = || told(format_args!("answers HTTPS as {name}"), moment);
        signs.add(view.server(), Sign::ExchangeCertificate, moment, deed);
    }
}

fn usual_name(seen: &Seen) -> Option<&str> {
    let named = ["certificate_subject", "sni"].into_iter().filter_map(|key| seen.text(key));
    let usual = |name: &&str| {
        let first = name.split('.').next().unwrap_or_default();
        name.contains('.') && USUAL_NAMES.iter().any(|usual| first.eq_ignore_ascii_case(usual))
    };
    named.into_iter().find(usual)
}

/// Answers on the port of the back end web site, which only other Exchange servers call.
pub(super) fn back_end(view: &View<'_>, signs: &mut Signs) {
    let seen = &view.conversation.seen;
    let Some(moment) = view.answered().filter(|_| view.tcp() && view.port() == BACK_END_PORT && seen.tls) else {
        return;
    };
    let (sign, deed) = if seen.flag("self_signed") {
        (Sign::Backend444, "answers HTTPS on port 444 with a certificate of its own")
    } else {
        (Sign::Backend444Unproven, "answers HTTPS on port 444")
    };
    signs.add(view.server(), sign, moment, || told(deed, moment));
    if sign == Sign::Backend444 {
        let deed = || told(format_args!("calls the back end site of {} on port 444", view.server()), moment);
        signs.add(view.client(), Sign::Backend444Caller, moment, deed);
    }
}

/// The inside writes to the Edge server's directory.
pub(super) fn edge_sync(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.served("ldap").filter(|_| view.port() == EDGE_SYNC_PORT) else { return };
    let deed = || told("answers LDAPS on port 50636, the directory of an Edge Transport server", moment);
    signs.add(view.server(), Sign::EdgesyncServed, moment, deed);
    let deed = || told("writes to port 50636 as EdgeSync does", moment);
    signs.add(view.client(), Sign::EdgesyncClient, moment, deed);
}

/// Cluster heartbeats, both ways.
pub(super) fn heartbeats(view: &View<'_>, signs: &mut Signs) {
    if let Some(moment) = view.served("cluster").filter(|_| !view.tcp()) {
        for host in [view.client(), view.server()] {
            signs.add(host, Sign::ClusterNode, moment, || told("exchanges cluster heartbeats", moment));
        }
    }
}

/// Serves what only Exchange serves.
pub(super) fn interfaces(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        for (ids, sign) in SERVED {
            if let Some((moment, deed)) = profile.first_of(ids) {
                signs.add(host, *sign, *moment, || deed.clone());
            }
        }
    }
}

/// Two hosts that each serve the other's cluster calls.
pub(super) fn cluster_rpc(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        let Some((moment, deed)) = profile.first_of(&["clusapi"]) else { continue };
        let both_ways = |caller: &&IpAddr| {
            let callers = profiles.of(**caller).and_then(|other| other.callers.get("clusapi"));
            callers.is_some_and(|callers| callers.contains(&host))
        };
        let callers = profile.callers.get("clusapi").into_iter().flatten();
        if callers.filter(|caller| **caller != host).any(|caller| both_ways(&caller)) {
            signs.add(host, Sign::ClusterNode, *moment, || deed.clone());
        }
    }
}

/// Log files pass between cluster nodes.
pub(super) fn log_copy(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        for (&peer, &moment) in &profile.log_peers {
            let (sign, deed) = if signs.has(host, Sign::ClusterNode) && signs.has(peer, Sign::ClusterNode) {
                (Sign::LogCopy, format!("exchanges log files with its cluster node {peer}"))
            } else {
                (Sign::LogCopyAlone, format!("talks to {peer} on the port of log copying"))
            };
            signs.add(host, sign, moment, || told(deed, moment));
        }
    }
}

/// Serves SMTP and looks recipients up in a global catalog.
pub(super) fn mail_with_directory(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        let smtp = profile.served.iter().find(|((service, _), _)| *service == "smtp").map(|(_, &moment)| moment);
        if let (Some(smtp), Some(catalog)) = (smtp, profile.used_port("ldap", GC_PORTS)) {
            signs.add(host, Sign::MailServer, smtp, || told("answers SMTP", smtp));
            signs.add(host, Sign::GcClient, catalog, || told("searches a global catalog", catalog));
        }
    }
}

/// Exchange 2010 has EMSMDB on the Client Access server for Outlook, and on the mailbox server for
/// Client Access servers: a server whose callers are all Exchange servers is a mailbox server.
pub(super) fn mailbox_rather_than_client_access(profiles: &Profiles, known: &BTreeSet<IpAddr>, signs: &mut Signs) {
    let mut mailbox = Vec::new();
    for (host, profile) in profiles.iter().filter(|(host, _)| signs.has(*host, Sign::EmsmdbServed)) {
        let of_exchange =
            |caller: &IpAddr| known.contains(caller) || OF_SERVERS.iter().any(|sign| signs.has(*caller, *sign));
        let mut callers =
            profile.callers.get("emsmdb").into_iter().flatten().filter(|caller| **caller != host).peekable();
        let answers_referrals = signs.has(host, Sign::RfrServed);
        if !answers_referrals && callers.peek().is_some() && callers.all(of_exchange) {
            mailbox.push(host);
        }
    }
    for host in mailbox {
        signs.rename(host, Sign::EmsmdbServed, Sign::StoreServed, "for Exchange servers only");
    }
}

/// RPC interfaces of Exchange, and what they tell.
const SERVED: &[(&[&str], Sign)] = &[
    (&["emsmdb", "asyncemsmdb"], Sign::EmsmdbServed),
    (&["rfr"], Sign::RfrServed),
    (&["store_admin1", "store_admin2", "store_admin3", "store_info1", "store_info2", "store_info3"], Sign::StoreServed),
];
/// What no client does.
const OF_SERVERS: &[Sign] = &[
    Sign::EmsmdbServed,
    Sign::RfrServed,
    Sign::StoreServed,
    Sign::Smtp2007,
    Sign::Smtp2007Tls,
    Sign::Smtp2003,
    Sign::ExchangeHttp,
    Sign::EdgesyncClient,
];
/// First labels of the names by which clients find Exchange.
const USUAL_NAMES: &[&str] = &["autodiscover", "owa", "webmail", "outlook", "exchange", "activesync"];
const HTTPS_PORT: u16 = 443;
pub(super) const BACK_END_PORT: u16 = 444;
const EDGE_SYNC_PORT: u16 = 50636;
