//! `anyany explain`.

use crate::cli::args::{Explain, Page};
use crate::cli::{Failure, Outcome, output};
use crate::diagnose::Kind;
use crate::report::explain::{self, markdown};

/// Explains one kind, or lists all.
pub(super) fn run(options: &Explain) -> Result<Outcome, Failure> {
    // clap has refused every word that is no kind.
    let kind = options.kind.as_deref().and_then(Kind::from_word);
    if let Some(path) = &options.json {
        let document = explain::document(kind.as_ref().map_or(Kind::ALL, std::slice::from_ref));
        output::write_json(path, &document)?;
    }
    if !output::takes_stdout(options.json.as_deref()) {
        let sheet = output::sheet();
        output::print(&match (kind, options.format) {
            (Some(kind), Page::Text) => explain::text(kind, sheet),
            (Some(kind), Page::Markdown) => markdown::page(kind),
            (None, Page::Text) => explain::list(sheet),
            (None, Page::Markdown) => markdown::index(),
        })?;
    }
    Ok(Outcome::Done)
}
