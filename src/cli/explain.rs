//! `anyany explain`.

use crate::cli::args::Explain;
use crate::cli::{Failure, Outcome, output};
use crate::diagnose::Kind;
use crate::report::explain;

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
        output::print(&kind.map_or_else(|| explain::list(sheet), |kind| explain::text(kind, sheet)))?;
    }
    Ok(Outcome::Done)
}
