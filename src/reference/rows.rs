//! The rows of the tables.

use std::collections::BTreeMap;

use anyany_dissectors::Uuid;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::words::{Among, Confidence, Direction, Group, Learn, Need, Pair, Sign, Support, Version, Weight, Zone};
use crate::flow::Transport;

/// Where facts come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What rows call it.
    pub id: String,
    /// Document, repository or page.
    #[serde(rename = "ref")]
    pub document: String,
}

/// What a host can be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its word.
    pub id: String,
    /// What people call such a host.
    pub name: String,
    /// Its kind.
    pub group: Group,
    /// Versions of Exchange that have it, or deal with it; empty for all.
    #[serde(default)]
    pub versions: Vec<Version>,
    /// Roles that a host with this one also fills.
    #[serde(default)]
    pub includes: Vec<String>,
    /// Where that was read.
    #[serde(default)]
    pub sources: Vec<String>,
    /// How well that is known.
    #[serde(default = "unchecked")]
    pub confidence: Confidence,
}

/// What people call a host by instead of its role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// As somebody types it.
    pub id: String,
    /// Its full name.
    pub name: String,
    /// What it is to Exchange.
    pub role: String,
    /// Where that was read.
    #[serde(default)]
    pub sources: Vec<String>,
    /// How well that is known.
    #[serde(default = "unchecked")]
    pub confidence: Confidence,
}

/// One RPC interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Short name, such as `emsmdb`.
    pub id: String,
    /// Its UUID.
    #[serde(deserialize_with = "uuid", serialize_with = "as_text")]
    pub uuid: Uuid,
    /// Other spellings, where sources disagree.
    #[serde(default, deserialize_with = "uuids", serialize_with = "as_texts")]
    pub also: Vec<Uuid>,
    /// Versions that sources name; informative.
    pub versions: Vec<String>,
    /// Name and purpose.
    pub name: String,
    /// `exchange`, `ad`, `cluster` or `windows`.
    pub family: String,
    /// The open specification, if any.
    pub doc: String,
    /// Where it listens.
    pub endpoints: Vec<String>,
    /// Roles that serve it; `any-windows` tells nothing.
    pub server_roles: Vec<String>,
    /// Versions of Exchange with it; empty for what is not Exchange's.
    #[serde(default)]
    pub exchange_versions: Vec<Version>,
    /// Which process serves it, by version.
    pub served_by: String,
    /// What calling it tells of the caller.
    pub client_implies: String,
    /// Some operations by number.
    #[serde(default, deserialize_with = "by_number")]
    pub opnums: BTreeMap<u16, String>,
    /// Where the UUID was read.
    pub sources: Vec<String>,
    /// Of the UUID.
    pub uuid_confidence: Confidence,
    /// Of the name.
    pub name_confidence: Confidence,
    /// Of the roles.
    pub role_confidence: Confidence,
    /// What else to know.
    pub note: Option<String>,
}

impl Interface {
    /// Every UUID by which sources know it.
    pub fn uuids(&self) -> impl Iterator<Item = Uuid> {
        std::iter::once(self.uuid).chain(self.also.iter().copied())
    }

    /// The name of an operation.
    pub fn operation(&self, number: u16) -> Option<&str> {
        self.opnums.get(&number).map(String::as_str)
    }

    /// The name for tables and JSON: `EMSMDB`, `STORE-ADMIN1`.
    pub fn short_name(&self) -> String {
        self.id.to_ascii_uppercase().replace('_', "-")
    }
}

