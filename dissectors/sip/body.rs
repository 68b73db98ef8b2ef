//! Finding the session description in a body, alone or as a part of it (RFC 2046 §5.1).

use super::head::Head;

/// A description, as much as was captured of it.
pub struct Description<'a> {
    pub octets: &'a [u8],
    /// Whether its end is missing.
    pub cut: bool,
}

/// Whether it is worth waiting for the body.
pub fn may_describe(head: &Head<'_>) -> bool {
    head.content_type.is_empty() || is_description(head.content_type) || starts(head.content_type, b"multipart/")
}

/// The session description in `body`; of several the last, which senders prefer (RFC 2046 §5.1.4).
pub fn description<'a>(head: &Head<'_>, body: &'a [u8], cut: bool) -> Option<Description<'a>> {
    if !starts(head.content_type, b"multipart/") {
        // Some gateways leave the type out.
        let fits = body.starts_with(b"v=0") && may_describe(head);
        return fits.then_some(Description { octets: body, cut });
    }
    let boundary = boundary(head.content_type)?;
    let mut found = None;
    let mut rest = body;
    while let Some(at) = find(rest, boundary) {
        let part = rest.get(at + boundary.len()..).unwrap_or_default();
        let end = find(part, boundary);
        // The last two octets before a boundary line are the dashes of its own.
        let octets = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
        if let Some(octets) = part_description(octets.strip_suffix(b"--").unwrap_or(octets)) {
            found = Some(Description { octets, cut: end.is_none() });
        }
        rest = part;
    }
    found
}

/// The content of a part whose own fields call it a session description.
fn part_description(part: &[u8]) -> Option<&[u8]> {
    let fields_end = [&b"\r\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| Some(find(part, end)? + end.len())).min()?;
    let (fields, content) = part.split_at_checked(fields_end)?;
    let described = fields.split(|&octet| octet == b'\n').any(|line| {
        let value = line.split(|&octet| octet == b':').nth(1).unwrap_or_default();
        starts(line, b"content-type") && is_description(value.trim_ascii())
    });
    described.then_some(content)
}

fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let parameter = content_type.split(|&octet| octet == b';').map(<[u8]>::trim_ascii);
    let value = parameter.filter(|parameter| starts(parameter, b"boundary=")).find_map(|found| found.get(9..))?;
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value.strip_suffix(b"\"").unwrap_or(value);
    (!value.is_empty()).then_some(value)
}

fn is_description(content_type: &[u8]) -> bool {
    starts(content_type, b"application/sdp")
}

fn starts(octets: &[u8], lower: &[u8]) -> bool {
    octets.get(..lower.len()).is_some_and(|front| front.eq_ignore_ascii_case(lower))
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}
