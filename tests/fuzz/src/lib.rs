//! What the fuzz targets share: hostile octets, handed to each room as its caller hands them on.
//!
//! A target is five lines that name one of these functions. What a function asserts is what the
//! interface of that room promises, so a fuzzer that finds no crash has also found no broken promise.

mod captures;
mod conversation;
mod dialogue;
mod streams;

pub use captures::{capture, decode, erf, netmon, pipeline, redact, snoop};
pub use conversation::{Conversation, Part};
pub use dialogue::{dialogue, epm};
