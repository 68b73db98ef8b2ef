//! Values of ASN.1 with their tags and lengths (X.690).

/// A value made of others.
pub fn ber(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inner = parts.concat();
    let mut octets = vec![tag];
    match inner.len() {
        short @ 0..0x80 => octets.push(short as u8),
        one @ 0x80..0x100 => octets.extend([0x81, one as u8]),
        more => octets.extend([0x82, (more >> 8) as u8, more as u8]),
    }
    octets.extend(inner);
    octets
}

/// INTEGER.
pub fn integer(number: u32) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let skipped = octets.iter().take(3).take_while(|octet| **octet == 0).count();
    let sign: &[u8] = if octets[skipped] >= 0x80 { &[0] } else { &[] };
    ber(0x02, &[sign, &octets[skipped..]])
}

/// OCTET STRING.
pub fn string(octets: impl AsRef<[u8]>) -> Vec<u8> {
    ber(0x04, &[octets.as_ref()])
}

/// SEQUENCE.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    ber(0x30, parts)
}

/// A value behind a tag of its context.
pub fn tagged(number: u8, value: &[u8]) -> Vec<u8> {
    ber(0xa0 | number, &[value])
}