/// An interface that exists, but whose UUID no clean public source tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Short name.
    pub id: String,
    /// Name and purpose.
    pub name: String,
    /// Roles that serve it.
    pub server_roles: Vec<String>,
    /// How an administrator can learn its UUID.
    pub learn: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What tells a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inference {
    /// What `topology` calls it.
    pub id: Sign,
    /// What is seen.
    pub on: String,
    /// What follows.
    pub implies: String,
    /// Every role that it agrees with; the first one that a version has is the one it names.
    pub roles: Vec<String>,
    /// How much.
    pub weight: Weight,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What an answer of the endpoint mapper means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpmStatus {
    /// The status.
    pub value: u32,
    /// Its name.
    pub name: String,
    /// What it says.
    pub meaning: String,
    /// What it says about blocking.
    pub verdict: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What a DCE/RPC fault means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The status.
    pub value: u32,
    /// Its name.
    pub name: String,
    /// What it says about blocking.
    pub verdict: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// Ports that hosts hand out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamicRange {
    /// Its name.
    pub id: String,
    /// On which hosts.
    #[serde(rename = "where")]
    pub hosts: String,
    /// First port.
    pub start: u16,
    /// Last port.
    pub end: u16,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
    /// What else to know.
    pub note: Option<String>,
}

/// Where an administrator fixes a port that is dynamic otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticOption {
    /// Its name.
    pub id: String,
    /// What `static_ports` of a topology file calls it.
    pub key: Option<String>,
    /// Ids of the RPC interfaces that listen there.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// Of which version, in words.
    pub version: String,
    /// Of which service.
    pub service: String,
    /// Registry value, command or file.
    pub how: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What a blocked path leaves in a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What rows call it.
    pub id: String,
    /// Source in the event log.
    pub log_source: String,
    /// Its number there.
    pub event_id: u32,
    /// What it says.
    pub meaning: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What must pass between two roles, and what breaks when it does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Its name.
    pub id: String,
    /// Versions of Exchange with it.
    pub versions: Vec<Version>,
    /// Roles that open it, or `any-exchange`.
    pub src: Vec<String>,
    /// Roles that answer.
    pub dst: Vec<String>,
    /// Over what.
    #[serde(deserialize_with = "transports", serialize_with = "transport_words")]
    pub transport: Vec<Transport>,
    /// Listening ports.
    pub ports: Vec<u16>,
    /// Listening ranges, first and last port.
    pub ranges: Vec<(u16, u16)>,
    /// How the port is found.
    pub learn: Learn,
    /// The contract's words for what runs there; empty for anything.
    pub services: Vec<String>,
    /// Ids of the RPC interfaces that it is about.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// Protocol, in words.
    pub protocol: String,
    /// Who opens it.
    pub direction: Direction,
    /// What it is for.
    pub purpose: String,
    /// What people see when it is blocked.
    pub symptom: String,
    /// Ids of events that it then leaves.
    pub events: Vec<String>,
    /// What the policy thinks of filtering it.
    pub zone: Zone,
    /// Whether Exchange works without it.
    #[serde(default = "when_used")]
    pub need: Need,
    /// How it is authenticated and encrypted.
    pub auth_encryption: Option<String>,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
    /// What else to know.
    pub note: Option<String>,
}

/// What a working deployment sends so regularly that its absence is worth a word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rhythm {
    /// Its name.
    pub id: String,
    /// The path that it is about, by id.
    pub path: String,
    /// Seconds from one time to the next.
    pub every: u32,
    /// Seconds that both hosts must have been seen before its absence tells something.
    pub watch: u32,
    /// Ids of paths whose use between the two hosts shows that they need this one.
    pub shown_by: Vec<String>,
    /// With whom.
    pub among: Among,
    /// What is sent, as a sentence without its end.
    pub text: String,
    /// What on the hosts tells whether it should have come.
    pub check: String,
    /// Where that was read.
    pub source: String,
    /// How well that is known.
    pub confidence: Confidence,
}

/// A rule of the support policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// Between whom.
    pub pair: Pair,
    /// For which versions.
    pub versions: Vec<Version>,
    /// Roles of which one end must have one; such a rule counts before one for any ends.
    #[serde(default)]
    pub ends: Vec<String>,
    /// What it says of a device that blocks.
    pub support: Support,
    /// What it says of a device that changes what passes.
    pub altering: Support,
    /// The rule in a sentence.
    pub sentence: String,
    /// Where that was read.
    pub sources: Vec<String>,
    /// How well that is known.
    pub confidence: Confidence,
}

/// Traffic that the policy lets be filtered, or asks to block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Its name.
    pub id: String,
    /// Roles of which one end must have one for it to be told of a pair; empty for what roles do not show.
    #[serde(default)]
    pub ends: Vec<String>,
    /// For which versions; empty for all.
    #[serde(default)]
    pub versions: Vec<Version>,
    /// In words.
    pub text: String,
    /// Where that was read.
    pub sources: Vec<String>,
    /// How well that is known.
    pub confidence: Confidence,
}

/// What is easily taken for something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trap {
    /// Its name.
    pub id: String,
    /// In words.
    pub text: String,
    /// Where that was read.
    #[serde(default)]
    pub sources: Vec<String>,
    /// How well that is known.
    #[serde(default = "unchecked")]
    pub confidence: Confidence,
}

/// Of a user's row that does not say.
fn unchecked() -> Confidence {
    Confidence::MemoryLow
}

/// Of a user's row that does not say.
fn when_used() -> Need {
    Need::WhenUsed
}

fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn uuids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Uuid>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

fn as_text<S: Serializer>(uuid: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uuid)
}

fn as_texts<S: Serializer>(uuids: &[Uuid], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(uuids.iter().map(ToString::to_string))
}

fn by_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<u16, String>, D::Error> {
    let named = BTreeMap::<String, String>::deserialize(deserializer)?;
    let number = |text: &str| text.parse().map_err(|_| D::Error::custom(format!("\"{text}\" is no operation number")));
    named.into_iter().map(|(text, name)| Ok((number(&text)?, name))).collect()
}

fn transports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Transport>, D::Error> {
    const ALL: [Transport; 3] = [Transport::Tcp, Transport::Udp, Transport::Icmp];
    let words = Vec::<String>::deserialize(deserializer)?;
    let find = |word: &String| {
        let found = ALL.into_iter().find(|transport| transport.word() == word);
        found.ok_or_else(|| D::Error::custom(format!("\"{word}\" is none of tcp, udp, icmp")))
    };
    words.iter().map(find).collect()
}

fn transport_words<S: Serializer>(transports: &[Transport], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(transports.iter().map(|transport| transport.word()))
}
