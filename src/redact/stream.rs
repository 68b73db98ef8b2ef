//! One direction of a TCP connection: octets in order, and where in which frame each of them lies.

use std::collections::VecDeque;
use std::ops::Range;

use anyany_dissectors::Side;

use super::message::{Reading, Step};
use super::{Maps, Waiting};

/// What is not yet read of a direction, and what was made of the last of what is.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The number of the octet behind those held. `None` before the first segment.
    next: Option<u32>,
    /// As they were.
    held: Vec<u8>,
    /// Where they lie.
    pieces: VecDeque<Piece>,
    early: Vec<Early>,
    /// Octets that the present message still has, and nobody needs.
    skip: usize,
    /// What the octets before those held became, the last of them.
    written: VecDeque<u8>,
}

#[derive(Debug, Clone)]
struct Piece {
    frame: u64,
    place: Range<usize>,
}

#[derive(Debug)]
struct Early {
    sequence: u32,
    since: u64,
    piece: Piece,
}

impl Stream {
    /// Octets that it holds.
    pub(super) fn octets(&self) -> usize {
        self.held.len() + self.written.len()
    }

    /// The first octet has this number.
    pub(super) fn begin(&mut self, sequence: u32) {
        if self.next.is_none() {
            self.next = Some(sequence);
        }
    }

    /// Takes a segment whose octets lie at `place` in the frame `at`.
    pub(super) fn segment(&mut self, sequence: u32, at: u64, place: Range<usize>, waiting: &mut Waiting) {
        if place.is_empty() {
            return;
        }
        let next = *self.next.get_or_insert(sequence);
        let piece = Piece { frame: at, place };
        if ahead(next, sequence) > 0 {
            self.early.push(Early { sequence, since: waiting.newest(), piece });
        } else {
            self.append(sequence, &piece, waiting);
        }
    }

    /// Reads what can be read: messages are rewritten where they lie.
    pub(super) fn read(&mut self, side: Side, reading: &mut Reading, waiting: &mut Waiting, maps: &mut Maps) {
        loop {
            self.messages(side, reading, false, waiting, maps);
            if self.take_early(waiting) {
                continue;
            }
            let oldest = self.early.iter().map(|early| early.since).min();
            let lost = self.early.len() > MOST_EARLY || oldest.is_some_and(|since| since + PATIENCE < waiting.newest());
            if !lost {
                return;
            }
            self.jump(side, reading, waiting, maps);
        }
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self, side: Side, reading: &mut Reading, waiting: &mut Waiting, maps: &mut Maps) {
        loop {
            self.messages(side, reading, true, waiting, maps);
            if self.early.is_empty() {
                return;
            }
            if !self.take_early(waiting) {
                self.jump(side, reading, waiting, maps);
            }
        }
    }

    /// Goes on behind octets that were not captured.
    fn jump(&mut self, side: Side, reading: &mut Reading, waiting: &mut Waiting, maps: &mut Maps) {
        self.messages(side, reading, true, waiting, maps);
        let next = self.next.unwrap_or_default();
        if let Some(first) = self.early.iter().map(|early| early.sequence).min_by_key(|first| ahead(next, *first)) {
            self.lose(ahead(next, first), side, reading);
            self.next = Some(first);
        }
    }

    /// So many octets are missing here.
    fn lose(&mut self, missing: i64, side: Side, reading: &mut Reading) {
        let missing = usize::try_from(missing).unwrap_or_default();
        if self.skip >= missing {
            self.skip -= missing; // within what nobody needs
        } else {
            self.skip = 0;
            reading.gap(side);
        }
        self.written.clear();
    }

    /// Takes the early segments whose turn it is.
    fn take_early(&mut self, waiting: &mut Waiting) -> bool {
        let next = self.next.unwrap_or_default();
        let Some(at) = self.early.iter().position(|early| ahead(next, early.sequence) <= 0) else { return false };
        let early = self.early.swap_remove(at);
        self.append(early.sequence, &early.piece, waiting);
        true
    }

