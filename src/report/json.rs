//! The JSON document of the contract (`schema: 1`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany_dissectors::Value as Field;
use serde_json::{Map, Value, json};

use crate::decode::Health;
use crate::diagnose::{Evidence, Finding, Incident, Party};
use crate::flow::{Crowded, Endpoint, Transport};
use crate::observe::{Conversation, Detail, Latency, Trace};
use crate::reference::Interface;
use crate::report::{Report, words};
use crate::time::Time;
use crate::topology::Host;

/// Server ports of which it is told how much was not kept.
const MOST_SERVERS: usize = 100;
/// The version of the document's shape.
pub const SCHEMA: u32 = 1;

/// The document. `flows` adds the list of all flows.
pub fn document(report: &Report<'_>, flows: bool) -> Value {
    let mut document = json!({
        "schema": SCHEMA,
        "tool": tool(),
        "complete": report.complete(),
        "captures": captures(report),
        "hosts": hosts(report),
        "hosts_left_out": report.roster.left_out,
        "services": services(report),
        "endpoints": endpoints(report),
        "paths": words::paths(report).iter().map(|path| json!({
            "from": path.from, "to": path.to, "service": path.service, "required": path.required,
            "status": path.status, "flows": path.flows, "blocked": path.blocked, "every_s": path.every,
        })).collect::<Vec<_>>(),
        "findings": report.diagnosis.findings.iter().map(|one| finding(report, one)).collect::<Vec<_>>(),
        "incidents": report.diagnosis.incidents.iter().map(|one| incident(report, one)).collect::<Vec<_>>(),
        "problems": problems(report),
        "not_kept": report.traces.iter().map(not_kept).collect::<Vec<_>>(),
    });
    if flows && let Some(document) = document.as_object_mut() {
        let mut list = Vec::new();
        report.traces.iter().for_each(|trace| trace.each(|one| list.push(flow(report, trace, one))));
        document.insert("flows".to_owned(), list.into());
    }
    document
}

/// How every document begins.
pub fn heading() -> Map<String, Value> {
    [("schema".to_owned(), SCHEMA.into()), ("tool".to_owned(), tool())].into_iter().collect()
}

fn tool() -> Value {
    json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})
}

fn problems(report: &Report<'_>) -> Vec<String> {
    let mut problems: Vec<String> = report.unusable.iter().map(|(_, why)| why.clone()).collect();
    problems.extend(report.damage());
    problems.extend(report.roster.contradictions.iter().cloned());
    problems.extend(words::crowding(report));
    let dropped: u64 = report.traces.iter().map(|trace| trace.dropped).sum();
    if dropped > 0 {
        problems.push(format!("{dropped} details were left out because a bound was reached"));
    }
    if report.roster.left_out > 0 {
        problems
            .push(format!("{} more hosts, known by address only, were left out of the list", report.roster.left_out));
    }
    if report.diagnosis.left_out > 0 {
        problems.push(format!("{} failed attempts on further paths were left out", report.diagnosis.left_out));
    }
    problems
}

/// The captures of all traces, in the order of the inputs.
fn captures(report: &Report<'_>) -> Vec<Value> {
    let mut captures = Vec::new();
    for trace in report.traces {
        let one_way = crate::diagnose::is_one_way(trace);
        let mut unseen: BTreeMap<u32, u64> = BTreeMap::new();
        for one in &trace.conversations {
            let here = one.flow.halves.iter().map(|half| half.unseen).sum::<u64>();
            *unseen.entry(one.flow.first.frame.capture()).or_default() += here;
        }
        for health in &trace.healths {
            let duplicates = trace.duplicates.get(&health.index).copied().unwrap_or(0);
            let unseen = unseen.get(&health.index).copied().unwrap_or(0);
            captures.push((health.index, capture(health, one_way, unseen, duplicates)));
        }
    }
    captures.sort_by_key(|(index, _)| *index);
    captures.into_iter().map(|(_, capture)| capture).collect()
}

