//! The server answers and its answer never arrives.

use anyany_dissectors::Side;

use super::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Moment, Outcome};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Both sides repeat themselves: the client its SYN, the server its SYN-ACK. The client is alive, for
/// it goes on asking; what it asks for was sent and did not arrive.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::HalfOpen {
        return Ruling::Pass;
    }
    let (Some(answer), Some(last_try)) = (flow.answers.begin(), flow.tries.last()) else { return Ruling::Fine };
    // Who does not ask again may have lost interest, or never have existed (a scan, a flood), unless it is there.
    if flow.tries.count < 2 {
        return third_missing(context, conversation, answer).map_or(Ruling::Fine, Ruling::Found);
    }
    // A second SYN that crosses a slow answer was not sent for want of it.
    if last_try.time.since(answer.time) < CROSSING {
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

/// The server repeats its answer, and its client, which does not ask again, completes nothing. Whoever hears a SYN-ACK
/// says ACK or RST; who talks on another port of this server meanwhile is there to say it.
fn third_missing(context: &Context<'_>, conversation: &Conversation, answer: Moment) -> Option<Judgement> {
    let flow = &conversation.flow;
    let last = flow.answers.last().filter(|last| last.time.since(answer.time) >= REPEATED_FOR)?;
    let prompt = answer.time.since(flow.first.time) < CROSSING;
    let mute = flow.half(Side::Initiator).packets == 1;
    if flow.answers.count < 3 || !prompt || !mute {
        return None;
    }
    let (client, server) = (flow.initiator.address, flow.responder.address);
    let meanwhile = |at: Time| answer.time <= at && at <= last.time.plus(REPEATED_FOR);
    let talks = context.of_pair(conversation).find(|other| {
        other.flow.initiator.address == client
            && other.flow.responder.port != flow.responder.port
            && other.flow.established.is_some_and(|done| meanwhile(done.time))
    })?;
    let beside_client = context.hops(client) == Some(0) && context.hops(server).is_some_and(|hops| hops > 0);
    let attribution = if beside_client { Attribution::Endpoint } else { Attribution::NetworkOrEndpoint };
    Some(
        Judgement::new(Kind::SynAckDropped, attribution, 0.7)
            .because(format!(
                "{server} answers with SYN-ACK ({} times), and {client} completes nothing",
                flow.answers.count
            ))
            .because(format!(
                "{client} neither asks again nor declines, and makes a connection to port {} meanwhile",
                talks.flow.responder.port
            ))
            .or("the answer arrives and what the client says to it is dropped", "", "the client does not ask again")
            .or("a scan that leaves its handshakes open", "the client uses this server otherwise", "")
            .frame(flow.first, "SYN")
            .frame(answer, "SYN-ACK")
            .frame(last, "SYN-ACK, still repeated")
            .frame(talks.flow.first, "the same hosts on another port"),
    )
}

/// Two repetitions take at least this long.
const REPEATED_FOR: Span = Span::seconds(2);
/// No stack repeats its SYN sooner; what comes sooner after the answer was on its way already.
const CROSSING: Span = Span::millis(500);
