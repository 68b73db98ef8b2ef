//! Every attempt on the paths of findings, and what went on beside them.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::diagnose::Finding;
use crate::flow::{Endpoint, Outcome, Transport};
use crate::observe::{Conversation, Trace};
use crate::report::Report;
use crate::time::Time;

/// The conversations of the hosts that findings are about; of each trace its own.
pub(super) struct Attempts<'a> {
    /// Of two hosts, whoever called; the lower address first.
    of_pair: HashMap<(Vantage, IpAddr, IpAddr), Vec<&'a Conversation>>,
    /// To a server's port.
    to_port: HashMap<(Vantage, Endpoint, Transport), Vec<&'a Conversation>>,
}

/// A trace, by the index of its first capture.
type Vantage = u32;

/// One attempt: when it began, its first frame, and whether it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) time: Time,
    pub(super) failed: bool,
}

/// A finding's attempts, and those beside it, each in order of time.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The same client to the same port.
    pub(super) own: Vec<Attempt>,
    /// The same two hosts on other ports.
    pub(super) pair: Vec<Attempt>,
    /// Other clients to the same port.
    pub(super) others: Vec<Attempt>,
}

impl<'a> Attempts<'a> {
    /// Looks through all conversations once.
    pub(super) fn new(report: &Report<'a>) -> Self {
        let findings = &report.diagnosis.findings;
        let parties =
            findings.iter().filter_map(|one| Some((one.client.as_ref()?.address, one.server.as_ref()?.address)));
        let pairs: HashSet<_> = parties.map(|(client, server)| in_order(client, server)).collect();
        let ports: HashSet<_> = findings.iter().filter_map(|one| Some((server(one)?, one.transport?))).collect();
        let mut all = Self { of_pair: HashMap::new(), to_port: HashMap::new() };
        for trace in report.traces {
            let Some(vantage) = vantage(trace) else { continue };
            for one in &trace.conversations {
                let (client, server) = (one.flow.initiator.address, one.flow.responder);
                let (low, high) = in_order(client, server.address);
                if pairs.contains(&(low, high)) {
                    all.of_pair.entry((vantage, low, high)).or_default().push(one);
                }
                if ports.contains(&(server, one.flow.key.transport)) {
                    all.to_port.entry((vantage, server, one.flow.key.transport)).or_default().push(one);
                }
            }
        }
        all
    }

    /// The conversations on a finding's own path. Of media and heartbeats either end may count as the caller.
    pub(super) fn own(&self, trace: &Trace, finding: &Finding) -> Vec<&'a Conversation> {
        self.of_pair(trace, finding).filter(|one| is_own(finding, one)).collect()
    }

    /// What happened on a finding's path and beside it.
    pub(super) fn history(&self, trace: &Trace, finding: &Finding) -> History {
        let own = self.own(trace, finding);
        let during = |one: &&&Conversation| {
            finding.first.is_some_and(|first| first <= one.flow.first.time)
                && finding.last.is_some_and(|last| one.flow.first.time <= last)
        };
        // An attempt may fail though its conversation ends in order: TLS does not come about, say.
        let all_of_them = own.iter().filter(during).count() as u64 == finding.attempts;
        let attempt = |one: &Conversation, failed: bool| Attempt { time: one.flow.first.time, failed };
        let other = |one: &Conversation| attempt(one, !one.outcome.reached());
        let client = finding.client.as_ref().map(|client| client.address);
        let to_port = server(finding).zip(finding.transport).zip(vantage(trace));
        let to_port =
            to_port.and_then(|((server, transport), vantage)| self.to_port.get(&(vantage, server, transport)));
        let mut history = History {
            own: own.iter().map(|one| attempt(one, !went_well(one) || all_of_them && during(&one))).collect(),
            pair: self.of_pair(trace, finding).filter(|one| !is_own(finding, one)).map(other).collect(),
            others: to_port
                .into_iter()
                .flatten()
                .filter(|one| Some(one.flow.initiator.address) != client)
                .map(|one| other(one))
                .collect(),
        };
        for list in [&mut history.own, &mut history.pair, &mut history.others] {
            list.sort_by_key(|attempt| attempt.time);
        }
        history
    }

    fn of_pair(&self, trace: &Trace, finding: &Finding) -> impl Iterator<Item = &'a Conversation> {
        let ends = finding.client.as_ref().zip(finding.server.as_ref()).zip(vantage(trace));
        let list = ends.and_then(|((client, server), vantage)| {
            let (low, high) = in_order(client.address, server.address);
            self.of_pair.get(&(vantage, low, high))
        });
        list.into_iter().flatten().copied()
    }
}

fn is_own(finding: &Finding, one: &Conversation) -> bool {
    let Some(server) = server(finding) else { return false };
    let flow = &one.flow;
    let reaches = flow.responder == server || (finding.client_port.is_some() && flow.initiator == server);
    finding.transport == Some(flow.key.transport) && reaches
}

fn server(finding: &Finding) -> Option<Endpoint> {
    Some(Endpoint { address: finding.server.as_ref()?.address, port: finding.port? })
}

fn went_well(one: &Conversation) -> bool {
    matches!(one.outcome, Outcome::Closed | Outcome::Open | Outcome::Datagrams)
}

fn vantage(trace: &Trace) -> Option<Vantage> {
    trace.healths.iter().map(|health| health.index).min()
}

fn in_order(one: IpAddr, other: IpAddr) -> (IpAddr, IpAddr) {
    (one.min(other), one.max(other))
}
