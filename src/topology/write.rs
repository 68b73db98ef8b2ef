//! The roster as a topology file, and how a file fares against the traffic.

use std::fmt::Write;

use super::file::File;
use super::{Gathered, Host, Roster};
use crate::observe::Trace;

/// A topology file for the hosts whose role is known, with the reason of every role: a draft for
/// somebody to correct.
pub fn to_toml(roster: &Roster) -> String {
    let (known, unknown): (Vec<_>, Vec<_>) = roster.hosts().iter().partition(|host| !host.roles.is_empty());
    let mut out =
        String::from("# Who is who. Correct what is wrong; with --topology this file counts, not the traffic.\n");
    if !unknown.is_empty() {
        line(&mut out, format_args!("# Hosts of unknown role, left out: {}.", unknown.len()));
    }
    if let Some(version) = &roster.version {
        line(&mut out, format_args!("\n[organization]\nversion = {}", quoted(version)));
    }
    for host in known {
        write_host(&mut out, host);
    }
    out
}

/// A topology file for the hosts of server lists, with the place of every role, and what is left to do in comments.
pub fn gathered_to_toml(gathered: &Gathered) -> String {
    let mut out = String::from("# Who is who, from server lists. With --topology this file counts, not the traffic.\n");
    let one_line =
        |text: &str| text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>();
    for contradiction in &gathered.contradictions {
        line(&mut out, format_args!("# To be settled: {}", one_line(contradiction)));
    }
    for host in &gathered.nowhere {
        line(
            &mut out,
            format_args!(
                "# No address is known of {} ({}; {}).",
                one_line(&host.name),
                host.roles.join(", "),
                one_line(&host.place)
            ),
        );
    }
    if let Some(version) = gathered.version {
        line(&mut out, format_args!("\n[organization]\nversion = {}", quoted(version.word())));
    }
    for host in &gathered.hosts {
        write_host(&mut out, host);
    }
    out
}

fn write_host(out: &mut String, host: &Host) {
    line(out, format_args!("\n[[host]]"));
    for claim in &host.roles {
        let because: String =
            claim.because.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if claim.confidence < 1.0 {
            line(out, format_args!("# {} ({:.2}): {because}", claim.role, claim.confidence));
        } else {
            line(out, format_args!("# {}: {because}", claim.role));
        }
    }
    if let Some((name, others)) = host.names.split_first() {
        line(out, format_args!("name = {}", quoted(name)));
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(|name| quoted(name)).collect();
            line(out, format_args!("# also called {}", others.join(", ")));
        }
    }
    let addresses: Vec<_> = host.addresses.iter().map(|address| quoted(&address.to_string())).collect();
    line(out, format_args!("addresses = [{}]", addresses.join(", ")));
    let roles: Vec<_> = host.roles.iter().map(|claim| quoted(&claim.role)).collect();
    line(out, format_args!("roles = [{}]", roles.join(", ")));
    for (key, value) in [("site", &host.site), ("version", &host.version)] {
        if let Some(value) = value {
            line(out, format_args!("{key} = {}", quoted(value)));
        }
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

/// As a TOML string on one line, whatever it holds.
fn quoted(text: &str) -> String {
    let one_line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    toml::Value::String(one_line).to_string()
}

/// How a topology file fares against the traffic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Check {
    /// What the traffic contradicts, as sentences.
    pub contradictions: Vec<String>,
    /// Hosts of the file that were never heard, by name or first address.
    pub unheard: Vec<String>,
    /// Hosts in the traffic that neither a host nor a network of the file covers.
    pub unlisted: Vec<Host>,
}

/// Compares a topology file with the traffic from which `roster` was made.
pub fn check(traces: &[Trace], file: &File, roster: &Roster) -> Check {
    let heard =
        |host: &Host| host.addresses.iter().any(|&address| traces.iter().any(|trace| trace.ever_heard(address)));
    let label = |host: &Host| {
        let address = host.addresses.first().map(ToString::to_string);
        host.names.first().cloned().or(address).unwrap_or_default()
    };
    let covered = |host: &Host| host.addresses.iter().any(|&address| file.network(address).is_some());
    let hosts = roster.hosts();
    Check {
        contradictions: roster.contradictions.clone(),
        unheard: hosts.iter().filter(|host| host.known && !heard(host)).map(label).collect(),
        unlisted: hosts.iter().filter(|host| !host.known && heard(host) && !covered(host)).cloned().collect(),
    }
}
