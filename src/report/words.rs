//! The sentences under a finding.

use std::collections::{BTreeMap, BTreeSet};

use anyany_dissectors::Uuid;

use crate::diagnose::{Attribution, Finding, Incident, Kind, Party, Verdict};
use crate::flow::{Endpoint, Moment, Outcome, Transport};
use crate::observe::{Latency, ServicePort, Trace};
use crate::reference::{Ruling, Support, Zone};
use crate::report::Report;
use crate::topology::Host;

/// One row of the role-by-role matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRow {
    /// Role of the client.
    pub from: String,
    /// Role of the server.
    pub to: String,
    /// The service.
    pub service: String,
    /// Whether the tables say that it must pass.
    pub required: bool,
    /// `ok`, `degraded`, `blocked` or `never-seen`.
    pub status: &'static str,
    /// Attempts.
    pub flows: u64,
    /// Those that were blocked.
    pub blocked: u64,
}

/// What was seen of one server port.
#[derive(Debug, Default)]
pub struct ServiceRow {
    /// The service; a word of the contract.
    pub name: &'static str,
    /// The RPC interface, when it is one.
    pub interface: Option<Uuid>,
    /// Attempts.
    pub flows: u64,
    /// Those that did not reach the server.
    pub failed: u64,
    /// From SYN to SYN-ACK.
    pub connect: Latency,
}

/// Every server port seen in traffic, in order.
pub fn services(trace: &Trace) -> BTreeMap<ServicePort, ServiceRow> {
    let mut rows: BTreeMap<ServicePort, ServiceRow> = BTreeMap::new();
    for one in &trace.conversations {
        let flow = &one.flow;
        if flow.key.transport == Transport::Icmp {
            continue;
        }
        let at =
            ServicePort { server: flow.responder.address, port: flow.responder.port, transport: flow.key.transport };
        let row = rows.entry(at).or_default();
        row.flows += 1;
        // Of what was seen in one direction only, nothing is known to have failed.
        row.failed += u64::from(!one.outcome.reached() && one.outcome != Outcome::OneSided);
        if row.name.is_empty() || row.name == "other" {
            row.name = one.service;
        }
        row.interface = row.interface.or_else(|| trace.interface(one));
        if let Some(span) = flow.connect_time() {
            row.connect.record(span);
        }
    }
    rows
}

/// Where session descriptions promised to receive media.
pub fn media_endpoints(trace: &Trace) -> Vec<(Endpoint, String, Moment)> {
    let mut found: BTreeMap<Endpoint, (String, Moment)> = BTreeMap::new();
    for promised in trace.conversations.iter().flat_map(|one| &one.seen.media) {
        if promised.media.port == 0 || !promised.media.receives {
            continue;
        }
        let at = Endpoint { address: promised.media.address, port: promised.media.port };
        let entry = found.entry(at).or_insert_with(|| (promised.media.kind.to_string(), promised.moment));
        entry.1 = entry.1.min(promised.moment);
    }
    found.into_iter().map(|(at, (kind, moment))| (at, kind, moment)).collect()
}

/// Findings that say "blocked".
pub fn blocked_paths<'a>(report: &'a Report<'_>) -> Vec<&'a Finding> {
    let blocked = |finding: &&Finding| finding.judgement.kind.verdict() == Verdict::Blocked;
    report.diagnosis.findings.iter().filter(blocked).collect()
}

