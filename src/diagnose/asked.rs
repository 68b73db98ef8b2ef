//! How often something was asked in datagrams without an answer, by all attempts on one path.

use std::collections::BTreeSet;

use crate::flow::{Flow, Transport, WAITED};
use crate::time::Time;

/// Questions over UDP. Who has no answer waits for it and asks again; who asks one thing after another has
/// had the answers, and it is the capture that lacks them.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Moments at which something was asked, those left out that follow another one at once.
    rounds: BTreeSet<Time>,
    /// Marks of what was asked.
    marks: BTreeSet<u64>,
    /// Whether the same was asked again, word for word, after a wait.
    again: bool,
}

impl Asked {
    /// What one flow asked.
    pub(super) fn of(flow: &Flow) -> Self {
        let mut asked = Self::default();
        let Some(question) = flow.question.as_deref().filter(|_| flow.key.transport == Transport::Udp) else {
            return asked;
        };
        for moment in flow.tries.kept() {
            asked.round(moment.time);
        }
        asked.marks.insert(question.mark);
        asked.again = question.again > 0;
        asked
    }

    /// And what another one did.
    pub(super) fn join(&mut self, other: &Self) {
        let waited = other.rounds.iter().any(|round| self.is_new(*round));
        self.again |= other.again || (waited && !self.marks.is_disjoint(&other.marks));
        other.rounds.iter().for_each(|round| self.round(*round));
        self.marks.extend(other.marks.iter().take(MOST.saturating_sub(self.marks.len())));
    }

    /// Whether it was asked so often that the loss of the answers by the capture would be a strange chance.
    /// A path that answered at another time needs one more: there it is all the likelier.
    pub(super) fn is_enough(&self, ever_answered: bool) -> bool {
        let fewest = if self.again { FEWEST_AGAIN } else { FEWEST };
        self.rounds.len() >= fewest + usize::from(ever_answered)
    }

    fn round(&mut self, time: Time) {
        if self.rounds.len() < MOST && self.is_new(time) {
            self.rounds.insert(time);
        }
    }

    fn is_new(&self, time: Time) -> bool {
        self.rounds.range(time.minus(WAITED)..time.plus(WAITED)).next().is_none()
    }
}

/// Different questions, each without an answer.
const FEWEST: usize = 3;
/// Rounds of which one repeats another: a question that is asked again got no answer.
const FEWEST_AGAIN: usize = 2;
/// More prove nothing more.
const MOST: usize = 16;
