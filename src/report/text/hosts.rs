//! Who is who, and why that is believed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::report::Report;
use crate::report::harmless::harmless;
use crate::report::page::{Page, Tone};
use crate::report::text::{beyond, grouped};
use crate::topology::Host;

/// Hosts with a role or a name first; the others only by address.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let hosts = hosts(report);
    if hosts.is_empty() {
        return;
    }
    let inferred = hosts.iter().any(|host| !host.roles.is_empty()) && !hosts.iter().any(|host| host.known);
    page.heading(if inferred {
        "HOSTS (roles are inferred from the traffic; --topology FILE states them)"
    } else {
        "HOSTS"
    });
    let (known, others): (Vec<Host>, Vec<Host>) =
        hosts.into_iter().partition(|host| !host.roles.is_empty() || !host.names.is_empty());
    for host in known.iter().take(MOST_HOSTS) {
        one(page, host);
    }
    beyond(page, 2, known.len().saturating_sub(MOST_HOSTS), "hosts");
    if !others.is_empty() {
        let named: Vec<String> = others.iter().take(MOST_ADDRESSES).map(addresses).collect();
        let more = others.len().saturating_sub(MOST_ADDRESSES);
        let more = if more == 0 { String::new() } else { format!(" and {} more", grouped(more as u64)) };
        let text = format!("Role not known: {}{more}", named.join(", "));
        page.paragraph(2, 4, &[(Tone::Text, &text)]);
    }
    if report.roster.hosts().iter().all(|host| host.roles.is_empty()) {
        let hint = "Name your servers in a file (--topology FILE): then the report tells roles, the symptom to expect, \
                    and what the vendor supports.";
        page.paragraph(2, 2, &[(Tone::Text, hint)]);
    }
    for contradiction in &report.roster.contradictions {
        page.paragraph(2, 4, &[(Tone::Doubt, "The topology file disagrees:"), (Tone::Text, &harmless(contradiction))]);
    }
}

/// The hosts that are known, and those that only talked.
fn hosts(report: &Report<'_>) -> Vec<Host> {
    let mut hosts = report.roster.hosts().to_vec();
    for host in hosts.iter_mut().filter(|host| host.names.is_empty()) {
        host.names = host.addresses.iter().flat_map(|address| names(report, *address)).collect();
    }
    let ends = report.traces.iter().flat_map(|trace| &trace.conversations);
    let ends = ends.flat_map(|one| [one.flow.initiator.address, one.flow.responder.address]);
    let strangers: BTreeSet<IpAddr> =
        ends.filter(|address| is_host(*address) && report.roster.host(*address).is_none()).collect();
    hosts.extend(strangers.into_iter().map(|address| Host {
        addresses: vec![address],
        names: names(report, address).collect(),
        ..Host::default()
    }));
    hosts
}

/// Whether an address is one host's: not all hosts', not none's.
fn is_host(address: IpAddr) -> bool {
    let everyone = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !everyone && !address.is_multicast() && !address.is_unspecified()
}

/// The names that the traffic tells of an address.
fn names(report: &Report<'_>, address: IpAddr) -> impl Iterator<Item = String> {
    report.traces.iter().filter_map(move |trace| trace.names.get(&address)).flatten().cloned()
}

fn one(page: &mut Page, host: &Host) {
    let names: Vec<_> = host.names.iter().take(MOST_NAMES).map(|name| harmless(name)).collect();
    let site = host.site.as_ref().map(|site| format!("site {}", harmless(site)));
    let version = host.version.as_ref().map(|version| format!("Exchange {}", harmless(version)));
    let file = host.known.then(|| "in the topology file".to_owned());
    let about: Vec<String> = [Some(names.join(", ")), site, version, file].into_iter().flatten().collect();
    let about: Vec<&str> = about.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    page.paragraph(2, 6, &[(Tone::Strong, &addresses(host)), (Tone::Text, &about.join("; "))]);
    for claim in host.roles.iter().take(MOST_ROLES) {
        let role = format!("{} ({:.0} %)", claim.role, claim.confidence * 100.0);
        page.paragraph(6, 8, &[(Tone::Text, &format!("{role}: {}", harmless(&claim.because)))]);
    }
}

fn addresses(host: &Host) -> String {
    let shown: Vec<String> = host.addresses.iter().take(MOST_NAMES).map(ToString::to_string).collect();
    let more = if host.addresses.len() > MOST_NAMES { " …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Hosts told with names and roles.
const MOST_HOSTS: usize = 40;
/// Addresses told of hosts without either.
const MOST_ADDRESSES: usize = 12;
/// Names and addresses of one host.
const MOST_NAMES: usize = 4;
/// Roles of one host.
const MOST_ROLES: usize = 4;
