//! The port reference: what must pass between two roles, and what breaks when it does not.

use serde_json::{Value, json};

use crate::flow::Transport;
use crate::reference::{Direction, Group, Interface, Learn, Path, Reference, Version, Zone};
use crate::report::json::heading;
use crate::report::page::{Align, Page, Sheet, Tone};
use crate::report::stated;
use crate::report::table::Table;

/// Which rows are asked for; what is not given does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// A role that opens the conversation.
    pub from: Option<&'a str>,
    /// A role that answers.
    pub to: Option<&'a str>,
    /// A version of Exchange.
    pub version: Option<Version>,
    /// A service, in the contract's words.
    pub service: Option<&'a str>,
    /// A listening port.
    pub port: Option<u16>,
    /// What carries it.
    pub transport: Option<Transport>,
}

impl Wanted<'_> {
    /// The rows that fit, in the order of the tables.
    pub fn rows<'r>(&self, reference: &'r Reference) -> Vec<&'r Path> {
        reference.paths().iter().filter(|path| self.fits(reference, path)).collect()
    }

    /// What the rows have in common, for the line above a table: "Exchange 2010, from cas to mailbox".
    pub fn caption(&self) -> String {
        let version = self.version.map_or_else(|| "Exchange".to_owned(), |version| format!("Exchange {version}"));
        let ends = match (self.from, self.to) {
            (None, None) => "all roles".to_owned(),
            (Some(from), None) => format!("from {from}"),
            (None, Some(to)) => format!("to {to}"),
            (Some(from), Some(to)) => format!("from {from} to {to}"),
        };
        let rest = [
            self.service.map(str::to_owned),
            self.transport.map(|transport| transport.word().to_uppercase()),
            self.port.map(|port| format!("port {port}")),
        ];
        [version, ends].into_iter().chain(rest.into_iter().flatten()).collect::<Vec<_>>().join(", ")
    }

    fn fits(&self, reference: &Reference, path: &Path) -> bool {
        let ends = |from: Option<&str>, to: Option<&str>| {
            from.is_none_or(|role| means(reference, path.zone, &path.src, role))
                && to.is_none_or(|role| means(reference, path.zone, &path.dst, role))
        };
        let listed = |port: u16| {
            path.ports.contains(&port) || path.ranges.iter().any(|&(first, last)| (first..=last).contains(&port))
        };
        (ends(self.from, self.to) || path.direction == Direction::Both && ends(self.to, self.from))
            && self.version.is_none_or(|version| path.versions.contains(&version))
            && self.service.is_none_or(|service| path.services.iter().any(|word| word == service))
            && self.port.is_none_or(listed)
            && self.transport.is_none_or(|transport| path.transport.contains(&transport))
    }
}

/// Whether a row's words for one end mean a host of this role.
fn means(reference: &Reference, zone: Zone, words: &[String], role: &str) -> bool {
    let group = |word: &str| reference.role(word).map(|role| role.group);
    // Edge Transport servers belong to no domain: what all others need of one another is not theirs.
    let of_organization =
        |word: &str| group(word) == Some(Group::Exchange) && !(word == EDGE && zone == Zone::IntraOrg);
    words.iter().any(|word| match (word.as_str(), role) {
        (word, role) if word == role => true,
        (ANY_EXCHANGE, role) => of_organization(role),
        (word, ANY_EXCHANGE) => of_organization(word),
        (CLIENT, other) | (other, CLIENT) => group(other) == Some(Group::Client),
        (word, role) => reference.role(role).is_some_and(|role| role.includes.iter().any(|other| other == word)),
    })
}

/// Rows for people: in columns where the line is long enough, else one under the other.
pub fn text(reference: &Reference, wanted: &Wanted<'_>, rows: &[&Path], sheet: Sheet) -> String {
    let mut page = Page::new(sheet);
    if page.width() >= COLUMNS_FROM {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|path| {
                vec![
                    ports(path),
                    ends(path),
                    purpose(path),
                    breaks(reference, path),
                    zone(path),
                    source(reference, path),
                ]
            })
            .collect();
        let columns =
            [("PORTS", 16), ("BETWEEN", 18), ("PURPOSE", 22), ("WHEN BLOCKED", 30), ("ZONE", 16), ("SOURCE", 18)];
        page.grid(&columns, &cells);
    } else {
        for path in rows {
            page.gap();
            page.paragraph(0, 4, &[(Tone::Strong, &ports(path)), (Tone::Text, &format!("| {}", ends(path)))]);
            page.labelled(2, "Purpose", &purpose(path));
            page.labelled(2, "Blocked", &breaks(reference, path));
            page.labelled(2, "Zone", &zone(path));
            page.labelled(2, "Source", &source(reference, path));
        }
    }
    page.gap();
    let rows = rows.len();
    page.paragraph(0, 0, &[(Tone::Text, &format!("{rows} rows. {NOTE}"))]);
    stated::write(&mut page, &stated::stated(reference, wanted));
    page.into_text()
}

/// What breaks, in the words of users, then by the numbers under which logs tell it.
fn breaks(reference: &Reference, path: &Path) -> String {
    let numbered = reference.events(&path.events).filter(|event| event.event_id != 0);
    let events: Vec<String> = numbered.map(|event| format!("{} {}", event.log_source, event.event_id)).collect();
    if events.is_empty() { path.symptom.clone() } else { format!("{}. Events: {}", path.symptom, events.join(", ")) }
}

