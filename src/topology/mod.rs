//! Who is who: from a file, or inferred from what hosts serve and ask, always with the reason.

mod build;
mod file;
mod import;
mod infer;
mod names;
mod nearest;
mod roster;
mod write;

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;

pub use build::roster;
pub use file::{BadFile, Declared, File, Network};
pub use import::{BadSource, Gathered, Nowhere, Sources, unicode};
pub use infer::{Inference, Inferred};
pub use roster::{Host, RoleClaim, Roster};
pub use write::{Check, check, gathered_to_toml, to_toml};
