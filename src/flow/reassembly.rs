//! One direction of a TCP stream put back in order, within bounds.

use std::collections::VecDeque;

/// What a segment did to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It went on where the stream stood.
    Next,
    /// It lies ahead: something before it is missing yet.
    Ahead,
    /// Nothing in it was new.
    Old,
    /// Part of it was new.
    Overlap,
    /// It filled a hole.
    Filled,
}

/// Reorders segments and hands contiguous octets on. Holds at most [`MOST_UNREAD`] octets that the
/// reader has not finished with and [`MOST_AHEAD`] octets that arrived early; beyond that the
/// missing stretch is given up as a gap.
#[derive(Debug, Default)]
pub struct Reassembly {
    /// Sequence number of the next octet to hand on; `None` until the first segment.
    next: Option<u32>,
    /// Contiguous octets handed out and not yet finished with.
    unread: Vec<u8>,
    /// Octets to step over before the next one is of interest.
    skip: u64,
    /// Early segments, by sequence number.
    ahead: VecDeque<Early>,
    ahead_octets: usize,
}

#[derive(Debug)]
struct Early {
    sequence: u32,
    octets: Vec<u8>,
    /// Length on the wire; more than `octets` when the snap length cut it.
    wire: u32,
}

/// Who reads the stream.
pub trait Reader {
    /// Contiguous octets from the front of what was not read yet; returns how many to step over,
    /// which may be more than there are. 0 asks for more first.
    fn read(&mut self, octets: &[u8]) -> usize;
    /// Octets are missing before the next ones.
    fn gap(&mut self);
    /// Whether anything that is still to come is of interest.
    fn wants_more(&self) -> bool;
}

impl Reassembly {
    /// The stream begins at `sequence` (after a SYN).
    pub fn begin(&mut self, sequence: u32) {
        self.next.get_or_insert(sequence);
    }

    /// Whether everything below `number` was handed on.
    pub fn has(&self, number: u32) -> bool {
        self.next.is_none_or(|next| distance(next, number) <= 0)
    }

