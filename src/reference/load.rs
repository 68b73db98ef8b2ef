//! Reads the tables: the embedded ones once, and a user's rows over them.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

use super::Reference;
use super::rows::{
    DynamicRange, EpmStatus, Event, Exception, Fault, Gap, Inference, Interface, Path, Product, Rhythm, Role, Rule,
    Source, StaticOption, Trap,
};
use super::words::Group;

/// A file whose rows cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// Not TOML, or not tables of rows.
    #[error("{file}: {why}")]
    File {
        /// As the user calls it.
        file: String,
        /// With line and column where there are any.
        why: String,
    },
    /// A row that cannot be read, or that names what does not exist.
    #[error("{file}: [[{table}]] {row}: {why}")]
    Row {
        /// As the user calls it.
        file: String,
        /// The table.
        table: &'static str,
        /// Its id, or its number where it has none.
        row: String,
        /// What is wrong.
        why: String,
    },
}

/// A row of some table.
trait Row: DeserializeOwned {
    /// The table's name.
    const TABLE: &'static str;
    /// A row with the same key replaces this one.
    fn key(&self) -> String;
    /// Whether everything that it names exists.
    fn check(&self, _: &Reference) -> Result<(), String> {
        Ok(())
    }
}

impl Reference {
    /// The tables that come with the program.
    ///
    /// A table that cannot be read is left out here, and fails a test of this folder.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Reference> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            let mut reference = Self::default();
            for (file, text) in FILES {
                if let Ok(read) = reference.with_overlay(file, text) {
                    reference = read;
                }
            }
            reference
        })
    }

    /// These tables with the rows of a file over them: a row with the id of another replaces it, a
    /// new id adds one. `file` is how messages call it.
    pub fn with_overlay(&self, file: &str, text: &str) -> Result<Self, BadReference> {
        let bad = |why: String| BadReference::File { file: file.to_owned(), why };
        let mut document: toml::Table = text.parse().map_err(|error: toml::de::Error| bad(error.to_string()))?;
        match document.remove("schema") {
            None | Some(toml::Value::Integer(SCHEMA)) => {}
            Some(other) => return Err(bad(format!("schema is {other}, this program reads {SCHEMA}"))),
        }
        let mut reference = self.clone();
        let mut reader = Reader { file, document };
        reader.take(&mut reference.sources)?;
        reader.take(&mut reference.roles)?;
        reader.take(&mut reference.products)?;
        reader.take(&mut reference.interfaces)?;
        reader.take(&mut reference.gaps)?;
        reader.take(&mut reference.inferences)?;
        reader.take(&mut reference.epm_statuses)?;
        reader.take(&mut reference.faults)?;
        reader.take(&mut reference.dynamic_ranges)?;
        reader.take(&mut reference.static_options)?;
        reader.take(&mut reference.events)?;
        reader.take(&mut reference.paths)?;
        reader.take(&mut reference.rhythms)?;
        reader.take(&mut reference.rules)?;
        reader.take(&mut reference.exceptions)?;
        reader.take(&mut reference.traps)?;
        if let Some(unknown) = reader.document.keys().next() {
            return Err(bad(format!("there is no table \"{unknown}\"; tables are {}", TABLES.join(", "))));
        }
        reference.index();
        reference.check(file)?;
        Ok(reference)
    }

    fn check(&self, file: &str) -> Result<(), BadReference> {
        check(file, &self.roles, self)?;
        check(file, &self.products, self)?;
        check(file, &self.interfaces, self)?;
        check(file, &self.gaps, self)?;
        check(file, &self.inferences, self)?;
        check(file, &self.epm_statuses, self)?;
        check(file, &self.faults, self)?;
        check(file, &self.dynamic_ranges, self)?;
        check(file, &self.static_options, self)?;
        check(file, &self.events, self)?;
        check(file, &self.paths, self)?;
        check(file, &self.rhythms, self)?;
        check(file, &self.rules, self)?;
        check(file, &self.exceptions, self)?;
        check(file, &self.traps, self)
    }

    fn has_source(&self, id: &str) -> Result<(), String> {
        self.source(id).map(|_| ()).ok_or_else(|| format!("there is no [[source]] \"{id}\""))
    }

    fn has_sources(&self, ids: &[String]) -> Result<(), String> {
        ids.iter().try_for_each(|id| self.has_source(id))
    }

    fn has_roles(&self, words: &[String]) -> Result<(), String> {
        words.iter().try_for_each(|word| self.has_role(word))
    }

    fn has_interfaces(&self, ids: &[String]) -> Result<(), String> {
        let unknown = ids.iter().find(|id| !self.interfaces.iter().any(|one| one.id == **id));
        unknown.map_or(Ok(()), |id| Err(format!("there is no [[interface]] \"{id}\"")))
    }

    fn has_role(&self, word: &str) -> Result<(), String> {
        let known = self.role(word).is_some() || word == ANY_EXCHANGE;
        if known { Ok(()) } else { Err(format!("there is no [[role]] \"{word}\"")) }
    }
}

