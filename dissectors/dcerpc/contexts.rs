//! The presentation contexts of one connection: which interface a context id stands for.

use super::bind::{ACCEPTANCE, NEGOTIATE_ACK, Offer, Transfer, Verdict};
use super::ndr::Syntax;
use crate::Uuid;

/// One context, offered by the client and perhaps answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Context {
    /// The transfer syntax is the server's choice once it accepted.
    offer: Offer,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Offered in the bind with this call id.
    Offered(u32),
    /// Accepted for calls, or in use already when the capture began.
    Accepted,
    /// Answered, yet neither accepted for calls nor rejected: feature negotiation.
    Idle,
    /// Rejected for this reason.
    Rejected(u16),
}

impl Context {
    fn settle(&mut self, verdict: Verdict) {
        if let Transfer::Calls(_) = verdict.transfer {
            self.offer.transfer = verdict.transfer;
        }
        self.state = match (verdict.result, self.offer.transfer) {
            (ACCEPTANCE, Transfer::Calls(_)) => State::Accepted,
            (ACCEPTANCE | NEGOTIATE_ACK, _) | (_, Transfer::Features) => State::Idle,
            _ => State::Rejected(verdict.reason),
        };
    }
}

/// What a bind_ack means for one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Calls can be made.
    Bound(Uuid),
    /// None of its contexts was accepted. `None` when the bind was not seen.
    Refused(Option<Uuid>, u16),
}

/// At most [`Contexts::LIMIT`] contexts, the oldest forgotten first.
#[derive(Debug, Default)]
pub struct Contexts {
    known: Vec<Context>,
    /// Interfaces already told as bound; a second leg of authentication offers them again.
    bound: Vec<Uuid>,
}

impl Contexts {
    /// How many are kept. A client offers three for an interface; one with more than ten interfaces is rare.
    pub const LIMIT: usize = 32;

    /// What a context id stands for, unless the server rejected it.
    pub fn get(&self, id: u16) -> Option<Offer> {
        let context = self.known.iter().find(|context| context.offer.id == id)?;
        (!matches!(context.state, State::Rejected(_))).then_some(context.offer)
    }

    /// Whether the server accepted a bind to this interface before.
    pub fn is_bound(&self, interface: Uuid) -> bool {
        self.bound.contains(&interface)
    }

    /// The client offers a context. An id offered again is that context once more.
    pub fn offer(&mut self, call: u32, offer: Offer) {
        self.keep(Context { offer, state: State::Offered(call) });
    }

    /// A context whose bind was not seen turned out to be this interface's.
    pub fn learn(&mut self, id: u16, interface: Uuid, syntax: Syntax) {
        let offer = Offer { id, interface, transfer: Transfer::Calls(syntax) };
        self.keep(Context { offer, state: State::Accepted });
    }

    fn keep(&mut self, context: Context) {
        self.known.retain(|known| known.offer.id != context.offer.id);
        if self.known.len() >= Self::LIMIT {
            self.known.remove(0);
        }
        self.known.push(context);
    }

    fn offered(&mut self, call: u32) -> impl Iterator<Item = &mut Context> {
        self.known.iter_mut().filter(move |context| context.state == State::Offered(call))
    }

    /// Matches the verdicts of an answer with the offers of the same call, by position. An interface is
    /// bound when one of its contexts was accepted for calls, and refused when all were rejected:
    /// next to an accepted NDR context, a rejected NDR64 one is ordinary.
    pub fn settle(&mut self, call: u32, verdicts: &[Verdict]) -> Vec<Outcome> {
        let mut settled = Vec::new();
        for (context, verdict) in self.offered(call).zip(verdicts) {
            context.settle(*verdict);
            settled.push(*context);
        }
        if settled.is_empty() {
            return refused_unseen(verdicts).into_iter().collect();
        }
        let mut outcomes = Vec::new();
        for context in &settled {
            let interface = context.offer.interface;
            let rivals = || settled.iter().filter(|rival| rival.offer.interface == interface);
            let outcome = if rivals().any(|rival| rival.state == State::Accepted) {
                Outcome::Bound(interface)
            } else if let State::Rejected(reason) = context.state {
                Outcome::Refused(Some(interface), reason)
            } else {
                continue; // only features were negotiated
            };
            if !outcomes.contains(&outcome) && !self.is_bound(interface) {
                outcomes.push(outcome);
            }
        }
        for outcome in &outcomes {
            if let Outcome::Bound(interface) = outcome
                && self.bound.len() < Self::LIMIT
            {
                self.bound.push(*interface);
            }
        }
        outcomes
    }

    /// The server refused all that this call offered. The interfaces, each once.
    pub fn refuse(&mut self, call: u32, reason: u16) -> Vec<Uuid> {
        let mut refused = Vec::new();
        for context in self.offered(call) {
            context.state = State::Rejected(reason);
            if !refused.contains(&context.offer.interface) {
                refused.push(context.offer.interface);
            }
        }
        refused
    }
}

/// An answer whose bind was not seen: refused when every verdict is a rejection.
fn refused_unseen(verdicts: &[Verdict]) -> Option<Outcome> {
    let rejected = verdicts.iter().all(|verdict| !matches!(verdict.result, ACCEPTANCE | NEGOTIATE_ACK));
    verdicts.first().filter(|_| rejected).map(|verdict| Outcome::Refused(None, verdict.reason))
}
