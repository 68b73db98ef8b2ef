//! Conversations of a trace, found by host, and by the frames that they remember.

use std::net::IpAddr;

use anyany_dissectors::Side;
use hashbrown::{HashMap, HashSet};

use super::moments::moments;
use crate::flow::{Endpoint, FlowKey, FrameRef, Moment, Outcome, Transport};
use crate::observe::{Conversation, Trace};
use crate::time::Time;

/// The conversations of the hosts that findings are about. All lists are in the order of first packets.
pub(super) struct Index<'a> {
    trace: &'a Trace,
    /// Of two hosts, whoever called; the lower address first.
    of_pair: HashMap<(IpAddr, IpAddr), Vec<usize>>,
    /// To a server's port.
    to_port: HashMap<(Endpoint, Transport), Vec<usize>>,
    /// To a host's closed ports.
    refused: HashMap<IpAddr, Vec<usize>>,
    /// First and last packets of a host in its conversations.
    voices: HashMap<IpAddr, Vec<(Time, usize)>>,
    by_frame: HashMap<FrameRef, usize>,
}

impl<'a> Index<'a> {
    /// Indexes what these hosts took part in, and who holds these frames.
    pub(super) fn new(trace: &'a Trace, hosts: &HashSet<IpAddr>, frames: &HashSet<FrameRef>) -> Self {
        let mut index = Self {
            trace,
            of_pair: HashMap::new(),
            to_port: HashMap::new(),
            refused: HashMap::new(),
            voices: HashMap::new(),
            by_frame: HashMap::new(),
        };
        for (at, conversation) in trace.conversations.iter().enumerate() {
            index.add(at, conversation, hosts);
            for moment in moments(conversation).filter(|moment| frames.contains(&moment.frame)) {
                index.by_frame.entry(moment.frame).or_insert(at);
            }
        }
        let began = |&at: &usize| trace.conversations.get(at).map(|one| one.flow.first);
        let Self { of_pair, to_port, refused, voices, .. } = &mut index;
        for list in of_pair.values_mut().chain(to_port.values_mut()).chain(refused.values_mut()) {
            list.sort_by_key(began);
        }
        voices.values_mut().for_each(|list| list.sort_unstable());
        index
    }

    fn add(&mut self, at: usize, conversation: &Conversation, hosts: &HashSet<IpAddr>) {
        let flow = &conversation.flow;
        let (client, server) = (flow.initiator.address, flow.responder.address);
        for (host, side) in [(client, Side::Initiator), (server, Side::Responder)] {
            if hosts.contains(&host) {
                let half = flow.half(side);
                let moments = [half.first, half.last].into_iter().flatten();
                self.voices.entry(host).or_default().extend(moments.map(|moment| (moment.time, at)));
            }
        }
        if hosts.contains(&client) && hosts.contains(&server) {
            self.of_pair.entry(pair(client, server)).or_default().push(at);
        }
        if hosts.contains(&server) {
            self.to_port.entry((flow.responder, flow.key.transport)).or_default().push(at);
            if conversation.outcome == Outcome::Refused {
                self.refused.entry(server).or_default().push(at);
            }
        }
    }

    /// A conversation.
    pub(super) fn get(&self, at: usize) -> Option<&'a Conversation> {
        self.trace.conversations.get(at)
    }

    /// All conversations.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &'a Conversation)> {
        self.trace.conversations.iter().enumerate()
    }

    /// The conversation that remembers a frame.
    pub(super) fn holding(&self, frame: FrameRef) -> Option<usize> {
        self.by_frame.get(&frame).copied()
    }

    /// Those of two hosts, whoever called.
    pub(super) fn of_pair(&self, one: IpAddr, other: IpAddr) -> impl Iterator<Item = (usize, &'a Conversation)> + '_ {
        self.each(self.of_pair.get(&pair(one, other)))
    }

    /// Those to a server's port.
    pub(super) fn to_port(
        &self,
        server: Endpoint,
        transport: Transport,
    ) -> impl Iterator<Item = (usize, &'a Conversation)> + '_ {
        self.each(self.to_port.get(&(server, transport)))
    }

    /// Those that the host itself seems to have refused.
    pub(super) fn refused(&self, host: IpAddr) -> impl Iterator<Item = (usize, &'a Conversation)> + '_ {
        self.each(self.refused.get(&host))
    }

    /// The conversations that begin or end with packets of `host` nearest to `time`: before, and after it.
    pub(super) fn voices(&self, host: IpAddr, time: Time) -> impl Iterator<Item = usize> + '_ {
        let list = self.voices.get(&host).map_or(&[][..], Vec::as_slice);
        let at = list.partition_point(|(when, _)| *when <= time);
        let before = at.checked_sub(1).and_then(|at| list.get(at));
        before.into_iter().chain(list.get(at)).map(|(_, at)| *at)
    }

    fn each<'b>(&'b self, list: Option<&'b Vec<usize>>) -> impl Iterator<Item = (usize, &'a Conversation)> + 'b {
        let list = list.map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|&at| self.get(at).map(|one| (at, one)))
    }
}

fn pair(one: IpAddr, other: IpAddr) -> (IpAddr, IpAddr) {
    (one.min(other), one.max(other))
}

/// Where the next conversation with the same five-tuple begins, for each of `wanted`.
pub(super) fn followed_by(trace: &Trace, wanted: &HashSet<usize>) -> HashMap<usize, Moment> {
    let keys: HashSet<FlowKey> =
        wanted.iter().filter_map(|&at| trace.conversations.get(at)).map(|one| one.flow.key).collect();
    let mut of_key: HashMap<FlowKey, Vec<(Moment, usize)>> = HashMap::new();
    for (at, one) in trace.conversations.iter().enumerate().filter(|(_, one)| keys.contains(&one.flow.key)) {
        of_key.entry(one.flow.key).or_default().push((one.flow.first, at));
    }
    let mut next = HashMap::new();
    for mut list in of_key.into_values() {
        list.sort_unstable();
        for pair in list.windows(2) {
            if let [(_, at), (begins, _)] = pair {
                next.insert(*at, *begins);
            }
        }
    }
    next
}
