//! Where in a table the flow of a five-tuple stands.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::flow::FlowKey;

/// Places by five-tuple. The tuple itself stands with the flow: an entry is eight octets, part of the hash and
/// the place.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: HashTable<Entry>,
    hasher: foldhash::fast::RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    at: u32,
}

impl Index {
    /// The place of a five-tuple; `same` says whether the flow at a place has it.
    pub(super) fn find(&self, key: &FlowKey, same: impl Fn(usize) -> bool) -> Option<usize> {
        let hash = self.hash(key);
        let found = self.places.find(spread(hash), |entry| entry.hash == hash && same(place(*entry)));
        found.map(|entry| place(*entry))
    }

    /// The flow of the five-tuple now stands at `at`.
    pub(super) fn set(&mut self, key: &FlowKey, at: usize, same: impl Fn(usize) -> bool) {
        // So many flows fit in no memory.
        let (hash, at) = (self.hash(key), u32::try_from(at).unwrap_or(u32::MAX));
        let is_it = |entry: &Entry| entry.hash == hash && same(place(*entry));
        match self.places.find_mut(spread(hash), is_it) {
            Some(entry) => entry.at = at,
            None => {
                self.places.insert_unique(spread(hash), Entry { hash, at }, |entry| spread(entry.hash));
            }
        }
    }

    /// Forgets that a flow of the five-tuple stands at `at`.
    pub(super) fn forget(&mut self, key: &FlowKey, at: usize) {
        let hash = self.hash(key);
        let is_it = |entry: &Entry| entry.hash == hash && place(*entry) == at;
        if let Ok(entry) = self.places.find_entry(spread(hash), is_it) {
            entry.remove();
        }
    }

    /// Forgets all places.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }

    #[allow(clippy::cast_possible_truncation)] // half of the hash is enough
    fn hash(&self, key: &FlowKey) -> u32 {
        self.hasher.hash_one(key) as u32
    }
}

fn place(entry: Entry) -> usize {
    usize::try_from(entry.at).unwrap_or(usize::MAX)
}

/// All bits of a hash again, from half of them: the table looks at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