/// Rows for a document or a spreadsheet.
pub fn table(reference: &Reference, rows: &[&Path]) -> Table {
    let mut table = Table::new(&[
        "From",
        "To",
        "Ports",
        "Service",
        "Purpose",
        "When blocked",
        "Zone",
        "Versions",
        "Source",
        "Confidence",
    ]);
    for path in rows {
        let both = if path.direction == Direction::Both { " (both ways)" } else { "" };
        table.row(vec![
            path.src.join(", "),
            format!("{}{both}", path.dst.join(", ")),
            ports(path),
            path.services.join(", "),
            purpose(path),
            path.symptom.clone(),
            path.zone.to_string(),
            versions(path),
            document_of(reference, path).to_owned(),
            path.confidence.to_string(),
        ]);
    }
    table
}

/// The RPC interfaces for a document or a spreadsheet.
pub fn interface_table(reference: &Reference) -> Table {
    let mut table = Table::new(&["Name", "Interface", "Listens on", "Served by", "What it is"]);
    reference.interfaces().iter().for_each(|one| table.row(interface(one)));
    table
}

fn ports(path: &Path) -> String {
    let transports: Vec<String> = path.transport.iter().map(|transport| transport.word().to_uppercase()).collect();
    let single = path.ports.iter().map(u16::to_string);
    let ranges = path.ranges.iter().map(|(first, last)| format!("{first}-{last}"));
    let numbers = single.chain(ranges).collect::<Vec<_>>().join(", ");
    let how = match path.learn {
        Learn::Fixed => "",
        Learn::Epm => " (named by port 135)",
        Learn::Sip => " (named by SIP)",
        Learn::ClientChosen => " (chosen by the client)",
        Learn::Config => " (as configured)",
    };
    let space = if numbers.is_empty() { "" } else { " " };
    format!("{}{space}{numbers}{how}", transports.join("/"))
}

fn ends(path: &Path) -> String {
    let arrow = match path.direction {
        Direction::SrcToDst => "→",
        Direction::Both => "↔",
    };
    format!("{} {arrow} {}", path.src.join(", "), path.dst.join(", "))
}

fn purpose(path: &Path) -> String {
    format!("{}: {}", path.protocol, path.purpose)
}

fn zone(path: &Path) -> String {
    let all = Version::ALL.len() == path.versions.len();
    format!("{} ({})", path.zone, if all { "all versions".to_owned() } else { versions(path) })
}

fn versions(path: &Path) -> String {
    path.versions.iter().map(|version| version.word()).collect::<Vec<_>>().join(", ")
}

fn source(reference: &Reference, path: &Path) -> String {
    format!("{} [{}]", document_of(reference, path), path.confidence)
}

fn document_of<'a>(reference: &'a Reference, path: &'a Path) -> &'a str {
    reference.source(&path.source).map_or(path.source.as_str(), |source| source.document.as_str())
}

/// The RPC interfaces for people.
pub fn interfaces(reference: &Reference, sheet: Sheet) -> String {
    let mut page = Page::new(sheet);
    let known = reference.interfaces();
    if page.width() >= COLUMNS_FROM {
        let columns = ["NAME", "INTERFACE", "LISTENS ON", "SERVED BY", "WHAT IT IS"].map(|title| (title, Align::Left));
        page.table(0, &columns, &known.iter().map(interface).collect::<Vec<_>>());
    } else {
        for one in known {
            page.paragraph(0, 4, &[(Tone::Strong, &one.short_name()), (Tone::Text, &one.uuid.to_string())]);
            page.paragraph(4, 4, &[(Tone::Text, &one.name)]);
            let served = format!("{} on {}", one.endpoints.join(", "), one.server_roles.join(", "));
            page.paragraph(4, 4, &[(Tone::Text, &served)]);
        }
    }
    page.into_text()
}

fn interface(one: &Interface) -> Vec<String> {
    vec![
        one.short_name(),
        one.uuid.to_string(),
        one.endpoints.join(", "),
        one.server_roles.join(", "),
        one.name.clone(),
    ]
}

/// The document of `anyany ports --json`.
pub fn document(reference: &Reference, wanted: &Wanted<'_>, rows: &[&Path]) -> Value {
    let row = |path: &&Path| {
        let mut row = serde_json::to_value(path).unwrap_or_default();
        if let (Some(row), Some(source)) = (row.as_object_mut(), reference.source(&path.source)) {
            row.insert("document".to_owned(), source.document.clone().into());
            row.insert("event_details".to_owned(), json!(reference.events(&path.events).collect::<Vec<_>>()));
        }
        row
    };
    let mut document = heading();
    document.insert("support".to_owned(), stated::document(&stated::stated(reference, wanted)));
    document.insert("ports".to_owned(), rows.iter().map(row).collect());
    Value::Object(document)
}

/// The document of `anyany ports --interfaces --json`.
pub fn interface_document(reference: &Reference) -> Value {
    let mut document = heading();
    document.insert("interfaces".to_owned(), json!(reference.interfaces()));
    Value::Object(document)
}

/// What must be known before a rule is written from these rows.
pub const NOTE: &str = "Zone intra-org: from Exchange 2007 on, let any port and protocol pass, both ways. These ports \
                        then serve to understand and to monitor, not to write rules.";
/// In the tables: every Exchange server.
pub const ANY_EXCHANGE: &str = "any-exchange";
/// The one Exchange role outside of the domain.
const EDGE: &str = "edge";
/// Any program of a user.
const CLIENT: &str = "client";
/// Six columns need this much room.
const COLUMNS_FROM: usize = 140;
