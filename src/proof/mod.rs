//! The packets that prove findings: what a second look at the captures collects.
//!
//! Diagnosis works on what is left of packets, and names frames by number. To show packets to people
//! (drawn, or as a capture of their own) the captures are read once more: [`Sought`] says from the traces
//! and the findings which conversations matter, [`Collector`] takes every frame and keeps those that do,
//! [`Exhibits`] are what it kept. No file is read here: whoever has the frames brings them.
//!
//! A finding rests on more than its own packets: on what passes beside it, on who was alive. So its
//! exhibits hold enough of that to come to the same verdict from them alone.

mod collect;
mod exhibit;
mod index;
mod limits;
mod moments;
mod sought;

pub use collect::Collector;
pub use exhibit::{Exhibit, Exhibits, Part, Role};
pub use limits::{Ends, Limits};
pub use sought::Sought;
