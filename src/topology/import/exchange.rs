//! Objects of `Get-ExchangeServer`, `Get-DatabaseAvailabilityGroup` and `Get-ADDomainController`.

use std::net::IpAddr;

use super::record::Record;
use super::{Fact, Read, name};
use crate::reference::Version;

/// What the objects say.
pub(super) fn read(file: &str, records: &[Record]) -> Read {
    let mut read = Read::default();
    let mut strange = Vec::new();
    for record in records {
        let place = format!("{file} {}", record.at);
        let facts = if record.has("ServerRole") || record.has("IsMailboxServer") {
            server(record, &place, &mut read.notes)
        } else if record.has("WitnessServer") || record.has("ReplicationPort") {
            group(record, &place, &mut read.notes)
        } else if record.has("IsGlobalCatalog") || record.has("IPv4Address") {
            controller(record, &place, &mut read.notes)
        } else {
            strange.push(record.at.as_str());
            Vec::new()
        };
        read.facts.extend(facts);
    }
    if let Some(first) = strange.first() {
        read.notes.push(format!(
            "{file}: {} of {} objects are no Exchange server, availability group or domain controller (the first: {first})",
            strange.len(),
            records.len()
        ));
    }
    read
}

fn server(record: &Record, place: &str, notes: &mut Vec<String>) -> Vec<Fact> {
    let names = names([record.one("Fqdn"), record.one("Name"), record.one("Identity")].into_iter().flatten());
    if names.is_empty() {
        notes.push(format!("{place}: the server has neither Fqdn nor Name"));
        return Vec::new();
    }
    let version = record.one("AdminDisplayVersion").and_then(version);
    if version.is_none() {
        notes.push(format!("{place}: the Exchange version of {} is not told (AdminDisplayVersion)", first(&names)));
    }
    let roles = roles(record, version);
    if roles.is_empty() {
        notes.push(format!("{place}: {} has no role that is known (ServerRole)", first(&names)));
    }
    let site = record.one("Site").map(last_part).filter(|site| !site.is_empty());
    vec![Fact { place: place.to_owned(), names, roles, site, version, addresses: Vec::new() }]
}

/// Roles by the words of `ServerRole`, by its number, else by the properties of one role each.
fn roles(record: &Record, version: Option<Version>) -> Vec<&'static str> {
    let number = record.one("ServerRole").and_then(|role| role.parse::<u32>().ok());
    if let Some(bits) = number {
        return roles_of_bits(bits, version);
    }
    let mut roles: Vec<&'static str> = record.list("ServerRole").filter_map(role_of_word).collect();
    if roles.is_empty() {
        let told = [
            ("IsMailboxServer", "mailbox"),
            ("IsClientAccessServer", "cas"),
            ("IsHubTransportServer", "hub"),
            ("IsUnifiedMessagingServer", "um"),
            ("IsEdgeServer", "edge"),
        ];
        roles.extend(told.iter().filter(|(property, _)| record.is(property)).map(|(_, role)| *role));
    }
    of_version(roles, version)
}

fn role_of_word(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "mailbox" => "mailbox",
        "clientaccess" | "cafe" => "cas",
        "hubtransport" => "hub",
        "unifiedmessaging" => "um",
        "edge" => "edge",
        _ => return None,
    })
}

/// The bits of `msExchCurrentServerRoles` (Exchange's schema; the values of `ServerRole`).
pub(super) fn roles_of_bits(bits: u32, version: Option<Version>) -> Vec<&'static str> {
    let told = [(2, "mailbox"), (4, "cas"), (16, "um"), (32, "hub"), (64, "edge"), (1, "cas")];
    let mut roles: Vec<&'static str> = Vec::new();
    for (bit, role) in told {
        // Since 2013 a Mailbox server runs what was Client Access, Hub Transport and UM before, and says so in bits;
        // the Client Access server of 2013 itself has a bit of its own.
        let part = version.is_some_and(|version| version >= Version::V2013) && matches!(bit, 4 | 16 | 32);
        if bits & bit != 0 && !part && !roles.contains(&role) {
            roles.push(role);
        }
    }
    of_version(roles, version)
}

