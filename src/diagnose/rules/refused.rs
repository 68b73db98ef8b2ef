//! A SYN answered by RST: by the host, or in its name (signatures.md b)?

use anyany_dissectors::Side;

use super::Ruling;
use crate::diagnose::context::{came_by_a_longer_way, initial_ttl};
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Outcome, Reset};
use crate::observe::Conversation;

/// Decides who refused.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    if conversation.outcome != Outcome::Refused {
        return Ruling::Pass;
    }
    let flow = &conversation.flow;
    let server = flow.responder;
    let Some(reset) = flow.resets.iter().find(|reset| reset.side == Side::Responder) else { return Ruling::Pass };
    let tries = format!("SYN to {server} answered by RST, TTL {}", reset.ttl);
    let judgement = match sender(context, conversation, reset) {
        Sender::Host(why, confidence) => {
            Judgement::new(Kind::RefusedByHost, Attribution::Endpoint, confidence).because(tries).because(why).or(
                "a device on the path that answers in the host's name",
                "the RST looks like the host's own packets",
                "",
            )
        }
        Sender::Unknown => Judgement::new(Kind::RefusedByHost, Attribution::Endpoint, 0.6)
            .because(tries)
            .because(format!(
                "{} sent nothing else that the RST could be compared with; an RST is most often the host's own",
                server.address
            ))
            .or("a device on the path that answers in the host's name", "", "nothing else of the host was captured"),
        Sender::Other(why, confidence) => Judgement::new(Kind::SynRejected, Attribution::Network, confidence)
            .because(tries)
            .because(why)
            .or("nothing listens on that port", "the RST does not look like the host's own packets", ""),
    };
    let judgement =
        judgement.frame(flow.first, "SYN").frame(reset.moment, format!("RST in the name of {}", server.address));
    let usual = context.voice(server.address, flow.initiator.address, reset.moment.time);
    Ruling::Found(match (judgement.kind, usual) {
        (Kind::SynRejected, Some(voice)) if voice.frame != reset.moment.frame => {
            let evidence = crate::diagnose::Evidence {
                frame: voice.frame,
                note: format!("{} itself, for comparison", server.address),
            };
            let mut judgement = judgement;
            judgement.evidence.push(evidence);
            judgement
        }
        _ => judgement,
    })
}

enum Sender {
    Host(String, f64),
    Other(String, f64),
    Unknown,
}

/// Compares the RST with everything else that the host sent here.
fn sender(context: &Context<'_>, conversation: &Conversation, reset: &Reset) -> Sender {
    let server = conversation.flow.responder.address;
    let Some((usual, flows)) = context.usual_ttl(server) else {
        return closed_ports_agree(context, conversation, reset);
    };
    if context.showed_ttl(server, reset.ttl) {
        return Sender::Host(format!("other packets of {server} have TTL {} as well", reset.ttl), 0.9);
    }
    let differs = format!("other packets of {server} have TTL {usual} ({flows} flows)");
    if answers_for_another(usual) && initial_ttl(reset.ttl) == WINDOWS && reset.ttl != WINDOWS {
        let why = "those come from a device on this link that answers in its name, the RST from a host farther away";
        return Sender::Host(format!("{differs}: {why}, as of a server behind a load balancer"), 0.6);
    }
    match reset.ttl.abs_diff(usual) {
        // A route that changed by one router. But a router that is nearer than the host, and whose RST
        // comes with an initial value untouched or nearly so, is the router's own.
        1 if reset.ttl < usual
            || initial_ttl(reset.ttl) == initial_ttl(usual) && reset.ttl != initial_ttl(reset.ttl) =>
        {
            Sender::Host(format!("{differs}, a difference of one, as a change of route makes it"), 0.7)
        }
        1 => Sender::Other(format!("{differs}: the RST was sent one router nearer, and has passed none"), 0.8),
        _ if came_by_a_longer_way(reset.ttl, usual) => Sender::Host(
            format!("{differs}: the RST has passed more routers than they, as no device between here and there would"),
            0.6,
        ),
        _ => Sender::Other(format!("{differs}: the RST was sent by another machine"), 0.93),
    }
}

/// A time to live that no Windows host begins with and no router has touched: something on this very link
/// answers in the host's name, and is no measure of the host's own packets.
fn answers_for_another(usual: u8) -> bool {
    usual == initial_ttl(usual) && usual != WINDOWS
}

/// Without other packets of the host, RSTs of several closed ports that agree are most likely its own.
fn closed_ports_agree(context: &Context<'_>, conversation: &Conversation, reset: &Reset) -> Sender {
    let server = conversation.flow.responder.address;
    let port = conversation.flow.responder.port;
    let others = || context.refusals(server).iter().filter(|other| other.port != port);
    let alike = others().filter(|other| other.ttl == reset.ttl).count();
    if alike > 0 {
        return Sender::Host(format!("{alike} other closed ports of {server} answer in the same way"), 0.7);
    }
    // Of two that answer in one name, the one on this very link is not the host behind a router.
    let here = |ttl: u8| ttl == initial_ttl(ttl);
    match others().find(|other| here(reset.ttl) && !here(other.ttl)) {
        Some(other) => Sender::Other(
            format!(
                "closed port {} of {server} answers with TTL {}: that RST has passed a router, this one none",
                other.port, other.ttl
            ),
            0.8,
        ),
        None => Sender::Unknown,
    }
}

/// What Windows begins with.
const WINDOWS: u8 = 128;
