//! Could the capture have seen an answer (signatures.md i)?

use super::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::Outcome;
use crate::observe::Conversation;

/// An unanswered attempt says nothing where answers are not captured.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder.address);
    match conversation.outcome {
        Outcome::OneSided => return Ruling::Fine, // told once, for the capture
        Outcome::Unanswered | Outcome::HalfOpen => {}
        // An answer of another kind was captured; but where only one direction is, the host's own is not.
        Outcome::IcmpRejected if context.one_way => {}
        _ => return Ruling::Pass,
    }
    let unseen = context.unseen_direction(server, client);
    if !unseen && !context.one_way {
        return Ruling::Pass;
    }
    let judgement = Judgement::new(Kind::OneWayCapture, Attribution::Capture, 0.9)
        .because(if unseen {
            format!("{client} acknowledges data of {server}, of which no packet to {client} was captured")
        } else {
            "most connections of this capture show one direction only".to_owned()
        })
        .frame(flow.first, "attempt whose answer could not have been seen");
    Ruling::Found(judgement)
}
