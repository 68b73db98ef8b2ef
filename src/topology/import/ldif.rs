//! LDIF (RFC 2849): what `ldifde -f out.ldf -d "CN=Configuration,DC=contoso,DC=com"` and `ldapsearch` write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::record::Record;

/// Whether a line begins an entry.
pub(super) fn is_dn(line: &str) -> bool {
    line.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("dn:"))
}

/// Its entries; the distinguished name is the attribute `dn`.
pub(super) fn entries(text: &str) -> Vec<Record> {
    let mut entries: Vec<Record> = Vec::new();
    for (number, line) in unfolded(text) {
        if line.starts_with('#') {
            continue;
        }
        let Some((attribute, value)) = attribute(&line) else { continue };
        if attribute.eq_ignore_ascii_case("dn") {
            entries.push(Record::new(format!("line {number}")));
        }
        if let Some(entry) = entries.last_mut() {
            entry.set(attribute, vec![value]);
        }
    }
    entries
}

/// Lines with those that go on behind a space joined to the one before, and their numbers.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

/// `name: text` or `name:: base64`; options behind a semicolon do not matter. A value that is no text is empty.
fn attribute(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.split_once(':')?;
    let name = name.split(';').next().unwrap_or_default().trim();
    let value = match value.strip_prefix(':') {
        Some(coded) => {
            STANDARD.decode(coded.trim()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default()
        }
        None => value.trim().to_owned(),
    };
    Some((name, value))
}

/// The parts of a distinguished name (RFC 4514): the values of `CN=MBX1,CN=Servers,...`, in order.
pub(super) fn parts(dn: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut letters = dn.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => part.extend(letters.next()),
            ',' => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.split_once('=').map_or(part.as_str(), |(_, value)| value).trim().to_owned()).collect()
}
