//! Captures as a stream of frames: files, standard input, devices.
//!
//! [`Capture`] reads pcap, pcapng, Network Monitor's format, snoop and ERF, plain, gzip or zstd, from a
//! file or a stream. A plain file is mapped, so that its frames can be handed on without copying;
//! everything else passes through a bounded buffer. Both go the same way: a reader of the format
//! ([`pcap`], [`pcapng`], [`netmon`], [`snoop`], [`erf`]) looks at the window that the source holds and
//! says what stands at its front.

#[cfg(feature = "live")]
pub mod device;
mod erf;
mod frame;
mod inputs;
mod magic;
mod map;
mod netmon;
mod order;
mod pcap;
mod pcapng;
mod reading;
mod snoop;
mod source;
mod spool;
mod step;
mod summary;
mod unusable;
mod writer;

#[cfg(test)]
mod tests;

pub use erf::packet as erf_packet;
pub use frame::{Frame, LinkType};
pub use inputs::{STDIN, gather, is_capture};
pub use magic::Foreign;
pub use map::{Map, fetch};
pub use reading::Capture;
pub use spool::{Spool, SpoolWriter};
pub use summary::{Compression, Format, InterfaceSummary, StepBack, Summary};
pub use unusable::Unusable;
pub use writer::Writer;
