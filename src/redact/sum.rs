//! The Internet checksum (RFC 1071): updated for what changed (RFC 1624), so that a right one stays right
//! and a wrong one stays as wrong, also where less was captured than it covers.

use std::ops::Range;

/// A checksum in a frame.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    /// Where it stands.
    pub field: usize,
    pub kind: Kind,
    /// What it covers, each from an even offset of its own; the field is left out.
    pub covers: Vec<Range<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// 0 stands for none (RFC 768).
    Udp,
}

impl Sum {
    /// Writes the checksum that `changed` must have, where `original` had the one it had. `elsewhere` is what
    /// changed outside of the frame.
    pub(super) fn update(&self, original: &[u8], changed: &mut [u8], elsewhere: u16) {
        let field = self.field..self.field + 2;
        let Some(&[high, low]) = original.get(field.clone()) else { return };
        let old = u16::from_be_bytes([high, low]);
        if old == 0 && self.kind == Kind::Udp {
            return;
        }
        let (mut before, mut after) = (0, 0);
        for range in &self.covers {
            before = add(before, over(original, range, self.field));
            after = add(after, over(changed, range, self.field));
        }
        let new = !add(add(!old, elsewhere), add(!before, after));
        // Where nothing changed the sum may come out as its other zero.
        let new = if add(before, 0) == add(after, 0) && elsewhere == 0 { old } else { new };
        let new = if new == 0 && self.kind == Kind::Udp { 0xffff } else { new };
        if let Some(place) = changed.get_mut(field) {
            place.copy_from_slice(&new.to_be_bytes());
        }
    }
}

/// What has to be added to the sum over `original` to get that over `changed`.
pub(super) fn difference(original: &[u8], changed: &[u8], range: &Range<usize>) -> u16 {
    add(!over(original, range, usize::MAX - 1), over(changed, range, usize::MAX - 1))
}

/// One's complement addition.
pub(super) fn add(a: u16, b: u16) -> u16 {
    let (sum, carried) = a.overflowing_add(b);
    sum + u16::from(carried)
}

fn over(octets: &[u8], range: &Range<usize>, without: usize) -> u16 {
    let end = range.end.min(octets.len());
    let covered = octets.get(range.start.min(end)..end).unwrap_or_default();
    let mut sum = 0;
    for (at, pair) in (range.start..).step_by(2).zip(covered.chunks(2)) {
        if at != without {
            sum = add(sum, u16::from_be_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
        }
    }
    sum
}