    /// Whether a hole is open.
    pub fn has_hole(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// A segment arrived: `octets` were captured of the `wire` octets at `sequence`.
    pub fn segment(&mut self, sequence: u32, octets: &[u8], wire: u32, reader: &mut impl Reader) -> Placed {
        let next = *self.next.get_or_insert(sequence);
        let offset = distance(next, sequence);
        if offset > 0 {
            self.keep_early(sequence, octets, wire, reader);
            return Placed::Ahead;
        }
        let old = offset.unsigned_abs();
        if old >= wire {
            return Placed::Old;
        }
        let filled = self.has_hole();
        let fresh = usize::try_from(old).ok().and_then(|old| octets.get(old..)).unwrap_or_default();
        self.take(fresh, wire - old, reader);
        self.drain(reader);
        match (old > 0, filled) {
            (true, _) => Placed::Overlap,
            (false, true) => Placed::Filled,
            (false, false) => Placed::Next,
        }
    }

    /// The other side acknowledged everything below `acknowledged`: a hole below it will not be
    /// filled, because the receiver has it and only the capture does not. Returns whether octets
    /// were lost to the capture.
    pub fn acknowledged(&mut self, acknowledged: u32, reader: &mut impl Reader) -> bool {
        let mut lost = false;
        while let Some(next) = self.next
            && distance(next, acknowledged) > 0
        {
            let to = match self.ahead.front() {
                Some(early) if distance(early.sequence, acknowledged) > 0 => early.sequence,
                _ => acknowledged,
            };
            self.give_up(to, reader);
            self.drain(reader);
            lost = true;
        }
        lost
    }

    /// Nothing more will come: what lies behind holes is handed on as it is.
    pub fn end(&mut self, reader: &mut impl Reader) {
        while let Some(early) = self.ahead.front() {
            let to = early.sequence;
            self.give_up(to, reader);
            self.drain(reader);
        }
    }

    /// There is no room to wait, neither for what is missing nor for the rest of a message: all of it is a gap.
    pub fn give_up_all(&mut self, reader: &mut impl Reader) {
        self.end(reader);
        if !self.unread.is_empty() {
            self.unread = Vec::new();
            reader.gap();
        }
        self.ahead = VecDeque::new();
    }

    /// Octets that wait here.
    pub fn waiting(&self) -> usize {
        self.unread.capacity() + self.ahead_octets + self.ahead.capacity() * size_of::<Early>()
    }

    /// Frees the buffers; later segments still move the stream on.
    pub fn forget(&mut self) {
        self.unread = Vec::new();
        self.ahead = VecDeque::new();
        self.ahead_octets = 0;
    }

    fn keep_early(&mut self, sequence: u32, octets: &[u8], wire: u32, reader: &mut impl Reader) {
        if !reader.wants_more() {
            // No one reads the stream any more: only its position matters.
            self.next = Some(sequence.wrapping_add(wire));
            return;
        }
        let at = self.ahead.partition_point(|early| distance(sequence, early.sequence) < 0);
        if self.ahead.get(at).is_some_and(|early| early.sequence == sequence && early.wire >= wire) {
            return;
        }
        self.ahead_octets += octets.len();
        self.ahead.insert(at, Early { sequence, octets: octets.to_vec(), wire });
        while self.ahead_octets > MOST_AHEAD || self.ahead.len() > MOST_EARLY {
            let Some(early) = self.ahead.front() else { break };
            let to = early.sequence;
            self.give_up(to, reader);
            self.drain(reader);
        }
    }

    fn give_up(&mut self, to: u32, reader: &mut impl Reader) {
        let lost = self.next.map_or(0, |next| u64::from(to.wrapping_sub(next)));
        self.next = Some(to);
        if self.skip >= lost {
            // Only octets that were to be stepped over anyway are missing.
            self.skip -= lost;
            return;
        }
        self.skip = 0;
        self.unread.clear();
        reader.gap();
    }

    fn drain(&mut self, reader: &mut impl Reader) {
        while let Some(early) = self.ahead.front()
            && let Some(next) = self.next
            && distance(next, early.sequence) <= 0
        {
            let Some(early) = self.ahead.pop_front() else { break };
            self.ahead_octets -= early.octets.len();
            let old = distance(next, early.sequence).unsigned_abs();
            if old >= early.wire {
                continue;
            }
            let fresh = usize::try_from(old).ok().and_then(|old| early.octets.get(old..)).unwrap_or_default();
            self.take(fresh, early.wire - old, reader);
        }
    }

    /// The next `wire` octets of the stream, of which `octets` were captured.
    fn take(&mut self, octets: &[u8], wire: u32, reader: &mut impl Reader) {
        self.next = self.next.map(|next| next.wrapping_add(wire));
        let missing = u64::from(wire).saturating_sub(octets.len() as u64);
        if reader.wants_more() {
            self.hand_on(octets, reader);
        }
        if missing > 0 {
            // Cut by the snap length: the stream goes on behind a gap.
            if self.skip >= missing {
                self.skip -= missing;
            } else {
                self.skip = 0;
                self.unread.clear();
                reader.gap();
            }
        }
    }

    fn hand_on(&mut self, octets: &[u8], reader: &mut impl Reader) {
        let stepped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(octets.len());
        self.skip -= stepped as u64;
        let octets = octets.get(stepped..).unwrap_or_default();
        if octets.is_empty() {
            return;
        }
        if self.unread.is_empty() {
            // The common case: whole messages read straight from the packet.
            let (read, skip) = read_all(octets, reader);
            self.skip = skip;
            self.unread.extend_from_slice(octets.get(read..).unwrap_or_default());
        } else {
            self.unread.extend_from_slice(octets);
            let (read, skip) = read_all(&self.unread, reader);
            self.skip = skip;
            self.unread.drain(..read.min(self.unread.len()));
        }
        if self.unread.len() > MOST_UNREAD {
            self.unread.clear();
            reader.gap();
        }
        if !reader.wants_more() {
            self.forget();
        }
    }
}

/// Reads messages until the reader wants more octets; returns how many were read and how many
/// beyond the end are to be stepped over.
fn read_all(octets: &[u8], reader: &mut impl Reader) -> (usize, u64) {
    let mut at = 0usize;
    while let Some(rest) = octets.get(at..)
        && !rest.is_empty()
        && reader.wants_more()
    {
        match reader.read(rest) {
            0 => break,
            read if read > rest.len() => return (octets.len(), (read - rest.len()) as u64),
            read => at += read,
        }
    }
    (at, 0)
}

/// How far `b` lies after `a`, in sequence space (RFC 9293 §3.4).
pub fn distance(a: u32, b: u32) -> i32 {
    b.wrapping_sub(a).cast_signed()
}

/// More unread octets than any message needs that is not understood from its front.
const MOST_UNREAD: usize = 64 * 1024;
/// A window's worth of early octets.
const MOST_AHEAD: usize = 128 * 1024;
/// Early segments.
const MOST_EARLY: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes fixed-size messages and remembers everything.
    struct Messages {
        size: usize,
        seen: Vec<u8>,
        gaps: usize,
        done: bool,
    }