/// The role-by-role matrix of what was seen.
pub fn paths(report: &Report<'_>) -> Vec<PathRow> {
    let mut rows: BTreeMap<(String, String, &str), Attempts> = BTreeMap::new();
    for trace in report.traces {
        for one in &trace.conversations {
            let (client, server) = (one.flow.initiator.address, one.flow.responder.address);
            let (from, to) = (report.roster.role(client), report.roster.role(server));
            if from == "unknown" && to == "unknown" {
                continue;
            }
            let row = rows.entry((from.to_owned(), to.to_owned(), one.service)).or_default();
            row.flows += 1;
            row.reached += u64::from(one.outcome.reached());
            row.failed += u64::from(failed(one.outcome));
            row.required |= requires(report, trace, one);
        }
    }
    for finding in blocked_paths(report) {
        let (Some(client), Some(server), Some(service)) = (&finding.client, &finding.server, finding.service) else {
            continue;
        };
        if let Some(row) = rows.get_mut(&(client.role.clone(), server.role.clone(), service)) {
            row.blocked += finding.attempts;
        }
    }
    for (from, to, service) in expected(report) {
        rows.entry((from, to, service)).or_insert(Attempts { required: true, ..Attempts::default() });
    }
    let row = |((from, to, service), row): ((String, String, &str), Attempts)| {
        let status = match (row.flows, row.blocked, row.reached) {
            (0, _, _) => "never-seen",
            (flows, 0, _) if row.failed == flows => "degraded",
            (_, 0, _) => "ok",
            (_, _, 0) => "blocked",
            _ => "degraded",
        };
        let service = service.to_owned();
        PathRow {
            from,
            to,
            service,
            required: row.required,
            status,
            flows: row.flows,
            blocked: row.blocked.min(row.flows),
        }
    };
    rows.into_iter().map(row).collect()
}

/// Whether the server was not reached, or refused.
fn failed(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Unanswered | Outcome::Refused | Outcome::IcmpRejected | Outcome::HalfOpen)
}

/// What the tables expect between the roles of hosts that the topology file names and that were heard
/// here: only of those can be said that it was never seen.
fn expected<'a>(report: &'a Report<'_>) -> Vec<(String, String, &'a str)> {
    let heard =
        |host: &&Host| host.addresses.iter().any(|&address| report.traces.iter().any(|trace| trace.life.ever(address)));
    let hosts: Vec<&Host> = report.roster.hosts().iter().filter(|host| host.known).filter(heard).collect();
    let mut expected = BTreeSet::new();
    for client in &hosts {
        for server in hosts.iter().filter(|server| server.addresses != client.addresses) {
            let (Some(from), Some(to)) = (client.roles.first(), server.roles.first()) else { continue };
            let version = server.version.as_deref().or(report.roster.version.as_deref());
            let services = report.reference.required_services(&from.role, &to.role, version);
            for service in services.into_iter().filter(|service| *service != "other") {
                expected.insert((from.role.clone(), to.role.clone(), service));
            }
        }
    }
    expected.into_iter().collect()
}

/// What was tried between two roles.
#[derive(Debug, Default)]
struct Attempts {
    flows: u64,
    reached: u64,
    failed: u64,
    blocked: u64,
    required: bool,
}

/// Whether the tables list a conversation among those that must pass inside an organization.
fn requires(report: &Report<'_>, trace: &Trace, one: &crate::observe::Conversation) -> bool {
    let from: Vec<&str> = report.roster.roles(one.flow.initiator.address).collect();
    let to: Vec<&str> = report.roster.roles(one.flow.responder.address).collect();
    let version = report.roster.version(one.flow.responder.address);
    let interface = trace.interface(one);
    let port = one.flow.responder.port;
    let path = report.reference.path_for(&from, &to, one.flow.key.transport, port, one.service, interface, version);
    path.is_some_and(|path| path.zone == Zone::IntraOrg)
}

/// "CAS01 (10.10.1.11, cas) → 10.10.2.21 (mailbox), TCP 59531 (EMSMDB)".
pub fn path(report: &Report<'_>, finding: &Finding) -> String {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return "the capture".to_owned() };
    let transport = finding.transport.map_or("", Transport::word).to_uppercase();
    let port = finding.port.map(|port| format!(" {port}")).unwrap_or_default();
    let what = finding.judgement.interface.and_then(|uuid| report.reference.interface(uuid)).map_or_else(
        || finding.service.filter(|service| *service != "other").map(str::to_owned),
        |interface| Some(interface.short_name()),
    );
    let what = what.map(|what| format!(" ({what})")).unwrap_or_default();
    format!("{} → {}, {transport}{port}{what}", who(report, client), who(report, server))
}