struct Reader<'a> {
    file: &'a str,
    document: toml::Table,
}

impl Reader<'_> {
    /// Takes a table out of the document and lays its rows over those already known.
    fn take<R: Row>(&mut self, rows: &mut Vec<R>) -> Result<(), BadReference> {
        let table = match self.document.remove(R::TABLE) {
            None => return Ok(()),
            Some(toml::Value::Array(table)) => table,
            Some(_) => {
                let why = format!("{0} is a list of rows, each under [[{0}]]", R::TABLE);
                return Err(BadReference::File { file: self.file.to_owned(), why });
            }
        };
        let mut keys = Vec::new();
        for (number, value) in table.into_iter().enumerate() {
            let id = value.get("id").or(value.get("value"));
            let name = id.map_or_else(|| format!("row {}", number + 1), ToString::to_string);
            let bad =
                |why: String| BadReference::Row { file: self.file.to_owned(), table: R::TABLE, row: name.clone(), why };
            let row = R::deserialize(value).map_err(|error| bad(error.message().to_owned()))?;
            let key = row.key();
            if keys.contains(&key) {
                return Err(bad("this id stands twice in the file".to_owned()));
            }
            match rows.iter_mut().find(|known| known.key() == key) {
                Some(known) => *known = row,
                None => rows.push(row),
            }
            keys.push(key);
        }
        Ok(())
    }
}

fn check<R: Row>(file: &str, rows: &[R], reference: &Reference) -> Result<(), BadReference> {
    rows.iter().try_for_each(|row| {
        row.check(reference).map_err(|why| BadReference::Row {
            file: file.to_owned(),
            table: R::TABLE,
            row: format!("\"{}\"", row.key()),
            why,
        })
    })
}

/// Says which table a row belongs to and what its key is.
macro_rules! rows {
    ($($row:ident in $table:literal by $key:ident $($check:expr)?;)*) => {$(
        impl Row for $row {
            const TABLE: &'static str = $table;

            fn key(&self) -> String {
                self.$key.to_string()
            }

            $(fn check(&self, reference: &Reference) -> Result<(), String> {
                $check(self, reference)
            })?
        }
    )*

    /// Every table of rows.
    const TABLES: &[&str] = &[$($table,)*];
    };
}

rows! {
    Source in "source" by id;
    Role in "role" by id check_role;
    Product in "product" by id check_product;
    Interface in "interface" by id check_interface;
    Gap in "gap" by id |row: &Gap, reference: &Reference| reference.has_source(&row.source);
    Inference in "inference" by id check_inference;
    EpmStatus in "epm_status" by value |row: &EpmStatus, reference: &Reference| reference.has_source(&row.source);
    Fault in "fault" by value |row: &Fault, reference: &Reference| reference.has_source(&row.source);
    DynamicRange in "dynamic_range" by id |row: &DynamicRange, reference: &Reference| reference.has_source(&row.source);
    StaticOption in "static_option" by id check_static_option;
    Event in "event" by id |row: &Event, reference: &Reference| reference.has_source(&row.source);
    Path in "path" by id check_path;
    Rhythm in "rhythm" by id check_rhythm;
    Rule in "rule" by id check_rule;
    Exception in "exception" by id check_exception;
    Trap in "trap" by id |row: &Trap, reference: &Reference| reference.has_sources(&row.sources);
}

fn check_role(row: &Role, reference: &Reference) -> Result<(), String> {
    if row.id == ANY_EXCHANGE {
        return Err(format!("\"{ANY_EXCHANGE}\" already stands for every role of the group {}", Group::Exchange));
    }
    reference.has_sources(&row.sources)?;
    reference.has_roles(&row.includes)
}