fn capture(health: &Health, one_way: bool, unseen: u64, duplicates: u64) -> Value {
    let summary = &health.summary;
    let time = |time: Option<Time>| time.map(|time| time.rfc3339(summary.precision));
    json!({
        "path": summary.path,
        "format": summary.format.name(),
        "link_types": summary.link_types.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "packets": summary.packets,
        "octets": summary.octets,
        "first": time(summary.first),
        "last": time(summary.last),
        "duplicates": duplicates,
        "lost": {"by_capture": summary.lost_by_capture, "unseen_segments": unseen},
        "snapped": summary.snapped,
        "truncated": summary.truncated,
        "one_way": one_way,
        "clock_steps_back": summary.clock_steps_back,
        "local_times": summary.local_times,
        "filtered": health.filtered,
        "undecoded": undecoded(health),
        "problems": health_problems(health),
    })
}

fn undecoded(health: &Health) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> =
        health.undecoded.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    for (link, (_, count)) in &health.unknown_links {
        all.insert(format!("link type {link}"), *count);
    }
    all
}

/// What is wrong with a capture, for people.
pub(super) fn health_problems(health: &Health) -> Vec<String> {
    let mut problems = health.summary.problems.clone();
    if health.summary.problems_left_out > 0 {
        problems.push(format!("{} further problems", health.summary.problems_left_out));
    }
    for (link, (frame, count)) in &health.unknown_links {
        problems.push(format!("frame {frame}: link type {link} is not read; {count} frames of it were left out. Capture on the Ethernet side, or convert with editcap"));
    }
    problems
}

/// What a memory limit kept out of a trace.
fn not_kept(trace: &Trace) -> Value {
    let total = trace.crowd.total();
    let span = |crowded: &Crowded| crowded.span.map(|(first, last)| [first.rfc3339(6), last.rfc3339(6)]);
    let mut servers: Vec<_> = trace.crowd.by_server.iter().collect();
    servers
        .sort_by_key(|(at, crowded)| (std::cmp::Reverse(crowded.unanswered + crowded.answered + crowded.unread), **at));
    let row = |(at, crowded): &(&Endpoint, &Crowded)| {
        json!({
            "server": at.address.to_string(), "port": at.port, "unanswered_syns": crowded.unanswered,
            "answered": crowded.answered,
            "packets": crowded.unread, "between": span(crowded),
        })
    };
    json!({
        "unanswered_syns": total.unanswered,
        "answered": total.answered,
        "packets": total.unread,
        "streams_given_up": trace.given_up,
        "between": span(&total),
        "servers": servers.iter().take(MOST_SERVERS).map(row).collect::<Vec<_>>(),
        "servers_left_out": servers.len().saturating_sub(MOST_SERVERS),
    })
}

fn hosts(report: &Report<'_>) -> Vec<Value> {
    report.roster.hosts().iter().flat_map(|one| host(one, report.traces)).collect()
}

/// A host: an entry for each of its addresses.
pub fn host(host: &Host, traces: &[Trace]) -> Vec<Value> {
    let alive = |address: &IpAddr| traces.iter().any(|trace| trace.ever_heard(*address));
    let roles: Vec<_> = host
        .roles
        .iter()
        .map(|claim| json!({"role": claim.role, "confidence": rounded(claim.confidence), "because": claim.because}))
        .collect();
    let entry = |address: &IpAddr| {
        json!({
            "address": address.to_string(),
            "names": host.names,
            "roles": roles,
            "site": host.site,
            "exchange": host.version,
            "known": host.known,
            "alive": alive(address),
        })
    };
    host.addresses.iter().map(entry).collect()
}

