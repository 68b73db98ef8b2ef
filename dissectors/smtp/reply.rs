//! What a server says (RFC 5321 §4.2, enhanced codes RFC 3463).

use crate::{ReplyClass, Text};

/// One line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLine<'a> {
    /// Three digits.
    pub code: u16,
    /// Whether no further line of this reply follows.
    pub last: bool,
    /// What follows the code. It may name people: only banners and EHLO keywords are kept of it.
    pub said: &'a [u8],
}

impl<'a> ReplyLine<'a> {
    /// `None` when the line does not begin as a reply does.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (&[first @ b'1'..=b'5', second, third], rest) = line.split_first_chunk::<3>()? else { return None };
        if !second.is_ascii_digit() || !third.is_ascii_digit() {
            return None;
        }
        let digit = |octet: u8| u16::from(octet - b'0');
        let code = digit(first) * 100 + digit(second) * 10 + digit(third);
        let (last, said) = match rest {
            [b'-', said @ ..] => (false, said),
            [b' ', said @ ..] => (true, said),
            [] => (true, rest),
            _ => return None,
        };
        Some(Self { code, last, said })
    }

    /// The code and the enhanced code, without the words behind them: those name people.
    pub fn status(&self) -> Text {
        match self.enhanced() {
            Some(enhanced) => Text::joined(&[&Text::numbered("", self.code.into()), " ", enhanced]),
            None => Text::numbered("", self.code.into()),
        }
    }

    /// The enhanced code (`2.1.0`), also with the `#` of some devices.
    pub fn enhanced(&self) -> Option<&'a str> {
        let first = self.said.split(|&octet| octet == b' ').next()?;
        let code = std::str::from_utf8(first.strip_prefix(b"#").unwrap_or(first)).ok()?;
        let mut parts = code.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit());
        (matches!(class, "2" | "4" | "5") && number(subject) && number(detail) && parts.next().is_none())
            .then_some(code)
    }

    /// How the code answers its command.
    pub fn class(&self) -> ReplyClass {
        match self.code {
            // Not now, but with credentials or over TLS (RFC 4954 §6, RFC 3207 §4).
            334 | 530 => ReplyClass::Challenge,
            200..=299 => ReplyClass::Success,
            400..=499 => ReplyClass::Failed,
            500..=599 => ReplyClass::Refused,
            _ => ReplyClass::Interim,
        }
    }
}

/// Whether a device wrote over a banner: `*` that spares `2`, `0` and blanks (Cisco `inspect esmtp`, PIX
/// Mailguard), or the older PIX's own words.
pub fn is_masked_banner(said: &[u8]) -> bool {
    if said.starts_with(b"SMTP/cmap") && said.trim_ascii_end().ends_with(b"read") {
        return true;
    }
    let spared = said.iter().filter(|octet| matches!(octet, b'2' | b'0' | b' ')).count();
    said.contains(&b'*') && spared * 2 < said.len() && said.iter().all(|octet| matches!(octet, b'*' | b'2' | b'0' | b' '))
}
