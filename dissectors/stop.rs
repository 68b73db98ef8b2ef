//! The two ways in which reading stops short.

/// Why a dissector could not read on.
///
/// A message cut by the snap length, one with a lost segment and one still on
/// its way look alike from inside: all are [`Stop::Incomplete`]. The stream,
/// which knows whether more will come, tells them apart. A field that overruns
/// its *own* declared length is [`Stop::Malformed`], whatever follows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The octets end before the message does.
    #[error("{field}: {more} more octets needed")]
    Incomplete {
        /// The field that was being read.
        field: &'static str,
        /// At least so many octets are missing.
        more: usize,
    },
    /// The octets contradict the protocol; more of them will not help.
    #[error("{field} at offset {at}: {why}")]
    Malformed {
        /// The field that was being read.
        field: &'static str,
        /// Octets from the start of the message.
        at: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Stop {
    /// Whether more octets could let the same read succeed.
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. })
    }
}
