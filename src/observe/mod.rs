//! Runs the dissectors over flows and keeps what they say, with the time and the frame.

mod details;
mod latency;
mod lone;
mod seen;
mod talk;
mod trace;
mod world;

pub use details::{Detail, Details};
pub use latency::{Latency, ServicePort, Timing};
pub use lone::{FEW_LONE, Lone, MOST_TRIED, Tried};
pub use seen::{Answered, Bindings, Call, CallLife, PromisedMedia, Rarely, RpcAnswer, Said, Seen, SipEvent};
pub use talk::Talk;
pub use trace::{Conversation, Trace, places};
pub use world::{Learnt, LearntFrom, World};
