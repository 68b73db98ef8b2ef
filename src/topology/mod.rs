//! Who is who: from a file, or inferred from what hosts serve and ask, always with the reason.

mod roster;

pub use roster::{Host, RoleClaim, Roster};
