//! The BER header walk that LDAP and Kerberos share (X.690 §8.1).
//!
//! A passive reader must name an operation from the first octets of a message
//! that it will never hold whole: a search entry of a megabyte, a ticket cut by
//! the snap length. So this walks tags and lengths and leaves values alone.

use crate::{Reader, Stop};

/// An identifier octet: class, constructed bit and low tag number. High tag numbers do not occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(pub u8);

impl Tag {
    /// INTEGER.
    pub const INTEGER: Self = Self(0x02);
    /// OCTET STRING.
    pub const OCTET_STRING: Self = Self(0x04);
    /// GeneralString, in which Kerberos writes its names.
    pub const GENERAL_STRING: Self = Self(0x1b);
    /// ENUMERATED.
    pub const ENUMERATED: Self = Self(0x0a);
    /// SEQUENCE.
    pub const SEQUENCE: Self = Self(0x30);
    /// SET.
    pub const SET: Self = Self(0x31);

    /// `[APPLICATION n]`, whether primitive or constructed.
    pub fn application(self) -> Option<u8> {
        (self.0 & 0xc0 == 0x40 && self.0 & 0x1f != 0x1f).then_some(self.0 & 0x1f)
    }

    /// The constructed `[n]`, as explicit tagging writes it, for `n` below 31.
    pub const fn explicit(n: u8) -> Self {
        Self(0xa0 | (n & 0x1f))
    }

    /// `[n]`, context-specific, whether primitive or constructed.
    pub fn context(self) -> Option<u8> {
        (self.0 & 0xc0 == 0x80 && self.0 & 0x1f != 0x1f).then_some(self.0 & 0x1f)
    }
}

/// A tag and the declared length of the value behind it, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the value is.
    pub tag: Tag,
    /// How many octets it declares, however many were captured.
    pub length: usize,
}

/// The next tag and length. The indefinite form, which neither protocol allows, is malformed.
pub fn header(r: &mut Reader<'_>, field: &'static str) -> Result<Header, Stop> {
    let tag = Tag(r.u8(field)?);
    if tag.0 & 0x1f == 0x1f {
        return Err(r.malformed(field, "has a high tag number"));
    }
    let first = r.u8(field)?;
    let length = match first {
        0..=0x7f => usize::from(first),
        // Windows writes lengths in four octets (0x84) whatever their size.
        0x81..=0x84 => {
            let mut length = 0usize;
            for &octet in r.take(usize::from(first & 0x7f), field)? {
                length = (length << 8) | usize::from(octet);
            }
            length
        }
        _ => return Err(r.malformed(field, "has a length form that is not allowed here")),
    };
    Ok(Header { tag, length })
}

/// The next value as a bounded reader, if its tag is `tag`.
pub fn value<'a>(r: &mut Reader<'a>, tag: Tag, field: &'static str) -> Result<Reader<'a>, Stop> {
    let header = header(r, field)?;
    if header.tag != tag {
        return Err(r.malformed(field, "has another tag"));
    }
    r.sub(header.length, field)
}

/// The next value as a reader that may be read before the value is whole, if its tag is `tag`.
pub fn front<'a>(r: &mut Reader<'a>, tag: Tag, field: &'static str) -> Result<Reader<'a>, Stop> {
    let header = header(r, field)?;
    if header.tag != tag {
        return Err(r.malformed(field, "has another tag"));
    }
    r.front(header.length, field)
}

/// An INTEGER or ENUMERATED of at most eight octets, as a signed number.
pub fn integer(r: &mut Reader<'_>, tag: Tag, field: &'static str) -> Result<i64, Stop> {
    let inner = value(r, tag, field)?;
    let octets = inner.rest();
    if octets.is_empty() || octets.len() > 8 {
        return Err(r.malformed(field, "is no integer of one to eight octets"));
    }
    let sign = if octets.first().is_some_and(|octet| octet & 0x80 != 0) { -1 } else { 0 };
    Ok(octets.iter().fold(sign, |sum, &octet| (sum << 8) | i64::from(octet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lengths_agree() {
        for octets in [&[0x30, 0x02, 5, 6][..], &[0x30, 0x81, 0x02, 5, 6], &[0x30, 0x84, 0, 0, 0, 2, 5, 6]] {
            let mut r = Reader::new(octets);
            assert_eq!(value(&mut r, Tag::SEQUENCE, "message").unwrap().rest(), [5, 6]);
        }
    }

    #[test]
    fn integers_keep_their_sign() {
        assert_eq!(integer(&mut Reader::new(&[2, 1, 0xff]), Tag::INTEGER, "n"), Ok(-1));
        assert_eq!(integer(&mut Reader::new(&[2, 2, 0x00, 0xff]), Tag::INTEGER, "n"), Ok(255));
    }

    #[test]
    fn the_indefinite_form_is_refused() {
        assert!(!header(&mut Reader::new(&[0x30, 0x80]), "message").unwrap_err().is_incomplete());
    }
}
