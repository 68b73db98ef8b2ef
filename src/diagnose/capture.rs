//! Claims about a capture as a whole.

use crate::decode::{Health, StepBack};
use crate::diagnose::{Attribution, Context, Evidence, Finding, Judgement, Kind, Severity};
use crate::flow::{FrameRef, Outcome, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// What the capture itself keeps from being known.
pub(super) fn judge(context: &Context<'_>) -> Vec<Finding> {
    let whole = [one_way(context), started_midway(context), loss(context), duplicates(context), truncated(context)];
    let each = context.trace.healths.iter().map(clock);
    whole.into_iter().chain(each).flatten().collect()
}

/// Packets that existed and were not captured: reported by the capture itself, or acknowledged unseen.
fn loss(context: &Context<'_>) -> Option<Finding> {
    let loss = context.loss;
    let reported: u64 = context.trace.healths.iter().map(|health| health.summary.lost_by_capture).sum();
    if reported == 0 && (loss.unseen < FEWEST_UNSEEN || loss.share() < LOSS_WORTH_A_WORD) {
        return None;
    }
    let mut judgement = Judgement::new(Kind::CaptureLoss, Attribution::Capture, 0.95);
    if reported > 0 {
        judgement = judgement.because(format!("the capture itself reports {reported} lost packets"));
    }
    if loss.unseen > 0 {
        let percent = loss.share() * 100.0;
        judgement = judgement.because(format!(
            "{} stretches of data were acknowledged by their receiver and are not in the capture ({percent:.1} % of the data packets)",
            loss.unseen
        ));
    }
    if let Some(first) = loss.first {
        judgement = judgement.frame(first, "first packet of a connection with data that was not captured");
    }
    Some(whole(judgement, usize::try_from(loss.unseen.max(reported)).unwrap_or(usize::MAX)))
}

fn duplicates(context: &Context<'_>) -> Option<Finding> {
    let copies: u64 = context.trace.duplicates.values().sum();
    let packets: u64 = context.trace.healths.iter().map(|health| health.summary.packets).sum();
    if copies < FEWEST_COPIES || copies.saturating_mul(100) < packets {
        return None;
    }
    let first = context.trace.conversations.iter().find(|one| one.flow.halves.iter().any(|half| half.duplicates > 0));
    let mut judgement = Judgement::new(Kind::DuplicatePackets, Attribution::Capture, 0.95)
        .because(format!("{copies} of {packets} packets are copies of packets seen a moment before: the same IP identification, numbers and checksum"))
        .because("they were counted and left out; none was taken for a retransmission");
    if let Some(first) = first {
        judgement = judgement.frame(first.flow.first, "first packet of a connection that was captured twice");
    }
    Some(whole(judgement, usize::try_from(copies).unwrap_or(usize::MAX)))
}

/// Over all files of the trace: a ring of captures has one snap length, and is told of once.
fn truncated(context: &Context<'_>) -> Option<Finding> {
    let healths = &context.trace.healths;
    let snapped: u64 = healths.iter().map(|health| health.summary.snapped).sum();
    let packets: u64 = healths.iter().map(|health| health.summary.packets).sum();
    let cut = |one: &&Conversation| one.flow.halves.iter().any(|half| half.snapped > 0);
    let first = context.trace.conversations.iter().find(cut)?;
    if snapped.saturating_mul(20) < packets {
        return None;
    }
    let judgement = Judgement::new(Kind::TruncatedPackets, Attribution::Capture, 0.95)
        .because(format!("{snapped} of {packets} packets were cut by the snap length"))
        .because("who reached whom is known nevertheless; what was said, which RPC port was named and what was refused may not be")
        .frame(first.flow.first, "first packet of a connection whose packets were cut");
    Some(whole(judgement, usize::try_from(snapped).unwrap_or(usize::MAX)))
}

/// The farthest step back of a capture's clock, if it is no mere jitter.
pub(super) fn jump(health: &Health) -> Option<StepBack> {
    health.summary.farthest_step_back.filter(|step| step.by >= CLOCK_JUMP)
}

fn clock(health: &Health) -> Option<Finding> {
    let StepBack { by: step, frame, .. } = jump(health)?;
    let steps = health.summary.clock_steps_back;
    let mut judgement = Judgement::new(Kind::ClockJump, Attribution::Capture, 0.95)
        .because(format!("the time goes back {steps} times, by up to {step} (frame {frame})"));
    let note = "first frame after the farthest step back".to_owned();
    judgement.evidence.push(Evidence { frame: FrameRef::new(health.index, frame), note });
    Some(whole(judgement, usize::try_from(steps).unwrap_or(usize::MAX)))
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
    let (mut all, mut midway, mut first) = (context.trace.lone.len(), 0usize, None);
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
        client_port: None,
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

/// Fewer stretches may be reordering at the capture's edges.
const FEWEST_UNSEEN: u64 = 3;
/// From one in a thousand on, loss is worth a word.
const LOSS_WORTH_A_WORD: f64 = 0.001;
/// Fewer copies may be chance.
const FEWEST_COPIES: u64 = 4;
/// Smaller steps come from several queues of one interface.
const CLOCK_JUMP: Span = Span::seconds(1);
