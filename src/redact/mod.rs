//! Frames that may be passed on: what happened stays, who and what it was about does not.

mod address;
mod key;
mod name;
#[cfg(test)]
mod tests;

pub use address::AddressMap;
pub use key::Key;
pub use name::NameMap;
