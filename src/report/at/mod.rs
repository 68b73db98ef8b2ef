//! What the captures show of one moment: who was talking, what was failing, which findings cover it,
//! and what happened shortly before and after. Nothing is judged here: the whole capture was.

mod document;
mod events;

#[cfg(test)]
mod tests;

use crate::diagnose::Finding;
use crate::flow::{Flow, Moment, Outcome, Transport};
use crate::observe::{Conversation, Trace};
use crate::report::Report;
use crate::time::{Span, Time};
pub use events::Event;

/// What is known of one moment.
#[derive(Debug)]
pub struct At<'a> {
    /// The moment asked for, from its first to its last nanosecond.
    pub asked: (Time, Time),
    /// Whether something was captured then.
    pub coverage: Coverage,
    /// Conversations under way then: those that failed first, then in the order in which they began.
    pub under_way: Vec<UnderWay<'a>>,
    /// Findings that were going on, in the order of the report.
    pub findings: Vec<&'a Finding>,
    /// Half a minute before and after.
    pub around: Around<'a>,
}

/// Whether the moment lies between the first and the last packet of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// It does.
    Captured,
    /// It does not: the last packet before it, and the first one after it.
    Outside(Option<Time>, Option<Time>),
}

/// How a conversation stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Unanswered, rejected, silent, or cut at that moment.
    Failing,
    /// Asked for, and answered only later.
    Connecting,
    /// One direction only was seen: how it stood is not known.
    OneSided,
    /// Both sides understood each other.
    Open,
}

/// A conversation that was under way.
#[derive(Debug, Clone, Copy)]
pub struct UnderWay<'a> {
    /// The trace that it is of.
    pub trace: &'a Trace,
    /// Which.
    pub conversation: &'a Conversation,
    /// How it stood.
    pub state: State,
    /// Since when it stood so.
    pub since: Moment,
}

/// Half a minute before and after.
#[derive(Debug)]
pub struct Around<'a> {
    /// Its first moment.
    pub from: Time,
    /// Its last moment.
    pub to: Time,
    /// Conversations that began in it.
    pub began: u64,
    /// Those of them that reached the server.
    pub reached: u64,
    /// Those of them that did not, as far as both directions were seen.
    pub failed: u64,
    /// What stands out, in order of time.
    pub events: Vec<Event<'a>>,
    /// Events farther from the moment, which were left out.
    pub left_out: usize,
}

impl State {
    /// As it appears in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Connecting => "connecting",
            Self::OneSided => "one-sided",
            Self::Open => "open",
        }
    }
}

impl<'a> At<'a> {
    /// Looks up a moment, given from its first to its last nanosecond.
    pub fn new(report: &Report<'a>, asked: (Time, Time)) -> Self {
        let mut under_way: Vec<UnderWay<'a>> = Vec::new();
        for trace in report.traces {
            let end = trace.covered.map_or(asked.1, |covered| covered.1);
            under_way.extend(trace.conversations.iter().filter_map(|conversation| {
                let (state, since) = state(conversation, end, asked)?;
                Some(UnderWay { trace, conversation, state, since })
            }));
        }
        under_way.sort_by_key(|one| (one.state, one.conversation.flow.first));
        let findings = report.diagnosis.findings.iter().filter(|one| covers(one, &under_way, asked)).collect();
        Self { asked, coverage: coverage(report, asked), findings, around: Around::new(report, asked), under_way }
    }

    /// How many conversations stood so.
    pub fn count(&self, state: State) -> u64 {
        self.under_way.iter().filter(|one| one.state == state).count() as u64
    }
}

impl<'a> Around<'a> {
    fn new(report: &Report<'a>, asked: (Time, Time)) -> Self {
        let (from, to) = (asked.0.minus(AROUND), asked.1.plus(AROUND));
        let mut around = Self { from, to, began: 0, reached: 0, failed: 0, events: Vec::new(), left_out: 0 };
        for conversation in report.traces.iter().flat_map(|trace| &trace.conversations) {
            let flow = &conversation.flow;
            if (from..=to).contains(&flow.first.time) {
                around.began += 1;
                around.reached += u64::from(conversation.outcome.reached());
                around.failed += u64::from(is_failure(conversation.outcome));
            }
            if flow.first.time <= to && flow.last.time >= from {
                let of_it = events::of(conversation).into_iter();
                around.events.extend(of_it.filter(|event| (from..=to).contains(&event.moment.time)));
            }
        }
        let distance = |event: &Event<'_>| match event.moment.time {
            time if time < asked.0 => asked.0.since(time),
            time if time > asked.1 => time.since(asked.1),
            _ => Span::default(),
        };
        around.left_out = around.events.len().saturating_sub(MOST_EVENTS);
        around.events.sort_by_key(|event| (distance(event), event.moment));
        around.events.truncate(MOST_EVENTS);
        around.events.sort_by_key(|event| event.moment);
        around
    }
}

