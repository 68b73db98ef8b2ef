//! Server lists as they come, made into one topology file.
//!
//! Each source is recognised by its content and becomes [`Fact`]s, each with the place where it stands. [`merge`]
//! makes hosts of them, and sentences of what they say against each other or against the names in captures. Nothing
//! that was read is dropped in silence: what cannot be used is a note.

mod clixml;
mod csv;
mod directory;
mod exchange;
mod hosts;
mod json;
mod ldif;
mod merge;
mod nltest;
mod record;
mod text;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::observe::Trace;
use crate::reference::Version;

pub use merge::{Gathered, Nowhere};
pub use text::unicode;

/// What one source says of one host.
#[derive(Debug, Clone, Default, PartialEq)]
struct Fact {
    /// File and line, or file and the number of the record.
    place: String,
    /// Lower case, without a dot at the end; the first is the one to go by.
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    /// Role words of the reference tables.
    roles: Vec<&'static str>,
    site: Option<String>,
    version: Option<Version>,
}

/// What was read from one source.
#[derive(Debug, Default)]
struct Read {
    facts: Vec<Fact>,
    /// Networks of sites: every host in one that no source gives a site.
    subnets: Vec<(ipnet::IpNet, String)>,
    /// What was not used, and why.
    notes: Vec<String>,
}

/// A source that is none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}")]
pub struct BadSource {
    /// As the user calls it.
    pub file: String,
    /// What is wrong with it, and the cure.
    pub why: String,
}

/// Server lists, one after the other.
#[derive(Debug, Default)]
pub struct Sources {
    read: Read,
}

impl Sources {
    /// Reads one more: `name` is how messages call it, `octets` are the whole file.
    pub fn add(&mut self, name: &str, octets: &[u8]) -> Result<(), BadSource> {
        let bad = |why: String| BadSource { file: name.to_owned(), why };
        let text = text::decode(octets)
            .ok_or_else(|| bad("is not text; save the export as CSV, JSON, CliXML, LDIF or plain text".to_owned()))?;
        let read = match Form::of(&text) {
            Form::CliXml => exchange::read(name, &clixml::records(&text).map_err(bad)?),
            Form::Json => exchange::read(name, &json::records(&text).map_err(bad)?),
            Form::Ldif => directory::read(name, &ldif::entries(&text)),
            Form::Nltest => nltest::read(name, &text),
            Form::Hosts => hosts::read(name, &text),
            Form::Csv => exchange::read(name, &csv::records(&text).map_err(bad)?),
            Form::Unknown => return Err(bad(FORMS.to_owned())),
        };
        if read.facts.is_empty() && read.subnets.is_empty() {
            let why = read.notes.first().map_or("it names no host", String::as_str);
            return Err(bad(format!("nothing in it can be used: {why}. {FORMS}")));
        }
        self.read.facts.extend(read.facts);
        self.read.subnets.extend(read.subnets);
        self.read.notes.extend(read.notes);
        Ok(())
    }

    /// All that was read, as hosts; captures tell addresses of names.
    pub fn merge(self, traces: &[Trace]) -> Gathered {
        merge::merge(self.read, traces)
    }
}

/// How a source is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    CliXml,
    Json,
    Ldif,
    Nltest,
    Hosts,
    Csv,
    Unknown,
}

impl Form {
    fn of(text: &str) -> Self {
        let begin = text.trim_start();
        let mut lines = begin.lines().map(str::trim).filter(|line| !line.is_empty());
        if begin.starts_with('<') {
            return if begin.contains("<Objs") { Self::CliXml } else { Self::Unknown };
        }
        if begin.starts_with(['{', '[']) {
            return Self::Json;
        }
        if lines.clone().any(ldif::is_dn) {
            return Self::Ldif;
        }
        if lines.clone().any(nltest::is_controller) {
            return Self::Nltest;
        }
        if lines.clone().find(|line| !line.starts_with('#')).is_some_and(hosts::is_entry) {
            return Self::Hosts;
        }
        match lines.find(|line| !line.starts_with("#TYPE")) {
            Some(heading) if csv::is_heading(heading) => Self::Csv,
            _ => Self::Unknown,
        }
    }
}

/// A host's name as it is compared.
fn name(written: &str) -> Option<String> {
    let name = written.trim().trim_start_matches('\\').trim_end_matches('.').to_lowercase();
    let plain = name.len() <= 255 && name.chars().all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
    (plain && !name.is_empty()).then_some(name)
}

/// What is understood, for who brought something else.
const FORMS: &str = "understood are Get-ExchangeServer, Get-DatabaseAvailabilityGroup and Get-ADDomainController through \
    Export-Csv, ConvertTo-Json or Export-Clixml; nltest /dclist: output; LDIF of the configuration partition; hosts \
    files; and captures";
