//! How often both say the same, and where they do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyany::flow::FlowKey;

/// A flow of which tshark says one thing and we another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    file: String,
    /// Transport and ports: addresses may tell whose capture it is.
    flow: String,
    told: String,
    /// `none` where we have no such flow.
    ours: String,
}

/// Flows of a file that differ for one reason.
pub enum Flows {
    /// This one, as the test prints it.
    One(&'static str),
    /// All with these two words; so many.
    All(usize),
}

/// A difference that is understood.
pub struct Known {
    pub file: &'static str,
    pub flows: Flows,
    pub told: &'static str,
    pub ours: &'static str,
    /// Who is right, and how it can be seen.
    pub why: &'static str,
}

/// The figures of all captures.
#[derive(Default)]
pub struct Figures {
    pub read: usize,
    pub refused: usize,
    rows: BTreeMap<String, Row>,
    differences: Vec<Difference>,
    failures: Vec<String>,
}

#[derive(Default)]
struct Row {
    told: usize,
    same: usize,
    /// Differences with a reason.
    explained: usize,
}

impl Difference {
    pub fn new(file: &str, key: FlowKey, told: &str, ours: BTreeSet<&str>) -> Self {
        let ports = (key.low.port.min(key.high.port), key.low.port.max(key.high.port));
        let ours: Vec<_> = ours.into_iter().collect();
        Self {
            file: file.to_owned(),
            flow: format!("{} {}-{}", key.transport.word(), ports.0, ports.1),
            told: told.to_owned(),
            ours: if ours.is_empty() { "none".to_owned() } else { ours.join("+") },
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: tshark {}, ours {}", self.file, self.flow, self.told, self.ours)
    }
}

impl Figures {
    pub fn count(&mut self, word: &str, told: usize, same: usize) {
        let row = self.rows.entry(word.to_owned()).or_default();
        row.told += told;
        row.same += same;
    }

    pub fn differs(&mut self, difference: Difference) {
        self.differences.push(difference);
    }

    pub fn fails(&mut self, why: String) {
        self.failures.push(why);
    }

    /// Takes out what is understood; what is left, on either side, is a failure.
    pub fn explain(&mut self, known: &[Known]) {
        for one in known {
            assert!(!one.why.is_empty(), "{}: no reason", one.file);
            let fits = |difference: &Difference| {
                let words = (&*difference.file, &*difference.told, &*difference.ours);
                words == (one.file, one.told, one.ours)
                    && match one.flows {
                        Flows::One(flow) => difference.flow == flow,
                        Flows::All(_) => true,
                    }
            };
            let before = self.differences.len();
            self.differences.retain(|difference| !fits(difference));
            let found = before - self.differences.len();
            let expected = match one.flows {
                Flows::One(_) => 1,
                Flows::All(count) => count,
            };
            if found != expected {
                let why = format!(
                    "{}: {found} of {expected} differ as known: tshark {}, ours {}",
                    one.file, one.told, one.ours
                );
                self.failures.push(why);
            }
            self.rows.entry(one.told.to_owned()).or_default().explained += found;
        }
        self.differences.sort();
        self.failures.extend(self.differences.iter().map(ToString::to_string));
        for (word, row) in &self.rows {
            if row.share() < bound(word) {
                self.failures.push(format!("{word}: {:.1} % are too few", row.share() * 100.0));
            }
        }
    }

    pub fn stands(&self) -> bool {
        self.failures.is_empty()
    }
}

impl Row {
    /// Of what tshark is not wrong about.
    fn share(&self) -> f64 {
        self.same as f64 / (self.told - self.explained).max(1) as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} captures read, {} refused", self.read, self.refused)?;
        writeln!(f, "{:12} {:>6} {:>6} {:>9} {:>7}", "", "told", "same", "explained", "%")?;
        for (word, row) in &self.rows {
            let plain = row.same as f64 * 100.0 / row.told.max(1) as f64;
            writeln!(f, "{word:12} {:>6} {:>6} {:>9} {plain:>7.1}", row.told, row.same, row.explained)?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "{failure}"))
    }
}

fn bound(word: &str) -> f64 {
    match word {
        "unanswered" | "refused" | "answered" => 0.98,
        _ => 0.97,
    }
}
