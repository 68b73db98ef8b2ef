//! Where in a table the flow of a five-tuple stands.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::flow::FlowKey;

/// Places by five-tuple. The tuple itself stands with the flow: an entry is eight octets, part of the hash and
/// the place.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: HashTable<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    at: u32,
}

impl Index {
    /// The place of the five-tuple with this hash; `same` says whether the flow at a place has it.
    #[inline]
    pub(super) fn find(&self, hash: u32, same: impl Fn(usize) -> bool) -> Option<usize> {
        let found = self.places.find(spread(hash), |entry| entry.hash == hash && same(place(*entry)));
        found.map(|entry| place(*entry))
    }

    /// The flow of the five-tuple with this hash now stands at `at`.
    pub(super) fn set(&mut self, hash: u32, at: usize, same: impl Fn(usize) -> bool) {
        // So many flows fit in no memory.
        let at = u32::try_from(at).unwrap_or(u32::MAX);
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
        let hash = hash(key);
        let is_it = |entry: &Entry| entry.hash == hash && place(*entry) == at;
        if let Ok(entry) = self.places.find_entry(spread(hash), is_it) {
            entry.remove();
        }
    }

    /// Forgets all places.
    pub(super) fn clear(&mut self) {
        self.places.clear();
    }
}

/// The hash of a five-tuple, another one in every run: who writes a capture cannot know which tuples meet.
#[inline]
#[allow(clippy::cast_possible_truncation)] // half of the hash is enough
pub(super) fn hash(key: &FlowKey) -> u32 {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    HASHER.hash_one(key) as u32
}

fn place(entry: Entry) -> usize {
    usize::try_from(entry.at).unwrap_or(usize::MAX)
}

/// All bits of a hash again, from half of them: the table looks at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
