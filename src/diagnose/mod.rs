//! From conversations to findings. Pure: a trace and the hosts in, claims with reasons out.

mod asked;
mod capture;
mod choice;
pub(crate) mod context;
mod crowd;
mod finding;
mod groups;
mod incident;
mod joint;
mod kind;
mod path;
mod presence;
mod rules;
mod voices;

use std::ops::Range;

use crate::observe::Trace;
use crate::topology::Roster;

pub use context::{Context, is_one_way};
pub use finding::{Alternative, Evidence, Finding, Incident, Judgement, Party, Severity};
pub use kind::{Attribution, Kind, Verdict};
pub use path::{MOST_FINDINGS, Paths};

/// All that was decided.
#[derive(Debug, Clone, Default)]
pub struct Diagnosis {
    /// Findings, the gravest first.
    pub findings: Vec<Finding>,
    /// Findings with one cause.
    pub incidents: Vec<Incident>,
    /// Failed attempts whose findings were left out: there are [`MOST_FINDINGS`], and fewer that say nothing grave.
    pub left_out: u64,
}

/// What was judged of some conversations of a trace.
#[derive(Debug, Default)]
pub struct Judged {
    /// By the place of the conversation.
    told: Vec<(usize, Judgement)>,
    left_out: u64,
}

/// Who judges so many conversations, in pieces that may be judged at once: hands on all of what `judge` made of
/// them, in their order.
pub type Share<'a> = &'a dyn Fn(Range<usize>, &(dyn Fn(Range<usize>) -> Judged + Sync)) -> Vec<Judged>;

/// Judges all traces. Each is judged for itself: what one vantage point saw proves nothing at another.
pub fn diagnose(traces: &[Trace], roster: &Roster) -> Diagnosis {
    diagnose_shared(traces, roster, &|all, judge| vec![judge(all)])
}

/// The same, with the judging of single conversations shared.
pub fn diagnose_shared(traces: &[Trace], roster: &Roster, share: Share<'_>) -> Diagnosis {
    let mut findings = Vec::new();
    let mut left_out = 0;
    for trace in traces {
        let context = Context::new(trace, roster);
        let mut paths = Paths::default();
        let choice = choice::Choice::of(&context);
        let judge = |range: Range<usize>| judge(&context, &choice, range);
        let all = trace.conversations.len();
        // Few enough at once that what is told of them takes little room before it is joined by path.
        for from in (0..all).step_by(AT_ONCE) {
            for judged in share(from..all.min(from + AT_ONCE), &judge) {
                left_out += judged.left_out;
                for (at, judgement) in judged.told {
                    if let Some(conversation) = trace.conversations.get(at) {
                        paths.add(&context, conversation, judgement);
                    }
                }
            }
        }
        left_out += trace.lone.len() as u64;
        joint::judge(&context, &mut paths);
        let (of_paths, beyond) = paths.findings(&context);
        findings.extend(of_paths);
        findings.extend(capture::judge(&context));
        left_out += beyond;
    }
    findings.sort_by(path::gravest_first);
    left_out += path::leave_out_weak(&mut findings);
    for (at, finding) in findings.iter_mut().enumerate() {
        finding.id = format!("F{}", at + 1);
    }
    let incidents = incident::group(&mut findings, roster);
    Diagnosis { findings, incidents, left_out }
}

/// Judges conversations by themselves.
fn judge(context: &Context<'_>, choice: &choice::Choice, range: Range<usize>) -> Judged {
    let mut judged = Judged::default();
    let conversations = context.trace.conversations.get(range.clone()).unwrap_or_default();
    for (at, conversation) in range.zip(conversations) {
        if !choice.has(conversation) {
            judged.left_out += 1;
            continue;
        }
        let told = rules::judge(context, conversation).into_iter().chain(rules::altered(conversation));
        judged.told.extend(told.map(|judgement| (at, judgement)));
    }
    judged
}

/// Conversations that are judged before what was told of them is joined.
const AT_ONCE: usize = 16_384;
