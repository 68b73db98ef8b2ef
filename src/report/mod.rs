//! Findings in words: what diagnosis decided, told to people and to scripts. One file per format.

pub mod at;
pub mod brief;
pub mod csv;
pub mod evidence;
pub mod explain;
pub mod harmless;
pub mod hosts;
pub mod html;
pub mod json;
pub mod junit;
pub mod page;
pub mod ports;
pub mod stated;
pub mod table;
pub mod text;
pub mod words;

#[cfg(test)]
mod recorded;

use crate::decode::Health;
use crate::diagnose::Diagnosis;
use crate::observe::Trace;
use crate::reference::Reference;
use crate::topology::Roster;

/// All that a report tells, whatever its format.
#[derive(Debug)]
pub struct Report<'a> {
    /// What was read, trace by trace.
    pub traces: &'a [Trace],
    /// Inputs that could not be used at all: path as given, and why.
    pub unusable: &'a [(String, String)],
    /// Who is who.
    pub roster: &'a Roster,
    /// What was decided.
    pub diagnosis: &'a Diagnosis,
    /// The tables.
    pub reference: &'a Reference,
}

impl Report<'_> {
    /// Every capture that was read, in the order of the inputs.
    pub fn captures(&self) -> Vec<&Health> {
        let mut captures: Vec<_> = self.traces.iter().flat_map(|trace| &trace.healths).collect();
        captures.sort_by_key(|health| health.index);
        captures
    }

    /// Whether everything that was asked for could be read.
    pub fn complete(&self) -> bool {
        self.unusable.is_empty() && self.captures().into_iter().all(is_whole)
    }

    /// What is wrong with captures that could not be read to their ends, each with its path.
    pub fn damage(&self) -> Vec<String> {
        let damaged = self.captures().into_iter().filter(|health| !is_whole(health));
        let told = |health: &Health| {
            let problems = json::health_problems(health);
            problems.into_iter().map(|problem| format!("{}: {problem}", health.summary.path)).collect::<Vec<_>>()
        };
        damaged.flat_map(told).collect()
    }

    /// Decimals of a capture's times.
    pub fn precision(&self, capture: u32) -> u8 {
        self.captures().iter().find(|health| health.index == capture).map_or(6, |health| health.summary.precision)
    }
}

/// Whether a capture was read to its end, and every frame of it could be.
fn is_whole(health: &Health) -> bool {
    health.summary.complete && health.unknown_links.is_empty()
}
