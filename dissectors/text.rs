//! Text that rarely takes memory of its own: of what messages say, nearly all are fixed words and short names.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Text taken from the wire, at most [`MAX_TEXT`] octets, or a fixed word. It may hold anything, control
/// characters included: who prints it makes it harmless.
#[derive(Clone)]
pub struct Text(Kept);

/// The longest text that is kept of any one field, in octets.
pub const MAX_TEXT: usize = 255;

#[derive(Clone)]
enum Kept {
    Fixed(&'static str),
    /// The octets behind `len` are 0.
    Short {
        len: u8,
        octets: [u8; SHORT],
    },
    Long(Box<str>),
}

impl Text {
    /// A copy of `text`, all of it.
    pub fn copied(text: &str) -> Self {
        let mut short = Short::default();
        if short.push(text.as_bytes()) { short.finish() } else { Self(Kept::Long(text.into())) }
    }

    /// The parts one behind the other, cut at [`MAX_TEXT`].
    pub fn joined(parts: &[&str]) -> Self {
        let mut short = Short::default();
        if parts.iter().all(|part| short.push(part.as_bytes())) {
            short.finish()
        } else {
            text(parts.concat().as_bytes())
        }
    }

    /// The word for something that prints itself, where it is known; else what it prints.
    pub fn known(word: Option<&'static str>, thing: impl fmt::Display) -> Self {
        word.map_or_else(|| thing.to_string().into(), Self::from)
    }

    /// `prefix`, and `number` in decimal behind it.
    pub fn numbered(prefix: &str, number: u64) -> Self {
        let mut digits = [0; MOST_DIGITS];
        let mut begin = digits.len();
        let mut left = number;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789".get(usize::try_from(left % 10).unwrap_or(0)).copied().unwrap_or(b'0');
            begin -= 1;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let mut short = Short::default();
        if short.push(prefix.as_bytes()) && short.push(digits.get(begin..).unwrap_or_default()) {
            short.finish()
        } else {
            format!("{prefix}{number}").into()
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kept::Fixed(text) => text,
            Kept::Short { len, octets } => {
                let octets = octets.get(..usize::from(*len)).unwrap_or_default();
                std::str::from_utf8(octets).unwrap_or_default()
            }
            Kept::Long(text) => text,
        }
    }
}

/// Octets as text: invalid UTF-8 replaced, cut at [`MAX_TEXT`].
pub fn text(octets: &[u8]) -> Text {
    let kept = octets.get(..MAX_TEXT).unwrap_or(octets);
    if let Ok(kept) = std::str::from_utf8(kept) {
        return Text::copied(kept);
    }
    let mut text = String::from_utf8_lossy(kept).into_owned();
    while text.len() > MAX_TEXT {
        text.pop();
    }
    text.into()
}

/// A short text on its way.
#[derive(Default)]
struct Short {
    len: u8,
    octets: [u8; SHORT],
}

impl Short {
    /// Appends whole pieces of UTF-8; `false` when there is no room.
    fn push(&mut self, piece: &[u8]) -> bool {
        let from = usize::from(self.len);
        let end = from + piece.len();
        let (Some(room), Ok(len)) = (self.octets.get_mut(from..end), u8::try_from(end)) else { return false };
        room.copy_from_slice(piece);
        self.len = len;
        true
    }

    fn finish(self) -> Text {
        Text(Kept::Short { len: self.len, octets: self.octets })
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kept::Fixed(one), Kept::Fixed(other)) => std::ptr::eq(*one, *other) || one == other,
            (Kept::Short { len, octets }, Kept::Short { len: other_len, octets: other }) => {
                len == other_len && octets == other
            }
            _ => self.as_str() == other.as_str(),
        }
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Kept::Fixed(""))
    }
}

/// A fixed word takes no memory; anything else is [`Text::copied`], or [`text`] for octets.
impl From<&'static str> for Text {
    fn from(word: &'static str) -> Self {
        Self(Kept::Fixed(word))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.len() <= SHORT { Self::copied(&text) } else { Self(Kept::Long(text.into())) }
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// What fits beside the length and the kind into three words.
const SHORT: usize = 22;
/// Of the largest number.
const MOST_DIGITS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_bounded_even_when_every_octet_is_replaced() {
        assert!(text(&[0xff; 4000]).len() <= MAX_TEXT);
        assert_eq!(&*text(b"mbx1"), "mbx1");
    }

    #[test]
    fn how_a_text_is_kept_makes_no_difference() {
        for word in ["", "a", "exactly 22 octets long", "just 23 octets, too long", "Grüße", "twenty-one octets, ü"]
        {
            let kept = [Text::from(word), Text::copied(word), word.to_owned().into(), text(word.as_bytes())];
            for (one, other) in kept.iter().flat_map(|one| kept.iter().map(move |other| (one, other))) {
                assert_eq!((one, one.as_str(), one.cmp(other)), (other, word, std::cmp::Ordering::Equal));
            }
        }
        assert_eq!(size_of::<Text>(), 3 * size_of::<usize>());
    }

    #[test]
    fn parts_and_numbers_read_as_if_written_out() {
        assert_eq!(&*Text::joined(&["250", " ", "2.1.0"]), "250 2.1.0");
        assert_eq!(&*Text::joined(&["a word longer than ", "22 octets"]), "a word longer than 22 octets");
        for number in [0, 7, 10, 65_535, u64::MAX] {
            assert_eq!(&*Text::numbered("opnum ", number), format!("opnum {number}"));
        }
    }
}