    /// Takes a segment that begins at the next octet or before it.
    fn append(&mut self, sequence: u32, piece: &Piece, waiting: &mut Waiting) {
        let next = self.next.unwrap_or(sequence);
        let known = usize::try_from(ahead(sequence, next)).unwrap_or_default();
        let captured = piece.place.len();
        self.repeat(known, piece, waiting);
        if known < captured {
            let fresh = Piece { frame: piece.frame, place: piece.place.start + known..piece.place.end };
            self.held.extend_from_slice(waiting.original(fresh.frame, fresh.place.clone()));
            self.pieces.push_back(fresh);
            let taken = u32::try_from(captured).unwrap_or(u32::MAX);
            // What the snap length cut off is missing: the next segment is early then.
            self.next = Some(sequence.wrapping_add(taken));
        }
    }

    /// The first `known` octets of a segment were there before: they become what they became then.
    fn repeat(&mut self, known: usize, piece: &Piece, waiting: &mut Waiting) {
        let captured = piece.place.len().min(known);
        // What is held is not written yet: this copy is written with it, if it lies in it whole.
        let behind = known.saturating_sub(self.held.len());
        if behind == 0 || captured == 0 {
            return;
        }
        let Some(from) = self.written.len().checked_sub(behind) else { return };
        let octets: Vec<u8> = self.written.iter().skip(from).take(captured).copied().collect();
        let place = piece.place.start..piece.place.start + octets.len();
        waiting.write(piece.frame, place, &octets);
    }

    /// Reads messages from the front of what is held; with `all` the rest as well, as a cut message.
    fn messages(&mut self, side: Side, reading: &mut Reading, all: bool, waiting: &mut Waiting, maps: &mut Maps) {
        let skipped = self.skip.min(self.held.len());
        self.skip -= skipped;
        let mut done = skipped;
        let mut octets = std::mem::take(&mut self.held);
        let mut made = vec![0; skipped];
        while done < octets.len() && self.skip == 0 {
            let rest = octets.get(done..).unwrap_or_default();
            let last = all || rest.len() > MOST_HELD;
            let mut message = rest.to_vec();
            let length = match reading.message(side, &mut message, last, maps) {
                Step::Read(length) => length.max(1),
                Step::Waits if last => rest.len(),
                Step::Waits => break,
            };
            let taken = length.min(rest.len());
            self.skip = length - taken;
            made.extend(message.get(..taken).unwrap_or_default());
            done += taken;
        }
        self.held = octets.split_off(done);
        self.write(&made, waiting);
    }

    /// Writes what the oldest of the held octets became.
    fn write(&mut self, mut made: &[u8], waiting: &mut Waiting) {
        self.written.extend(made);
        let over = self.written.len().saturating_sub(MOST_WRITTEN);
        self.written.drain(..over);
        while let Some(piece) = self.pieces.front_mut() {
            if made.is_empty() {
                return;
            }
            let length = piece.place.len().min(made.len());
            let (now, rest) = made.split_at_checked(length).unwrap_or((made, &[]));
            waiting.write(piece.frame, piece.place.start..piece.place.start + length, now);
            piece.place.start += length;
            made = rest;
            if piece.place.is_empty() {
                self.pieces.pop_front();
            }
        }
    }
}

/// How far `to` is ahead of `from`, counted around.
fn ahead(from: u32, to: u32) -> i64 {
    i64::from(to.wrapping_sub(from).cast_signed())
}

/// Segments that wait for one before them.
const MOST_EARLY: usize = 512;
/// Frames that may come before a missing segment is taken for lost; fewer than may wait.
const PATIENCE: u64 = 1024;
/// Octets of a message that are waited for.
const MOST_HELD: usize = 256 << 10;
/// Octets remembered for segments that come again.
const MOST_WRITTEN: usize = 64 << 10;
