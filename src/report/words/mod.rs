//! The sentences under a finding.

mod advice;
mod paths;
mod policy;
mod room;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::Uuid;

use crate::diagnose::{Finding, Incident, Kind, Party, Verdict};
use crate::flow::{Endpoint, FrameRef, Moment, Outcome, Transport};
use crate::observe::{Latency, ServicePort, Trace, places};
use crate::report::Report;

pub use advice::{next_step, next_step_and_rule, next_step_of};
pub use paths::{PathRow, paths};
pub use policy::{policy, policy_sentence, support, symptom};
pub use room::crowding;

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

impl ServiceRow {
    /// The first name counts that says anything.
    fn call(&mut self, name: &'static str) {
        if self.name.is_empty() || self.name == "other" {
            self.name = name;
        }
    }
}

/// Ports that lone SYNs came to, and what usually listens there, until their turn has come: the earliest
/// conversation names a port.
struct Unnamed(BTreeMap<ServicePort, (Place, &'static str)>);

/// Where a frame stands among all of its trace.
type Place = (Option<usize>, u64);

impl Unnamed {
    fn of(trace: &Trace, place: impl Fn(FrameRef) -> Place) -> Self {
        let tried = trace.lone.servers().iter();
        let first = tried.filter_map(|tried| {
            Some((lone_port(tried.at), (place(trace.lone.first(tried)?.moment.frame), tried.service)))
        });
        Self(first.collect())
    }

    /// The name of a port, where lone SYNs came to it before the conversation that begins here.
    fn before(&mut self, at: &ServicePort, begins: impl Fn() -> Place) -> Option<&'static str> {
        let (first, name) = *self.0.get(at)?;
        (first < begins()).then(|| {
            self.0.remove(at);
            name
        })
    }
}

fn lone_port(at: Endpoint) -> ServicePort {
    ServicePort { server: at.address, port: at.port, transport: Transport::Tcp }
}

/// Every server port seen in traffic, in order.
pub fn services(trace: &Trace) -> BTreeMap<ServicePort, ServiceRow> {
    let mut rows: BTreeMap<ServicePort, ServiceRow> = BTreeMap::new();
    let place = places(&trace.healths);
    let mut lone = Unnamed::of(trace, &place);
    for one in &trace.conversations {
        let flow = &one.flow;
        if flow.key.transport == Transport::Icmp {
            continue;
        }
        let at =
            ServicePort { server: flow.responder.address, port: flow.responder.port, transport: flow.key.transport };
        let row = rows.entry(at).or_default();
        if let Some(name) = lone.before(&at, || place(flow.first.frame)) {
            row.call(name);
        }
        row.flows += 1;
        // Of what was seen in one direction only, nothing is known to have failed.
        row.failed += u64::from(!one.outcome.reached() && one.outcome != Outcome::OneSided);
        row.call(one.service);
        row.interface = row.interface.or_else(|| trace.interface(one));
        if let Some(span) = flow.connect_time() {
            row.connect.record(span);
        }
    }
    for tried in trace.lone.servers() {
        let row = rows.entry(lone_port(tried.at)).or_default();
        row.flows += tried.count;
        row.failed += tried.count;
        row.call(tried.service);
    }
    // Of what was only counted, the port is known and whether anybody had answered.
    for (server, crowded) in trace.crowd.by_server.iter().filter(|(_, one)| one.unanswered + one.answered > 0) {
        let at = ServicePort { server: server.address, port: server.port, transport: Transport::Tcp };
        let row = rows.entry(at).or_default();
        row.flows += crowded.unanswered + crowded.answered;
        row.failed += crowded.unanswered;
        if row.name.is_empty() {
            row.name = "other";
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
        Kind::ExpectedNotSeen => format!("Expected and never seen here, not even an attempt: {path}"),
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

/// A Wireshark display filter that shows the packets between two hosts.
pub fn pair_filter(one: IpAddr, other: IpAddr) -> String {
    format!("{} && {}", host_filter(one), host_filter(other))
}

/// A Wireshark display filter that shows the packets of a host.
pub fn host_filter(address: IpAddr) -> String {
    format!("{}=={address}", if address.is_ipv4() { "ip.addr" } else { "ipv6.addr" })
}

/// A Wireshark display filter that shows the packets of a server's port.
pub fn port_filter(at: &ServicePort) -> String {
    format!("{} && {}.port=={}", host_filter(at.server), at.transport.word(), at.port)
}

/// A Wireshark display filter that shows the packets of a finding.
pub fn display_filter(finding: &Finding) -> Option<String> {
    let (client, server, transport) = (finding.client.as_ref()?, finding.server.as_ref()?, finding.transport?);
    let hosts = pair_filter(client.address, server.address);
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
    // Beside blocked RPC ports its fallbacks may stand.
    let rpc = members.iter().find(|finding| finding.judgement.kind == Kind::RpcDynamicPortBlocked);
    let Some(first) = rpc.or(members.first()) else { return String::new() };
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
            let (dynamic, others): (Vec<&Finding>, Vec<&Finding>) =
                members.iter().partition(|finding| finding.judgement.kind == Kind::RpcDynamicPortBlocked);
            let others = if others.is_empty() {
                String::new()
            } else {
                format!(", nor the fallback to {}", self::ports(&others))
            };
            format!("135 passes from {from} to {to}, the dynamic RPC ports do not ({}){others}", self::ports(&dynamic))
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

/// Ports named in one sentence.
const MOST_PORTS: usize = 6;
