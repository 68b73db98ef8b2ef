//! Says from packets whether something blocks traffic between Exchange servers and domain controllers.

pub mod capture;
pub mod classify;
pub mod decode;
pub mod flow;
pub mod observe;
pub mod pipeline;
pub mod reference;
pub mod time;
pub mod topology;
