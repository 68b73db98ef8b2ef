//! `anyany ports`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::cli::args::{Format, Ports};
use crate::cli::{Failure, Outcome, inputs, output};
use crate::reference::{Path, Reference};
use crate::report::ports;

/// Lists the rows that were asked for.
pub(super) fn run(options: &Ports) -> Result<Outcome, Failure> {
    let reference = reference(options)?;
    let wanted = ports::Wanted {
        from: options.from.as_deref().map(|word| role(&reference, "--from", word)).transpose()?,
        to: options.to.as_deref().map(|word| role(&reference, "--to", word)).transpose()?,
        version: options.exchange.map(Into::into),
        service: options.service.as_deref().map(|word| service(&reference, word)).transpose()?,
        port: options.port,
        transport: options.protocol.map(Into::into),
    };
    let rows = wanted.rows(&reference);
    if let Some(path) = &options.json {
        let document = if options.interfaces {
            ports::interface_document(&reference)
        } else {
            ports::document(&reference, &wanted, &rows)
        };
        output::write_json(path, &document)?;
    }
    if !output::takes_stdout(options.json.as_deref()) {
        output::print(&text(options, &reference, &wanted, &rows))?;
    }
    Ok(Outcome::Done)
}

fn text(options: &Ports, reference: &Reference, wanted: &ports::Wanted<'_>, rows: &[&Path]) -> String {
    let sheet = output::sheet();
    match (options.interfaces, options.format) {
        (true, Format::Text) => ports::interfaces(reference, sheet),
        (true, format) => ports::interface_table(reference).write(format.into(), sheet),
        // A program that reads the table finds none of its rows.
        (false, Format::Csv) => ports::table(reference, rows).write(Format::Csv.into(), sheet),
        (false, _) if rows.is_empty() => "No row of the tables fits all of that; leave one condition out.\n".to_owned(),
        (false, Format::Text) => ports::text(reference, wanted, rows, sheet),
        (false, Format::Markdown) => format!(
            "{}\n\n{}\n{}\n",
            wanted.caption(),
            ports::table(reference, rows).write(Format::Markdown.into(), sheet),
            ports::NOTE
        ),
    }
}

/// The tables, with the user's rows over them.
fn reference(options: &Ports) -> Result<Cow<'static, Reference>, Failure> {
    let Some(path) = &options.overlay else { return Ok(Cow::Borrowed(Reference::embedded())) };
    let file = path.display().to_string();
    let text = inputs::text(path)?;
    let reference = Reference::embedded().with_overlay(&file, &text).map_err(|why| why.to_string())?;
    Ok(Cow::Owned(reference))
}

fn role<'a>(reference: &Reference, option: &str, word: &'a str) -> Result<&'a str, Failure> {
    if word == ports::ANY_EXCHANGE || reference.role(word).is_some() {
        return Ok(word);
    }
    if let Some(product) = reference.product(word) {
        let (name, role) = (&product.name, &product.role);
        return Err(Failure::Said(format!("{option}: the role of a host that is {name} is \"{role}\"")));
    }
    let known: Vec<&str> = reference.roles().iter().map(|role| role.id.as_str()).collect();
    Err(Failure::Said(format!(
        "{option}: there is no role \"{word}\"; roles are {}, {}",
        known.join(", "),
        ports::ANY_EXCHANGE
    )))
}

fn service<'a>(reference: &Reference, word: &'a str) -> Result<&'a str, Failure> {
    let known: BTreeSet<&str> = reference.paths().iter().flat_map(|path| &path.services).map(String::as_str).collect();
    if known.contains(word) {
        return Ok(word);
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(Failure::Said(format!("--service: no row has the service \"{word}\"; services are {}", known.join(", "))))
}
