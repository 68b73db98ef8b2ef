//! Verdicts as they are shown: a shape, a letter and a word, so that colour is never needed.

use crate::diagnose::Verdict;
use crate::report::html::markup::{Html, tag};

/// What a cell, a finding or a page says in one sign. The gravest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Something filters.
    Blocked,
    /// It passes, and a device rewrites it.
    Altered,
    /// It failed, and the packets cannot tell why.
    Doubt,
    /// It failed, and nothing filters: the host itself answered, or is down.
    Innocent,
    /// Some of it worked.
    Degraded,
    /// It worked.
    Good,
    /// Nobody tried.
    Unseen,
}

impl Mark {
    /// All of them, the gravest first.
    pub(super) const ALL: [Self; 7] =
        [Self::Blocked, Self::Altered, Self::Doubt, Self::Innocent, Self::Degraded, Self::Good, Self::Unseen];

    /// Of a verdict.
    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Blocked => Self::Blocked,
            Verdict::Altered => Self::Altered,
            Verdict::Inconclusive => Self::Doubt,
            Verdict::NotBlocked => Self::Innocent,
        }
    }

    /// Of a status in the role-by-role matrix (`words::paths`).
    pub(super) fn of_status(status: &str) -> Self {
        match status {
            "blocked" => Self::Blocked,
            "degraded" => Self::Degraded,
            "never-seen" => Self::Unseen,
            _ => Self::Good,
        }
    }

    /// Its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Altered => "altered",
            Self::Doubt => "doubt",
            Self::Innocent => "innocent",
            Self::Degraded => "degraded",
            Self::Good => "good",
            Self::Unseen => "unseen",
        }
    }

    /// Its letter.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Blocked => "B",
            Self::Altered => "A",
            Self::Doubt => "?",
            Self::Innocent => "N",
            Self::Degraded => "D",
            Self::Good => "OK",
            Self::Unseen => "–",
        }
    }

    /// In a word or two.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Altered => "altered",
            Self::Doubt => "cannot tell",
            Self::Innocent => "not blocked",
            Self::Degraded => "degraded",
            Self::Good => "ok",
            Self::Unseen => "never tried",
        }
    }

    /// For who reads the page for the first time.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Blocked => "something filters: packets are dropped or rejected on the way",
            Self::Altered => "it passes, and a device on the way rewrites it",
            Self::Doubt => "it failed, and the packets do not tell why",
            Self::Innocent => "it failed, and not because of a filter: the host itself answered so, or is down",
            Self::Degraded => "some attempts failed, others did not",
            Self::Good => "every attempt was answered",
            Self::Unseen => "expected, and nobody tried while this was captured: not judged",
        }
    }

    /// Its shape alone; what stands beside it says the same.
    pub(super) fn shape(self, html: &mut Html) {
        html.within(tag("svg").class(&format!("shape {}", self.class())).set("aria-hidden", "true"), |html| {
            html.empty(tag("use").to(format_args!("m-{}", self.class())));
        });
    }

    /// Shape and word.
    pub(super) fn badge(self, html: &mut Html, word: &str) {
        html.within(tag("span").class(&format!("badge {}", self.class())), |html| {
            self.shape(html);
            html.text(word);
        });
    }
}

/// The shapes, to be referred to: each also tells itself from the others without its colour.
pub(super) fn define(html: &mut Html) {
    html.within(tag("svg").class("defs").set("aria-hidden", "true"), |html| {
        for (mark, body, knock) in SHAPES {
            let symbol = tag("symbol").set("id", format_args!("m-{}", mark.class())).set("viewBox", "0 0 16 16");
            html.within(symbol, |html| {
                html.empty(tag("path").class(body.0).set("d", body.1));
                if !knock.is_empty() {
                    html.empty(tag("path").class("knock").set("d", *knock));
                }
            });
        }
        html.empty(tag("path").set("id", "failed").class("failed").set("d", "M-3.5-3.5l7 7m0-7l-7 7"));
        html.empty(tag("circle").set("id", "worked").class("worked").set("r", "3.5"));
    });
}

/// Shape by shape: the body with its class, and what is cut out of it.
const SHAPES: &[(Mark, (&str, &str), &str)] = &[
    (Mark::Blocked, ("body", "M5 1h6l4 4v6l-4 4H5l-4-4V5z"), "M5.5 5.5l5 5m0-5l-5 5"),
    (Mark::Altered, ("body", "M8 1.2L15.4 14.6H.6z"), "M8 6v4m0 1.8v.6"),
    (
        Mark::Doubt,
        ("body", "M8 .4L15.6 8 8 15.6.4 8z"),
        "M6.2 6.1c.1-1 .8-1.6 1.8-1.6s1.8.7 1.8 1.6c0 1.3-1.8 1.4-1.8 2.9m0 1.7v.5",
    ),
    (Mark::Innocent, ("outline", "M2.5 2.5h11v11h-11zM5.4 8h5.2"), ""),
    (Mark::Degraded, ("half", "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zM8 2.9a5.1 5.1 0 0 0 0 10.2z"), ""),
    (Mark::Good, ("body", "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1z"), "M4.8 8.3l2.2 2.2 4.2-4.6"),
    (Mark::Unseen, ("dotted", "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z"), ""),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_marks_share_a_shape_a_letter_or_a_word() {
        let shapes: BTreeSet<_> = SHAPES.iter().map(|(_, body, knock)| (body, knock)).collect();
        let letters: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.letter()).collect();
        let words: BTreeSet<_> = Mark::ALL.iter().map(|mark| mark.word()).collect();
        assert_eq!((shapes.len(), letters.len(), words.len()), (7, 7, 7));
        assert!(Mark::ALL.iter().all(|mark| SHAPES.iter().any(|(shown, ..)| shown == mark)));
    }
}
