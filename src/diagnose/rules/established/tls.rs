//! TCP passes and TLS does not (signatures.md b and h).

use anyany_dissectors::Side;

use super::{Peer, Quiet, What, stall};
use crate::diagnose::rules::{Ruling, reset};
use crate::diagnose::{Context, Judgement, Kind};
use crate::observe::{Call, Conversation};

/// A ClientHello that is repeated into silence or answered by a device, or a ServerHello that never arrives.
/// A host that acknowledges the ClientHello and says no more was reached: not this rule's affair.
pub(in crate::diagnose::rules) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let hello = conversation.seen.waiting.iter().find(|call| &*call.what == CLIENT_HELLO);
    let found = match hello {
        Some(hello) => hello_lost(context, conversation, hello).or_else(|| hello_reset(context, conversation, hello)),
        None => flight_lost(context, conversation),
    };
    let Some(mut judgement) = found else { return Ruling::Pass };
    judgement.kind = Kind::TlsBlocked;
    Ruling::Found(works_elsewhere(context, conversation, judgement))
}

fn hello_lost(context: &Context<'_>, conversation: &Conversation, hello: &Call) -> Option<Judgement> {
    let quiet = Quiet::of(context, conversation).filter(|quiet| quiet.speaker == hello.side)?;
    let peer = Peer::of(context, conversation, &quiet);
    if quiet.what != What::Data || !(peer.lives() || peer.fresh) {
        return None;
    }
    let mut judgement = stall::drop(context, conversation, &quiet, &peer);
    let what = "the handshake of TCP is complete, the ClientHello is never acknowledged: packets pass, TLS does not";
    judgement.because.insert(0, what.to_owned());
    Some(judgement.frame(hello.moment, "ClientHello"))
}

fn hello_reset(context: &Context<'_>, conversation: &Conversation, hello: &Call) -> Option<Judgement> {
    let reset = conversation.flow.resets.first().filter(|reset| reset.side != hello.side)?;
    let Ruling::Found(mut judgement) = reset::judge(context, conversation) else { return None };
    if judgement.kind != Kind::MidstreamReset || reset.moment.time < hello.moment.time {
        return None;
    }
    let after = reset.moment.time.since(hello.moment.time);
    judgement.because.insert(0, format!("an RST that is not the server's own follows the ClientHello after {after}"));
    judgement = judgement.or(
        "the server refuses this version of TLS, or has no certificate",
        "such a server sends the RST itself",
        "",
    );
    Some(judgement.frame(hello.moment, "ClientHello"))
}

/// The server's first words are repeated into silence: the client never saw its ServerHello.
fn flight_lost(context: &Context<'_>, conversation: &Conversation) -> Option<Judgement> {
    let flow = &conversation.flow;
    let quiet = Quiet::of(context, conversation)?;
    let first = flow.half(Side::Responder).isn.map(|isn| isn.wrapping_add(1))?;
    let untouched = flow.half(Side::Initiator).acknowledged == Some(first);
    if quiet.speaker != Side::Responder || quiet.what != What::Data || !conversation.seen.tls || !untouched {
        return None;
    }
    let peer = Peer::of(context, conversation, &quiet);
    if !(peer.lives() || peer.fresh) {
        return None;
    }
    let mut judgement = stall::drop(context, conversation, &quiet, &peer);
    let what = "the ClientHello arrives, the ServerHello that answers it is never acknowledged";
    judgement.because.insert(0, what.to_owned());
    judgement.confidence = judgement.confidence.min(0.8);
    Some(judgement.or("packets of full size are lost (path MTU)", "", "certificates fill packets"))
}

/// TLS between the same hosts on another port, or of other clients with this one.
fn works_elsewhere(context: &Context<'_>, conversation: &Conversation, mut judgement: Judgement) -> Judgement {
    let flow = &conversation.flow;
    let works = |other: &&Conversation| other.seen.tls && other.seen.replies > 0;
    let mut pair = context.of_pair(conversation).filter(works);
    if let Some(other) = pair.find(|other| other.flow.responder.port != flow.responder.port) {
        let port = other.flow.responder.port;
        judgement.confidence = (judgement.confidence + 0.1).min(0.96);
        judgement = judgement
            .because(format!("TLS between the same hosts works on port {port}"))
            .frame(other.flow.first, format!("TLS on port {port}"));
    }
    let mut clients = context.of_port(&conversation.flow).filter(works);
    if let Some(other) = clients.find(|other| other.flow.initiator.address != flow.initiator.address) {
        let client = other.flow.initiator.address;
        judgement.confidence = (judgement.confidence + 0.1).min(0.96);
        judgement = judgement
            .because(format!("TLS of {client} with the same port works"))
            .frame(other.flow.first, format!("TLS of {client} with this port"));
    }
    judgement
}

const CLIENT_HELLO: &str = "ClientHello";
