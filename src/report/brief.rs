//! Who talks to whom, in the few words that a row of a table has room for. Sentences say more (`words`).

use std::net::IpAddr;

use crate::diagnose::{Finding, Party};
use crate::flow::Transport;
use crate::observe::Conversation;
use crate::reference::Interface;
use crate::report::Report;

/// The name of a host, its address where it has none.
pub fn host(report: &Report<'_>, address: IpAddr) -> String {
    let name = report.roster.host(address).and_then(|host| host.names.first());
    name.cloned().unwrap_or_else(|| address.to_string())
}

/// "cas1 → mbx1, TCP 59531 (dcerpc)".
pub fn conversation(report: &Report<'_>, conversation: &Conversation) -> String {
    let flow = &conversation.flow;
    let (client, server) = (host(report, flow.initiator.address), host(report, flow.responder.address));
    let at = port(flow.key.transport, Some(flow.responder.port), Some(conversation.service));
    format!("{client} → {server}, {at}")
}

/// "cas1 → mbx1, TCP 59531 (EMSMDB)"; for a claim about all of it "the capture".
pub fn finding(report: &Report<'_>, finding: &Finding) -> String {
    let end = |party: &Option<Party>| party.as_ref().map(|party| host(report, party.address));
    match (end(&finding.client), end(&finding.server)) {
        (Some(client), Some(server)) => format!("{client} → {server}, {}", server_port(report, finding)),
        _ => "the capture".to_owned(),
    }
}

/// "TCP 59531 (EMSMDB)".
pub fn server_port(report: &Report<'_>, finding: &Finding) -> String {
    let interface = finding.judgement.interface.and_then(|uuid| report.reference.interface(uuid));
    let interface = interface.map(Interface::short_name);
    finding
        .transport
        .map(|transport| port(transport, finding.port, interface.as_deref().or(finding.service)))
        .unwrap_or_default()
}

fn port(transport: Transport, port: Option<u16>, service: Option<&str>) -> String {
    let word = transport.word().to_uppercase();
    if transport == Transport::Icmp {
        return word;
    }
    let port = port.map(|port| format!(" {port}")).unwrap_or_default();
    let service = service.filter(|service| *service != "other").map(|service| format!(" ({service})"));
    format!("{word}{port}{}", service.unwrap_or_default())
}