/// Since 2016 there are Mailbox and Edge servers only.
fn of_version(mut roles: Vec<&'static str>, version: Option<Version>) -> Vec<&'static str> {
    if version.is_some_and(|version| version >= Version::V2016) && roles.contains(&"mailbox") {
        roles.retain(|role| matches!(*role, "mailbox" | "edge"));
    } else if version.is_some_and(|version| version >= Version::V2013) {
        roles.retain(|role| matches!(*role, "mailbox" | "edge" | "cas"));
    }
    roles
}

/// `Version 15.1 (Build 2507.6)`, or 15.1.2507.6: which Exchange that is. A Subscription Edition counts its builds on
/// from 2019's (its first one is 15.2.2562).
pub(super) fn version(written: &str) -> Option<Version> {
    let mut numbers =
        written.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
    let (major, minor, build) = (numbers.next()?, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    // ldifde shows the build with the bit that is always set in the directory.
    let build = build & 0x7fff;
    Some(match (major, minor) {
        (6, 5) => Version::V2003,
        (8, _) => Version::V2007,
        (14, _) => Version::V2010,
        (15, 0) => Version::V2013,
        (15, 1) => Version::V2016,
        (15, 2) if build >= FIRST_SE => Version::Se,
        (15, 2) => Version::V2019,
        _ => return None,
    })
}

/// The members are Mailbox servers; the witness is a file server.
fn group(record: &Record, place: &str, notes: &mut Vec<String>) -> Vec<Fact> {
    let told = record.list("Servers").chain(record.list("StartedMailboxServers"));
    let told: Vec<String> = told.map(last_part).collect();
    let members = names(told.iter().map(String::as_str));
    let title = record.one("Name").unwrap_or("the group");
    // A list that Export-Csv was given shows as the name of its type.
    if members.is_empty()
        || members.iter().any(|member| member.starts_with("microsoft.") || member.starts_with("system."))
    {
        notes.push(format!(
            "{place}: the members of {title} are not told; export them with @{{n='Servers';e={{$_.Servers -join ','}}}}, or \
             use Export-Clixml"
        ));
        return witnesses(record, place);
    }
    let fact =
        |name: String| Fact { place: place.to_owned(), names: vec![name], roles: vec!["mailbox"], ..Fact::default() };
    members.into_iter().map(fact).chain(witnesses(record, place)).collect()
}

fn witnesses(record: &Record, place: &str) -> Vec<Fact> {
    let told = ["WitnessServer", "AlternateWitnessServer"].into_iter().flat_map(|property| record.all(property));
    let fact = |name| Fact { place: place.to_owned(), names: vec![name], roles: vec!["witness"], ..Fact::default() };
    names(told).into_iter().map(fact).collect()
}

fn controller(record: &Record, place: &str, notes: &mut Vec<String>) -> Vec<Fact> {
    let names = names([record.one("HostName"), record.one("Name")].into_iter().flatten());
    if names.is_empty() {
        notes.push(format!("{place}: the domain controller has neither HostName nor Name"));
        return Vec::new();
    }
    let told = ["IPv4Address", "IPv6Address"].into_iter().flat_map(|property| record.list(property));
    let addresses: Vec<IpAddr> = told.filter_map(|address| address.parse().ok()).collect();
    let catalog = if record.is("IsGlobalCatalog") { &["dc", "gc"][..] } else { &["dc"][..] };
    let site = record.one("Site").map(last_part).filter(|site| !site.is_empty());
    vec![Fact { place: place.to_owned(), names, addresses, roles: catalog.to_vec(), site, version: None }]
}

fn names<'a>(told: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in told.filter_map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn first(names: &[String]) -> &str {
    names.first().map_or("", String::as_str)
}

/// `contoso.com/Configuration/Sites/Paris`, `CN=Paris,CN=Sites,...` or `Paris`: Paris.
pub(super) fn last_part(written: &str) -> String {
    if written.contains('=') {
        return super::ldif::parts(written).into_iter().next().unwrap_or_default();
    }
    written.rsplit('/').next().unwrap_or_default().trim().to_owned()
}

/// Build of 15.2 with which the Subscription Edition began.
const FIRST_SE: u32 = 2562;