fn flow(report: &Report<'_>, trace: &Trace, conversation: &Conversation) -> Value {
    let (flow, seen) = (&conversation.flow, &conversation.seen);
    let digits = report.precision(flow.first.frame.capture());
    let [client, server] = &flow.halves;
    let has_port = flow.key.transport != Transport::Icmp;
    let end = |end: Endpoint| json!({"address": end.address.to_string(), "port": has_port.then_some(end.port)});
    json!({
        "capture": flow.first.frame.capture(),
        "transport": flow.key.transport.word(),
        "client": end(flow.initiator),
        "server": end(flow.responder),
        "service": conversation.service,
        "detail": detail(report, trace, conversation),
        "outcome": conversation.outcome.word(),
        "conn_state": flow.conn_state(),
        "history": flow.history.text(),
        "first": flow.first.time.rfc3339(digits),
        "last": flow.last.time.rfc3339(digits),
        "community_id": crate::flow::community_id(flow),
        "packets": [client.packets, server.packets],
        "octets": [client.octets, server.octets],
        "syns": flow.tries.count,
        "connect_ms": flow.connect_time().map(|span| thousandths(span.as_millis())),
        "retransmissions": [client.retransmissions, server.retransmissions],
        "duplicates": client.duplicates + server.duplicates,
        "resets": flow.reset_count,
        "first_frame": flow.first.frame.number(),
        "unread": seen.unread,
    })
}

fn detail(report: &Report<'_>, trace: &Trace, conversation: &Conversation) -> Value {
    let seen = &conversation.seen;
    let mut detail = Map::new();
    for (key, value) in seen.details.iter() {
        let value = match value {
            Detail::One(value) => field(value),
            Detail::Many(values) => values.iter().map(field).collect(),
        };
        detail.insert(key.to_owned(), value);
    }
    if seen.tls {
        detail.insert("tls".to_owned(), true.into());
    }
    if conversation.service == "ldap" && matches!(conversation.flow.responder.port, 3268 | 3269) {
        detail.insert("gc".to_owned(), true.into());
    }
    if let Some(interface) = trace.interface(conversation) {
        detail.entry("interface").or_insert_with(|| interface.to_string().into());
        if let Some(known) = report.reference.interface(interface) {
            detail.insert("interface_name".to_owned(), known.short_name().into());
            let operation = seen.number("operation").and_then(|number| u16::try_from(number).ok());
            if let Some(name) = operation.and_then(|number| known.operation(number)) {
                detail.insert("operation_name".to_owned(), name.into());
            }
        }
    }
    Value::Object(detail)
}

fn field(value: &Field) -> Value {
    match value {
        Field::Text(text) => text.to_string().into(),
        Field::Number(number) => (*number).into(),
        Field::Flag(flag) => (*flag).into(),
    }
}

