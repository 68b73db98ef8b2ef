//! Text: words of protocols stay, all others become others of the same length.

use std::sync::LazyLock;

use hashbrown::HashSet;

use crate::redact::Maps;
use crate::redact::name::is_of_label;
use crate::redact::octets::part;

/// Rewrites a value that may be text: what is none is blanked.
pub(super) fn text(octets: &mut [u8], maps: &mut Maps) {
    if is_text(octets) {
        if !is_identifier(octets) {
            prose(octets, maps);
        }
    } else if octets.len() > 3
        && octets.len().is_multiple_of(2)
        && octets.chunks(2).all(|pair| matches!(pair, [0x20..=0x7e | 0, 0]))
    {
        wide(octets, maps);
    } else {
        octets.fill(0);
    }
}

/// Whether octets are text, perhaps with zeros at the end.
pub(super) fn is_text(octets: &[u8]) -> bool {
    let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    let text = octets.get(..end).unwrap_or_default();
    text.iter().all(|octet| matches!(octet, 0x20..=0x7e | b'\t' | b'\r' | b'\n' | 0x80..))
        && std::str::from_utf8(text).is_ok()
}

/// Text of UTF-16: the same words as in ASCII.
pub(super) fn wide(octets: &mut [u8], maps: &mut Maps) {
    let mut narrow = Vec::with_capacity(octets.len() / 2);
    for pair in octets.chunks_mut(2) {
        match pair {
            [low, 0] if *low < 0x80 => narrow.push(*low),
            // Letters beyond ASCII become one of it.
            [_, _] => narrow.push(b'x'),
            _ => pair.fill(0),
        }
    }
    prose(&mut narrow, maps);
    for (pair, octet) in octets.chunks_exact_mut(2).zip(narrow) {
        pair.copy_from_slice(&[octet, 0]);
    }
}

/// Rewrites text word by word.
pub(super) fn prose(octets: &mut [u8], maps: &mut Maps) {
    rewrite(octets, true, maps);
}

/// Rewrites a name of Kerberos: a realm, a host, a user, or the class of a service.
pub(super) fn principal(octets: &mut [u8], maps: &mut Maps) {
    let class = |class: &&str| class.as_bytes().eq_ignore_ascii_case(octets);
    if !CLASSES.iter().any(class) {
        names(octets, maps);
    }
}

const CLASSES: &[&str] = &[
    "krbtgt",
    "host",
    "http",
    "ldap",
    "cifs",
    "gc",
    "rpc",
    "dns",
    "kadmin",
    "changepw",
    "exchangemdb",
    "exchangerfr",
    "exchangeab",
    "smtpsvc",
    "smtp",
    "wsman",
    "termsrv",
    "restrictedkrbhost",
];

/// Rewrites text in which every word may be a name.
pub(super) fn names(octets: &mut [u8], maps: &mut Maps) {
    rewrite(octets, false, maps);
}

fn rewrite(octets: &mut [u8], spoken: bool, maps: &mut Maps) {
    let mut at = 0;
    while at < octets.len() {
        let length = octets.get(at..).unwrap_or_default().iter().take_while(|octet| is_of_label(**octet)).count();
        if length == 0 {
            at += 1;
            continue;
        }
        if let Some(quad) = quad(octets, at) {
            address(octets, at, quad, maps);
            at += quad;
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| octets.get(before).copied());
        let behind = octets.get(at + length).copied();
        let dotted = matches!(before, Some(b'.' | b'@'))
            || behind == Some(b'@')
            || behind == Some(b'.') && octets.get(at + length + 1).copied().is_some_and(is_of_label);
        // A value of a distinguished name, an account of a machine, a server of a share.
        let called = before == Some(b'=') && !is_of_directory(octets.get(at..at + length).unwrap_or_default())
            || behind == Some(b'$')
            || octets.get(at.saturating_sub(2)..at) == Some(b"\\\\");
        let word = part(octets, at..at + length);
        if spoken && !dotted && !called {
            spoken_word(word, maps);
        } else {
            maps.names.label(word);
        }
        at += length;
    }
}

/// A word that stands alone: words of protocols stay, and so does what a mail firewall wrote over words.
fn spoken_word(word: &mut [u8], maps: &mut Maps) {
    let masked = word.len() > 3 && word.iter().rev().skip(1).all(|octet| *octet == b'X');
    if masked || is_known(word) {
        return;
    }
    let lower = word.to_ascii_lowercase();
    let stem = STEMS.iter().find_map(|stem| {
        let at = lower.windows(stem.len()).position(|window| window == stem.as_bytes())?;
        Some(at..at + stem.len())
    });
    match stem {
        Some(stem) => {
            let (front, rest) = word.split_at_mut(stem.start);
            maps.names.label(front);
            maps.names.label(part(rest, stem.len()..usize::MAX));
        }
        None => maps.names.label(word),
    }
}

/// Whether everybody says this word.
pub(super) fn is_known(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| KNOWN.contains(word.to_ascii_lowercase().as_str()))
}

/// An object identifier of a registry: control, extension, mechanism.
fn is_identifier(octets: &[u8]) -> bool {
    let known = [&b"1.2.840."[..], b"1.3.6.1.", b"2.16.840.", b"1.2.826."];
    known.iter().any(|front| octets.starts_with(front))
        && octets.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'.'))
}

/// The length of the IPv4 address that stands at `at` in dotted decimals.
pub(super) fn quad(octets: &[u8], at: usize) -> Option<usize> {
    let rest = octets.get(at..)?;
    let before = at.checked_sub(1).and_then(|before| octets.get(before));
    if before.is_some_and(|before| before.is_ascii_alphanumeric() || *before == b'.') {
        return None;
    }
    let length = rest.iter().take_while(|octet| octet.is_ascii_digit() || **octet == b'.').count();
    let text = rest.get(..length)?.strip_suffix(b".").unwrap_or(rest.get(..length)?);
    std::str::from_utf8(text).ok()?.parse::<std::net::Ipv4Addr>().ok()?;
    Some(text.len())
}

/// Maps an address where its text keeps its length, and else leaves no digit of it.
fn address(octets: &mut [u8], at: usize, length: usize, maps: &mut Maps) {
    let text = part(octets, at..at + length);
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let mapped = parsed.map(|address| maps.addresses.v4(address).to_string()).unwrap_or_default();
    if mapped.len() == text.len() {
        text.copy_from_slice(mapped.as_bytes());
    } else {
        text.iter_mut().filter(|octet| octet.is_ascii_digit()).for_each(|octet| *octet = b'0');
    }
}

/// What every directory holds, and what a field of a protocol may be set to.
fn is_of_directory(word: &[u8]) -> bool {
    let common = |common: &&str| common.as_bytes().eq_ignore_ascii_case(word);
    OF_DIRECTORY.iter().any(common)
}

const OF_DIRECTORY: &[&str] = &[
    "configuration",
    "schema",
    "services",
    "sites",
    "servers",
    "system",
    "users",
    "computers",
    "microsoft",
    "ntds",
    "tcp",
    "udp",
    "tls",
    "mixed",
    "user",
];

static KNOWN: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());

/// By which devices that open TLS name themselves, also within words.
const STEMS: &[&str] = &[
    "zscaler",
    "mitmproxy",
    "fortinet",
    "bluecoat",
    "proxysg",
    "websense",
    "forcepoint",
    "netskope",
    "goskope",
    "ironport",
    "untangle",
    "iboss",
    "smoothwall",
    "portswigger",
    "squid",
    "inspection",
    "intercept",
    "decrypt",
    "mitm",
];
