//! Which failed attempts are judged, when they lie on more paths than anybody can be told of.
//!
//! A flood of single SYNs, each from an address of its own, makes a path of each. Judging all of them takes
//! minutes and says nothing, and whichever came first would leave no room for the path that is blocked.

use std::cmp::Reverse;

use hashbrown::{HashMap, HashSet};

use crate::diagnose::Context;
use crate::diagnose::context::Habit;
use crate::diagnose::path::{MOST_FINDINGS, Path, path_of};
use crate::observe::Conversation;

/// The paths whose failed attempts are judged.
#[derive(Debug)]
pub(super) struct Choice(Option<HashSet<Path>>);

impl Choice {
    /// All paths where there is room for them. Else first those of clients that anybody ever answered (an
    /// invented address understands nobody), then those that were tried most.
    pub(super) fn of(context: &Context<'_>) -> Self {
        let failed = || context.trace.conversations.iter().filter(|one| !one.outcome.reached());
        if failed().count() <= MOST_FINDINGS {
            return Self(None);
        }
        let mut tries: HashMap<Path, u64> = HashMap::new();
        for one in failed() {
            *tries.entry(path_of(one)).or_default() += u64::from(one.flow.tries.count.max(1));
        }
        if tries.len() <= MOST_FINDINGS {
            return Self(None);
        }
        let rank = |(path, tries): (Path, u64)| (context.habit(path.0) == Habit::Unknown, Reverse(tries), path);
        let mut ranked: Vec<_> = tries.into_iter().map(rank).collect();
        ranked.select_nth_unstable(MOST_FINDINGS);
        ranked.truncate(MOST_FINDINGS);
        Self(Some(ranked.into_iter().map(|(.., path)| path).collect()))
    }

    /// Whether a conversation is judged.
    pub(super) fn has(&self, conversation: &Conversation) -> bool {
        let Self(Some(paths)) = self else { return true };
        conversation.outcome.reached() || paths.contains(&path_of(conversation))
    }
}
