//! Established, then one side repeats itself into silence (signatures.md c).

use super::{Peer, Quiet, What, place};
use crate::diagnose::rules::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::observe::Conversation;

/// Decides what a silence in mid-connection means: a drop, or a host that went away.
pub(in crate::diagnose::rules) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let Some(quiet) = Quiet::of(context, conversation) else { return Ruling::Pass };
    let peer = Peer::of(context, conversation, &quiet);
    let flow = &conversation.flow;
    // Who only wants to say goodbye, or asks whether anyone is there, often talks to a host that has
    // forgotten the connection; only one that surely did not makes that a drop.
    let talks = quiet.what == What::Data || peer.outlived.is_some() || peer.in_this > 0;
    if !peer.lives() {
        return gone(context, conversation, &quiet);
    }
    if !talks {
        return Ruling::Pass;
    }
    let judgement = drop(context, conversation, &quiet, &peer);
    Ruling::Found(match flow.pause {
        Some(pause) if !pause.answered && pause.after == quiet.since => {
            judgement.because(format!("the connection had been still for {:.1} s before", pause.span.as_seconds()))
        }
        _ => judgement,
    })
}

/// A drop in the middle of a connection. Also the ground of the kinds that know more.
pub(super) fn drop(context: &Context<'_>, conversation: &Conversation, quiet: &Quiet, peer: &Peer) -> Judgement {
    let flow = &conversation.flow;
    let (from, to) = (quiet.speaker(flow), quiet.quiet(flow));
    let attribution = place(context, from, to);
    let many = if quiet.repeats >= MANY_REPEATS { 0.1 } else { 0.0 };
    let confidence = (0.6 + many + peer.weight()).min(0.95);
    let confidence = if attribution == Attribution::Endpoint { confidence.min(0.6) } else { confidence };
    let judgement = Judgement::new(Kind::MidstreamDrop, attribution, confidence).because(quiet.sentence(flow));
    let judgement = peer.show(quiet.show(judgement, flow), to);
    match attribution {
        Attribution::Endpoint => judgement.because(format!(
            "the packets arrive beside {to} (its own have passed no router here): the network has delivered them"
        )),
        _ => judgement,
    }
}

fn gone(context: &Context<'_>, conversation: &Conversation, quiet: &Quiet) -> Ruling {
    let flow = &conversation.flow;
    if quiet.what != What::Data || !context.concerns_us(flow.initiator.address, flow.responder.address) {
        return Ruling::Fine;
    }
    let to = quiet.quiet(flow);
    let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.6)
        .because(quiet.sentence(flow))
        .because(format!("{to} was not heard meanwhile, by anyone: it may have been away, or been restarted"))
        .or("the host went down or was restarted", "", "nothing was heard of it meanwhile")
        .or("everything to or from the host is dropped", "", "nothing was heard of it meanwhile");
    Ruling::Found(quiet.show(judgement, flow))
}

/// What Windows repeats before it gives up (TcpMaxDataRetransmissions, KB 170359).
const MANY_REPEATS: u32 = 5;
