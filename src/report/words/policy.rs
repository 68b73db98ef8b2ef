//! What breaks when a path is blocked, and what the vendor's stated policy says of it.

use crate::diagnose::{Attribution, Finding, Kind, Party, Verdict};
use crate::flow::Transport;
use crate::reference::{Path, Ruling, Support, Version};
use crate::report::Report;

/// What users and logs show when this path is blocked: first in their words, then by events. `None` where
/// nothing is blocked, altered or missing, or the tables do not know the path.
pub fn symptom(report: &Report<'_>, finding: &Finding) -> Option<String> {
    let kind = finding.judgement.kind;
    if !breaks(kind) && kind != Kind::ExpectedNotSeen {
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
    if !breaks(finding.judgement.kind) {
        return Support::NotApplicable;
    }
    ruling(report, client, server, finding).support
}

/// The policy's own words on a blocked or altered path, with their documents. `None` where it says nothing.
pub fn policy(report: &Report<'_>, finding: &Finding) -> Option<Ruling> {
    let (client, server) = (finding.client.as_ref()?, finding.server.as_ref()?);
    if !breaks(finding.judgement.kind) {
        return None;
    }
    let ruling = ruling(report, client, server, finding);
    // Of Exchange 2003 the documents say what was allowed; of altering, before 2013, they say nothing.
    let stated = finding.judgement.kind.verdict() == Verdict::Blocked && !ruling.sources.is_empty();
    (stated || ruling.support != Support::NotApplicable).then_some(ruling)
}

/// The same for people: the sentence, then the first document in which it stands.
pub fn policy_sentence(report: &Report<'_>, finding: &Finding) -> Option<String> {
    let ruling = policy(report, finding)?;
    let document = ruling.sources.first().map(|document| format!(" [{document}]")).unwrap_or_default();
    Some(format!("{}{document}", ruling.sentence))
}

pub(super) fn ruling(report: &Report<'_>, client: &Party, server: &Party, finding: &Finding) -> Ruling {
    let from: Vec<&str> = report.roster.roles(client.address).collect();
    let to: Vec<&str> = report.roster.roles(server.address).collect();
    let versions = report.roster.versions_between(client.address, server.address, report.reference);
    let newest = versions.first().map(|version| version.word());
    if finding.judgement.kind.verdict() == Verdict::Altered {
        return report.reference.support_of_altering(&from, &to, newest);
    }
    let path = reference_path(report, finding);
    let mut ruling = report.reference.support(&from, &to, path.map(|path| path.zone), newest);
    if ruling.support == Support::Supported
        && path.is_none()
        && let (Some(transport), Some(port)) = (finding.transport, finding.port)
    {
        let transport = transport.word().to_uppercase();
        let unlisted = format!(" {transport} {port} is not among the ports that such hosts need of each other.");
        ruling.sentence.push_str(&unlisted);
    }
    if ruling.support == Support::Unsupported
        && finding.judgement.attribution == Attribution::Endpoint
        && let Some(text) = report.reference.exception_text(HOST_FIREWALL)
    {
        ruling.sentence = format!("{} {text}", ruling.sentence);
    }
    ruling
}

/// The row that a finding is about; where the two hosts run different versions, one of the newer version first.
fn reference_path<'a>(report: &'a Report<'_>, finding: &Finding) -> Option<&'a Path> {
    let (client, server) = (finding.client.as_ref()?, finding.server.as_ref()?);
    let (transport, port) = (finding.transport?, finding.port?);
    let interface = finding.judgement.interface;
    row(report, (client.address, server.address), transport, port, finding.service?, interface)
}

/// The row that fits a conversation between two hosts, by the versions that they run.
pub(super) fn row<'a>(
    report: &'a Report<'_>,
    (client, server): (std::net::IpAddr, std::net::IpAddr),
    transport: Transport,
    port: u16,
    service: &str,
    interface: Option<anyany_dissectors::Uuid>,
) -> Option<&'a Path> {
    let from: Vec<&str> = report.roster.roles(client).collect();
    let to: Vec<&str> = report.roster.roles(server).collect();
    let fits =
        |version: Option<&str>| report.reference.path_for(&from, &to, transport, port, service, interface, version);
    let versions = report.roster.versions_between(client, server, report.reference);
    if versions.is_empty() {
        return fits(None);
    }
    versions.into_iter().map(Version::word).find_map(|version| fits(Some(version)))
}

/// Whether something is blocked or altered.
fn breaks(kind: Kind) -> bool {
    matches!(kind.verdict(), Verdict::Blocked | Verdict::Altered)
}

/// What the policy says of the firewall on the servers themselves.
const HOST_FIREWALL: &str = "host-firewall";
