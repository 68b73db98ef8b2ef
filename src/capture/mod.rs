//! Captures as a stream of frames: files, standard input, devices.
//!
//! [`Capture`] reads pcap and pcapng, plain, gzip or zstd, from a file or a stream. A plain file is
//! mapped, so that its frames can be handed on without copying; everything else passes through a
//! bounded buffer. Both go the same way: a reader of the format ([`pcap`], [`pcapng`]) looks at the
//! window that the source holds and says what stands at its front.

#[cfg(feature = "live")]
pub mod device;
mod frame;
mod inputs;
mod magic;
mod map;
mod order;
mod pcap;
mod pcapng;
mod reading;
mod source;
mod step;
mod summary;
mod unusable;
mod writer;

#[cfg(test)]
mod tests;

pub use frame::{Frame, LinkType};
pub use inputs::{STDIN, gather};
pub use magic::Foreign;
pub use map::Map;
pub use reading::Capture;
pub use summary::{Compression, Format, InterfaceSummary, Summary};
pub use unusable::Unusable;
pub use writer::Writer;
