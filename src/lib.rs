//! Says from packets whether something blocks traffic between Exchange servers and domain controllers.

pub mod capture;
pub mod decode;
pub mod flow;
pub mod time;