    impl Reader for Messages {
        fn read(&mut self, octets: &[u8]) -> usize {
            if octets.len() < self.size {
                return 0;
            }
            self.seen.extend_from_slice(&octets[..self.size]);
            self.size
        }
        fn gap(&mut self) {
            self.gaps += 1;
        }
        fn wants_more(&self) -> bool {
            !self.done
        }
    }

    fn messages(size: usize) -> Messages {
        Messages { size, seen: Vec::new(), gaps: 0, done: false }
    }

    #[test]
    fn any_order_of_segments_reads_the_same() {
        let stream: Vec<u8> = (0..12).collect();
        let parts = [(0u32, 0..3usize), (3, 3..6), (6, 6..9), (9, 9..12)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 0, 3, 1]] {
            let (mut reader, mut reassembly) = (messages(4), Reassembly::default());
            reassembly.begin(u32::MAX - 4);
            for index in order {
                let (at, range) = parts[index].clone();
                reassembly.segment((u32::MAX - 4).wrapping_add(at), &stream[range], 3, &mut reader);
            }
            assert_eq!((reader.seen, reader.gaps), (stream.clone(), 0), "{order:?}");
        }
    }

    #[test]
    fn what_the_receiver_acknowledged_is_no_longer_waited_for() {
        let (mut reader, mut reassembly) = (messages(1), Reassembly::default());
        reassembly.begin(0);
        assert_eq!(reassembly.segment(2, &[2, 3], 2, &mut reader), Placed::Ahead);
        assert!(reassembly.acknowledged(4, &mut reader));
        assert_eq!((reader.seen, reader.gaps), (vec![2, 3], 1));
    }

    #[test]
    fn what_was_not_acknowledged_yet_is_still_waited_for() {
        let (mut reader, mut reassembly) = (messages(1), Reassembly::default());
        reassembly.begin(0);
        reassembly.segment(2, &[2, 3], 2, &mut reader);
        reassembly.segment(10, &[10, 11], 2, &mut reader);
        assert!(reassembly.acknowledged(6, &mut reader), "0..2 and 4..6 are lost to the capture");
        assert_eq!(reassembly.segment(6, &[6, 7, 8, 9], 4, &mut reader), Placed::Filled);
        assert_eq!((reader.seen, reader.gaps), (vec![2, 3, 6, 7, 8, 9, 10, 11], 2));
    }

    #[test]
    fn octets_cut_by_the_snap_length_are_a_gap_and_the_stream_goes_on() {
        let (mut reader, mut reassembly) = (messages(1), Reassembly::default());
        reassembly.segment(0, &[0, 1], 10, &mut reader);
        assert_eq!(reassembly.segment(10, &[9], 1, &mut reader), Placed::Next);
        assert_eq!((reader.seen, reader.gaps), (vec![0, 1, 9], 1));
    }

    #[test]
    fn overlaps_are_read_once() {
        let (mut reader, mut reassembly) = (messages(1), Reassembly::default());
        assert_eq!(reassembly.segment(0, &[0, 1, 2], 3, &mut reader), Placed::Next);
        assert_eq!(reassembly.segment(1, &[1, 2], 2, &mut reader), Placed::Old);
        assert_eq!(reassembly.segment(1, &[1, 2, 3], 3, &mut reader), Placed::Overlap);
        assert_eq!(reader.seen, [0, 1, 2, 3]);
    }

    #[test]
    fn a_flood_of_early_segments_stays_bounded() {
        let (mut reader, mut reassembly) = (messages(1), Reassembly::default());
        reassembly.begin(0);
        for index in 1..10_000u32 {
            reassembly.segment(index * 2000, &[7; 1000], 1000, &mut reader);
            assert!(reassembly.ahead_octets <= MOST_AHEAD && reassembly.ahead.len() <= MOST_EARLY);
        }
        assert!(reader.gaps > 0);
    }

    #[test]
    fn a_message_longer_than_the_capture_holds_is_stepped_over() {
        struct Long(usize, Vec<u8>);
        impl Reader for Long {
            fn read(&mut self, octets: &[u8]) -> usize {
                self.1.push(octets[0]);
                self.0
            }
            fn gap(&mut self) {
                panic!("nothing of interest was lost");
            }
            fn wants_more(&self) -> bool {
                true
            }
        }
        let (mut reader, mut reassembly) = (Long(10, Vec::new()), Reassembly::default());
        reassembly.segment(0, &[1, 0, 0], 3, &mut reader);
        reassembly.segment(5, &[0; 4], 4, &mut reader);
        assert!(reassembly.acknowledged(9, &mut reader), "the hole at 3..5 is inside what is stepped over");
        reassembly.segment(9, &[0, 2, 0], 3, &mut reader);
        assert_eq!(reader.1, [1, 2]);
    }
}
