//! Findings with one cause become one incident.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::groups::Groups;
use crate::diagnose::{Finding, Incident, Kind, Verdict};
use crate::flow::Transport;
use crate::time::Time;
use crate::topology::Roster;

/// Groups blocked and altered findings that have kind, direction of roles and network in common: one
/// missing rule shows itself as many paths. The ports of one failover are one cause, whatever their
/// direction. Findings of other verdicts stay by themselves.
pub(super) fn group(findings: &mut [Finding], roster: &Roster) -> Vec<Incident> {
    let mut causes: BTreeMap<(Kind, String, String), Vec<usize>> = BTreeMap::new();
    let mut order = Vec::new();
    let (failovers, dialled) = (failovers(findings), dialled(findings));
    for (at, finding) in findings.iter().enumerate() {
        let (Some(client), Some(server)) = (&finding.client, &finding.server) else { continue };
        if !matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered) {
            continue;
        }
        let side = |party: &crate::diagnose::Party| match roster.host(party.address).and_then(|host| host.site.clone())
        {
            Some(site) => format!("{} in {site}", party.role),
            // Without sites or roles, one host is one side of the cause.
            None if party.role == "unknown" => party.address.to_string(),
            None => party.role.clone(),
        };
        let key = match finding.judgement.kind {
            Kind::FailoverBlocked => (Kind::FailoverBlocked, failovers.of(client.address).to_string(), String::new()),
            // RPC that fails over TCP is tried over named pipes and HTTP: that is one failure, not three.
            _ if falls_back(finding, &dialled) => (Kind::RpcDynamicPortBlocked, side(client), side(server)),
            kind => (kind, side(client), side(server)),
        };
        if !causes.contains_key(&key) {
            order.push(key.clone());
        }
        causes.entry(key).or_default().push(at);
    }
    let mut incidents = Vec::new();
    for key in order {
        let id = format!("I{}", incidents.len() + 1);
        let members = causes.remove(&key).unwrap_or_default();
        let mut ids = Vec::new();
        for at in members {
            if let Some(finding) = findings.get_mut(at) {
                finding.incident = Some(id.clone());
                ids.push(finding.id.clone());
            }
        }
        incidents.push(Incident { id, findings: ids });
    }
    incidents
}

/// Pairs of hosts between which a dynamic RPC port is blocked, and since when.
fn dialled(findings: &[Finding]) -> BTreeMap<(IpAddr, IpAddr), Option<Time>> {
    let mut dialled = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.judgement.kind == Kind::RpcDynamicPortBlocked) {
        if let (Some(client), Some(server)) = (&finding.client, &finding.server) {
            let since = dialled.entry((client.address, server.address)).or_insert(finding.first);
            *since = (*since).min(finding.first);
        }
    }
    dialled
}

/// Whether a port was tried only after RPC over TCP had failed between the same hosts (trap dual-endpoints).
fn falls_back(finding: &Finding, dialled: &BTreeMap<(IpAddr, IpAddr), Option<Time>>) -> bool {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return false };
    let since = dialled.get(&(client.address, server.address));
    finding.transport == Some(Transport::Tcp)
        && finding.port.is_some_and(|port| FALLBACKS.contains(&port))
        && since.is_some_and(|since| *since <= finding.first)
}

/// Hosts that one failover needs together.
fn failovers(findings: &[Finding]) -> Groups {
    let mut groups = Groups::default();
    for finding in findings.iter().filter(|finding| finding.judgement.kind == Kind::FailoverBlocked) {
        if let (Some(client), Some(server)) = (&finding.client, &finding.server) {
            groups.join(client.address, server.address);
        }
    }
    groups
}

/// Named pipes over SMB, and RPC over HTTP with the ports of the store, the referral and the address book.
const FALLBACKS: [u16; 6] = [445, 139, 593, 6001, 6002, 6004];
