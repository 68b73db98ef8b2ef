//! Requests over UDP without an answer.

use super::Ruling;
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind};
use crate::flow::{Outcome, Transport};
use crate::observe::Conversation;
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
    if end.since(flow.last.time) < ANSWER_TIME {
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
        "dns" => &["dns"],
        _ => &[],
    };
    let server = conversation.flow.responder.address;
    roles.iter().copied().find(|role| context.roster.roles(server).any(|held| held == *role))
}

/// Services in which each request gets an answer. NTP is left out: one missing answer is nothing there.
const ANSWERED: [&str; 5] = ["dns", "kerberos", "ldap", "sip", "dcerpc"];
/// The slowest of these answers within this time or never.
const ANSWER_TIME: Span = Span::seconds(3);
