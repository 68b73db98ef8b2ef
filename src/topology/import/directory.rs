//! Entries of the directory's configuration partition: Exchange servers, availability groups, domain controllers,
//! sites and their subnets.

use std::collections::HashMap;

use super::exchange::{last_part, roles_of_bits, version};
use super::ldif::parts;
use super::record::Record;
use super::{Fact, Read, name};
use crate::reference::Version;

/// What the entries say.
pub(super) fn read(file: &str, entries: &[Record]) -> Read {
    let mut read = Read::default();
    // CN=NTDS Settings,CN=DC1,CN=Servers,...: what only a domain controller has below it.
    let settings: HashMap<String, &Record> = entries
        .iter()
        .filter(|entry| entry.all("objectClass").any(|class| class.eq_ignore_ascii_case("nTDSDSA")))
        .filter_map(|entry| Some((entry.one("dn")?.split_once(',')?.1.to_lowercase(), entry)))
        .collect();
    for entry in entries {
        let place = format!("{file} {}", entry.at);
        let is = |class: &str| entry.all("objectClass").any(|one| one.eq_ignore_ascii_case(class));
        if is("msExchExchangeServer") {
            exchange(entry, place, &mut read);
        } else if is("msExchMDBAvailabilityGroup") {
            let told = entry.all("msExchFileShareWitness").chain(entry.all("msExchAlternateFileShareWitness"));
            for name in told.filter_map(|share| name(share.trim_start_matches('\\').split('\\').next()?)) {
                read.facts.push(Fact {
                    place: place.clone(),
                    names: vec![name],
                    roles: vec!["witness"],
                    ..Fact::default()
                });
            }
        } else if is("server") {
            controller(entry, &settings, place, &mut read);
        } else if is("subnet") {
            let cidr = entry.one("cn").or_else(|| entry.one("name")).map(str::to_owned);
            let cidr = cidr.or_else(|| parts(entry.one("dn")?).into_iter().next());
            let site = entry.one("siteObject").map(last_part);
            match (cidr.and_then(|cidr| cidr.parse().ok()), site) {
                (Some(cidr), Some(site)) => read.subnets.push((cidr, site)),
                _ => read.notes.push(format!("{place}: a subnet without a network or a site")),
            }
        }
    }
    read
}

fn exchange(entry: &Record, place: String, read: &mut Read) {
    // ncacn_ip_tcp:mbx1.contoso.com, netbios:MBX1
    let told = entry.all("networkAddress").filter_map(|address| {
        let (kind, host) = address.split_once(':')?;
        ["ncacn_ip_tcp", "netbios"].iter().any(|known| kind.eq_ignore_ascii_case(known)).then(|| name(host))?
    });
    let own = entry.one("cn").or_else(|| entry.one("name")).map(str::to_owned);
    let own = own.or_else(|| parts(entry.one("dn")?).into_iter().next()).and_then(|own| name(&own));
    let mut names: Vec<String> = told.chain(own).collect();
    names.sort_by_key(|name| !name.contains('.'));
    names.dedup();
    if names.is_empty() {
        read.notes.push(format!("{place}: the Exchange server has no name"));
        return;
    }
    let version = entry.one("serialNumber").and_then(version);
    let roles = match entry.one("msExchCurrentServerRoles").and_then(|bits| bits.parse().ok()) {
        Some(bits) => roles_of_bits(bits, version),
        // Before 2007 there were front-end servers (serverRole 1) and others.
        None if version == Some(Version::V2003) => {
            vec![if entry.one("serverRole") == Some("1") { "frontend" } else { "backend" }]
        }
        None => Vec::new(),
    };
    let site = entry.one("msExchServerSite").map(last_part);
    read.facts.push(Fact { place, names, roles, site, version, addresses: Vec::new() });
}

/// A server below a site is a domain controller when it has settings for replication.
fn controller(entry: &Record, settings: &HashMap<String, &Record>, place: String, read: &mut Read) {
    let Some(dn) = entry.one("dn") else { return };
    let Some(settings) = settings.get(&dn.to_lowercase()) else { return };
    let parts = parts(dn);
    let told = [entry.one("dNSHostName").map(str::to_owned), parts.first().cloned()];
    let names: Vec<String> = told.into_iter().flatten().filter_map(|told| name(&told)).collect();
    // CN=DC1,CN=Servers,CN=Paris,CN=Sites,...
    let site = parts.get(2).filter(|_| parts.get(1).is_some_and(|part| part.eq_ignore_ascii_case("Servers"))).cloned();
    let catalog =
        settings.one("options").and_then(|options| options.parse::<u32>().ok()).is_some_and(|bits| bits & 1 != 0);
    let roles = if catalog { vec!["dc", "gc"] } else { vec!["dc"] };
    if !names.is_empty() {
        read.facts.push(Fact { place, names, roles, site, ..Fact::default() });
    }
}
