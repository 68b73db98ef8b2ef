//! What was said on one flow.

use anyany_dissectors::{Media, ReplyClass, Side, Text, Uuid, Value};

use crate::flow::{Lazy, Moment, blank, reads_through};
use crate::observe::{Detail, Details};

/// What the endpoint mapper answered on this flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcAnswer {
    /// When.
    pub moment: Moment,
    /// About which interface; `None` when the question was not seen.
    pub interface: Option<Uuid>,
    /// The port, or the status that refused it.
    pub port: Result<u16, u32>,
}

/// A request that was not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Pairs it with its answer.
    pub id: u64,
    /// The operation.
    pub what: Text,
    /// When it was made.
    pub moment: Moment,
    /// By whom.
    pub side: Side,
}

/// A request and how long its answer took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The request.
    pub call: Call,
    /// When its answer came.
    pub answer: Moment,
}

/// Media that a session description promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromisedMedia {
    /// The promise.
    pub media: Media,
    /// When.
    pub moment: Moment,
}

/// The life of one telephone call, as far as this flow tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLife {
    /// Its Call-ID.
    pub id: Text,
    /// The first 2xx to its INVITE.
    pub answered: Option<Moment>,
    /// The ACK behind it.
    pub acknowledged: Option<Moment>,
    /// BYE or CANCEL.
    pub ended: Option<Moment>,
}

/// A step in the life of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipEvent {
    /// When.
    pub moment: Moment,
    /// Who spoke.
    pub side: Side,
    /// Method or status line.
    pub what: Text,
    /// How a request was answered; `None` for a request.
    pub class: Option<ReplyClass>,
}

/// Everything that the dissectors told about one flow, bounded. What RPC tells is [`Bindings`], and what few
/// protocols tell is [`Rarely`]; both read as fields of this.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The service that the content showed; `None` while only the port is known.
    pub service: Option<&'static str>,
    /// Whether TLS carries it.
    pub tls: bool,
    /// The protocol's own fields.
    pub details: Details,
    /// Requests, and replies by how they went.
    pub requests: u64,
    /// Replies that were not refusals.
    pub replies: u64,
    /// Replies that refused or failed: the server was reached.
    pub refusals: u64,
    /// The first request.
    pub first_request: Option<Moment>,
    /// The last reply of any kind.
    pub last_reply: Option<Moment>,
    /// Requests without an answer, oldest first; only the latest few.
    pub waiting: Vec<Call>,
    /// The request whose answer took longest.
    pub slowest: Option<Answered>,
    pub(crate) bindings: Lazy<Bindings>,
    /// What a bound kept out of the lists.
    pub dropped: u32,
    /// Stretches of the stream that could not be read: lost, cut, or malformed.
    pub unread: u32,
}

/// RPC interfaces, where there are any.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    /// Interfaces that the client asked for on this connection.
    pub wanted: Vec<Uuid>,
    /// Interfaces that the server accepted on this very port.
    pub bound: Vec<Uuid>,
    /// Interfaces that it refused.
    pub bind_refused: Vec<(Option<Uuid>, u16)>,
    /// The endpoint mapper's answers.
    pub rpc_answers: Vec<RpcAnswer>,
    rarely: Lazy<Rarely>,
}

/// What few protocols tell.
#[derive(Debug, Clone, Default)]
pub struct Rarely {
    /// The server's opening words.
    pub greeting: Option<(Text, Moment)>,
    /// Promised media.
    pub media: Vec<PromisedMedia>,
    /// The steps of calls.
    pub sip: Vec<SipEvent>,
    /// When each call was answered and ended.
    pub calls: Vec<CallLife>,
    /// When a device's mask over the protocol's words first showed.
    pub masked: Option<Moment>,
    /// The protocol's own alarms.
    pub alerts: Vec<(Text, Moment, Side)>,
    /// The protocol's own goodbye.
    pub close: Option<(Text, Moment)>,
}

/// What was said on a flow, kept only once there is something to keep: of a scan or a flood, most flows say nothing.
pub type Said = Lazy<Seen>;

blank!(Seen, Bindings, Rarely);
reads_through!(Seen.bindings: Bindings, Bindings.rarely: Rarely);