fn check_product(row: &Product, reference: &Reference) -> Result<(), String> {
    reference.has_sources(&row.sources)?;
    let taken = reference.role(&row.id).is_some();
    if taken { Err("this is a role's own word".to_owned()) } else { reference.has_role(&row.role) }
}

fn check_inference(row: &Inference, reference: &Reference) -> Result<(), String> {
    reference.has_source(&row.source)?;
    reference.has_roles(&row.roles)
}

fn check_interface(row: &Interface, reference: &Reference) -> Result<(), String> {
    reference.has_sources(&row.sources)?;
    row.server_roles.iter().filter(|word| *word != ANY_WINDOWS).try_for_each(|word| reference.has_role(word))?;
    let others = || reference.interfaces.iter().filter(|other| other.id != row.id);
    let twin = row.uuids().find_map(|uuid| others().find(|other| other.uuids().any(|theirs| theirs == uuid)));
    twin.map_or(Ok(()), |twin| Err(format!("has the UUID of \"{}\"", twin.id)))
}

fn check_path(row: &Path, reference: &Reference) -> Result<(), String> {
    reference.has_source(&row.source)?;
    row.src.iter().chain(&row.dst).try_for_each(|word| reference.has_role(word))?;
    if row.versions.is_empty() || row.src.is_empty() || row.dst.is_empty() || row.transport.is_empty() {
        return Err("versions, src, dst and transport name at least one each".to_owned());
    }
    if let Some((first, last)) = row.ranges.iter().find(|(first, last)| first > last) {
        return Err(format!("the range {first} to {last} is empty"));
    }
    if let Some(word) = row.services.iter().find(|word| !SERVICES.contains(&word.as_str())) {
        return Err(format!("there is no service \"{word}\"; services are {}", SERVICES.join(", ")));
    }
    if let Some(id) = row.events.iter().find(|id| !reference.events.iter().any(|event| event.id == **id)) {
        return Err(format!("there is no [[event]] \"{id}\""));
    }
    reference.has_interfaces(&row.interfaces)
}

fn check_rhythm(row: &Rhythm, reference: &Reference) -> Result<(), String> {
    reference.has_source(&row.source)?;
    let unknown = std::iter::once(&row.path).chain(&row.shown_by).find(|id| reference.path(id).is_none());
    if let Some(id) = unknown {
        return Err(format!("there is no [[path]] \"{id}\""));
    }
    if row.every == 0 || row.watch < row.every || row.shown_by.is_empty() {
        return Err("it comes at most once a second, is watched for no shorter time, and something shows it".to_owned());
    }
    Ok(())
}

fn check_rule(row: &Rule, reference: &Reference) -> Result<(), String> {
    reference.has_sources(&row.sources)?;
    reference.has_roles(&row.ends)
}

fn check_exception(row: &Exception, reference: &Reference) -> Result<(), String> {
    reference.has_sources(&row.sources)?;
    reference.has_roles(&row.ends)
}

fn check_static_option(row: &StaticOption, reference: &Reference) -> Result<(), String> {
    reference.has_source(&row.source)?;
    reference.has_interfaces(&row.interfaces)
}

/// The embedded tables; later ones name rows of earlier ones.
pub(super) const FILES: [(&str, &str); 5] = [
    ("sources.toml", include_str!("sources.toml")),
    ("roles.toml", include_str!("roles.toml")),
    ("interfaces.toml", include_str!("interfaces.toml")),
    ("ports.toml", include_str!("ports.toml")),
    ("policy.toml", include_str!("policy.toml")),
];
/// The layout of the tables.
const SCHEMA: i64 = 1;
/// In a path: every role of the group `exchange`.
pub(super) const ANY_EXCHANGE: &str = "any-exchange";
/// In an interface: any computer with Windows serves it.
pub(super) const ANY_WINDOWS: &str = "any-windows";
/// The contract's words for services.
const SERVICES: &[&str] = &[
    "epm",
    "dcerpc",
    "smb",
    "ldap",
    "kerberos",
    "dns",
    "sip",
    "rtp",
    "rtcp",
    "smtp",
    "https",
    "http",
    "netbios-ns",
    "netbios-dgm",
    "netbios-ssn",
    "cluster",
    "dag-replication",
    "ntp",
    "imap",
    "pop3",
    "icmp",
    "other",
];
