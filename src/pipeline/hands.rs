//! Work that needs no order, done by several threads at once.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

/// Threads that share work behind the reading.
#[derive(Debug, Clone, Copy)]
pub struct Hands(usize);

impl Hands {
    /// So many threads, the caller's among them.
    pub fn new(threads: usize) -> Self {
        Self(threads.max(1))
    }

    /// Does the work on a range in pieces, one for each thread; what was made of them, in their order.
    pub fn share<T: Send>(self, range: Range<usize>, work: &(dyn Fn(Range<usize>) -> T + Sync)) -> Vec<T> {
        let Self(threads) = self;
        let each = range.len().div_ceil(threads).max(FEWEST);
        let pieces = range.clone().step_by(each).map(|from| from..range.end.min(from + each));
        let mut pieces: Vec<_> = pieces.collect();
        let Some(own) = pieces.pop() else { return Vec::new() };
        thread::scope(|scope| {
            let others: Vec<_> = pieces.into_iter().map(|piece| scope.spawn(move || work(piece))).collect();
            let own = work(own);
            let done = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            done.chain([own]).collect()
        })
    }

    /// Does two things, at once where there are two threads.
    pub fn both<A, B: Send>(self, one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
        let Self(threads) = self;
        if threads == 1 {
            return (one(), other());
        }
        thread::scope(|scope| {
            let other = scope.spawn(other);
            let one = one();
            (one, other.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }
}

/// Fewer are not worth a thread.
const FEWEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_whole_and_in_order_whoever_did_them() {
        for threads in [1, 2, 3, 8] {
            for count in [0, 1, 63, 64, 65, 1_000, 1_001] {
                let done = Hands::new(threads).share(5..5 + count, &|piece| piece.collect::<Vec<_>>());
                assert!(done.len() <= threads);
                assert_eq!(done.concat(), (5..5 + count).collect::<Vec<_>>(), "{count} by {threads}");
            }
            assert_eq!(Hands::new(threads).both(|| 1, || "two"), (1, "two"));
        }
    }
}
