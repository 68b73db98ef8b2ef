//! Octets of a file of text, in any of the encodings that PowerShell writes.

/// UTF-8, or UTF-16 with its mark: what Windows PowerShell makes of `> hosts.toml`. `None` for anything else.
pub fn unicode(octets: &[u8]) -> Option<String> {
    match octets {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(octets.to_vec()).ok(),
    }
}

/// The same, and UTF-16 without a mark; else the first 256 letters of Unicode, octet by octet, as the "ANSI" of Western
/// Windows nearly is. `None` for what is no text.
pub(super) fn decode(octets: &[u8]) -> Option<String> {
    let text = match octets {
        // Text in these lists is mostly ASCII: every other octet is nil in UTF-16, and none elsewhere.
        [_, 0, _, 0, ..] => wide(octets, u16::from_le_bytes),
        [0, _, 0, _, ..] => wide(octets, u16::from_be_bytes),
        _ => unicode(octets).or_else(|| Some(octets.iter().copied().map(char::from).collect())),
    }?;
    (!text.contains('\0')).then_some(text)
}

fn wide(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = octets.chunks(2).map(|pair| Some(unit(pair.try_into().ok()?)));
    String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()
}
