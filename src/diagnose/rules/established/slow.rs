//! The network delivered the question, the service took its time (signatures.md m).

use anyany_dissectors::{Side, Uuid};

use crate::diagnose::rules::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Moment, Transport};
use crate::observe::{Call, Conversation};
use crate::time::Span;

/// An answer that came late, or not at all while the host went on acknowledging. Only of questions that
/// are answered at once: long polls, notifications and searches wait by nature.
pub(in crate::diagnose::rules) fn judge(_: &Context<'_>, conversation: &Conversation) -> Ruling {
    if conversation.flow.key.transport != Transport::Tcp {
        return Ruling::Pass;
    }
    late(conversation).or_else(|| never(conversation)).map_or(Ruling::Pass, Ruling::Found)
}

fn late(conversation: &Conversation) -> Option<Judgement> {
    let flow = &conversation.flow;
    let slowest = conversation.seen.slowest.as_ref()?;
    let took = slowest.answer.time.since(slowest.call.moment.time);
    // What had to be sent again may have spent that time on the way.
    let clean = flow.halves.iter().all(|half| half.retransmissions == 0 && half.unseen == 0);
    if took < SLOW || !clean || !is_answered_at_once(conversation, &slowest.call) {
        return None;
    }
    Some(
        slow(conversation, &slowest.call)
            .because(format!("the answer to {} came after {:.1} s", slowest.call.what, took.as_seconds()))
            .because("nothing had to be sent again: the network delivered question and answer at once")
            .frame(slowest.call.moment, format!("{}", slowest.call.what))
            .frame(slowest.answer, "its answer"),
    )
}

fn never(conversation: &Conversation) -> Option<Judgement> {
    let flow = &conversation.flow;
    let call = conversation.seen.waiting.iter().find(|call| is_answered_at_once(conversation, call))?;
    let (asker, host) = (flow.half(call.side), flow.half(call.side.other()));
    let later = |moment: &Moment| moment.time.since(call.moment.time) >= SLOW;
    // It acknowledged the question, it is still there long after, and in between it said nothing of substance.
    let acknowledged = asker.delivery.last_acknowledged.filter(|then| then.time >= call.moment.time)?;
    let speaks = host.last.filter(later)?;
    let silent = host.last_new_data.is_none_or(|data| data.time < call.moment.time);
    let whole = host.unseen == 0 && host.delivery.missing.is_none() && host.retransmissions == 0;
    // An RST in the host's name is another rule's affair.
    let cut = flow.resets.iter().any(|reset| reset.side != call.side);
    if asker.delivery.open_since.is_some() || asker.retransmissions > 0 || !silent || !whole || cut {
        return None;
    }
    Some(
        slow(conversation, call)
            .because(format!(
                "{} was acknowledged at once and got no answer for {:.1} s",
                call.what,
                speaks.time.since(call.moment.time).as_seconds()
            ))
            .because("the host went on acknowledging meanwhile: it has the question, its program does not answer")
            .frame(call.moment, format!("{}", call.what))
            .frame(acknowledged, "acknowledged by the host")
            .frame(speaks, "the host still speaks, without an answer"),
    )
}

fn slow(conversation: &Conversation, call: &Call) -> Judgement {
    let host = conversation.flow.endpoint(call.side.other());
    Judgement::new(Kind::ServiceSlow, Attribution::Endpoint, 0.8)
        .because(format!("{host} was reached: it acknowledges what it is sent"))
        .or("a proxy or load balancer acknowledges in the host's name", "", "it would wait for the host itself")
}

/// Whether servers answer this question at once.
pub(in crate::diagnose::rules) fn is_answered_at_once(conversation: &Conversation, call: &Call) -> bool {
    let what: &str = &call.what;
    if call.side != Side::Initiator {
        return false;
    }
    match conversation.service {
        _ if what == "ClientHello" => true,
        "epm" | "kerberos" => true,
        "dcerpc" => {
            let prompt = |uuid: &Uuid| !WAITS.contains(&uuid.to_string().to_ascii_lowercase().as_str());
            matches!(what, "bind" | "alter_context")
                || (!conversation.seen.bound.is_empty() && conversation.seen.bound.iter().all(prompt))
        }
        "ldap" => what.starts_with("bind"),
        "smb" => ["NEGOTIATE", "SESSION_SETUP", "TREE_CONNECT"].contains(&what),
        "smtp" => ["EHLO", "HELO", "STARTTLS", "AUTH"].iter().any(|verb| what.starts_with(verb)),
        _ => false,
    }
}

/// From here on a user waits, and programs give up.
const SLOW: Span = Span::seconds(10);
/// Interfaces whose calls wait for something to happen: AsyncEMSMDB, the file share witness, cluster
/// notifications, print notifications.
const WAITS: [&str; 4] = [
    "5261574a-4572-206e-b268-6b199213b4e4",
    "ccd8c074-d0e5-4a40-92b4-d074faa6ba28",
    "b97db8b2-4c63-11cf-bff6-08002be23f2f",
    "0b6edbfa-4a24-4fc6-8a23-942b1eca65d1",
];