impl Seen {
    /// A text detail.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.details.get(key) {
            Some(Detail::One(Value::Text(text))) => Some(text),
            _ => None,
        }
    }

    /// Whether a detail is set and true.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.details.get(key), Some(Detail::One(Value::Flag(true))))
    }

    /// A number detail.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.details.get(key) {
            Some(Detail::One(Value::Number(number))) => Some(*number),
            _ => None,
        }
    }

    /// The texts of a list.
    pub fn members(&self, key: &str) -> impl Iterator<Item = &str> {
        let values = match self.details.get(key) {
            Some(Detail::Many(values)) => values.as_slice(),
            _ => &[],
        };
        values.iter().filter_map(|value| match value {
            Value::Text(text) => Some(&**text),
            _ => None,
        })
    }

    /// Whether nothing was said that tells of other flows, went wrong, or was not understood.
    pub(super) fn is_ordinary(&self) -> bool {
        let quiet = self.waiting.is_empty() && self.refusals == 0 && self.unread == 0 && self.dropped == 0;
        let rare = !self.media.is_empty() || !self.sip.is_empty() || !self.calls.is_empty() || !self.alerts.is_empty();
        quiet && !rare && self.masked.is_none() && self.rpc_answers.is_empty() && self.bind_refused.is_empty()
    }

    /// Nothing more will be said: gives back the room that lists had for more.
    pub(super) fn shrink(&mut self) {
        self.waiting.shrink_to_fit();
        self.details.shrink();
        let Some(bindings) = self.bindings.get_mut() else { return };
        bindings.wanted.shrink_to_fit();
        bindings.bound.shrink_to_fit();
        bindings.rpc_answers.shrink_to_fit();
        if let Some(rarely) = bindings.rarely.get_mut() {
            rarely.media.shrink_to_fit();
            rarely.sip.shrink_to_fit();
            rarely.calls.shrink_to_fit();
            rarely.alerts.shrink_to_fit();
        }
    }

    /// Whether no RPC interface was named.
    pub fn says_nothing_of_rpc(&self) -> bool {
        self.wanted.is_empty() && self.bound.is_empty() && self.bind_refused.is_empty() && self.rpc_answers.is_empty()
    }

    /// The sides of the flow were exchanged.
    pub(super) fn flip(&mut self) {
        for call in self.waiting.iter_mut().chain(self.slowest.iter_mut().map(|slowest| &mut slowest.call)) {
            call.side = call.side.other();
        }
        let Some(rarely) = self.bindings.get_mut().and_then(|bindings| bindings.rarely.get_mut()) else { return };
        for event in &mut rarely.sip {
            event.side = event.side.other();
        }
        for promised in &mut rarely.media {
            promised.media.side = promised.media.side.other();
        }
        for (_, _, side) in &mut rarely.alerts {
            *side = side.other();
        }
    }

    /// A request got its answer.
    pub(super) fn answered(&mut self, call: Call, answer: Moment) {
        let took = |call: &Call, answer: Moment| answer.time.since(call.moment.time);
        if self.slowest.as_ref().is_none_or(|slowest| took(&slowest.call, slowest.answer) < took(&call, answer)) {
            self.slowest = Some(Answered { call, answer });
        }
    }

    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        match self.details.place(key) {
            Some(detail) => *detail = Detail::One(value),
            None => self.dropped = self.dropped.saturating_add(1),
        }
    }

    pub(super) fn add(&mut self, key: &'static str, value: Value) {
        match self.details.place(key) {
            Some(Detail::Many(values)) if values.contains(&value) => {}
            Some(Detail::Many(values)) if values.len() < MOST_MEMBERS => values.push(value),
            _ => self.dropped = self.dropped.saturating_add(1),
        }
    }

    /// Notes what happened to a call; `key` is the list under which the dissector tells it.
    pub(super) fn note_call(&mut self, key: &str, id: &Text, moment: Moment) {
        if !matches!(key, "answered_calls" | "acknowledged_calls" | "ended_calls") {
            return;
        }
        let known = self.calls.iter().position(|call| call.id == *id);
        if known.is_none() {
            if self.calls.len() >= MOST_CALLS {
                self.dropped = self.dropped.saturating_add(1);
                return;
            }
            self.calls.push(CallLife { id: id.clone(), answered: None, acknowledged: None, ended: None });
        }
        let call = match known {
            Some(at) => self.calls.get_mut(at),
            None => self.calls.last_mut(),
        };
        let Some(call) = call else { return };
        match key {
            "answered_calls" if call.answered.is_none() => {
                call.answered = Some(moment);
                call.ended = None; // of an earlier try under the same Call-ID
            }
            // Refusals are acknowledged too: until the answer the latest ACK counts, behind it the first.
            "acknowledged_calls"
                if call.acknowledged.is_none_or(|ack| call.answered.is_none_or(|at| ack.time < at.time)) =>
            {
                call.acknowledged = Some(moment);
            }
            "ended_calls" => {
                call.ended.get_or_insert(moment);
            }
            _ => {}
        }
    }

    /// Whether promises of media may be missing behind the last one that was kept.
    pub fn media_full(&self) -> bool {
        self.media.len() >= MOST_PROMISES
    }

    /// Keeps one more promise of media.
    pub(super) fn promise(&mut self, promised: PromisedMedia) {
        match self.media_full() {
            _ if self.media.contains(&promised) => {}
            true => self.dropped = self.dropped.saturating_add(1),
            false => self.media.push(promised),
        }
    }

    /// Keeps one more in a bounded list.
    pub(super) fn keep<T: PartialEq>(&mut self, list: impl FnOnce(&mut Bindings) -> &mut Vec<T>, item: T) {
        let list = list(&mut self.bindings);
        if list.contains(&item) {
            return;
        }
        if list.len() < MOST_KEPT {
            list.push(item);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

const MOST_MEMBERS: usize = 32;
const MOST_KEPT: usize = 64;
/// Calls of one flow: a trunk carries many.
const MOST_CALLS: usize = 256;
/// Two or more for each call.
const MOST_PROMISES: usize = 512;
