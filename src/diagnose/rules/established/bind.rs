//! RPC that is filtered by its interface: TCP passes, the bind does not (signatures.md f).

use super::{Peer, Quiet, What, stall};
use crate::diagnose::rules::{Ruling, reset, rpc};
use crate::diagnose::{Context, Evidence, Judgement, Kind};
use crate::observe::{Call, Conversation};

/// A bind, the first words of the connection, repeated into silence or answered by a device's RST.
pub(in crate::diagnose::rules) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let seen = &conversation.seen;
    let bind = seen.waiting.iter().find(|call| &*call.what == BIND).filter(|_| seen.replies + seen.refusals == 0);
    let Some(bind) = bind else { return Ruling::Pass };
    let found = lost(context, conversation, bind).or_else(|| cut(context, conversation, bind));
    let Some(mut judgement) = found else { return Ruling::Pass };
    judgement.interface = seen.wanted.first().copied();
    let what =
        judgement.interface.map_or_else(|| "the bind".to_owned(), |uuid| format!("the bind to interface {uuid}"));
    judgement.because.insert(0, format!("the handshake of TCP is complete, {what} gets no answer: it is filtered"));
    judgement = judgement.frame(bind.moment, "bind");
    let server = conversation.flow.responder;
    if server.port != ENDPOINT_MAPPER
        && let Some((interface, moment, _)) = rpc::named(context, conversation)
    {
        judgement.kind = Kind::RpcDynamicPortBlocked;
        judgement.interface.get_or_insert(interface);
        let named = format!("the endpoint mapper named port {} (frame {})", server.port, moment.frame.number());
        judgement.because.insert(0, named);
        let note = format!("the endpoint mapper names port {}", server.port);
        judgement.evidence.insert(0, Evidence { frame: moment.frame, note });
    }
    Ruling::Found(works_elsewhere(context, conversation, judgement))
}

fn lost(context: &Context<'_>, conversation: &Conversation, bind: &Call) -> Option<Judgement> {
    let quiet = Quiet::of(context, conversation)?;
    let peer = Peer::of(context, conversation, &quiet);
    let fits = quiet.speaker == bind.side && quiet.what == What::Data && (peer.lives() || peer.fresh);
    fits.then(|| stall::drop(context, conversation, &quiet, &peer))
}

fn cut(context: &Context<'_>, conversation: &Conversation, bind: &Call) -> Option<Judgement> {
    let reset = conversation.flow.resets.first().filter(|reset| reset.side != bind.side)?;
    match reset::judge(context, conversation) {
        Ruling::Found(judgement) if judgement.kind == Kind::MidstreamReset && reset.moment.time >= bind.moment.time => {
            Some(judgement)
        }
        _ => None,
    }
}

/// Another interface between the same hosts was bound.
fn works_elsewhere(context: &Context<'_>, conversation: &Conversation, mut judgement: Judgement) -> Judgement {
    let wanted = &conversation.seen.wanted;
    let mut pair = context.of_pair(conversation);
    if let Some(other) = pair.find(|other| other.seen.bound.iter().any(|bound| !wanted.contains(bound))) {
        let port = other.flow.responder.port;
        judgement.confidence = (judgement.confidence + 0.1).min(0.96);
        judgement = judgement
            .because(format!("other interfaces between the same hosts are bound, on port {port}"))
            .frame(other.flow.first, format!("RPC on port {port}"));
    }
    judgement
}

const BIND: &str = "bind";
const ENDPOINT_MAPPER: u16 = 135;
