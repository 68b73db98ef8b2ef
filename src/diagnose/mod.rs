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

/// Judges all traces. Each is judged for itself: what one vantage point saw proves nothing at another.
pub fn diagnose(traces: &[Trace], roster: &Roster) -> Diagnosis {
    let mut findings = Vec::new();
    let mut left_out = 0;
    for trace in traces {
        let context = Context::new(trace, roster);
        let mut paths = Paths::default();
        let choice = choice::Choice::of(&context);
        for conversation in &trace.conversations {
            if !choice.has(conversation) {
                left_out += 1;
                continue;
            }
            if let Some(judgement) = rules::judge(&context, conversation) {
                paths.add(&context, conversation, judgement);
            }
            if let Some(judgement) = rules::altered(conversation) {
                paths.add(&context, conversation, judgement);
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
