//! UUIDs as DCE/RPC uses them (C706 Appendix A).

use std::fmt;
use std::str::FromStr;

use crate::Text;

/// A universally unique identifier, kept in network order: the order in which it is printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// The nil UUID, "no object" in a request to the endpoint mapper.
    pub const NIL: Self = Self([0; 16]);

    /// From sixteen octets whose first three fields are little-endian.
    pub const fn from_le(octets: [u8; 16]) -> Self {
        let mut octets = octets;
        octets.split_at_mut(4).0.reverse();
        let (fields, _) = octets.split_at_mut(8);
        let (_, words) = fields.split_at_mut(4);
        let (second, third) = words.split_at_mut(2);
        second.reverse();
        third.reverse();
        Self(octets)
    }

    /// As it is printed: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    pub fn text(self) -> Text {
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
        let mut text = String::with_capacity(TEXT);
        for (index, octet) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.extend([digit(octet >> 4), digit(octet & 0xf)]);
        }
        text.into()
    }

    /// From the number that its text form spells, for constants: `0xe1af8308_5d1f_11c9_91a4_08002b14a0fa`.
    pub const fn from_u128(value: u128) -> Self {
        Self(value.to_be_bytes())
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are wanted")]
pub struct NotAUuid;

impl FromStr for Uuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let groups: Vec<&str> = text.split('-').collect();
        let shape = groups.iter().map(|group| group.len());
        let hexadecimal = text.bytes().all(|octet| octet == b'-' || octet.is_ascii_hexdigit());
        if !hexadecimal || !shape.eq([8, 4, 4, 4, 12]) {
            return Err(NotAUuid);
        }
        u128::from_str_radix(&groups.concat(), 16).map(Self::from_u128).map_err(|_| NotAUuid)
    }
}

/// Octets of the text form.
const TEXT: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    const EPM: &str = "e1af8308-5d1f-11c9-91a4-08002b14a0fa";

    #[test]
    fn text_number_and_wire_order_name_the_same_uuid() {
        let wire = [0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa];
        assert_eq!(Uuid::from_le(wire).to_string(), EPM);
        assert_eq!(EPM.parse(), Ok(Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa)));
    }

    #[test]
    fn text_of_another_shape_is_refused() {
        for text in [
            "",
            "e1af8308",
            "e1af83085d1f11c991a408002b14a0fa",
            "g1af8308-5d1f-11c9-91a4-08002b14a0fa",
            "+1af8308-5d1f-11c9-91a4-08002b14a0fa",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(NotAUuid), "{text}");
        }
    }
}
