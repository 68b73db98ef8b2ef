//! Captures as a stream of frames: files, standard input, devices.

mod frame;

pub use frame::{Frame, LinkType};
