//! Findings with one cause become one incident.

use std::collections::BTreeMap;

use crate::diagnose::groups::Groups;
use crate::diagnose::{Finding, Incident, Kind, Verdict};
use crate::topology::Roster;

/// Groups blocked and altered findings that have kind, direction of roles and network in common: one
/// missing rule shows itself as many paths. The ports of one failover are one cause, whatever their
/// direction. Findings of other verdicts stay by themselves.
pub(super) fn group(findings: &mut [Finding], roster: &Roster) -> Vec<Incident> {
    let mut causes: BTreeMap<(Kind, String, String), Vec<usize>> = BTreeMap::new();
    let mut order = Vec::new();
    let failovers = failovers(findings);
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