/// "CAS01 (10.10.1.11, cas)": what is known of a host.
pub fn who(report: &Report<'_>, party: &Party) -> String {
    let name = report.roster.host(party.address).and_then(|host| host.names.first());
    let role = (party.role != "unknown").then_some(party.role.as_str());
    match (name, role) {
        (Some(name), Some(role)) => format!("{name} ({}, {role})", party.address),
        (Some(name), None) => format!("{name} ({})", party.address),
        (None, Some(role)) => format!("{} ({role})", party.address),
        (None, None) => party.address.to_string(),
    }
}

/// One line: what happens, between whom.
pub fn summary(report: &Report<'_>, finding: &Finding) -> String {
    let path = path(report, finding);
    match finding.judgement.kind {
        Kind::FailoverBlocked => format!("A failover needs this port, and it is blocked: {path}"),
        Kind::ProxyBlocked => format!("An Exchange server cannot hand clients' requests to another one: {path}"),
        Kind::HeartbeatBlocked => format!("Cluster heartbeats are missing between hosts that talk otherwise: {path}"),
        Kind::MediaBlocked => format!("The call was answered, and its media never come: {path}"),
        Kind::SmtpInspection => format!("A device on the path masks what SMTP says: {path}"),
        Kind::TlsInterception => format!("A device on the path answers TLS with a certificate of its own: {path}"),
        Kind::RpcDynamicPortBlocked => format!("Port 135 answers, the dynamic RPC port that it names does not: {path}"),
        Kind::SynDropped => format!("No answer to connection attempts from a host that is alive: {path}"),
        Kind::SynAckDropped => format!("The server answers and its answer does not arrive: {path}"),
        Kind::SynRejected => {
            format!("Connection attempts are rejected by another machine in the server's name: {path}")
        }
        Kind::IcmpProhibited => format!("Connection attempts are rejected with an ICMP error: {path}"),
        Kind::MidstreamReset => format!("Established connections are cut by another machine: {path}"),
        Kind::MidstreamDrop => {
            format!("Established connections fall silent: packets vanish between hosts that are alive: {path}")
        }
        Kind::IdleTimeout => format!("A device on the path forgets idle connections: {path}"),
        Kind::TlsBlocked => format!("TCP connects, TLS does not pass: {path}"),
        Kind::PmtuBlackHole => format!("Large packets are lost, small ones pass: {path}"),
        Kind::ServiceSlow => format!("The server was reached; its service answers late or not at all: {path}"),
        Kind::HostOverloaded => {
            format!("The server was reached; its listener takes some connections and not others: {path}")
        }
        Kind::UdpBlocked => {
            format!("UDP requests get no answer from a server that answers this service otherwise: {path}")
        }
        Kind::RefusedByHost => format!("The server was reached and refused: nothing listens on that port: {path}"),
        Kind::HostUnreachable => format!("The last router cannot reach the host: {path}"),
        Kind::RpcNotRegistered => {
            format!("The endpoint mapper was reached; the service is not registered there: {path}")
        }
        Kind::ResetByHost => format!("One of the hosts itself cut an established connection: {path}"),
        Kind::NoAnswer => format!("No answer, and not enough evidence to say why: {path}"),
        Kind::HostSilent => format!("No answer from a host that was never heard: {path}"),
        Kind::OneWayCapture if finding.client.is_none() => {
            "Only one direction was captured, so silence means nothing".to_owned()
        }
        Kind::OneWayCapture => format!("Only one direction was captured, so silence means nothing: {path}"),
        Kind::CaptureEdge => format!("The capture ended before an answer could have come: {path}"),
        Kind::CaptureLoss => "Packets are missing from the capture, so silence proves less".to_owned(),
        Kind::DuplicatePackets => "The capture holds packets twice; the copies were left out".to_owned(),
        Kind::TruncatedPackets => {
            "The capture kept only the front of its packets, so not all that was said is known".to_owned()
        }
        Kind::ClockJump => "The capture's clock went back: times before and after do not compare".to_owned(),
        Kind::StartedMidway => {
            "Connections were under way when the capture began; how they started is not known".to_owned()
        }
    }
}

