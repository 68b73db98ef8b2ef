//! Every packet that the record of a conversation remembers by its frame.

use crate::flow::{Flow, Moment};
use crate::observe::{Conversation, Seen};

/// All of them; findings name no others.
pub(super) fn moments(conversation: &Conversation) -> impl Iterator<Item = Moment> {
    of_flow(&conversation.flow).chain(of_what_was_said(&conversation.seen))
}

fn of_flow(flow: &Flow) -> impl Iterator<Item = Moment> {
    let tries = flow.tries.kept().into_iter().chain(flow.answers.kept());
    let events = flow.resets.iter().map(|reset| reset.moment).chain(flow.icmp.iter().map(|report| report.moment));
    let pauses = flow.pause.iter().chain(&flow.survived).flat_map(|pause| [pause.before, pause.after]);
    let of_halves = flow.halves.iter().flat_map(|half| {
        let own = [half.first, half.last, half.first_data, half.last_new_data, half.tail_since, half.fin];
        let delivery = &half.delivery;
        let repeated = delivery.repeated.iter().chain(&delivery.shrunk).flat_map(|one| [one.first, one.last]);
        let missing = delivery.missing.iter().map(|missing| missing.since);
        let acknowledged = [delivery.open_since, delivery.last_acknowledged];
        own.into_iter().chain(acknowledged).flatten().chain(repeated).chain(missing)
    });
    [flow.first, flow.last]
        .into_iter()
        .chain(flow.established)
        .chain(tries)
        .chain(events)
        .chain(pauses)
        .chain(of_halves)
}

fn of_what_was_said(seen: &Seen) -> impl Iterator<Item = Moment> {
    let single = [seen.first_request, seen.last_reply, seen.masked].into_iter().flatten();
    let words = seen.greeting.iter().chain(&seen.close).map(|(_, moment)| *moment);
    let calls = seen.waiting.iter().map(|call| call.moment);
    let slowest = seen.slowest.iter().flat_map(|slowest| [slowest.call.moment, slowest.answer]);
    let answers = seen.rpc_answers.iter().map(|answer| answer.moment);
    let media = seen.media.iter().map(|promised| promised.moment);
    let sip = seen.sip.iter().map(|event| event.moment);
    let lives = seen.calls.iter().flat_map(|call| [call.answered, call.acknowledged, call.ended]).flatten();
    let alerts = seen.alerts.iter().map(|(_, moment, _)| *moment);
    single.chain(words).chain(calls).chain(slowest).chain(answers).chain(media).chain(sip).chain(lives).chain(alerts)
}
