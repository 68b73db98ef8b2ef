//! Recorded captures, read and judged: what the tests of the formats begin with.

use std::path::Path;

use anyany_dissectors::Transport as Framing;

use crate::capture::Capture;
use crate::classify::usual_ports;
use crate::diagnose::{Diagnosis, diagnose};
use crate::flow::ServicePorts;
use crate::observe::Trace;
use crate::pipeline::{self, Settings};
use crate::reference::Reference;
use crate::report::Report;
use crate::topology::{Host, RoleClaim, Roster};

/// All that a report is made of.
pub(in crate::report) struct Judged {
    pub(in crate::report) traces: Vec<Trace>,
    pub(in crate::report) unusable: Vec<(String, String)>,
    pub(in crate::report) roster: Roster,
    pub(in crate::report) diagnosis: Diagnosis,
}

impl Judged {
    /// One capture, with these hosts.
    pub(in crate::report) fn new(scenario: &str, roster: Roster) -> Self {
        let traces = vec![read(scenario)];
        let diagnosis = diagnose(&traces, &roster);
        Self { traces, unusable: Vec::new(), roster, diagnosis }
    }

    pub(in crate::report) fn report(&self) -> Report<'_> {
        let Self { traces, unusable, roster, diagnosis } = self;
        Report { traces, unusable, roster, diagnosis, reference: Reference::embedded() }
    }
}

/// Reads one capture of the corpus.
pub(in crate::report) fn read(scenario: &str) -> Trace {
    read_front(scenario, u64::MAX)
}

/// Reads so many frames of one capture of the corpus.
pub(in crate::report) fn read_front(scenario: &str, frames: u64) -> Trace {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(scenario);
    let capture = Capture::open(&path).unwrap();
    let ports = ServicePorts::new(usual_ports(Framing::Tcp), usual_ports(Framing::Udp));
    pipeline::read(vec![vec![(0, capture)]], &Settings { threads: 1, memory: None, ports }, &|frame| {
        frame.number <= frames
    })
}

/// A host as a topology file names it.
pub(in crate::report) fn host(address: &str, name: &str, role: &str) -> Host {
    let roles = vec![RoleClaim { role: role.to_owned(), confidence: 1.0, because: "it is written so".to_owned() }];
    let addresses = vec![address.parse().unwrap()];
    Host { addresses, names: vec![name.to_owned()], roles, known: true, ..Host::default() }
}

/// The hosts of `rpc/dynamic-dropped`, the first of them with this name.
pub(in crate::report) fn cas_and_mailbox(name: &str) -> Roster {
    let hosts = vec![host("10.10.1.11", name, "cas"), host("10.10.2.21", "mbx1", "mailbox")];
    Roster::new(hosts, Some("2010".to_owned()))
}
