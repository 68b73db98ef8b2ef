//! Byte order of a capture: that of the machine that wrote it.

/// How the numbers of a capture's headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The 16-bit number at `at`, if `octets` reach that far.
    pub(super) fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let raw = *octets.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        })
    }

    /// The 32-bit number at `at`, if `octets` reach that far.
    pub(super) fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let raw = *octets.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        })
    }

    /// Four 32-bit numbers in a row.
    #[inline]
    pub(super) fn four(self, octets: &[u8; 16]) -> [u32; 4] {
        let (words, _) = octets.as_chunks::<4>();
        let mut numbers = [0; 4];
        for (number, word) in numbers.iter_mut().zip(words) {
            *number = u32::from_le_bytes(*word);
        }
        if self == Self::Big { numbers.map(u32::swap_bytes) } else { numbers }
    }

    /// The 64-bit number that `octets` begin with, if they are long enough.
    pub(super) fn u64(self, octets: &[u8]) -> Option<u64> {
        let raw = *octets.first_chunk()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(raw),
            Self::Big => u64::from_be_bytes(raw),
        })
    }
}
