//! The server answers and its answer never arrives.

use super::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::Outcome;
use crate::observe::Conversation;
use crate::time::Span;

/// Both sides repeat themselves: the client its SYN, the server its SYN-ACK. The client is alive, for
/// it goes on asking; what it asks for was sent and did not arrive.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::HalfOpen {
        return Ruling::Pass;
    }
    let (Some(answer), Some(last_try)) = (flow.answers.begin(), flow.tries.last()) else { return Ruling::Fine };
    // Who does not ask again may have lost interest, or never have existed (a scan, a flood).
    // And a second SYN that crosses a slow answer was not sent for want of it.
    if flow.tries.count < 2 || last_try.time.since(answer.time) < CROSSING {
        return Ruling::Fine;
    }
    let (client, server) = (flow.initiator.address, flow.responder.address);
    let beside_client = context.hops(client) == Some(0) && context.hops(server).is_some_and(|hops| hops > 0);
    let attribution = if beside_client { Attribution::Endpoint } else { Attribution::Network };
    let judgement = Judgement::new(Kind::SynAckDropped, attribution, if beside_client { 0.7 } else { 0.9 })
        .because(format!("{server} answers with SYN-ACK ({} times)", flow.answers.count))
        .because(format!(
            "{client} asks again after the answer ({} SYNs): the answer does not reach it",
            flow.tries.count
        ))
        .or(
            "the client's own firewall drops the answer",
            if beside_client {
                ""
            } else {
                "the capture was not taken beside the client, so it may lie anywhere on the way back"
            },
            if beside_client { "the answer was captured beside the client" } else { "" },
        )
        .or("asymmetric routing through a stateful device", "", "such a device drops answers whose SYN it did not see")
        .frame(flow.first, "SYN")
        .frame(answer, "SYN-ACK")
        .frame(last_try, "SYN again, after the SYN-ACK");
    Ruling::Found(judgement)
}

/// No stack repeats its SYN sooner; what comes sooner after the answer was on its way already.
const CROSSING: Span = Span::millis(500);
