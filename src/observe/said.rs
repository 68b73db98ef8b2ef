//! What was said on a flow, where anything was.

use std::ops::{Deref, DerefMut};

use crate::observe::Seen;

/// [`Seen`], kept only once there is something to keep: of a scan or a flood, most flows say nothing.
#[derive(Debug, Clone, Default)]
pub struct Said(Option<Box<Seen>>);

impl Deref for Said {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Said {
    fn deref_mut(&mut self) -> &mut Seen {
        self.0.get_or_insert_default()
    }
}

impl From<Seen> for Said {
    fn from(seen: Seen) -> Self {
        Self(Some(Box::new(seen)))
    }
}

impl Said {
    /// Nothing more will be said.
    pub(super) fn shrink(&mut self) {
        if let Some(seen) = &mut self.0 {
            seen.shrink();
        }
    }

    /// The sides of the flow were exchanged.
    pub(super) fn flip(&mut self) {
        if let Some(seen) = &mut self.0 {
            seen.flip();
        }
    }
}

static NOTHING: Seen = Seen::NOTHING;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_what_a_flow_says_by_default() {
        assert_eq!(format!("{:?}", Seen::NOTHING), format!("{:?}", Seen::default()));
        assert_eq!(size_of::<Said>(), size_of::<usize>());
    }
}
