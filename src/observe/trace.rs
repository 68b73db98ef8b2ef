//! All that was read of one trace, settled: what diagnosis works on.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;

use anyany_dissectors::{Side, Transport as Framing, Uuid};
use hashbrown::HashMap;

use crate::classify::by_port;
use crate::decode::Health;
use crate::flow::{Crowd, Endpoint, Flow, FrameRef, Life, Moment, Oriented, Outcome, Single, Syn, Transport};
use crate::observe::lone::{self, Known};
use crate::observe::{Latency, Learnt, Lone, Said, Seen, ServicePort, World};
use crate::time::Time;

/// A flow and what was said on it: the unit of judgement. No thread, stream or dissector is left in it.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Who, when, how it went.
    pub flow: Box<Flow>,
    /// What was said.
    pub seen: Said,
    /// The service: what the content showed, else what was learnt of the port, else what usually
    /// listens there. A word of the contract.
    pub service: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Which of the trace's RPC interfaces it is about, once that was looked up: many ask.
    pub(crate) about: Option<NonZeroU32>,
}

/// One trace: captures from one vantage point that follow each other.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its captures, in the order in which they were read.
    pub healths: Vec<Health>,
    /// Copies that captures made, by capture.
    pub duplicates: BTreeMap<u32, u64>,
    /// ICMP errors about flows that were not seen.
    pub stray_icmp: u64,
    /// Its conversations, in the order in which they began; but for [`Trace::lone`].
    pub conversations: Vec<Conversation>,
    /// SYNs of a flood, each of which is all there is of its flow.
    pub lone: Lone,
    /// When each host was heard; but for [`Trace::lone`].
    pub life: Life,
    /// The endpoint book.
    pub book: BTreeMap<Endpoint, Vec<Learnt>>,
    /// RPC interfaces of conversations, each once; first the lack of one.
    pub(crate) interfaces: Vec<Option<Uuid>>,
    /// Names of addresses, the earliest first.
    pub names: BTreeMap<IpAddr, Vec<String>>,
    /// Response times.
    pub latencies: BTreeMap<ServicePort, Latency>,
    /// What bounds kept out while reading.
    pub dropped: u64,
    /// Flows for which there was no room, and which were only counted.
    pub crowd: Crowd,
    /// Times that what waited in a flow's streams was given up for want of room.
    pub given_up: u64,
    /// From the first to the last packet that was looked at. `None` without packets.
    pub covered: Option<(Time, Time)>,
}

