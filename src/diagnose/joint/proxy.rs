//! Exchange server to Exchange server over HTTPS, or RPC to a client access server: a client's request
//! that cannot be handed on.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyany_dissectors::Side;

use super::SURE;
use crate::diagnose::context::LIFE;
use crate::diagnose::path::{Blocked, Path, Paths};
use crate::diagnose::{Context, Evidence, Judgement, Kind};
use crate::flow::{Endpoint, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// Tells blocked paths between Exchange servers as blocked proxying, where that is known.
pub(super) fn retell(context: &Context<'_>, paths: &mut Paths) {
    let mut stories: Vec<(Path, Kind, Story)> = Vec::new();
    for blocked in paths.blocked() {
        if let Some(story) = story(context, &blocked) {
            stories.push((blocked.path, blocked.judgement.kind, story));
        }
    }
    for (path, plain, story) in stories {
        paths.retell(path, plain, |judgement| story.tell(judgement));
    }
}

/// Why a path is one of proxying.
#[derive(Debug)]
struct Story {
    because: Vec<String>,
    evidence: Vec<Evidence>,
}

impl Story {
    fn tell(self, mut judgement: Judgement) -> Judgement {
        judgement.kind = Kind::ProxyBlocked;
        judgement.because.extend(self.because);
        let rest = judgement.evidence.split_off(judgement.evidence.len().min(1));
        judgement.evidence.extend(self.evidence);
        judgement.evidence.extend(rest);
        judgement
    }
}

fn story(context: &Context<'_>, blocked: &Blocked<'_>) -> Option<Story> {
    let (client, server, transport, port) = blocked.path;
    let plain = matches!(
        blocked.judgement.kind,
        Kind::SynDropped | Kind::SynAckDropped | Kind::SynRejected | Kind::IcmpProhibited
    );
    if !plain || transport != Transport::Tcp {
        return None;
    }
    let web = WEB.contains(&port) && matches!(blocked.service, "https" | "http");
    let rpc = matches!(blocked.service, "epm" | "dcerpc");
    let mut story = Story { because: Vec::new(), evidence: Vec::new() };
    let known = match (web, rpc) {
        (true, _) => exchange_role(context, client, PROXIES).zip(exchange_role(context, server, TARGETS)),
        // RPC from server to server has many purposes; only between client access servers it is this one.
        (_, true) => exchange_role(context, client, ACCESS).zip(exchange_role(context, server, ACCESS)),
        _ => None,
    };
    if let Some((from, to)) = known {
        story.because.push(format!("{client} is a {from} server and {server} a {to} server of the organization: one hands clients' requests to the other"));
    }
    let waiting = if web { waiting_client(context, blocked) } else { None };
    if known.is_none() && waiting.is_none() {
        return None;
    }
    if let Some(waiting) = waiting {
        let flow = &waiting.flow;
        story.because.push(format!(
            "{client} serves clients itself: {} waits on port {} for an answer meanwhile",
            flow.initiator.address, flow.responder.port
        ));
        let note = format!("{} calls {client} on port {} and waits", flow.initiator.address, flow.responder.port);
        story.evidence.push(Evidence { frame: flow.first.frame, note });
    }
    let others = other_targets(context, blocked);
    if !others.is_empty() {
        let named: Vec<String> = others.iter().map(ToString::to_string).collect();
        story.because.push(format!("{client} reaches other servers on port {port} at that time: {}", named.join(", ")));
    }
    Some(story)
}

/// The surest of these roles that the host is known to have.
fn exchange_role<'a>(context: &'a Context<'_>, address: IpAddr, roles: &[&str]) -> Option<&'a str> {
    let claims = &context.roster.host(address)?.roles;
    let claim = claims.iter().find(|claim| claim.confidence >= SURE && roles.contains(&claim.role.as_str()))?;
    Some(claim.role.as_str())
}

/// A conversation of someone else's with the blocked client, in which a request waited for its answer
/// while the blocked attempts were made.
fn waiting_client<'a>(context: &Context<'a>, blocked: &Blocked<'_>) -> Option<&'a Conversation> {
    let (client, server, _, _) = blocked.path;
    let own = context.roster.addresses(client);
    let target = context.roster.addresses(server);
    let waits = |one: &Conversation| {
        let flow = &one.flow;
        let someone = !own.contains(&flow.initiator.address) && !target.contains(&flow.initiator.address);
        let asked = flow.half(Side::Initiator).last_new_data;
        let answered = flow.half(Side::Responder).last_new_data;
        // The handshake of TLS is answered at once: what counts is the last request, and that no answer
        // came between it and the end of the attempts.
        someone
            && asked.is_some_and(|asked| {
                let before = blocked.first.since(asked.time);
                before >= Span(0)
                    && before <= AT_ONCE
                    && answered.is_some_and(|answer| answer.time < asked.time || answer.time > blocked.last)
            })
    };
    let ports = own.iter().flat_map(|&address| WEB.map(|port| Endpoint { address, port }));
    let served = ports.flat_map(|server| context.reached_on(server));
    let first = served.filter(|(_, one)| waits(one)).min_by_key(|(at, _)| *at);
    first.map(|(_, one)| one)
}

/// Other servers that the same client reached on the same port near the time.
fn other_targets(context: &Context<'_>, blocked: &Blocked<'_>) -> BTreeSet<IpAddr> {
    let (client, server, transport, port) = blocked.path;
    let (from, to) = (blocked.first.minus(LIFE), blocked.last.plus(LIFE));
    let reached = context.trace.conversations.iter().filter(|one| {
        let flow = &one.flow;
        flow.initiator.address == client
            && flow.responder.port == port
            && flow.responder.address != server
            && flow.key.transport == transport
            && one.outcome.reached()
            && flow.first.time <= to
            && flow.last.time >= from
    });
    reached.map(|one| one.flow.responder.address).take(MOST_NAMED).collect()
}

/// Front end and back end.
const WEB: [u16; 2] = [443, 444];
/// Who hands requests on.
const PROXIES: &[&str] = &["cas", "frontend", "mailbox"];
/// To whom.
const TARGETS: &[&str] = &["cas", "frontend", "backend", "mailbox"];
const ACCESS: &[&str] = &["cas"];
/// A server dials the next one within this time of the request.
const AT_ONCE: Span = Span::seconds(5);
/// Other targets named in a reason.
const MOST_NAMED: usize = 8;
