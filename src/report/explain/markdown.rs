//! Explanations as pages of Markdown: what `docs/kinds` holds.

use std::fmt::Write as _;

use super::{VERDICTS, explanation, subject};
use crate::diagnose::Kind;
use crate::report::table::markdown as plain;

/// A page for one kind.
pub fn page(kind: Kind) -> String {
    let explanation = explanation(kind);
    let (subject, phrase) = (subject(kind), plain(explanation.phrase));
    let mut page = format!("# {kind}\n\nVerdict **{}**: {subject} {phrase}.\n", kind.verdict().word());
    // Writing to a string cannot fail.
    for (title, body) in [("What was seen", explanation.seen), ("Why it means that", explanation.means)] {
        let _ = write!(page, "\n## {title}\n\n{}\n", plain(body));
    }
    for (title, list) in [("What else could cause it", explanation.otherwise), ("What to do", explanation.advice)] {
        let _ = write!(page, "\n## {title}\n\n");
        for point in list {
            let _ = writeln!(page, "- {}", plain(point));
        }
    }
    page
}

/// A page that leads to all others, verdict by verdict.
pub fn index() -> String {
    let mut page = "# Kinds of findings\n".to_owned();
    for verdict in VERDICTS {
        let _ = write!(page, "\n## {}\n\n", verdict.word());
        for kind in Kind::ALL.iter().filter(|kind| kind.verdict() == verdict) {
            let phrase = plain(explanation(*kind).phrase);
            let _ = writeln!(page, "- [{kind}]({kind}.md): {} {phrase}", subject(*kind));
        }
    }
    page
}
