//! Names for names: of the same length, the same for the same, whatever the case, and never two for one.
//!
//! A label is what stands between the dots of a name. Labels are replaced one by one, so a host stays in its
//! domain, and a NetBIOS name stays the first label of the DNS name. Letters become letters, digits digits.

use hashbrown::HashMap;

use super::key::Key;

/// Maps labels, and remembers what it mapped.
#[derive(Debug)]
pub struct NameMap {
    key: Key,
    known: HashMap<Vec<u8>, Vec<u8>>,
}

impl NameMap {
    /// A map under a key.
    pub fn new(key: Key) -> Self {
        Self { key, known: HashMap::new() }
    }

    /// Replaces a label in place, unless it is one that everybody uses.
    pub fn label(&mut self, label: &mut [u8]) {
        if !is_common(label) {
            self.word(label);
        }
    }

    /// Replaces every label of a name with dots in it, in place.
    pub fn name(&mut self, name: &mut [u8]) {
        for label in name.split_mut(|octet| *octet == b'.') {
            self.label(label);
        }
    }

    /// A copy of `name` with every label replaced.
    pub fn named(&mut self, name: &str) -> String {
        // Letters beyond ASCII become one of ASCII for each octet.
        let mut octets = name.as_bytes().to_vec();
        for part in octets.split_mut(|octet| !is_of_label(*octet) && *octet < 0x80) {
            self.label(part);
        }
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// Replaces a word in place, whatever it is.
    pub fn word(&mut self, word: &mut [u8]) {
        let folded = word.to_ascii_lowercase();
        if !self.known.contains_key(&folded) {
            let mapped = self.replacement(&folded);
            if self.known.len() >= MOST_KNOWN {
                self.known.clear(); // they come out the same
            }
            self.known.insert(folded.clone(), mapped);
        }
        let Some(mapped) = self.known.get(&folded) else { return };
        for (octet, new) in word.iter_mut().zip(mapped) {
            *octet = if octet.is_ascii_uppercase() { new.to_ascii_uppercase() } else { *new };
        }
    }

    /// Each octet moves within its class by a number that hangs on all others, several times over: a
    /// permutation of the words of one pattern, like a Feistel network of one octet to a round.
    fn replacement(&self, folded: &[u8]) -> Vec<u8> {
        let mut word = folded.to_vec();
        for long in word.chunks_mut(LONGEST) {
            for octet in long.iter_mut().filter(|octet| **octet >= 0x80) {
                *octet = b'a' + *octet % 26; // no longer one to one: such a name is no host's
            }
            for round in 0..ROUNDS {
                for at in 0..long.len() {
                    let (Some((front, rest)), place) = (long.split_at_mut_checked(at), at.to_be_bytes()) else { break };
                    let Some((octet, rest)) = rest.split_first_mut() else { break };
                    let Some((first, size)) = class(*octet) else { continue };
                    let by = self.key.number(NAME, &[&[round], &place, front, rest, &[first]]) % u64::from(size);
                    let by = u8::try_from(by).unwrap_or_default();
                    *octet = first + (*octet - first + by) % size;
                }
            }
        }
        word
    }
}

/// What an octet may become: the first of its class, and how many there are.
fn class(octet: u8) -> Option<(u8, u8)> {
    match octet {
        b'a'..=b'z' => Some((b'a', 26)),
        b'0'..=b'9' => Some((b'0', 10)),
        _ => None,
    }
}

/// Whether an octet may stand in a label.
pub(super) fn is_of_label(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_') || octet >= 0x80
}

/// Whether a label says nothing of whose name it is in.
pub(super) fn is_common(label: &[u8]) -> bool {
    COMMON.iter().any(|common| common.as_bytes().eq_ignore_ascii_case(label))
}

/// Purpose of the key.
const NAME: u8 = 4;
const ROUNDS: u8 = 3;
/// Octets that are mixed together.
const LONGEST: usize = 64;
const MOST_KNOWN: usize = 1 << 16;
/// Labels of services and top-level domains; the names by which clients find Exchange.
const COMMON: &[&str] = &[
    "_ldap",
    "_kerberos",
    "_kpasswd",
    "_gc",
    "_tcp",
    "_udp",
    "_msdcs",
    "_sites",
    "_sip",
    "_sips",
    "_sipinternaltls",
    "_sipinternal",
    "_sipfederationtls",
    "_autodiscover",
    "dc",
    "gc",
    "pdc",
    "domains",
    "default-first-site-name",
    "_vlmcs",
    "_kerberos-master",
    "_smtp",
    "_http",
    "_https",
    "domaindnszones",
    "forestdnszones",
    "com",
    "net",
    "org",
    "local",
    "localhost",
    "localdomain",
    "lan",
    "internal",
    "corp",
    "arpa",
    "in-addr",
    "ip6",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "biz",
    "example",
    "test",
    "invalid",
    "autodiscover",
    "owa",
    "webmail",
    "outlook",
    "exchange",
    "activesync",
    "wpad",
    "isatap",
    "workgroup",
    "__msbrowse__",
];
