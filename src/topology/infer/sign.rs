//! The signs of a role, and how they add up.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use crate::flow::Moment;
use crate::reference::{Inference, Reference, Sign, Version, Weight};

/// One sign as it was seen first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub moment: Moment,
    /// What the host does, such as "answers Kerberos on port 88".
    pub deed: String,
}

/// The signs of every host: a table of hosts by a closed list, so that its size is bounded by the
/// number of hosts.
#[derive(Debug, Default)]
pub(super) struct Signs(BTreeMap<IpAddr, BTreeMap<Sign, Told>>);

/// A role that signs tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// The role's word.
    pub role: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What the host does, with frames.
    pub deeds: String,
    /// Every role that all of the signs agree with.
    pub agrees_with: Vec<String>,
}

impl Signs {
    /// Adds a sign, unless it was seen before. What was seen later is not put into words.
    pub fn add(&mut self, host: IpAddr, sign: Sign, moment: Moment, deed: impl FnOnce() -> String) {
        match self.0.entry(host).or_default().entry(sign) {
            Entry::Vacant(place) => {
                place.insert(Told { moment, deed: deed() });
            }
            Entry::Occupied(mut known) => {
                // Which conversation is looked at first must not matter.
                if moment <= known.get().moment {
                    let told = Told { moment, deed: deed() };
                    if told < *known.get() {
                        known.insert(told);
                    }
                }
            }
        }
    }

    /// Whether a host shows a sign.
    pub fn has(&self, host: IpAddr, sign: Sign) -> bool {
        self.0.get(&host).is_some_and(|signs| signs.contains_key(&sign))
    }

    /// Whether a host shows any sign.
    pub fn any(&self, host: IpAddr) -> bool {
        self.0.contains_key(&host)
    }

    /// Takes one sign of a host for another, and says why.
    pub fn rename(&mut self, host: IpAddr, from: Sign, to: Sign, why: &str) {
        if let Some(told) = self.0.get_mut(&host).and_then(|signs| signs.remove(&from)) {
            self.add(host, to, told.moment, || format!("{}, {why}", told.deed));
        }
    }

    /// Every host with a sign.
    pub fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.0.keys().copied()
    }

    /// What the signs of a host come to: the roles that are more likely than not, the surest first.
    pub fn sum(&self, host: IpAddr, version: Option<Version>, reference: &Reference) -> Vec<Inferred> {
        let Some(signs) = self.0.get(&host) else { return Vec::new() };
        let mut roles: BTreeMap<String, Sum> = BTreeMap::new();
        let mut doubt = 1.0;
        for (sign, told) in signs {
            let Some(row) = reference.inference(*sign) else { continue };
            match named(*sign, row, version, reference) {
                Some(role) => {
                    let deed = format!("{}{}", told.deed, by_version(*sign, version));
                    roles.entry(role.to_owned()).or_default().add(row, Told { moment: told.moment, deed });
                }
                None => doubt *= 1.0 - worth(row.weight),
            }
        }
        if let Some(edge) = roles.get_mut(EDGE) {
            // The only role that anything speaks against: Edge servers are in no domain.
            edge.against *= doubt;
        }
        let likely = roles.into_iter().map(|(role, sum)| sum.settle(role));
        let mut likely: Vec<_> = likely.filter(|role| role.confidence >= NAMED).collect();
        if likely.iter().any(|role| role.role == EDGE) {
            // What makes a Hub Transport server likely, an Edge Transport server does too.
            likely.retain(|role| role.role == EDGE || !role.agrees_with.iter().any(|other| other == EDGE));
        }
        likely.sort_by(|one, other| other.confidence.total_cmp(&one.confidence).then(one.role.cmp(&other.role)));
        likely
    }
}

/// Signs of one role.
#[derive(Debug)]
struct Sum {
    /// How likely it is that every sign deceives.
    deceived: f64,
    /// What remains when something speaks against the role.
    against: f64,
    told: Vec<(Weight, Told)>,
    agrees_with: Vec<String>,
}

impl Default for Sum {
    fn default() -> Self {
        Self { deceived: 1.0, against: 1.0, told: Vec::new(), agrees_with: Vec::new() }
    }
}

impl Sum {
    fn add(&mut self, row: &Inference, told: Told) {
        self.deceived *= 1.0 - worth(row.weight);
        self.told.push((row.weight, told));
        match self.told.len() {
            1 => self.agrees_with.clone_from(&row.roles),
            _ => self.agrees_with.retain(|role| row.roles.contains(role)),
        }
    }

    fn settle(mut self, role: String) -> Inferred {
        self.told.sort();
        let deeds: Vec<_> = self.told.into_iter().take(MOST_DEEDS).map(|(_, told)| told.deed).collect();
        let confidence = ((1.0 - self.deceived) * self.against).min(SUREST);
        // Two decimals: more would claim more than is known.
        Inferred {
            role,
            confidence: (confidence * 100.0).round() / 100.0,
            deeds: deeds.join("; "),
            agrees_with: self.agrees_with,
        }
    }
}

/// The role that a sign names in a version: the first one of its row that the version has.
fn named<'a>(sign: Sign, row: &'a Inference, version: Option<Version>, reference: &Reference) -> Option<&'a str> {
    let has = |role: &&String| match (reference.role(role), version) {
        (Some(role), Some(version)) => role.versions.is_empty() || role.versions.contains(&version),
        _ => true,
    };
    let moved = moved_in_2010(sign) && version == Some(Version::V2010);
    let cas = row.roles.iter().find(|role| moved && *role == "cas");
    cas.or_else(|| row.roles.iter().find(has)).or(row.roles.first()).map(String::as_str)
}

/// What Exchange 2010 moved from the mailbox server to the Client Access server.
fn moved_in_2010(sign: Sign) -> bool {
    matches!(sign, Sign::EmsmdbServed | Sign::RfrServed)
}

/// Why a sign names one role rather than another, where the version decides.
fn by_version(sign: Sign, version: Option<Version>) -> String {
    match version {
        _ if !moved_in_2010(sign) => String::new(),
        Some(version) => format!(", and this is Exchange {version}"),
        None => ", and the Exchange version is not known (a Client Access server does so in 2010)".to_owned(),
    }
}

/// How likely a host has the role that a sign of this weight names.
fn worth(weight: Weight) -> f64 {
    match weight {
        Weight::Strong => 0.9,
        Weight::Fair => 0.6,
        // Two of them name a role.
        Weight::Weak => 0.35,
    }
}

/// From here on a role is named.
const NAMED: f64 = 0.5;
/// Only the topology file is certain.
const SUREST: f64 = 0.99;
/// Deeds told of one role.
const MOST_DEEDS: usize = 3;
/// The role that stands outside of the domain.
const EDGE: &str = "edge";
