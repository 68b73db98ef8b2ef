//! What the support policy says of a pair of hosts.

use super::Reference;
use super::matching::EDGE;
use super::rows::{Exception, Rule};
use super::words::{Group, Pair, Support, Version, Zone};

/// What the policy says, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The contract's word.
    pub support: Support,
    /// The rule in one or two sentences.
    pub sentence: String,
    /// The documents; empty where there is no rule.
    pub sources: Vec<String>,
}

impl Reference {
    /// What the policy says of a device that blocks between two hosts. `zone` is that of the path
    /// row, if one was found; the roles count before it. Of two versions the newer one counts.
    pub fn support(
        &self,
        client_roles: &[&str],
        server_roles: &[&str],
        zone: Option<Zone>,
        version: Option<&str>,
    ) -> Ruling {
        match zone {
            Some(Zone::IntendedBlock) => return self.intended_block(),
            Some(Zone::Local) => {
                return unstated("This traffic stays inside one host; the policy says nothing of it on the wire.");
            }
            _ => {}
        }
        self.ruling(client_roles, server_roles, version, |rule| rule.support)
    }

    /// What the policy says of a device that lets traffic between two hosts pass and changes it.
    pub fn support_of_altering(&self, client_roles: &[&str], server_roles: &[&str], version: Option<&str>) -> Ruling {
        self.ruling(client_roles, server_roles, version, |rule| rule.altering)
    }

    fn ruling(
        &self,
        client_roles: &[&str],
        server_roles: &[&str],
        version: Option<&str>,
        word: impl Fn(&Rule) -> Support,
    ) -> Ruling {
        let Some(pair) = self.pair(client_roles, server_roles) else {
            return unstated(
                "The policy speaks of Exchange servers, domain controllers and their clients; at least one of these \
                 two hosts is not known to be any of them.",
            );
        };
        let ends: Vec<&str> = client_roles.iter().chain(server_roles).copied().collect();
        let told: Option<Version> = version.and_then(|version| version.parse().ok());
        let known = told.or_else(|| self.oldest_alone(&ends));
        let Some(rule) = self.rule(pair, &ends, known.unwrap_or(Version::V2007)) else {
            return unstated("The policy says nothing of this version.");
        };
        let (mut sentence, mut sources) = (rule.sentence.clone(), rule.sources.clone());
        if let Some(more) = self.exception(&ends, known) {
            sentence = format!("{sentence} {}", more.text);
            sources.extend(more.sources.iter().filter(|id| !rule.sources.contains(id)).cloned());
        }
        if known.is_none() {
            sentence.push_str(" The Exchange version is not known; 2007 or later is assumed.");
        }
        Ruling { support: word(rule), sentence, sources: self.documents(&sources) }
    }

    /// The rule for a pair: one for such ends before one for any.
    fn rule(&self, pair: Pair, ends: &[&str], version: Version) -> Option<&Rule> {
        let rules = || self.rules.iter().filter(|rule| rule.pair == pair && rule.versions.contains(&version));
        let of_ends = rules().find(|rule| rule.ends.iter().any(|end| ends.contains(&end.as_str())));
        of_ends.or_else(|| rules().find(|rule| rule.ends.is_empty()))
    }

    /// What more there is to say of such ends.
    fn exception(&self, ends: &[&str], version: Option<Version>) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| {
            let of_version =
                exception.versions.is_empty() || version.is_some_and(|version| exception.versions.contains(&version));
            of_version && exception.ends.iter().any(|end| ends.contains(&end.as_str()))
        })
    }

    /// 2003, where every Exchange role of both ends is one that only Exchange 2003 has.
    fn oldest_alone(&self, ends: &[&str]) -> Option<Version> {
        let roles = || ends.iter().filter_map(|word| self.role(word)).filter(|role| role.group == Group::Exchange);
        let old = roles().next().is_some() && roles().all(|role| role.versions == [Version::V2003]);
        old.then_some(Version::V2003)
    }

    fn documents(&self, ids: &[String]) -> Vec<String> {
        ids.iter().filter_map(|id| self.source(id)).map(|source| source.document.clone()).collect()
    }

    /// Which rule two hosts fall under. A host of several roles counts as what it is most of all to
    /// Exchange: an Exchange server that is also a client is a server.
    fn pair(&self, client_roles: &[&str], server_roles: &[&str]) -> Option<Pair> {
        if client_roles.iter().chain(server_roles).any(|&word| word == EDGE) {
            return Some(Pair::Edge);
        }
        let mut groups = [self.group(client_roles)?, self.group(server_roles)?];
        groups.sort_unstable();
        match groups {
            [Group::Exchange, Group::Exchange] => Some(Pair::ExchangeExchange),
            [Group::Exchange, Group::Directory] => Some(Pair::ExchangeDirectory),
            [Group::Exchange, Group::Voice] => Some(Pair::ExchangeVoice),
            [Group::Exchange, Group::Client] => Some(Pair::Client),
            [Group::Exchange, Group::Outside] => Some(Pair::Outside),
            _ => None,
        }
    }

    /// The first of a host's groups in the order of [`Group::ALL`].
    fn group(&self, roles: &[&str]) -> Option<Group> {
        roles.iter().filter_map(|word| self.role(word)).map(|role| role.group).min()
    }

    /// The words of an exception that roles do not show, such as `host-firewall`.
    pub fn exception_text(&self, id: &str) -> Option<&str> {
        self.exceptions.iter().find(|exception| exception.id == id).map(|exception| exception.text.as_str())
    }

    fn intended_block(&self) -> Ruling {
        let exception = self.exceptions.iter().find(|exception| exception.id == DAG_NETWORKS);
        let ids = exception.map(|exception| exception.sources.as_slice()).unwrap_or_default();
        let sentence = self.exception_text(DAG_NETWORKS).unwrap_or_default().to_owned();
        Ruling { support: Support::Supported, sentence, sources: self.documents(ids) }
    }
}

fn unstated(sentence: &str) -> Ruling {
    Ruling { support: Support::NotApplicable, sentence: sentence.to_owned(), sources: Vec::new() }
}

/// The exception that asks to block.
const DAG_NETWORKS: &str = "dag-networks";
