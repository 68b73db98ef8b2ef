//! A capture file as memory.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};

use memmap2::Mmap;

/// A whole file, mapped for reading. Frames of a mapped capture borrow from it, so they can be
/// handed to other threads as the map and a range.
#[derive(Debug)]
pub struct Map(Mmap);

impl Map {
    /// Maps `file` as long as it is now; what is appended later is not seen.
    #[allow(unsafe_code)] // there is no safe way to map a file
    pub(super) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the map is private to this process's reading, never written through, and outlives
        // every slice of it (they borrow from `self`). What remains is another process changing the
        // file meanwhile: capture tools only append, and the map ends where the file ended; changed
        // octets would be read as other octets and every reader here takes any octets. A file cut
        // short under us ends the process with SIGBUS, as it does with every tool that maps files.
        let map = unsafe { Mmap::map(file)? };
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Sequential); // read-ahead only: without it we are slower
        Ok(Self(map))
    }

    /// Asks the processor to fetch the octets around `at`, which will be read soon: the way from one record to
    /// the next is a chain of loads, each of which would wait for memory.
    #[inline]
    pub(super) fn fetch(&self, at: usize) {
        fetch(self.0.get(at..).unwrap_or_default());
    }

    /// Where `part`, a slice of this map, lies in it. `None` when it is not a slice of this map.
    pub fn range_of(&self, part: &[u8]) -> Option<Range<usize>> {
        let start = part.as_ptr().addr().checked_sub(self.0.as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.0.len()).then_some(start..end)
    }
}

/// Asks the processor to fetch the first of these octets, which will be read soon.
#[inline]
#[allow(unsafe_code)] // there is no safe way to prefetch
pub fn fetch(octets: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch neither reads nor writes as far as the program can tell, and never faults; every
        // x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(octets.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = octets;
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
