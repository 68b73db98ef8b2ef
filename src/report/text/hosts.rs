//! Who is who, and why that is believed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::report::Report;
use crate::report::harmless::harmless;
use crate::report::page::{Align, Page, Tone};
use crate::report::text::{WIDE, beyond, grouped};
use crate::topology::{Host, RoleClaim};

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
    let heard = |host: &Host| host.addresses.iter().any(|one| report.traces.iter().any(|trace| trace.ever_heard(*one)));
    let (unheard, hosts): (Vec<Host>, Vec<Host>) = hosts.into_iter().partition(|host| host.known && !heard(host));
    let (known, others): (Vec<Host>, Vec<Host>) =
        hosts.into_iter().partition(|host| !host.roles.is_empty() || !host.names.is_empty());
    if page.width() >= WIDE && !known.is_empty() {
        let rows: Vec<Vec<String>> = known.iter().take(MOST_HOSTS).map(row).collect();
        let columns = ["host", "address", "role", "site", "Exchange", "because"].map(|title| (title, Align::Left));
        page.table(2, &columns, &rows);
    } else {
        known.iter().take(MOST_HOSTS).for_each(|host| one(page, host));
    }
    beyond(page, 2, known.len().saturating_sub(MOST_HOSTS), "hosts");
    listed(page, "Role not known:", &others, report.roster.left_out, addresses);
    listed(page, "In the topology file, and never heard here:", &unheard, 0, |host| {
        host.names.first().map_or_else(|| addresses(host), |name| harmless(name).into_owned())
    });
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
pub(in crate::report) fn hosts(report: &Report<'_>) -> Vec<Host> {
    let mut hosts = report.roster.hosts().to_vec();
    for host in hosts.iter_mut().filter(|host| host.names.is_empty()) {
        host.names = host.addresses.iter().flat_map(|address| seen_names(report, *address)).collect();
    }
    if report.roster.left_out > 0 {
        return hosts; // the roster holds all of which more than an address is told
    }
    let ends = report.traces.iter().flat_map(|trace| &trace.conversations);
    let ends = ends.flat_map(|one| [one.flow.initiator.address, one.flow.responder.address]);
    let lone = report.traces.iter().flat_map(|trace| {
        let servers = trace.lone.servers().iter().map(|tried| tried.at.address);
        servers.chain(trace.lone.sources().map(|(source, _)| source))
    });
    let strangers: BTreeSet<IpAddr> =
        ends.chain(lone).filter(|address| is_host(*address) && report.roster.host(*address).is_none()).collect();
    hosts.extend(strangers.into_iter().map(|address| Host {
        addresses: vec![address],
        names: seen_names(report, address).collect(),
        ..Host::default()
    }));
    hosts
}

/// Whether an address is one host's: not all hosts', not none's.
pub(in crate::report) fn is_host(address: IpAddr) -> bool {
    let everyone = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !everyone && !address.is_multicast() && !address.is_unspecified()
}

/// The names that the traffic tells of an address.
fn seen_names(report: &Report<'_>, address: IpAddr) -> impl Iterator<Item = String> {
    report.traces.iter().filter_map(move |trace| trace.names.get(&address)).flatten().cloned()
}

/// Hosts of which nothing but their name is told.
fn listed(page: &mut Page, title: &str, hosts: &[Host], left_out: u64, name: impl Fn(&Host) -> String) {
    if hosts.is_empty() {
        return;
    }
    let named: Vec<String> = hosts.iter().take(MOST_ADDRESSES).map(name).collect();
    let more = hosts.len().saturating_sub(MOST_ADDRESSES) as u64 + left_out;
    let more = if more == 0 { String::new() } else { format!(" and {} more", grouped(more)) };
    page.paragraph(2, 4, &[(Tone::Text, title), (Tone::Text, &format!("{}{more}", named.join(", ")))]);
}

/// A host in columns. Roles that the file states come first; it is reason enough for them.
fn row(host: &Host) -> Vec<String> {
    let roles: Vec<String> = host
        .roles
        .iter()
        .take(MOST_ROLES)
        .map(|claim| if is_stated(claim) { claim.role.clone() } else { share(claim) })
        .collect();
    let reasons: BTreeSet<&str> = host.roles.iter().take(MOST_ROLES).map(|claim| claim.because.as_str()).collect();
    vec![
        names(host),
        addresses(host),
        roles.join(", "),
        host.site.as_deref().map(harmless).unwrap_or_default().into_owned(),
        host.version.as_deref().map(harmless).unwrap_or_default().into_owned(),
        reasons.iter().map(|reason| harmless(reason)).collect::<Vec<_>>().join("; "),
    ]
}

/// A host with a line for each role that the file does not state.
fn one(page: &mut Page, host: &Host) {
    let site = host.site.as_ref().map(|site| format!("site {}", harmless(site)));
    let version = host.version.as_ref().map(|version| format!("Exchange {}", harmless(version)));
    let (stated, inferred): (Vec<&RoleClaim>, Vec<&RoleClaim>) =
        host.roles.iter().take(MOST_ROLES).partition(|claim| is_stated(claim));
    let stated: Vec<&str> = stated.iter().map(|claim| claim.role.as_str()).collect();
    let role = (!stated.is_empty()).then(|| format!("role {}", stated.join(", ")));
    let names = Some(names(host)).filter(|names| !names.is_empty());
    let about: Vec<String> = [names, role, site, version].into_iter().flatten().collect();
    page.paragraph(2, 6, &[(Tone::Strong, &addresses(host)), (Tone::Text, &about.join("; "))]);
    for claim in inferred {
        page.paragraph(6, 8, &[(Tone::Text, &format!("{}: {}", share(claim), harmless(&claim.because)))]);
    }
}

/// Whether the topology file says so.
fn is_stated(claim: &RoleClaim) -> bool {
    claim.confidence >= 1.0
}

/// "cas (90 %)".
fn share(claim: &RoleClaim) -> String {
    format!("{} ({:.0} %)", claim.role, claim.confidence * 100.0)
}

fn names(host: &Host) -> String {
    let names: Vec<_> = host.names.iter().take(MOST_NAMES).map(|name| harmless(name)).collect();
    names.join(", ")
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