/// What users and logs show when this path is blocked.
pub fn symptom(report: &Report<'_>, finding: &Finding) -> Option<String> {
    if !matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered) {
        return None;
    }
    let row = reference_path(report, finding)?;
    let events: Vec<_> = report
        .reference
        .events(&row.events)
        .map(|event| match event.event_id {
            0 => format!("{}: {}", event.log_source, event.meaning),
            number => format!("{} {number}: {}", event.log_source, event.meaning),
        })
        .collect();
    let events = if events.is_empty() { String::new() } else { format!(" ({})", events.join("; ")) };
    Some(format!("{}{events}", row.symptom)).filter(|symptom| !symptom.is_empty())
}

/// What the vendor's stated policy says of blocking on this path.
pub fn support(report: &Report<'_>, finding: &Finding) -> Support {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return Support::NotApplicable };
    if !matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered) {
        return Support::NotApplicable;
    }
    policy(report, client, server, finding).support
}

fn policy(report: &Report<'_>, client: &Party, server: &Party, finding: &Finding) -> Ruling {
    let from: Vec<&str> = report.roster.roles(client.address).collect();
    let to: Vec<&str> = report.roster.roles(server.address).collect();
    let version = report.roster.version(server.address).or_else(|| report.roster.version(client.address));
    if finding.judgement.kind.verdict() == Verdict::Altered {
        return report.reference.support_of_altering(&from, &to, version);
    }
    let zone = reference_path(report, finding).map(|path| path.zone);
    report.reference.support(&from, &to, zone, version)
}

