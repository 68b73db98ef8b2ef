//! A cursor over captured octets that cannot panic and says where it stopped.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::{Stop, Uuid};

/// Reads fields from the front of a message, in order.
///
/// Each read takes the field's name, so that a [`Stop`] can say where it
/// happened. A reader made by a `sized_*` method or by [`Reader::sub`] is
/// *bounded*: its length was declared by the message itself, so running past
/// its end is malformed; running past the end of what was captured is not.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    /// Offset of `octets[0]` in the message, for the wording of a [`Stop`].
    base: usize,
    bounded: bool,
}

macro_rules! numbers {
    ($($name:ident $type:ty, $from:ident, $what:literal;)*) => {$(
        #[doc = concat!("The next ", $what, ".")]
        pub fn $name(&mut self, field: &'static str) -> Result<$type, Stop> {
            self.array(field).map(<$type>::$from)
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Starts at the front of `octets`; what lies behind them is unknown.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, base: 0, bounded: false }
    }

    /// Starts at the front of `octets`, which are all there is.
    pub fn bounded(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, base: 0, bounded: true }
    }

    /// Octets read so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Octets left to read here.
    pub fn remaining(&self) -> usize {
        self.octets.len().saturating_sub(self.at)
    }

    /// Whether everything here was read.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// All that is left, without reading it.
    pub fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// The [`Stop`] for a field that contradicts the protocol here.
    pub fn malformed(&self, field: &'static str, why: &'static str) -> Stop {
        Stop::Malformed { field, at: self.base.saturating_add(self.at), why }
    }

    /// The next `count` octets.
    pub fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], Stop> {
        let rest = self.rest();
        match rest.split_at_checked(count) {
            Some((taken, _)) => {
                self.at += count;
                Ok(taken)
            }
            None if self.bounded => Err(self.malformed(field, "overruns the length declared around it")),
            None => Err(Stop::Incomplete { field, more: count - rest.len() }),
        }
    }

    /// Steps over `count` octets.
    pub fn skip(&mut self, count: usize, field: &'static str) -> Result<(), Stop> {
        self.take(count, field).map(drop)
    }

    /// Steps forward to the next multiple of `unit` octets, counted from the start of this reader.
    pub fn align(&mut self, unit: usize, field: &'static str) -> Result<(), Stop> {
        self.skip(self.at.next_multiple_of(unit.max(1)) - self.at, field)
    }

    /// A bounded reader over the next `count` octets.
    pub fn sub(&mut self, count: usize, field: &'static str) -> Result<Self, Stop> {
        let base = self.base.saturating_add(self.at);
        self.take(count, field).map(|octets| Self { octets, at: 0, base, bounded: true })
    }

    /// A reader over the next `count` octets, or over those of them that have come: running past the
    /// end of a whole value is malformed, past the end of a value still coming incomplete. For what
    /// is understood from its front.
    pub fn front(&mut self, count: usize, field: &'static str) -> Result<Self, Stop> {
        if self.bounded || count <= self.remaining() {
            return self.sub(count, field);
        }
        let base = self.base.saturating_add(self.at);
        let octets = self.rest();
        self.at = self.octets.len();
        Ok(Self { octets, at: 0, base, bounded: false })
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Stop> {
        let taken = self.take(N, field)?;
        taken.try_into().map_err(|_| self.malformed(field, "has another size"))
    }

    /// The next octet.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Stop> {
        self.array::<1>(field).map(|[octet]| octet)
    }

    numbers! {
        u16_be u16, from_be_bytes, "16 bits, most significant octet first";
        u16_le u16, from_le_bytes, "16 bits, least significant octet first";
        u32_be u32, from_be_bytes, "32 bits, most significant octet first";
        u32_le u32, from_le_bytes, "32 bits, least significant octet first";
        u64_be u64, from_be_bytes, "64 bits, most significant octet first";
        u64_le u64, from_le_bytes, "64 bits, least significant octet first";
    }

    /// The next 24 bits, most significant octet first (TLS lengths).
    pub fn u24_be(&mut self, field: &'static str) -> Result<u32, Stop> {
        self.array::<3>(field).map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// An IPv4 address in network order.
    pub fn ipv4(&mut self, field: &'static str) -> Result<Ipv4Addr, Stop> {
        self.array::<4>(field).map(Ipv4Addr::from)
    }

    /// An IPv6 address in network order.
    pub fn ipv6(&mut self, field: &'static str) -> Result<Ipv6Addr, Stop> {
        self.array::<16>(field).map(Ipv6Addr::from)
    }

    /// A UUID whose first three fields are little-endian (C706 Appendix A, as `drep` 0x10 sends it).
    pub fn uuid_le(&mut self, field: &'static str) -> Result<Uuid, Stop> {
        self.array::<16>(field).map(Uuid::from_le)
    }

    /// A UUID in network order.
    pub fn uuid_be(&mut self, field: &'static str) -> Result<Uuid, Stop> {
        self.array::<16>(field).map(Uuid)
    }

    /// A bounded reader over a field that one octet before it measures.
    pub fn sized_u8(&mut self, field: &'static str) -> Result<Self, Stop> {
        let count = self.u8(field)?;
        self.sub(count.into(), field)
    }

    /// A bounded reader over a field that 16 big-endian bits before it measure.
    pub fn sized_u16_be(&mut self, field: &'static str) -> Result<Self, Stop> {
        let count = self.u16_be(field)?;
        self.sub(count.into(), field)
    }

    /// A bounded reader over a field that 16 little-endian bits before it measure.
    pub fn sized_u16_le(&mut self, field: &'static str) -> Result<Self, Stop> {
        let count = self.u16_le(field)?;
        self.sub(count.into(), field)
    }

    /// A bounded reader over a field that 24 big-endian bits before it measure.
    pub fn sized_u24_be(&mut self, field: &'static str) -> Result<Self, Stop> {
        let count = self.u24_be(field)?;
        let count = usize::try_from(count).map_err(|_| self.malformed(field, "is too long"))?;
        self.sub(count, field)
    }

    /// One line up to CR LF or LF, without its ending. Incomplete until the ending is there;
    /// malformed when `limit` octets hold no ending.
    pub fn line(&mut self, limit: usize, field: &'static str) -> Result<&'a [u8], Stop> {
        let rest = self.rest();
        let Some(end) = rest.iter().take(limit).position(|&octet| octet == b'\n') else {
            return Err(if rest.len() >= limit {
                self.malformed(field, "is longer than any line of this protocol")
            } else {
                Stop::Incomplete { field, more: 1 }
            });
        };
        self.at += end + 1;
        let line = rest.get(..end).unwrap_or_default();
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_capture_is_incomplete_and_names_what_is_missing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16_be("kind"), Ok(0x0102));
        assert_eq!(reader.u32_le("length"), Err(Stop::Incomplete { field: "length", more: 3 }));
    }

    #[test]
    fn the_end_of_a_declared_length_is_malformed_and_names_the_offset() {
        let mut reader = Reader::new(&[0, 2, 9, 9, 9]);
        let mut inner = reader.sized_u16_be("name").unwrap();
        inner.u8("letter").unwrap();
        let stop = inner.u16_be("letter").unwrap_err();
        assert!(matches!(stop, Stop::Malformed { field: "letter", at: 3, .. }), "{stop}");
    }

    #[test]
    fn the_front_of_a_value_is_incomplete_until_the_value_is_whole() {
        let mut cut = Reader::new(&[1, 2]).front(3, "value").unwrap();
        assert_eq!(cut.u16_be("pair"), Ok(0x0102));
        assert!(cut.u8("third").unwrap_err().is_incomplete());
        let mut whole = Reader::new(&[1, 2, 3, 4]).front(3, "value").unwrap();
        whole.skip(3, "value").unwrap();
        assert!(!whole.u8("fourth").unwrap_err().is_incomplete());
        assert!(!Reader::bounded(&[1, 2]).front(3, "value").unwrap_err().is_incomplete());
    }

    #[test]
    fn a_line_ends_at_lf_with_or_without_cr_and_waits_for_it() {
        let mut reader = Reader::new(b"EHLO a\r\nNOOP\nQU");
        assert_eq!(reader.line(100, "command"), Ok(&b"EHLO a"[..]));
        assert_eq!(reader.line(100, "command"), Ok(&b"NOOP"[..]));
        assert!(reader.line(100, "command").unwrap_err().is_incomplete());
        assert!(!reader.line(2, "command").unwrap_err().is_incomplete());
    }

    #[test]
    fn alignment_counts_from_the_start_of_the_reader() {
        let mut outer = Reader::new(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        outer.u8("lead").unwrap();
        let mut inner = outer.sub(8, "body").unwrap();
        inner.u8("flag").unwrap();
        inner.align(4, "padding").unwrap();
        assert_eq!(inner.u8("after"), Ok(5));
    }
}
