//! Claims about a capture as a whole.

use crate::diagnose::{Attribution, Context, Finding, Judgement, Kind, Severity};
use crate::flow::{Outcome, Transport};

/// What the capture itself keeps from being known.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    [one_way(context), started_midway(context)].into_iter().flatten().collect()
}

fn one_way(context: &Context<'_>) -> Option<Finding> {
    if !context.one_way {
        return None;
    }
    let one_sided = context.trace.conversations.iter().filter(|one| one.outcome == Outcome::OneSided);
    let mut one_sided = one_sided.filter(|one| one.flow.key.transport == Transport::Tcp).peekable();
    let first = one_sided.peek().map(|one| one.flow.first)?;
    let count = one_sided.count();
    let judgement = Judgement::new(Kind::OneWayCapture, Attribution::Capture, 0.95)
        .because(format!(
            "{count} TCP connections show data or acknowledgements in one direction only, hardly any show both"
        ))
        .because("a connection that works acknowledges in both directions: the other one was not captured")
        .frame(first, "a connection of which one direction was captured");
    Some(whole(judgement, count))
}

fn started_midway(context: &Context<'_>) -> Option<Finding> {
    let tcp = context.trace.conversations.iter().filter(|one| one.flow.key.transport == Transport::Tcp);
    let (mut all, mut midway, mut first) = (0usize, 0usize, None);
    for one in tcp {
        all += 1;
        let both = one.flow.halves.iter().all(|half| half.packets > 0);
        if one.flow.tries.count == 0 && one.flow.answers.count == 0 && both {
            midway += 1;
            first.get_or_insert(one.flow.first);
        }
    }
    let first = first.filter(|_| midway * 2 >= all)?;
    let judgement = Judgement::new(Kind::StartedMidway, Attribution::Capture, 0.95)
        .because(format!(
            "{midway} of {all} TCP connections were under way when the capture began: their handshakes were not seen"
        ))
        .frame(first, "first packet of a connection without its handshake");
    Some(whole(judgement, midway))
}

fn whole(judgement: Judgement, attempts: usize) -> Finding {
    Finding {
        id: String::new(),
        judgement,
        severity: Severity::Low,
        client: None,
        server: None,
        port: None,
        transport: None,
        service: None,
        attempts: attempts as u64,
        first: None,
        last: None,
        last_success: None,
        resolved: false,
        incident: None,
    }
}
