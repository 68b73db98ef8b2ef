//! Says from packets whether something blocks traffic between Exchange servers and domain controllers.

pub mod capture;
pub mod classify;
pub mod cli;
pub mod decode;
pub mod diagnose;
pub mod flow;
pub mod observe;
pub mod pipeline;
pub mod proof;
pub mod redact;
pub mod reference;
pub mod report;
pub mod time;
pub mod topology;
pub mod watch;
