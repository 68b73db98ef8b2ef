//! Conversations as tests tell them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany_dissectors::{ReplyClass, Side, Text, Uuid};

use crate::flow::{Crowd, Endpoint, Flow, FlowKey, FrameRef, Half, Life, Moment, Oriented, Outcome, Transport};
use crate::observe::{Conversation, Detail, Learnt, LearntFrom, Lone, RpcAnswer, Said, Seen, SipEvent, Trace};
use crate::reference::Reference;
use crate::time::Time;

pub const EMSMDB: &str = "emsmdb";
pub const NSPI: &str = "nspi";
pub const RFR: &str = "rfr";

pub fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn uuid(id: &str) -> Uuid {
    Reference::embedded().interfaces().iter().find(|one| one.id == id).unwrap().uuid
}

/// A trace of conversations, a frame each.
pub struct Story(pub Trace);

/// One conversation, answered unless it says otherwise.
pub struct Talk<'a> {
    trace: &'a mut Trace,
    at: usize,
}

pub fn story() -> Story {
    Story(Trace {
        healths: Vec::new(),
        duplicates: BTreeMap::new(),
        stray_icmp: 0,
        conversations: Vec::new(),
        lone: Lone::default(),
        interfaces: Vec::new(),
        life: Life::default(),
        book: BTreeMap::new(),
        names: BTreeMap::new(),
        latencies: BTreeMap::new(),
        dropped: 0,
        crowd: Crowd::default(),
        given_up: 0,
        covered: None,
    })
}

impl Story {
    pub fn tcp(&mut self, client: &str, server: &str, port: u16, service: &'static str) -> Talk<'_> {
        self.talk(Transport::Tcp, client, server, port, service)
    }

    pub fn udp(&mut self, client: &str, server: &str, port: u16, service: &'static str) -> Talk<'_> {
        self.talk(Transport::Udp, client, server, port, service)
    }

    fn talk(&mut self, transport: Transport, client: &str, server: &str, port: u16, service: &'static str) -> Talk<'_> {
        let at = self.0.conversations.len();
        let number = u64::try_from(at).unwrap() + 1;
        let time = Time::new(i64::try_from(number).unwrap(), 0);
        let moment = Moment { time, frame: FrameRef::new(0, number) };
        let initiator = Endpoint { address: address(client), port: 50_000 };
        let responder = Endpoint { address: address(server), port };
        let half = || {
            let mut half = Half::default();
            half.packets = 3;
            half.payload = 100;
            half.data_packets = 1;
            half.first_data = Some(moment);
            half
        };
        let key = FlowKey::new(transport, initiator, responder);
        let mut flow = Flow::new(key, initiator, responder, Oriented::Syn, moment);
        flow.halves = [half().into(), half().into()];
        flow.established = Some(moment);
        let outcome = if transport == Transport::Tcp { Outcome::Closed } else { Outcome::Datagrams };
        let seen = Seen { service: Some(service), requests: 1, replies: 1, ..Seen::default() };
        self.0.life.heard(address(client), time, time);
        self.0.life.heard(address(server), time, time);
        self.0.conversations.push(Conversation {
            flow: Box::new(flow),
            seen: seen.into(),
            service,
            outcome,
            about: None,
        });
        Talk { trace: &mut self.0, at }
    }
}

impl Talk<'_> {
    fn conversation(&mut self) -> &mut Conversation {
        &mut self.trace.conversations[self.at]
    }

    /// Nobody answers, and nothing is recognised.
    pub fn unanswered(mut self) -> Self {
        let conversation = self.conversation();
        conversation.outcome = Outcome::Unanswered;
        conversation.flow.halves[1] = Half::default().into();
        conversation.flow.established = None;
        conversation.seen = Seen { requests: 1, ..Seen::default() }.into();
        self
    }

    /// The handshake succeeds, and the server says no more.
    pub fn handshake_only(mut self) -> Self {
        self.conversation().flow.halves[1].first_data = None;
        self.conversation().seen = Said::default();
        self
    }

    pub fn text(mut self, key: &'static str, value: &str) -> Self {
        self.conversation().seen.details.insert(key, Detail::One(Text::copied(value).into()));
        self
    }

    pub fn flag(mut self, key: &'static str) -> Self {
        self.conversation().seen.details.insert(key, Detail::One(true.into()));
        self
    }

    pub fn number(mut self, key: &'static str, value: u64) -> Self {
        self.conversation().seen.details.insert(key, Detail::One(value.into()));
        self
    }

    pub fn members(mut self, key: &'static str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| Text::copied(value).into()).collect();
        self.conversation().seen.details.insert(key, Detail::Many(values));
        self
    }

    pub fn tls(mut self) -> Self {
        self.conversation().seen.tls = true;
        self
    }

    /// The client binds, and the server accepts.
    pub fn binds(mut self, interface: &str) -> Self {
        let interface = uuid(interface);
        let conversation = self.conversation();
        conversation.seen.wanted.push(interface);
        conversation.seen.bound.push(interface);
        let (at, moment) = (conversation.flow.responder, conversation.flow.first);
        if matches!(conversation.service, "dcerpc" | "epm") {
            self.trace.book.entry(at).or_default().push(Learnt { moment, from: LearntFrom::Bind, interface });
        }
        self
    }

    /// The client asks for an interface; whether it is served is not told.
    pub fn wants(mut self, interface: &str) -> Self {
        self.conversation().seen.wanted.push(uuid(interface));
        self
    }

    /// The endpoint mapper names a port.
    pub fn maps(mut self, interface: &str, port: u16) -> Self {
        let interface = uuid(interface);
        let conversation = self.conversation();
        let moment = conversation.flow.first;
        conversation.seen.rpc_answers.push(RpcAnswer { moment, interface: Some(interface), port: Ok(port) });
        let at = Endpoint { address: conversation.flow.responder.address, port };
        self.trace.book.entry(at).or_default().push(Learnt { moment, from: LearntFrom::Epm, interface });
        self
    }

    /// The server redirects a call.
    pub fn redirects(mut self) -> Self {
        let moment = self.conversation().flow.first;
        let what = "302 Moved Temporarily".into();
        let event = SipEvent { moment, side: Side::Responder, what, class: Some(ReplyClass::Referral) };
        self.conversation().seen.sip.push(event);
        self
    }
}
