//! What to do next: the second capture or the command that settles it, or the rule to ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::MOST_PORTS;
use super::policy::ruling;
use crate::diagnose::{Attribution, Finding, Incident, Kind, Party};
use crate::flow::Transport;
use crate::reference::{Group, Rhythm, Support};
use crate::report::Report;

/// What to do about findings with one cause: the advice of the gravest, which names all failing pairs.
pub fn next_step_of(report: &Report<'_>, incident: &Incident) -> Option<String> {
    let of_incident = |finding: &&Finding| incident.findings.contains(&finding.id);
    report.diagnosis.findings.iter().find(of_incident).map(|finding| next_step(report, finding))
}

/// What to do next: the second capture or the command that settles it, or the rule to ask for.
pub fn next_step(report: &Report<'_>, finding: &Finding) -> String {
    let (client, server) = (finding.client.as_ref(), finding.server.as_ref());
    let (Some(client), Some(server)) = (client, server) else {
        return match finding.judgement.kind {
            Kind::OneWayCapture => {
                "Capture both directions: mirror Rx and Tx of the port, or capture on the host itself"
            }
            Kind::CaptureLoss => {
                "Capture less: filter for the hosts in question, write to a fast disk, use a larger buffer"
            }
            Kind::DuplicatePackets => {
                "Nothing is lost by it; to save space mirror each port in one direction, or one VLAN"
            }
            Kind::TruncatedPackets => "Capture whole packets (snap length 0 or 262144)",
            Kind::ClockJump => "Capture again without setting the clock meanwhile, or analyze the files one by one",
            _ => "Start the capture first, then reproduce the problem",
        }
        .to_owned();
    };
    let port = finding.port.unwrap_or(0);
    let (client, server) = (client.address, server.address);
    match (finding.judgement.kind, finding.judgement.attribution) {
        (Kind::SmtpInspection, _) => format!(
            "On the firewalls between {client} and {server}: exempt this path from SMTP inspection (ASA: no inspect esmtp; PIX: no fixup protocol smtp), then compare the EHLO replies on both sides"
        ),
        (Kind::TlsInterception, _) => format!(
            "Exempt the path between {client} and {server} from TLS inspection, and compare the certificate seen by {client} with the one that {server} has"
        ),
        (Kind::FailoverBlocked, _) => format!(
            "Show the firewall team all ports of this incident together, and ask for the rule{}",
            rule(report, finding)
        ),
        (Kind::MediaBlocked, Attribution::NetworkOrEndpoint) => format!(
            "Capture beside {client} during a call: if its RTP leaves there, ask for the rule{}",
            rule(report, finding)
        ),
        (Kind::HeartbeatBlocked, Attribution::NetworkOrEndpoint) => format!(
            "On {client}: check that the cluster service runs (Get-ClusterNode), and capture there: if heartbeats to {server} leave, ask for the rule{}",
            rule(report, finding)
        ),
        (Kind::RefusedByHost, _) => format!(
            "On {server}: find out why nothing listens on port {port} (Get-Service, netstat -ano); the network has done its part"
        ),
        (Kind::RpcNotRegistered, _) => format!(
            "On {server}: start the service that registers the interface (rpcdump or portqry -n {server} -e 135 lists what is registered)"
        ),
        (Kind::HostUnreachable, _) => format!("Check whether {server} is up and its address and route are right"),
        (Kind::ResetByHost, _) => format!(
            "Look at the event log of the host that sent the RST, at the time of the first frame: {server} and {client}"
        ),
        (Kind::ServiceSlow, _) => format!(
            "On {server}: look at the load, the event log and the service itself at the time of the first frame; the network has done its part"
        ),
        (Kind::HostOverloaded, _) => format!(
            "On {server}: look at the load, the connection limits and the accept backlog of port {port}; the network has done its part"
        ),
        (Kind::IdleTimeout, _) => format!(
            "Raise the idle timer for {client} to {server} on the firewalls and load balancers between them above the keep-alive of both hosts (Windows: 2 hours), or set KeepAliveTime to 15-30 minutes on both (HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters) and for RPC MinimumConnectionTimeout to 120 seconds; timers must fall from client to server"
        ),
        (Kind::PmtuBlackHole, _) => format!(
            "Find the largest packet that passes (ping -f -l 1472 {server}, then less), and let ICMP \"fragmentation needed\" (3/4; ICMPv6 2/0) pass, or lower the MSS on the device with the small MTU"
        ),
        (Kind::ExpectedNotSeen, _) => match rhythm(report, finding) {
            Some(rhythm) => format!(
                "Capture beside {client} at the same time: does it send to {server} on port {port}? On the hosts: {}",
                rhythm.check
            ),
            None => format!(
                "Capture beside {client} at the same time: do its SYNs to {server}:{port} leave there? On {client}: portqry -n {server} -p tcp -e {port}; FILTERED there and nothing here means a device between the two places"
            ),
        },
        (Kind::HostSilent | Kind::NoAnswer, _) => format!(
            "Capture beside {server} at the same time: do the packets of {client} arrive there? On {client}: portqry -n {server} -e {port} (with -p udp for UDP), or ping {server}, to see whether it is up"
        ),
        (Kind::CaptureEdge, _) => "Let the capture run for at least 30 seconds after the problem shows".to_owned(),
        (Kind::OneWayCapture, _) => {
            "Capture both directions: mirror Rx and Tx of the port, or capture on the host itself".to_owned()
        }
        (_, Attribution::Endpoint) => format!(
            "On {server}: look at the host firewall (netsh wfp show state; auditpol for Filtering Platform Packet Drop) and whether the service listens"
        ),
        (_, Attribution::NetworkOrEndpoint) => format!(
            "Capture beside {server} at the same time: if the packets arrive there, the network is innocent and the host's own firewall or the stopped service is the cause; if not, ask for the rule{}",
            rule(report, finding)
        ),
        _ => format!("Ask for the rule{}", rule(report, finding)),
    }
}