/// The policy's own words on a blocked path, with their source. `None` where it says nothing.
pub fn policy_sentence(report: &Report<'_>, finding: &Finding) -> Option<String> {
    let (client, server) = (finding.client.as_ref()?, finding.server.as_ref()?);
    let ruling = policy(report, client, server, finding);
    let verdict = finding.judgement.kind.verdict();
    (matches!(verdict, Verdict::Blocked | Verdict::Altered) && ruling.support != Support::NotApplicable)
        .then_some(ruling.sentence)
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
        (Kind::HostSilent | Kind::NoAnswer, _) => {
            format!("Capture beside {server} at the same time: do the packets of {client} arrive there?")
        }
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

fn rule(report: &Report<'_>, finding: &Finding) -> String {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return String::new() };
    if policy(report, client, server, finding).support == Support::Unsupported {
        return " that is missing: any port and protocol, both ways, between the groups \"Exchange Servers\" and \
                \"Domain Controllers\" and within the first; this pair is the proof"
            .to_owned();
    }
    let transport = finding.transport.map_or("", Transport::word).to_uppercase();
    format!(" that lets {} open {transport} {} to {}", client.address, finding.port.unwrap_or(0), server.address)
}

/// A Wireshark display filter that shows the packets of a finding.
pub fn display_filter(finding: &Finding) -> Option<String> {
    let (client, server, transport) = (finding.client.as_ref()?, finding.server.as_ref()?, finding.transport?);
    let field = |address: std::net::IpAddr| if address.is_ipv4() { "ip.addr" } else { "ipv6.addr" };
    let hosts =
        format!("{}=={} && {}=={}", field(client.address), client.address, field(server.address), server.address);
    let icmp = if client.address.is_ipv4() { "icmp" } else { "icmpv6" };
    Some(match transport {
        Transport::Icmp => format!("{hosts} && {icmp}"),
        // Errors quote the port, so they show up under the same filter.
        transport => format!("{hosts} && {}.port=={}", transport.word(), finding.port?),
    })
}

/// One sentence for findings with one cause.
pub fn incident(report: &Report<'_>, incident: &Incident) -> String {
    let members: Vec<_> =
        report.diagnosis.findings.iter().filter(|finding| incident.findings.contains(&finding.id)).collect();
    let Some(first) = members.first() else { return String::new() };
    let sides = |pick: fn(&Finding) -> Option<&Party>| {
        let parties: BTreeSet<_> = members.iter().filter_map(|finding| pick(finding)).collect();
        let roles: BTreeSet<_> = parties.iter().map(|party| party.role.as_str()).collect();
        match (parties.first(), roles.first()) {
            (Some(only), _) if parties.len() == 1 => who(report, only),
            (Some(_), Some(&role)) if roles.len() == 1 && role != "unknown" => {
                format!("{} {role} hosts", parties.len())
            }
            _ => format!("{} hosts", parties.len()),
        }
    };
    let (from, to) = (sides(|finding| finding.client.as_ref()), sides(|finding| finding.server.as_ref()));
    let ports = ports(&members);
    match first.judgement.kind {
        Kind::FailoverBlocked => {
            let hosts: BTreeSet<_> = members
                .iter()
                .flat_map(|finding| [&finding.client, &finding.server])
                .flatten()
                .map(|party| party.address.to_string())
                .collect();
            let hosts: Vec<_> = hosts.into_iter().take(6).collect();
            format!("The failover between {} cannot work: {ports} are blocked together", hosts.join(", "))
        }
        Kind::MediaBlocked => format!("Calls are answered, and the media of {from} never come to {to}"),
        Kind::HeartbeatBlocked => format!("Cluster heartbeats of {from} do not come to {to}, which talk otherwise"),
        Kind::ProxyBlocked => format!("{from} cannot hand clients' requests to {to} on {ports}"),
        Kind::SmtpInspection => format!("A device masks SMTP between {from} and {to}"),
        Kind::TlsInterception => format!("A device reads TLS between {from} and {to}"),
        Kind::RpcDynamicPortBlocked => {
            format!("135 passes from {from} to {to}, the dynamic RPC ports do not ({ports})")
        }
        Kind::SynDropped => format!("{from} gets no answer from {to} on {ports}, though that side is alive"),
        Kind::SynAckDropped => format!("answers of {to} on {ports} do not reach {from}"),
        Kind::SynRejected => format!("a device answers {from} with RST in the name of {to} on {ports}"),
        Kind::IcmpProhibited => format!("{from} is refused {to} on {ports} by ICMP"),
        Kind::MidstreamReset => format!("a device cuts connections of {from} to {to} on {ports}"),
        Kind::MidstreamDrop => format!("established connections of {from} to {to} on {ports} fall silent"),
        Kind::IdleTimeout => format!("idle connections of {from} to {to} on {ports} are forgotten on the way"),
        Kind::TlsBlocked => format!("{from} reaches {to} on {ports} by TCP, but TLS does not pass"),
        Kind::PmtuBlackHole => format!("large packets between {from} and {to} ({ports}) are lost"),
        Kind::UdpBlocked => format!("requests of {from} to {to} on {ports} get no answer"),
        _ => summary(report, first),
    }
}

/// "TCP 443, 444".
fn ports(members: &[&Finding]) -> String {
    let transports: BTreeSet<_> = members.iter().filter_map(|finding| finding.transport).collect();
    let transports: Vec<_> = transports.into_iter().map(|transport| transport.word().to_uppercase()).collect();
    let ports: BTreeSet<_> = members.iter().filter_map(|finding| finding.port).collect();
    let mut named: Vec<_> = ports.iter().take(MOST_PORTS).map(u16::to_string).collect();
    if ports.len() > MOST_PORTS {
        named.push(format!("and {} more", ports.len() - MOST_PORTS));
    }
    format!("{} {}", transports.join("/"), named.join(", "))
}

fn reference_path<'a>(report: &'a Report<'_>, finding: &Finding) -> Option<&'a crate::reference::Path> {
    let (client, server) = (finding.client.as_ref()?, finding.server.as_ref()?);
    let from: Vec<&str> = report.roster.roles(client.address).collect();
    let to: Vec<&str> = report.roster.roles(server.address).collect();
    let version = report.roster.version(server.address);
    report.reference.path_for(
        &from,
        &to,
        finding.transport?,
        finding.port?,
        finding.service?,
        finding.judgement.interface,
        version,
    )
}

/// Ports named in one sentence.
const MOST_PORTS: usize = 6;
