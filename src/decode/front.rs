//! The octets that are still to be read.

/// Why a frame stays unread: one word for people, and the key of the report's `undecoded` counts.
pub(super) type Word = &'static str;

/// What follows the headers read so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Front<'a> {
    /// As captured: the snap length may have cut them.
    pub(super) octets: &'a [u8],
    /// How many there were on the wire, captured or not.
    pub(super) wire: u32,
}

impl<'a> Front<'a> {
    /// A frame. A capture that claims fewer octets on the wire than it shows is not believed.
    pub(super) fn new(octets: &'a [u8], wire_len: u32) -> Self {
        Self { octets, wire: wire_len.max(length(octets)) }
    }

    /// The `N` octets at `at`.
    pub(super) fn array<const N: usize>(self, at: usize) -> Result<[u8; N], Word> {
        self.octets.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(TRUNCATED)
    }

    pub(super) fn u8(self, at: usize) -> Result<u8, Word> {
        self.octets.get(at).copied().ok_or(TRUNCATED)
    }

    /// The big-endian number at `at`.
    pub(super) fn u16(self, at: usize) -> Result<u16, Word> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// The big-endian number at `at`.
    pub(super) fn u32(self, at: usize) -> Result<u32, Word> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// What follows a header of `header` octets.
    pub(super) fn after(self, header: usize) -> Result<Self, Word> {
        let octets = self.octets.get(header..).ok_or(TRUNCATED)?;
        // The header was captured, so it fits a u32 as the frame does.
        Ok(Self { octets, wire: self.wire.saturating_sub(u32::try_from(header).unwrap_or(u32::MAX)) })
    }

    /// At most the first `declared` octets, as a header above says: what follows is padding.
    pub(super) fn shortened(self, declared: u32) -> Self {
        let keep = usize::try_from(declared).unwrap_or(usize::MAX);
        Self { octets: self.octets.get(..keep).unwrap_or(self.octets), wire: self.wire.min(declared) }
    }

    /// The packet's body, as IP says how long it is. That is believed even beyond the frame: tools
    /// that cut frames may lose the length that they had.
    pub(super) fn of_length(self, len: u32) -> Self {
        Self { octets: self.shortened(len).octets, wire: len }
    }
}

/// How many `octets` there are; captures hold frames below 4 GiB.
pub(super) fn length(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).unwrap_or(u32::MAX)
}

/// The capture ends before the headers do.
pub(super) const TRUNCATED: Word = "truncated";
