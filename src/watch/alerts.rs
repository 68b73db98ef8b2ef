//! Which findings are open, and what became of them since the last look.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::{Diagnosis, Finding, Kind, Verdict};
use crate::flow::Transport;
use crate::observe::Trace;
use crate::time::{Span, Time};

/// What makes a finding the same one at the next look.
type Place = (Option<IpAddr>, Option<IpAddr>, Option<Transport>, Option<u16>, Kind);

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is new.
    Opened,
    /// It goes on: more attempts failed, or more is known.
    Updated,
    /// It is over.
    Resolved,
}

impl Event {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
        }
    }
}

/// A finding, and what became of it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What became of it.
    pub event: Event,
    /// The finding as last judged; its id stays the same from opening to resolution.
    pub finding: Finding,
    /// Why it is over: the path works again, or was not tried any more.
    pub works_again: bool,
}

#[derive(Debug)]
struct Open {
    finding: Finding,
    /// Attempts when it was last told.
    told: u64,
    /// When it was last told.
    told_at: Time,
}

/// The open findings.
#[derive(Debug, Default)]
pub struct Alerts {
    open: BTreeMap<Place, Open>,
    opened: u64,
    /// Findings that a bound kept from being opened.
    kept_out: u64,
}

impl Alerts {
    /// Compares a new diagnosis with what is open. In order: resolved, updated, opened, each in the order of the report.
    pub fn look(&mut self, diagnosis: &Diagnosis, trace: &Trace, now: Time) -> Vec<Change> {
        let current: BTreeMap<Place, &Finding> = diagnosis
            .findings
            .iter()
            .filter(|finding| worth_telling(finding, now))
            .map(|one| (place(one), one))
            .collect();
        let mut changes = self.resolve(&current, trace, now);
        for (place, finding) in &current {
            if finding.resolved {
                continue; // it failed and works by now: told as resolved if it was open
            }
            if let Some(open) = self.open.get_mut(place) {
                let id = std::mem::take(&mut open.finding.id);
                open.finding = Finding { id, ..(*finding).clone() };
                if finding.attempts > open.told && now.since(open.told_at) >= QUIET {
                    (open.told, open.told_at) = (finding.attempts, now);
                    changes.push(Change { event: Event::Updated, finding: open.finding.clone(), works_again: false });
                }
                continue;
            }
            if self.open.len() >= MOST_OPEN {
                self.kept_out += 1;
                continue;
            }
            self.opened += 1;
            let finding = Finding { id: format!("W{}", self.opened), ..(*finding).clone() };
            changes.push(Change { event: Event::Opened, finding: finding.clone(), works_again: false });
            self.open.insert(*place, Open { told: finding.attempts, told_at: now, finding });
        }
        changes
    }

    fn resolve(&mut self, current: &BTreeMap<Place, &Finding>, trace: &Trace, now: Time) -> Vec<Change> {
        let mut changes = Vec::new();
        self.open.retain(|place, open| {
            let still = current.get(place);
            // An attempt that was given up for failed may still get its answer: then no failure is left.
            let works_again = still.map_or_else(|| reached_since(&open.finding, trace), |finding| finding.resolved);
            let replaced = current.keys().any(|other| same_path(place, other) && place.4 != other.4);
            let gone =
                still.is_none() && (replaced || open.finding.last.is_none_or(|last| now.since(last) >= FORGOTTEN));
            // Out of the window although it was tried lately: judged otherwise for a moment. Wait.
            if !works_again && !gone {
                return true;
            }
            let mut finding = open.finding.clone();
            finding.resolved = works_again;
            changes.push(Change { event: Event::Resolved, finding, works_again });
            false
        });
        changes
    }

    /// What is open, in order of path.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.open.values().map(|open| &open.finding)
    }

    /// How many were opened so far.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Findings that a bound kept from being opened.
    pub fn kept_out(&self) -> u64 {
        self.kept_out
    }
}

/// What a live capture cannot judge yet is not told: an attempt of just now is always near the end of
/// what was captured, and everything was under way when watching began.
fn worth_telling(finding: &Finding, now: Time) -> bool {
    match finding.judgement.kind {
        Kind::CaptureEdge | Kind::StartedMidway => false,
        kind if kind.verdict() == Verdict::Inconclusive => finding.last.is_none_or(|last| now.since(last) >= SETTLED),
        _ => true,
    }
}

fn place(finding: &Finding) -> Place {
    let address = |party: &Option<crate::diagnose::Party>| party.as_ref().map(|party| party.address);
    (address(&finding.client), address(&finding.server), finding.transport, finding.port, finding.judgement.kind)
}

/// Whether the client reached the server's port after the last failed try.
fn reached_since(finding: &Finding, trace: &Trace) -> bool {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return false };
    trace.conversations.iter().any(|one| {
        let flow = &one.flow;
        one.outcome.reached()
            && flow.initiator.address == client.address
            && flow.responder.address == server.address
            && Some(flow.responder.port) == finding.port
            && Some(flow.key.transport) == finding.transport
            && finding.last.is_none_or(|last| flow.last.time >= last)
    })
}

fn same_path(one: &Place, other: &Place) -> bool {
    (one.0, one.1, one.2, one.3) == (other.0, other.1, other.2, other.3)
}

/// A finding is not told again more often than this.
const QUIET: Span = Span::seconds(60);
/// What cannot be judged is told only when nothing more came for so long.
const SETTLED: Span = Span::seconds(10);
/// A path that was not tried for so long is no longer an open matter.
const FORGOTTEN: Span = Span::seconds(600);
/// Findings open at once.
const MOST_OPEN: usize = 10_000;
