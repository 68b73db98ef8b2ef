//! How much is kept.

/// How much is kept; what goes beyond is counted, never silently left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of each conversation on a finding's own path.
    pub path: Ends,
    /// Of each conversation beside it.
    pub context: Ends,
    /// Octets of all packets together.
    pub octets: usize,
}

/// The packets kept of one conversation: so many at its front, and so many at its back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Of its first packets.
    pub front: usize,
    /// Of its last packets.
    pub back: usize,
}

impl Limits {
    /// Enough to draw: what fits a page and a reader's eye.
    pub const DRAWN: Self =
        Self { path: Ends { front: 32, back: 32 }, context: Ends { front: 6, back: 2 }, octets: 8 << 20 };
    /// Enough to judge again from these packets alone.
    pub const PROOF: Self =
        Self { path: Ends { front: 1_000, back: 1_000 }, context: Ends { front: 400, back: 100 }, octets: 64 << 20 };
}

impl Ends {
    /// The larger of both, end by end.
    pub(super) fn or(self, other: Self) -> Self {
        Self { front: self.front.max(other.front), back: self.back.max(other.back) }
    }
}
