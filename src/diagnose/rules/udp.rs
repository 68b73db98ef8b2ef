//! Requests over UDP without an answer.

use super::Ruling;
use super::established::slow;
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind};
use crate::flow::{Outcome, Transport};
use crate::observe::{Call, Conversation};
use crate::time::Span;

/// UDP silence is a block only against evidence that the server answers this very service: over TCP,
/// or other clients. Otherwise nothing may be listening, and hosts need not say so.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if flow.key.transport != Transport::Udp || conversation.outcome != Outcome::Unanswered {
        return Ruling::Pass;
    }
    if !ANSWERED.contains(&conversation.service) {
        return Ruling::Fine;
    }
    let (client, server) = (flow.initiator.address, flow.responder);
    let end = context.trace.covered.map_or(flow.last.time, |(_, end)| end);
    let tries = format!("{} {} requests to {server} over UDP, no answer", flow.tries.count, conversation.service);
    // Of several requests the first had its time, even where the last had not.
    let asked = if flow.tries.count > 1 { flow.first.time } else { flow.last.time };
    if end.since(asked) < ANSWER_TIME {
        let judgement = Judgement::new(Kind::CaptureEdge, Attribution::Capture, 0.9)
            .because(tries)
            .because("the capture ends before an answer could have come")
            .frame(flow.first, "request near the end of the capture");
        return Ruling::Found(judgement);
    }
    if context.in_pieces(server.address, client, (flow.first.time, flow.last.time.plus(ANSWER_TIME))) {
        let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.7)
            .because(tries)
            .because(format!(
                "fragments of {} came to {client}, and others of the same datagrams did not: the answer may be among them",
                server.address
            ))
            .or("fragments are dropped on the way", "", "a device that lets first fragments pass alone does so")
            .or("the capture lost a fragment", "", "one lost piece is enough")
            .frame(flow.first, "request");
        return Ruling::Found(judgement);
    }
    let alive = context.alive(server.address, flow.first.time, flow.last.time);
    let tcp = context.over_tcp(conversation);
    let clients = context.other_clients(conversation);
    let same = context.same_path(conversation);
    if context.answered_meanwhile(conversation) {
        return Ruling::Fine; // one datagram of many got lost: UDP promises no more
    }
    let duty = duty(context, conversation);
    if let Some(held) = held_meanwhile(context, conversation) {
        let judgement = Judgement::new(Kind::NoAnswer, Attribution::Endpoint, 0.7)
            .because(tries)
            .because(format!(
                "{} acknowledges over TCP and answers nothing there either at that time: its programs stand still",
                server.address
            ))
            .frame(flow.first, "request")
            .frame(held.moment, format!("{} over TCP, that waits as well", held.what));
        return Ruling::Found(judgement);
    }
    if !alive || (tcp.is_none() && clients.is_empty() && same.is_none() && duty.is_none()) {
        let kind = if context.ever_heard(server.address) { Kind::NoAnswer } else { Kind::HostSilent };
        let judgement = Judgement::new(kind, Attribution::NetworkOrEndpoint, 0.7)
            .because(tries)
            .because(format!("nothing shows that {} answers this service at all", server.address))
            .frame(flow.first, "request");
        return Ruling::Found(judgement);
    }
    let mut judgement = Judgement::new(Kind::UdpBlocked, Attribution::NetworkOrEndpoint, 0.65).because(tries);
    if let Some(tcp) = tcp {
        judgement.confidence += 0.15;
        judgement = judgement
            .because(format!("the same service answers {client} over TCP"))
            .frame(tcp.flow.first, "the same service over TCP");
    }
    if !clients.is_empty() {
        judgement.confidence += 0.15;
        judgement.attribution = Attribution::Network;
        let clients: Vec<_> = clients.iter().map(ToString::to_string).collect();
        judgement = judgement.because(format!("it answers {} over UDP at that time", clients.join(", ")));
    }
    if let Some(same) = same {
        judgement.confidence += 0.1;
        judgement = judgement.because(format!("it answered {client} over UDP at {}", same.flow.first.time.rfc3339(0)));
    }
    if let Some(role) = duty {
        judgement.confidence += 0.1;
        judgement = judgement
            .because(format!("{} is a {role}, which answers {} over UDP", server.address, conversation.service));
    }
    if flow.tries.count < 2 && clients.is_empty() {
        judgement.confidence = judgement.confidence.min(0.7);
    }
    judgement.confidence = judgement.confidence.min(0.95);
    for moment in flow.tries.kept() {
        judgement.evidence.push(Evidence { frame: moment.frame, note: "request".to_owned() });
    }
    if let Some(voice) = context.voice(server.address, client, flow.first.time) {
        judgement.evidence.push(Evidence { frame: voice.frame, note: format!("sign of life of {}", server.address) });
    }
    Ruling::Found(judgement.or(
        "the service does not listen on UDP, or is too busy",
        if clients.is_empty() { "" } else { "it answers other clients over UDP" },
        "",
    ))
}

/// The role of the server that obliges it to answer this service.
fn duty(context: &Context<'_>, conversation: &Conversation) -> Option<&'static str> {
    let roles: &[&'static str] = match conversation.service {
        "kerberos" | "ldap" => &["dc", "gc"],
        // Active Directory's own zones are served by its controllers, unless someone arranged otherwise.
        "dns" => &["dns", "dc"],
        _ => &[],
    };
    let server = conversation.flow.responder.address;
    roles.iter().copied().find(|role| context.roster.roles(server).any(|held| held == *role))
}

/// A question of the same client over TCP that the host acknowledged and left waiting while it did not
/// answer over UDP.
fn held_meanwhile<'a>(context: &Context<'a>, conversation: &Conversation) -> Option<&'a Call> {
    let (from, to) = (conversation.flow.first.time, conversation.flow.last.time);
    let server = conversation.flow.responder.address;
    context.of_pair(conversation).filter(|other| other.flow.key.transport == Transport::Tcp).find_map(|other| {
        let (flow, seen) = (&other.flow, &other.seen);
        let answered = seen.slowest.iter().map(|slowest| (&slowest.call, slowest.answer.time));
        let waiting = seen.waiting.iter().map(|call| (call, flow.last.time));
        let mut calls = answered.chain(waiting);
        let held = calls.find(|(call, until)| {
            let asks = flow.responder.address == server && slow::is_answered_at_once(other, call);
            asks && until.since(call.moment.time) >= ANSWER_TIME && call.moment.time <= to && *until >= from
        });
        held.map(|(call, _)| call).filter(|call| flow.half(call.side).delivery.open_since.is_none())
    })
}

/// Services in which each request gets an answer. NTP is left out: one missing answer is nothing there.
const ANSWERED: [&str; 5] = ["dns", "kerberos", "ldap", "sip", "dcerpc"];
/// The slowest of these answers within this time or never.
const ANSWER_TIME: Span = Span::seconds(3);
