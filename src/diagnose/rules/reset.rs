//! An established connection cut by RST: by its owner, or by a device (signatures.md b and k)?

use anyany_dissectors::Side;

use super::Ruling;
use crate::diagnose::context::{came_by_a_longer_way, initial_ttl};
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Outcome, Reset};
use crate::observe::Conversation;
use crate::time::Span;

/// Decides who cut the connection.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    if !matches!(conversation.outcome, Outcome::ResetByClient | Outcome::ResetByServer) {
        return Ruling::Pass;
    }
    let flow = &conversation.flow;
    let Some(reset) = flow.resets.first() else { return Ruling::Pass };
    let owner = match reset.side {
        Side::Initiator => flow.initiator.address,
        Side::Responder => flow.responder.address,
    };
    let (score, reasons) = weigh(context, conversation, reset, owner);
    if score >= INJECTED {
        let mut judgement = Judgement::new(Kind::MidstreamReset, Attribution::Network, (0.5 + score / 2.0).min(0.96));
        judgement.because.push(format!("the established connection is cut by an RST in the name of {owner}"));
        judgement.because.extend(reasons);
        judgement = judgement
            .or("the host's own program or stack cut it", "the RST does not look like the host's own packets", "")
            .frame(reset.moment, format!("RST in the name of {owner}, TTL {}", reset.ttl));
        if let Some(last) = flow.half(reset.side).last_new_data.filter(|last| last.time <= reset.moment.time) {
            judgement = judgement.frame(last, format!("{owner} itself, for comparison"));
        }
        return Ruling::Found(judgement);
    }
    // A program that hangs up when it is done, or a client that goes: everyday life. Worth a word only
    // when a question was left without its answer.
    let unanswered = conversation.seen.waiting.iter().any(|call| call.side != reset.side);
    if !unanswered || flow.tries.count == 0 {
        return Ruling::Fine;
    }
    let judgement = Judgement::new(Kind::ResetByHost, Attribution::Endpoint, 0.8)
        .because(format!("{owner} cut the connection while a request waited for its answer"))
        .because(whose(reset))
        .or("a device on the path that answers in the host's name", "the RST looks like the host's own packets", "")
        .frame(reset.moment, format!("RST of {owner}"));
    Ruling::Found(judgement)
}

fn whose(reset: &Reset) -> String {
    let ttl = reset.ttl;
    match reset.usual_ttl {
        Some(usual) if (usual.low..=usual.high).contains(&ttl) => {
            format!("the RST has TTL {ttl}, as its other packets have: it is the host's own")
        }
        Some(usual) => {
            format!("the RST has TTL {ttl}, its other packets {}: too little to say that another sent it", usual.first)
        }
        None => format!("the RST has TTL {ttl}; nothing else of the host was seen here to compare it with"),
    }
}

/// How strongly the RST differs from what its alleged sender sends, 0 to 1, and in which ways.
fn weigh(
    context: &Context<'_>,
    conversation: &Conversation,
    reset: &Reset,
    owner: std::net::IpAddr,
) -> (f64, Vec<String>) {
    let flow = &conversation.flow;
    let (mut score, mut reasons) = (0.0f64, Vec::new());
    if let Some(usual) = reset.usual_ttl {
        let away = if reset.ttl < usual.low { usual.low - reset.ttl } else { reset.ttl.saturating_sub(usual.high) };
        let steady = usual.low == usual.high;
        let foreign = !context.showed_ttl(owner, reset.ttl);
        match away {
            0 => {}
            1 if reset.ttl < usual.low || !steady || !foreign => {}
            // A route may have changed by one router, but the sender of this packet sits on this very link.
            1 if reset.ttl == initial_ttl(reset.ttl) => {
                score += 0.75;
                reasons.push(format!(
                    "it has TTL {}, as sent, all other packets of {owner} here {}: it has passed no router, they have",
                    reset.ttl, usual.first
                ));
            }
            1 => {
                score += 0.35;
                reasons.push(format!(
                    "it has TTL {}, all other packets of this connection {}: sent one router nearer",
                    reset.ttl, usual.first
                ));
            }
            _ if came_by_a_longer_way(reset.ttl, usual.low) => {
                score += 0.35;
                reasons.push(format!(
                    "it has TTL {}, all other packets of this connection {}: it came by a longer way",
                    reset.ttl, usual.first
                ));
            }
            _ => {
                // Of a connection whose SYN the capture lost it is not known how its sender looks at the ends
                // of connections: a proxy's own packets have another TTL than those that it passes on.
                let begins = flow.tries.count > 0 || flow.answers.count == 0 || reset.side == Side::Responder;
                score += if foreign && begins { 0.85 } else { 0.4 };
                reasons.push(format!(
                    "it has TTL {}, all other packets of {owner} here {}: another machine sent it",
                    reset.ttl, usual.first
                ));
            }
        }
    }
    let spoke = flow.spoke_after_reset.get(reset.side.index()).copied().unwrap_or(0);
    if spoke > 0 && flow.half(reset.side).last_new_data.is_some_and(|data| data.time > reset.moment.time) {
        score += 0.5;
        reasons.push(format!("{owner} goes on sending after it ({spoke} packets): it does not know of this RST"));
    }
    let both = flow.resets.iter().find(|other| {
        other.side != reset.side
            && other.moment.time.since(reset.moment.time) < Span::millis(2)
            && other.sequence != reset.acknowledgement.unwrap_or(other.sequence.wrapping_add(1))
    });
    if both.is_some() && score > 0.0 {
        score += 0.15;
        reasons.push("both ends were reset at the same moment".to_owned());
    }
    let copied = reset.ip_id.is_some_and(|id| id != 0)
        && reset.ip_id == reset.answered_ip_id
        && reset.ip_id != reset.usual_ip_id;
    if copied {
        score += 0.3;
        reasons.push("its IP identification is copied from the packet that it answers".to_owned());
    }
    (score.min(1.0), reasons)
}

/// From here on the RST is a device's.
const INJECTED: f64 = 0.6;
