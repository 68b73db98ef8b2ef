//! Domain names and their compression (RFC 1035 §3.1, §4.1.4).

use crate::{MAX_TEXT, Reader, Stop, Text, text};

/// Reads the name at `r`, whose pointers count from the front of `whole`.
///
/// Labels are joined by dots and the root is `.`; a dot or backslash inside a label is escaped
/// (RFC 1035 §5.1). Names that run past their pointers' target or through too many of them are malformed.
pub fn read(r: &mut Reader<'_>, whole: &[u8]) -> Result<Text, Stop> {
    let mut name = Vec::new();
    let Some(mut target) = labels(r, &mut name)? else { return Ok(finish(&name)) };
    for _ in 0..MAX_JUMPS {
        let Some(there) = whole.get(target..) else {
            return Err(r.malformed("name", "points behind the message"));
        };
        match labels(&mut Reader::new(there), &mut name)? {
            Some(next) => target = next,
            None => return Ok(finish(&name)),
        }
    }
    Err(r.malformed("name", "points in a circle"))
}

/// Appends labels up to the root (`None`) or a pointer (its target).
fn labels(r: &mut Reader<'_>, name: &mut Vec<u8>) -> Result<Option<usize>, Stop> {
    loop {
        let length = r.u8("label length")?;
        match length & KIND {
            0 if length == 0 => return Ok(None),
            0 => {
                let label = r.take(length.into(), "label")?;
                if name.len() + label.len() > MAX_NAME {
                    return Err(r.malformed("name", "is longer than 255 octets"));
                }
                for &octet in label {
                    if matches!(octet, b'.' | b'\\') {
                        name.push(b'\\');
                    }
                    name.push(octet);
                }
                name.push(b'.');
            }
            KIND => {
                let low = r.u8("name pointer")?;
                return Ok(Some(usize::from(u16::from_be_bytes([length & !KIND, low]))));
            }
            _ => return Err(r.malformed("label length", "is of a kind nobody uses")),
        }
    }
}

fn finish(name: &[u8]) -> Text {
    match name.strip_suffix(b".") {
        Some(name) => text(name),
        None => ".".into(),
    }
}

/// The two bits that tell a label (00) from a pointer (11).
const KIND: u8 = 0xc0;
/// Pointers followed for one name; real servers need two or three.
const MAX_JUMPS: usize = 16;
/// Octets of a name with its dots (RFC 1035 §2.3.4) and escapes.
const MAX_NAME: usize = MAX_TEXT;