/// The row that says how regularly something comes that was never seen.
pub(super) fn rhythm<'a>(report: &'a Report<'_>, finding: &Finding) -> Option<&'a Rhythm> {
    let (transport, port, service) = (finding.transport?, finding.port?, finding.service?);
    // What 135 named and nobody called has no rhythm: it comes at once.
    if finding.judgement.interface.is_some() {
        return None;
    }
    let reference = report.reference;
    reference.rhythms().iter().find(|rhythm| {
        reference.path(&rhythm.path).is_some_and(|path| reference.carries(path, transport, port, service, None))
    })
}

/// The same in two: what to do, and the rule to ask for where it ends in one.
pub fn next_step_and_rule(report: &Report<'_>, finding: &Finding) -> (String, Option<String>) {
    let (step, rule) = (next_step(report, finding), rule(report, finding));
    match step.strip_suffix(&rule).filter(|_| !rule.is_empty()) {
        Some(front) => (format!("{front} below"), Some(format!("The rule{rule}"))),
        None => (step, None),
    }
}

/// The rule that is missing, with every failing pair of the same cause as proof.
fn rule(report: &Report<'_>, finding: &Finding) -> String {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return String::new() };
    let proof = proof(report, finding);
    if ruling(report, client, server, finding).support == Support::Unsupported {
        return format!(
            " that is missing: any port and protocol, both ways, {}; failing pairs, as proof: {proof}",
            groups(report, client, server)
        );
    }
    format!(" that lets pass what is listed for these hosts and fails: {proof}")
}

/// Between which groups: the unit of the rule is the group, so that the next server only has to join it.
fn groups(report: &Report<'_>, client: &Party, server: &Party) -> &'static str {
    let is_voice = |party: &Party| {
        report
            .roster
            .roles(party.address)
            .filter_map(|role| report.reference.role(role))
            .any(|role| role.group == Group::Voice)
    };
    if is_voice(client) || is_voice(server) {
        return "between the groups \"Exchange Servers\" and \"Lync and Skype for Business Servers\"";
    }
    "between the groups \"Exchange Servers\" and \"Domain Controllers\" and within the first"
}

/// "10.10.1.11 → 10.10.2.21 TCP 59531, 59532; …": what fails for the same cause.
fn proof(report: &Report<'_>, finding: &Finding) -> String {
    let same =
        |other: &&Finding| other.id == finding.id || (finding.incident.is_some() && other.incident == finding.incident);
    let mut pairs: BTreeMap<(IpAddr, IpAddr), BTreeSet<(Transport, u16)>> = BTreeMap::new();
    for one in report.diagnosis.findings.iter().filter(same) {
        let (Some(client), Some(server), Some(transport)) = (&one.client, &one.server, one.transport) else { continue };
        pairs.entry((client.address, server.address)).or_default().insert((transport, one.port.unwrap_or(0)));
    }
    let mut named: Vec<String> = pairs
        .iter()
        .take(MOST_PAIRS)
        .map(|((client, server), ports)| format!("{client} → {server} {}", listed(ports)))
        .collect();
    if pairs.len() > MOST_PAIRS {
        named.push(format!("and {} more pairs", pairs.len() - MOST_PAIRS));
    }
    named.join("; ")
}

/// "TCP 443, 444".
fn listed(ports: &BTreeSet<(Transport, u16)>) -> String {
    let mut last = None;
    let mut named = Vec::new();
    for &(transport, port) in ports.iter().take(MOST_PORTS) {
        let word =
            if last == Some(transport) { String::new() } else { format!("{} ", transport.word().to_uppercase()) };
        named.push(format!("{word}{port}"));
        last = Some(transport);
    }
    if ports.len() > MOST_PORTS {
        named.push(format!("and {} more", ports.len() - MOST_PORTS));
    }
    named.join(", ")
}

/// Failing pairs named in one sentence.
const MOST_PAIRS: usize = 8;