impl Trace {
    /// Settles what was read: who called where no handshake was seen, and which service it was.
    pub fn new(
        flows: Vec<(Box<Flow>, Said)>,
        life: Life,
        world: &World,
        healths: Vec<Health>,
        duplicates: BTreeMap<u32, u64>,
        stray_icmp: u64,
    ) -> Self {
        let book = world.book();
        let mut names = world.names();
        for (address, name) in healths.iter().flat_map(|health| &health.summary.names) {
            let known = names.entry(*address).or_default();
            if !known.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                known.push(name.to_ascii_lowercase());
            }
        }
        let media = promised_media(&flows);
        let mut interfaces = Interfaces::new();
        let settled = flows.into_iter().map(|(flow, seen)| {
            let mut one = settle(flow, seen, &book, &media);
            one.about = interfaces.number(interface(&one, &book));
            one
        });
        let conversations: Vec<_> = settled.collect();
        let dropped = world.dropped() + conversations.iter().map(|one| u64::from(one.seen.dropped)).sum::<u64>();
        let covered = healths.iter().filter_map(|health| health.covered);
        let covered = covered.reduce(|whole, part| (whole.0.min(part.0), whole.1.max(part.1)));
        Self {
            healths,
            duplicates,
            stray_icmp,
            conversations,
            lone: Lone::default(),
            life,
            book,
            interfaces: interfaces.all,
            names,
            latencies: world.latencies(),
            dropped,
            crowd: Crowd::default(),
            given_up: 0,
            covered,
        }
    }

    /// Sorts out which of many lone SYNs become conversations, before those are settled. What stays as it is goes
    /// to [`Trace::lone`].
    pub fn sort_out(
        syns: Vec<Syn>,
        flows: &[(Box<Flow>, Said)],
        world: &World,
        healths: &[Health],
    ) -> (Vec<Syn>, Lone) {
        let book = world.book();
        let names = healths.iter().flat_map(|health| health.summary.names.iter().map(|(address, _)| *address));
        let mut known: Known = names.chain(world.names().into_keys()).collect();
        known.extend(flows.iter().flat_map(|(flow, _)| [flow.initiator.address, flow.responder.address]));
        known.extend(flows.iter().flat_map(|(_, seen)| &seen.media).map(|promised| promised.media.address));
        known.extend(book.keys().map(|at| at.address));
        Lone::choose(syns, known, &book)
    }

    /// Looks at every conversation in order, also at those of lone SYNs, which are made for the look.
    pub fn each(&self, mut each: impl FnMut(&Conversation)) {
        let mut lone = self.lone.syns().peekable();
        let place = places(&self.healths);
        for one in &self.conversations {
            if lone.peek().is_some() {
                let at = place(one.flow.first.frame);
                while let Some(syn) = lone.next_if(|syn| place(syn.moment.frame) < at) {
                    each(&lone::conversation(syn));
                }
            }
            each(one);
        }
        lone.for_each(|syn| each(&lone::conversation(syn)));
    }

    /// The conversation that a lone SYN is.
    pub fn conversation(&self, syn: &Single) -> Conversation {
        lone::conversation(syn)
    }

    /// How many conversations there are, those of lone SYNs with them.
    pub fn attempts(&self) -> u64 {
        self.conversations.len() as u64 + self.lone.len() as u64
    }

    /// Makes conversations of all lone SYNs, for those who look at single ones; they take several times as much
    /// room then.
    pub fn unfold(&mut self) {
        for syn in self.lone.take() {
            let (host, time) = (syn.source().address, syn.moment.time);
            self.life.heard(host, time, time);
            self.conversations.push(lone::conversation(&syn));
        }
        let place = places(&self.healths);
        self.conversations.sort_by_cached_key(|one| (place(one.flow.first.frame), one.flow.key));
    }

    /// Whether the host was heard between `from` and `to`.
    pub fn heard_between(&self, host: IpAddr, from: Time, to: Time) -> bool {
        self.life.between(host, from, to) || self.lone.between(host, from, to)
    }

    /// Whether the host was ever heard.
    pub fn ever_heard(&self, host: IpAddr) -> bool {
        self.life.ever(host) || self.lone.ever(host)
    }

    /// What the book says of a port at a time: the entry that was learnt last before, else the first one after.
    pub fn learnt(&self, at: Endpoint, when: Moment) -> Option<Learnt> {
        learnt(&self.book, at, when)
    }

    /// The RPC interface of a conversation: the one bound or asked for on it, else what the book says.
    pub fn interface(&self, conversation: &Conversation) -> Option<Uuid> {
        let known = conversation.about.and_then(|about| self.interfaces.get(usize::try_from(about.get() - 1).ok()?));
        known.copied().unwrap_or_else(|| interface(conversation, &self.book))
    }
}

type Book = BTreeMap<Endpoint, Vec<Learnt>>;

fn learnt(book: &Book, at: Endpoint, when: Moment) -> Option<Learnt> {
    let entries = book.get(&at)?;
    let before = entries.iter().rev().find(|learnt| learnt.moment.time <= when.time);
    before.or(entries.first()).copied()
}

fn interface(conversation: &Conversation, book: &Book) -> Option<Uuid> {
    let (flow, seen) = (&conversation.flow, &conversation.seen);
    if !matches!(conversation.service, "dcerpc" | "epm") || flow.key.transport != Transport::Tcp {
        return None;
    }
    let on_it = seen.bound.first().or(seen.wanted.first()).copied();
    on_it.or_else(|| learnt(book, flow.responder, flow.first).map(|learnt| learnt.interface))
}

/// RPC interfaces by number.
struct Interfaces {
    all: Vec<Option<Uuid>>,
    numbers: HashMap<Option<Uuid>, Option<NonZeroU32>>,
}

impl Interfaces {
    fn new() -> Self {
        Self { all: vec![None], numbers: HashMap::from([(None, NonZeroU32::new(1))]) }
    }

    fn number(&mut self, interface: Option<Uuid>) -> Option<NonZeroU32> {
        *self.numbers.entry(interface).or_insert_with(|| {
            self.all.push(interface);
            u32::try_from(self.all.len()).ok().and_then(NonZeroU32::new)
        })
    }
}

