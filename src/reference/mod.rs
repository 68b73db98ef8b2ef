//! Facts about Exchange as data: the paths between roles, RPC interfaces, roles and the support
//! policy. Tables in this folder, each row with its source, read once by one loader; users lay
//! their own rows over them through the same loader.

mod load;
mod matching;
mod rows;
mod ruling;
mod words;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use anyany_dissectors::Uuid;

use crate::flow::Transport;

pub use load::BadReference;
pub use rows::{
    DynamicRange, EpmStatus, Event, Exception, Fault, Gap, Inference, Interface, Path, Product, Rhythm, Role, Rule,
    Source, StaticOption, Trap,
};
pub use ruling::Ruling;
pub use words::{
    Among, Confidence, Direction, Group, Learn, Need, NotAWord, Pair, Sign, Support, Version, Weight, Zone,
};

/// All tables, with their indexes.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    sources: Vec<Source>,
    roles: Vec<Role>,
    products: Vec<Product>,
    interfaces: Vec<Interface>,
    gaps: Vec<Gap>,
    inferences: Vec<Inference>,
    epm_statuses: Vec<EpmStatus>,
    faults: Vec<Fault>,
    dynamic_ranges: Vec<DynamicRange>,
    static_options: Vec<StaticOption>,
    events: Vec<Event>,
    paths: Vec<Path>,
    rhythms: Vec<Rhythm>,
    rules: Vec<Rule>,
    exceptions: Vec<Exception>,
    traps: Vec<Trap>,
    by_uuid: BTreeMap<Uuid, usize>,
    tcp_ports: BTreeSet<u16>,
    udp_ports: BTreeSet<u16>,
}

impl Reference {
    /// Every data path, in the order of its file.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// A data path by its id.
    pub fn path(&self, id: &str) -> Option<&Path> {
        self.paths.iter().find(|path| path.id == id)
    }

    /// What a working deployment sends so regularly that its absence is worth a word.
    pub fn rhythms(&self) -> &[Rhythm] {
        &self.rhythms
    }

    /// Every RPC interface.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The RPC interface of a UUID, whatever its version.
    pub fn interface(&self, uuid: Uuid) -> Option<&Interface> {
        self.by_uuid.get(&uuid).and_then(|&at| self.interfaces.get(at))
    }

    /// Interfaces that are known to exist, but not by which UUID.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Every role, Exchange's first.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// A role by its word.
    pub fn role(&self, word: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == word)
    }

    /// The role of what somebody calls a host by, such as `tmg`.
    pub fn product(&self, word: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id.eq_ignore_ascii_case(word))
    }

    /// What people call hosts by instead of their roles.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// What tells a role.
    pub fn inferences(&self) -> &[Inference] {
        &self.inferences
    }

    /// What one sign tells.
    pub fn inference(&self, sign: Sign) -> Option<&Inference> {
        self.inferences.iter().find(|row| row.id == sign)
    }

    /// Every event that a blocked path leaves in a log.
    pub fn all_events(&self) -> &[Event] {
        &self.events
    }

    /// The events of these ids, in their order.
    pub fn events<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Event> {
        ids.iter().filter_map(|id| self.events.iter().find(|event| event.id == *id))
    }

    /// Ports that hosts hand out by version.
    pub fn dynamic_ranges(&self) -> &[DynamicRange] {
        &self.dynamic_ranges
    }

    /// Where an administrator fixes a port that is dynamic otherwise.
    pub fn static_options(&self) -> &[StaticOption] {
        &self.static_options
    }

    /// What an answer of the endpoint mapper means.
    pub fn epm_status(&self, value: u32) -> Option<&EpmStatus> {
        self.epm_statuses.iter().find(|status| status.value == value)
    }

    /// What a DCE/RPC fault means.
    pub fn fault(&self, value: u32) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.value == value)
    }

    /// The rules of the support policy.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Traffic that the policy lets be filtered, or asks to block.
    pub fn exceptions(&self) -> &[Exception] {
        &self.exceptions
    }

    /// What is easily taken for something else.
    pub fn traps(&self) -> &[Trap] {
        &self.traps
    }

    /// Where a fact comes from, by the `source` of its row.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// TCP ports on which some row has a server listen.
    pub fn known_tcp_ports(&self) -> &BTreeSet<u16> {
        &self.tcp_ports
    }

    /// UDP ports on which some row has a server listen.
    pub fn known_udp_ports(&self) -> &BTreeSet<u16> {
        &self.udp_ports
    }

    fn index(&mut self) {
        let interfaces = self.interfaces.iter().enumerate();
        self.by_uuid = interfaces.flat_map(|(at, interface)| interface.uuids().map(move |uuid| (uuid, at))).collect();
        let ports = |transport| {
            let paths = self.paths.iter().filter(|path| path.transport.contains(&transport));
            paths.flat_map(|path| path.ports.iter().copied()).collect()
        };
        (self.tcp_ports, self.udp_ports) = (ports(Transport::Tcp), ports(Transport::Udp));
    }
}
