//! One value for each end of a flow.

use crate::Side;

/// What is kept of both sides alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BySide<T> {
    initiator: T,
    responder: T,
}

impl<T> BySide<T> {
    /// A value for each end.
    pub fn new(initiator: T, responder: T) -> Self {
        Self { initiator, responder }
    }

    /// That of `side`.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Initiator => &self.initiator,
            Side::Responder => &self.responder,
        }
    }

    /// That of `side`, to be changed.
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }
}
