//! Signs of domain controllers, global catalogs and DNS servers.

use super::sign::Signs;
use super::view::{Profiles, View, told};
use crate::reference::Sign;

/// Answers Kerberos.
pub(super) fn kerberos(view: &View<'_>, signs: &mut Signs) {
    if let Some(moment) = view.served("kerberos") {
        let deed = || told(format_args!("answers Kerberos on port {}", view.port()), moment);
        signs.add(view.server(), Sign::KerberosServed, moment, deed);
    }
}

/// Answers the locator's ping, or searches of the global catalog.
pub(super) fn ldap(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.served("ldap") else { return };
    let seen = &view.conversation.seen;
    if view.tcp() && GC_PORTS.contains(&view.port()) {
        let deed = || told(format_args!("answers on the global catalog port {}", view.port()), moment);
        signs.add(view.server(), Sign::GcPort, moment, deed);
    }
    let flag = |wanted: &str| seen.members("dc_flags").any(|flag| flag == wanted);
    if flag("DS_KDC_FLAG") || flag("DS_DS_FLAG") {
        let deed = || told("answers the locator's ping with the flags of a domain controller", moment);
        signs.add(view.server(), Sign::LocatorAnswer, moment, deed);
    }
    let ready = seen.text("is_global_catalog_ready").is_some_and(|ready| ready.eq_ignore_ascii_case("true"));
    if flag("DS_GC_FLAG") || ready {
        signs.add(view.server(), Sign::LocatorGcFlag, moment, || told("says that it is a global catalog", moment));
    }
}

/// Answers DNS.
pub(super) fn dns(view: &View<'_>, signs: &mut Signs) {
    if let Some(moment) = view.served("dns").filter(|_| view.port() == DNS_PORT) {
        signs.add(view.server(), Sign::DnsServed, moment, || told("answers DNS", moment));
    }
}

/// Shares what domain controllers share.
pub(super) fn shares(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.answered() else { return };
    let seen = &view.conversation.seen;
    let last = |path: &str| path.rsplit('\\').next().unwrap_or_default().to_ascii_uppercase();
    let share = seen.members("share").map(last).find(|share| matches!(share.as_str(), "SYSVOL" | "NETLOGON"));
    if let Some(share) = share.filter(|_| seen.replies > 0) {
        let deed = || told(format_args!("is asked for the share {share}"), moment);
        signs.add(view.server(), Sign::SysvolShare, moment, deed);
    }
}

/// Sets up a secure channel, as members of a domain do.
pub(super) fn secure_channel(view: &View<'_>, signs: &mut Signs) {
    let netlogon = |uuid| view.reference.interface(uuid).is_some_and(|interface| interface.id == "netlogon");
    if view.conversation.seen.wanted.iter().copied().any(netlogon) {
        let moment = view.conversation.flow.first;
        let deed = || told("sets up a secure channel to its domain", moment);
        signs.add(view.client(), Sign::SecureChannelClient, moment, deed);
    }
}

/// Serves what only domain controllers serve.
pub(super) fn interfaces(profiles: &Profiles, signs: &mut Signs) {
    for (host, profile) in profiles.iter() {
        if let Some((moment, deed)) = profile.first_of(&["drsuapi", "netlogon"]) {
            signs.add(host, Sign::AdInterfaceServed, *moment, || deed.clone());
        }
        let of_exchange = profile.first_of(&["rfr", "emsmdb", "asyncemsmdb"]);
        if let (Some((moment, deed)), None) = (profile.first_of(&["nspi"]), of_exchange) {
            signs.add(host, Sign::NspiAlone, *moment, || deed.clone());
        }
    }
}

/// LDAP and LDAPS of the global catalog.
pub(super) const GC_PORTS: &[u16] = &[3268, 3269];
/// Not mDNS or LLMNR, which every host answers.
const DNS_PORT: u16 = 53;