fn services(report: &Report<'_>) -> Vec<Value> {
    let blocked = words::blocked_paths(report);
    report
        .traces
        .iter()
        .flat_map(|trace| {
            words::services(trace)
                .into_iter()
                .map(|(at, service)| {
                    let interface = service.interface;
                    let hits = |finding: &&Finding| {
                        finding.server.as_ref().is_some_and(|server| server.address == at.server)
                            && finding.port == Some(at.port)
                            && finding.transport == Some(at.transport)
                    };
                    let blocked: u64 = blocked.iter().copied().filter(hits).map(|finding| finding.attempts).sum();
                    json!({
                        "server": at.server.to_string(),
                        "port": at.port,
                        "transport": at.transport.word(),
                        "service": service.name,
                        "interface": interface.map(|uuid| uuid.to_string()),
                        "flows": service.flows,
                        "blocked": blocked.min(service.flows),
                        "failed": service.failed,
                        "connect_ms": latency(Some(&service.connect)),
                        "response_ms": latency(trace.latencies.get(&at)),
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn latency(latency: Option<&Latency>) -> Value {
    let Some(latency) = latency.filter(|latency| latency.count() > 0) else { return Value::Null };
    json!({
        "p50": thousandths(latency.quantile_ms(0.5)),
        "p90": thousandths(latency.quantile_ms(0.9)),
        "p99": thousandths(latency.quantile_ms(0.99)),
        "max": thousandths(latency.max_ms()),
        "count": latency.count(),
    })
}

fn endpoints(report: &Report<'_>) -> Vec<Value> {
    let mut list = Vec::new();
    for trace in report.traces {
        for (at, entries) in &trace.book {
            // The endpoint mapper's word before the bind that followed it.
            let mut by_interface = BTreeMap::new();
            for learnt in entries {
                let known = by_interface.entry(learnt.interface).or_insert(*learnt);
                if (learnt.from, learnt.moment) < (known.from, known.moment) {
                    *known = *learnt;
                }
            }
            for (interface, learnt) in by_interface {
                list.push(json!({
                    "server": at.address.to_string(),
                    "interface": interface.to_string(),
                    "name": report.reference.interface(interface).map(Interface::short_name),
                    "port": at.port,
                    "learnt": learnt.from.word(),
                    "capture": learnt.moment.frame.capture(),
                    "frame": learnt.moment.frame.number(),
                }));
            }
        }
        list.extend(words::media_endpoints(trace).into_iter().map(|(at, kind, moment)| {
            json!({
                "server": at.address.to_string(), "interface": null, "name": kind, "port": at.port, "learnt": "sdp",
                "capture": moment.frame.capture(), "frame": moment.frame.number(),
            })
        }));
    }
    list
}

/// One finding, as it stands in the document and in the lines of `watch`.
pub fn finding(report: &Report<'_>, finding: &Finding) -> Value {
    let judgement = &finding.judgement;
    let policy = words::policy(report, finding);
    let digits = judgement.evidence.first().map_or(6, |evidence| report.precision(evidence.frame.capture()));
    let time = |time: Option<Time>| time.map(|time| time.rfc3339(digits));
    let client =
        |party: &Party| json!({"address": party.address.to_string(), "port": finding.client_port, "role": party.role});
    let server = finding
        .server
        .as_ref()
        .map(|server| json!({"address": server.address.to_string(), "port": finding.port, "role": server.role}));
    json!({
        "id": finding.id,
        "kind": judgement.kind.word(),
        "verdict": judgement.kind.verdict().word(),
        "attribution": judgement.attribution.word(),
        "confidence": rounded(judgement.confidence),
        "severity": finding.severity.word(),
        "client": finding.client.as_ref().map(client),
        "server": server,
        "transport": finding.transport.map(Transport::word),
        "service": finding.service,
        "interface": judgement.interface.map(|uuid| uuid.to_string()),
        "attempts": finding.attempts,
        "first": time(finding.first),
        "last": time(finding.last),
        "last_success": time(finding.last_success),
        "resolved": finding.resolved,
        "incident": finding.incident,
        "because": judgement.because,
        "alternatives": judgement.alternatives.iter().map(|one| json!({
            "cause": one.cause, "against": one.against, "for": one.favour,
        })).collect::<Vec<_>>(),
        "support": words::support(report, finding).word(),
        "policy": policy.as_ref().map(|ruling| &ruling.sentence),
        "policy_sources": policy.as_ref().map(|ruling| &ruling.sources),
        "summary": words::summary(report, finding),
        "symptom": words::symptom(report, finding),
        "next_step": words::next_step(report, finding),
        "display_filter": words::display_filter(finding),
        "evidence": judgement.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

fn evidence(evidence: &Evidence) -> Value {
    json!({"capture": evidence.frame.capture(), "frame": evidence.frame.number(), "note": evidence.note})
}

fn incident(report: &Report<'_>, incident: &Incident) -> Value {
    json!({
        "id": incident.id,
        "summary": words::incident(report, incident),
        "findings": incident.findings,
        "next_step": words::next_step_of(report, incident),
    })
}

/// Confidences are no better than two decimals.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Milliseconds to the microsecond.
fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
