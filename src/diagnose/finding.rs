//! What diagnosis decides.

use std::net::IpAddr;

use anyany_dissectors::Uuid;

use crate::diagnose::{Attribution, Kind};
use crate::flow::{FrameRef, Moment, Transport};
use crate::time::Time;

/// A frame that a person can look up, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The frame.
    pub frame: FrameRef,
    /// What it shows.
    pub note: String,
}

/// Another cause that could look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The cause.
    pub cause: String,
    /// What speaks against it here; empty when nothing does.
    pub against: String,
    /// What speaks for it here; empty when nothing does.
    pub favour: String,
}

/// What one conversation shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The kind.
    pub kind: Kind,
    /// Where, as far as the packets tell.
    pub attribution: Attribution,
    /// 0 to 1.
    pub confidence: f64,
    /// Reasons, the strongest first.
    pub because: Vec<String>,
    /// Other causes.
    pub alternatives: Vec<Alternative>,
    /// Frames.
    pub evidence: Vec<Evidence>,
    /// The RPC interface that the connection was for.
    pub interface: Option<Uuid>,
}

impl Judgement {
    /// A judgement without reasons yet.
    pub fn new(kind: Kind, attribution: Attribution, confidence: f64) -> Self {
        Self {
            kind,
            attribution,
            confidence,
            because: Vec::new(),
            alternatives: Vec::new(),
            evidence: Vec::new(),
            interface: None,
        }
    }

    /// Adds a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.because.push(reason.into());
        self
    }

    /// Adds a frame.
    #[must_use]
    pub fn frame(mut self, moment: Moment, note: impl Into<String>) -> Self {
        self.evidence.push(Evidence { frame: moment.frame, note: note.into() });
        self
    }

    /// Adds another cause.
    #[must_use]
    pub fn or(mut self, cause: &str, against: impl Into<String>, favour: impl Into<String>) -> Self {
        self.alternatives.push(Alternative { cause: cause.into(), against: against.into(), favour: favour.into() });
        self
    }
}

/// One end of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// Its address.
    pub address: IpAddr,
    /// Its role, `unknown` when it is not known.
    pub role: String,
}

/// A claim about one path, or about a whole capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// `F1`, `F2`… in the order of the report.
    pub id: String,
    /// What was decided, and why.
    pub judgement: Judgement,
    /// How much it matters.
    pub severity: Severity,
    /// Who called; `None` for a claim about the capture.
    pub client: Option<Party>,
    /// The port that it sends from, where the finding is about one: media and heartbeats.
    pub client_port: Option<u16>,
    /// Who was called.
    pub server: Option<Party>,
    /// The server's port.
    pub port: Option<u16>,
    /// What carried it.
    pub transport: Option<Transport>,
    /// The service; a word of the contract.
    pub service: Option<&'static str>,
    /// Attempts that failed this way.
    pub attempts: u64,
    /// The first of them.
    pub first: Option<Time>,
    /// The last of them.
    pub last: Option<Time>,
    /// When the same client last reached the same port before the first failure, or between failures.
    pub last_success: Option<Time>,
    /// Whether the same client reached the same port after the last failure.
    pub resolved: bool,
    /// The incident that it belongs to.
    pub incident: Option<String>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something failed that is not a block, or could not be judged.
    Low,
    /// A block between hosts whose roles are not known, or an alteration.
    Medium,
    /// A block on a path of which one end is an Exchange server or domain controller, or an
    /// alteration between two of them.
    High,
    /// A block between Exchange servers, or between them and domain controllers.
    Critical,
}

impl Severity {
    /// As it appears in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Findings with one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// `I1`, `I2`…
    pub id: String,
    /// Its findings, by id.
    pub findings: Vec<String>,
}
