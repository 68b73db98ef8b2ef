//! Octets that are written over.

use std::ops::Range;

/// The octets in `range`, as far as there are any.
pub(super) fn part(octets: &mut [u8], range: Range<usize>) -> &mut [u8] {
    let end = range.end.min(octets.len());
    let start = range.start.min(end);
    octets.get_mut(start..end).unwrap_or_default()
}

/// Makes the octets in `range` zero, as far as there are any.
pub(super) fn blank(octets: &mut [u8], range: Range<usize>) {
    part(octets, range).fill(0);
}

/// The big-endian number of two octets at `at`.
pub(super) fn u16_be(octets: &[u8], at: usize) -> Option<usize> {
    octets.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two).into())
}

/// The little-endian number of two octets at `at`.
pub(super) fn u16_le(octets: &[u8], at: usize) -> Option<usize> {
    octets.get(at..)?.first_chunk().map(|two| u16::from_le_bytes(*two).into())
}

/// The big-endian number of three octets at `at`.
pub(super) fn u24_be(octets: &[u8], at: usize) -> Option<usize> {
    let &[a, b, c] = octets.get(at..)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
}

/// The big-endian number of four octets at `at`.
pub(super) fn u32_be(octets: &[u8], at: usize) -> Option<usize> {
    octets.get(at..)?.first_chunk().and_then(|four| usize::try_from(u32::from_be_bytes(*four)).ok())
}

/// The little-endian number of four octets at `at`.
pub(super) fn u32_le(octets: &[u8], at: usize) -> Option<usize> {
    octets.get(at..)?.first_chunk().and_then(|four| usize::try_from(u32::from_le_bytes(*four)).ok())
}
