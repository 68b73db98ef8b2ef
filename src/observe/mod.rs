//! Runs the dissectors over flows and keeps what they say, with the time and the frame.

mod latency;
mod seen;
mod talk;
mod world;

pub use latency::{Latency, ServicePort};
pub use seen::{Call, Detail, PromisedMedia, RpcAnswer, Seen, SipEvent};
pub use talk::Talk;
pub use world::{Learnt, LearntFrom, World};

use crate::flow::Flow;

/// A flow and what was said on it: the unit of judgement. No thread, stream or dissector is left in it.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Who, when, how it went.
    pub flow: Flow,
    /// What was said.
    pub seen: Seen,
}
