//! The secret of one run: what a replacement is, and that it tells nothing of the original, hangs on it.

use sha2::{Digest as _, Sha256};

/// A key. Outputs that were made with one key agree with each other; who has it can try every address.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// These octets, which should come from the operating system's random numbers.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// A number that nobody foresees who has not the key: a keyed hash (SHA-256) of `parts`, for one purpose.
    /// The lengths are hashed along, so that no two lists of parts are the same octets.
    pub(super) fn number(&self, purpose: u8, parts: &[&[u8]]) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update([purpose]);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        digest.iter().take(8).fold(0, |number, octet| number << 8 | u64::from(*octet))
    }
}

/// A key is never printed.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
