//! Runs the dissectors over flows and keeps what they say, with the time and the frame.

mod latency;
mod said;
mod seen;
mod talk;
mod trace;
mod world;

pub use latency::{Latency, ServicePort};
pub use said::Said;
pub use seen::{Answered, Call, CallLife, Detail, PromisedMedia, RpcAnswer, Seen, SipEvent};
pub use talk::Talk;
pub use trace::{Conversation, Trace};
pub use world::{Learnt, LearntFrom, World};