fn coverage(report: &Report<'_>, (first, last): (Time, Time)) -> Coverage {
    let spans: Vec<(Time, Time)> = report.captures().iter().filter_map(|health| health.covered).collect();
    if spans.iter().any(|span| span.0 <= last && first <= span.1) {
        return Coverage::Captured;
    }
    let before = spans.iter().map(|span| span.1).filter(|&end| end < first).max();
    let after = spans.iter().map(|span| span.0).filter(|&begin| begin > last).min();
    Coverage::Outside(before, after)
}

/// How a conversation stood between `first` and `last`, and since when; `None` where it was not under way.
fn state(conversation: &Conversation, trace_end: Time, (first, last): (Time, Time)) -> Option<(State, Moment)> {
    let flow = &conversation.flow;
    if flow.first.time > last || end(conversation, trace_end) < first {
        return None;
    }
    let open = (State::Open, flow.established.unwrap_or(flow.first));
    let stood = match conversation.outcome {
        outcome if is_failure(outcome) => (State::Failing, flow.first),
        Outcome::OneSided => (State::OneSided, flow.first),
        Outcome::Stalled => match silence(flow) {
            Some(since) if since.time <= last => (State::Failing, since),
            _ => open,
        },
        Outcome::ResetByClient | Outcome::ResetByServer => match flow.cut() {
            Some(reset) if (first..=last).contains(&reset.moment.time) => (State::Failing, reset.moment),
            _ => open,
        },
        _ => open,
    };
    let answered_later = flow.answers.begin().is_some_and(|answer| answer.time > last);
    match (stood.0, flow.tries.begin()) {
        (State::Open, Some(call)) if answered_later => Some((State::Connecting, call)),
        _ => Some(stood),
    }
}

/// Until when a conversation was under way. One that was never closed goes on to the end of the trace; a
/// caller without an answer waits on after its last try.
fn end(conversation: &Conversation, trace_end: Time) -> Time {
    let flow = &conversation.flow;
    match conversation.outcome {
        Outcome::Open => flow.last.time.max(trace_end),
        Outcome::Unanswered | Outcome::HalfOpen => flow.last.time.plus(patience(flow)),
        _ => flow.last.time,
    }
}

/// How long a caller goes on waiting after its last try: twice as long as before it (RFC 6298 §5.5).
fn patience(flow: &Flow) -> Span {
    let waited = match flow.tries.kept().as_slice() {
        [.., before, last] if flow.key.transport == Transport::Tcp => last.time.since(before.time),
        _ => Span::default(),
    };
    Span(waited.0.saturating_mul(2)).clamp(FIRST_WAIT, LONGEST_WAIT)
}

/// Since when a stalled flow was silent: the first packet that nobody answered.
pub(super) fn silence(flow: &Flow) -> Option<Moment> {
    let unanswered = flow.halves.iter().filter(|half| half.tail_retransmissions > 0);
    unanswered.filter_map(|half| half.tail_since).min()
}

/// Whether the server was not reached, or refused.
fn is_failure(outcome: Outcome) -> bool {
    !outcome.reached() && outcome != Outcome::OneSided
}

/// Whether a finding was going on: from its first failure to the last, and while a caller still waited;
/// but not while its connection was still as it should be.
fn covers(finding: &Finding, under_way: &[UnderWay<'_>], asked: (Time, Time)) -> bool {
    let (Some(first), Some(last)) = (finding.first, finding.last) else { return false };
    let on_path = || under_way.iter().filter(|one| is_on_path(one, finding));
    if on_path().any(|one| one.state == State::Failing) {
        return first <= asked.1;
    }
    let breaks_later = |outcome| matches!(outcome, Outcome::Stalled | Outcome::ResetByClient | Outcome::ResetByServer);
    let still_well = on_path().any(|one| one.state == State::Open && breaks_later(one.conversation.outcome));
    first <= asked.1 && asked.0 <= last && !still_well
}

/// Whether a conversation is between the hosts and on the port that a finding is about.
fn is_on_path(one: &UnderWay<'_>, finding: &Finding) -> bool {
    let flow = &one.conversation.flow;
    finding.client.as_ref().is_some_and(|client| client.address == flow.initiator.address)
        && finding.server.as_ref().is_some_and(|server| server.address == flow.responder.address)
        && finding.transport == Some(flow.key.transport)
        && finding.port == Some(flow.responder.port)
}

/// What "around" means.
const AROUND: Span = Span::seconds(30);
/// Waiting after a single try.
const FIRST_WAIT: Span = Span::seconds(3);
/// No caller waits longer than this for one answer.
const LONGEST_WAIT: Span = Span::seconds(60);
/// Events kept; a scan makes thousands in a second.
const MOST_EVENTS: usize = 1_000;