/// Where a frame stands among all of a trace: captures by plan, frames in order within one.
pub fn places(healths: &[Health]) -> impl Fn(FrameRef) -> (Option<usize>, u64) + use<> {
    let place: BTreeMap<u32, usize> = healths.iter().enumerate().map(|(place, health)| (health.index, place)).collect();
    move |frame| (place.get(&frame.capture()).copied(), frame.number())
}

/// Where session descriptions promised RTP and RTCP. With one port for both (RFC 5761) it is RTP's.
fn promised_media(flows: &[(Box<Flow>, Said)]) -> BTreeMap<Endpoint, &'static str> {
    let mut promised = BTreeMap::new();
    for one in flows.iter().flat_map(|(_, seen)| &seen.media) {
        let media = &one.media;
        // Fax and files (`image`, `message`) come as something else.
        if media.port == 0 || !matches!(&*media.kind, "audio" | "video") {
            continue;
        }
        promised.insert(Endpoint { address: media.address, port: media.port }, "rtp");
        promised.entry(Endpoint { address: media.address, port: media.rtcp_port }).or_insert("rtcp");
    }
    promised
}

fn settle(mut flow: Box<Flow>, mut seen: Said, book: &Book, media: &BTreeMap<Endpoint, &'static str>) -> Conversation {
    let learnt = |at: Endpoint| flow.key.transport == Transport::Tcp && book.contains_key(&at);
    if flow.oriented < Oriented::Answer && learnt(flow.initiator) && !learnt(flow.responder) {
        flow.flip();
        if let Some(seen) = seen.get_mut() {
            seen.flip();
        }
        flow.oriented = Oriented::Answer;
    }
    let framing = match flow.key.transport {
        Transport::Tcp => Some(Framing::Tcp),
        Transport::Udp => Some(Framing::Udp),
        Transport::Icmp => None,
    };
    let promised = media.get(&flow.responder).or_else(|| media.get(&flow.initiator)).copied();
    let known = flow.key.transport == Transport::Tcp && book.contains_key(&flow.responder);
    let service = match (seen.service, framing) {
        (_, None) => "icmp",
        // A capture that begins midway may show RPC without saying that it is the endpoint mapper.
        (Some("dcerpc"), Some(_)) if flow.responder.port == EPM_PORT => "epm",
        (Some(service), Some(_)) => service,
        (None, Some(_)) if known && flow.responder.port != EPM_PORT => "dcerpc",
        (None, Some(framing)) => promised
            .filter(|_| framing == Framing::Udp)
            .or_else(|| by_port(framing, flow.responder.port))
            .unwrap_or("other"),
    };
    let outcome = flow.outcome(asks(&flow, &seen, service));
    Conversation { flow, seen, service, outcome, about: None }
}

/// Whether datagrams of this flow ask for answers.
fn asks(flow: &Flow, seen: &Seen, service: &str) -> bool {
    let one_way = matches!(service, "rtp" | "rtcp" | "cluster" | "netbios-dgm");
    let group = match flow.responder.address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    };
    // An answer whose question was not seen asks for nothing; and who answers was asked, so that what the
    // other side says is not in the capture.
    let answers = seen.last_reply.is_some() && (seen.requests == 0 || flow.half(Side::Responder).packets == 0);
    !one_way && !group && !answers && flow.half(Side::Initiator).packets > 0
}

/// The endpoint mapper's port.
const EPM_PORT: u16 = 135;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Delivery, Half, LIVE, Live, SINGLE, Spoken, Tries};
    use crate::observe::{Bindings, Detail, Talk};

    #[test]
    fn what_a_memory_limit_charges_for_a_flow_covers_what_it_takes() {
        let half = size_of::<Half>() + size_of::<Spoken>() + size_of::<Delivery>();
        let said = size_of::<Seen>() + size_of::<Bindings>() + 6 * size_of::<(&str, Detail)>();
        let ordinary = size_of::<Live<Talk>>() + 2 * half + size_of::<Tries>() + said;
        assert!(ordinary + ordinary / 4 <= LIVE, "{ordinary}: with what allocation adds");
        let lone = size_of::<Flow>() + size_of::<Half>() + size_of::<Conversation>();
        assert!(2 * lone <= SINGLE, "{lone}: as much again is what is known of its sender");
    }

    #[test]
    fn records_stay_compact() {
        let sizes = [size_of::<Flow>(), size_of::<Half>(), size_of::<Seen>(), size_of::<Conversation>()];
        assert!(sizes[0] <= 248 && sizes[1] <= 144 && sizes[2] <= 216 && sizes[3] <= 40, "{sizes:?}");
    }
}
