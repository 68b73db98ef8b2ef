//! IP fragments (RFC 791 §3.2, RFC 8200 §4.5) put together again, within bounds.
//!
//! Where pieces overlap, the first to arrive wins: hosts differ, and what a firewall lets through
//! unread is worth a count. Pieces that the snap length cut are joined up to the first cut, so that
//! at least the ports are known.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::front::{Front, length};
use super::network::{Fragment, Network};
use crate::time::{Span, Time};

/// What became of the fragments so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FragmentCounts {
    /// Fragments seen.
    pub seen: u64,
    /// Datagrams put together.
    pub joined: u64,
    /// Fragments seen before, as a mirror port shows them twice.
    pub repeated: u64,
    /// Fragments that cover others in part, or contradict where the datagram ends. Hardly an accident.
    pub overlapping: u64,
    /// Datagrams whose missing pieces did not come within 30 s: lost, or filtered on the way.
    pub expired: u64,
    /// Datagrams given up for want of room, and fragments that no datagram can hold.
    pub dropped: u64,
}

/// The datagrams that wait for pieces.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// Joined a moment ago: what else comes of them is a repetition.
    joined: VecDeque<(Key, Time)>,
    /// Octets held by all of `waiting`.
    octets: usize,
    /// How many datagrams were begun; says which is the oldest.
    begun: u64,
    swept: Time,
    counts: FragmentCounts,
    /// What was given up, the first of it.
    given_up: Vec<Unfinished>,
}

/// A datagram of which some fragments came and others did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfinished {
    /// When the first of them came.
    pub since: Time,
    /// Its sender, who did speak.
    pub source: IpAddr,
    /// Whom it was for.
    pub destination: IpAddr,
}

/// What makes fragments pieces of one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    origin: u32,
    source: IpAddr,
    destination: IpAddr,
    /// Absent in IPv6, whose fragments need not agree on it.
    protocol: Option<u8>,
    id: u32,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    since: Time,
    /// What the first piece says that it is.
    protocol: Option<u8>,
    octets: Vec<u8>,
    /// Sorted, and apart from each other.
    pieces: Vec<Piece>,
    /// Octets covered by `pieces`.
    covered: u32,
    /// Known once the last piece came.
    end: Option<u32>,
}

/// Octets `start..end` of a datagram, of which `start..kept` were captured.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
    kept: u32,
}

/// What a piece did to its datagram.
enum Effect {
    Waits,
    Completes,
    Refused,
}

impl Fragments {
    pub(super) fn counts(&self) -> FragmentCounts {
        self.counts
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Datagrams that were given up or still wait, in order of time.
    pub(super) fn unfinished(&self) -> Vec<Unfinished> {
        let waiting = self.waiting.iter().map(|(key, waiting)| waiting.unfinished(key));
        let mut all: Vec<_> = self.given_up.iter().copied().chain(waiting).collect();
        all.sort_unstable();
        all
    }

    /// Takes one piece. When it was the last missing one, the whole datagram's payload is left in
    /// `whole`, and returned with its protocol.
    pub(super) fn join<'a>(
        &mut self,
        network: &Network<'_>,
        fragment: Fragment,
        time: Time,
        origin: u32,
        whole: &'a mut Vec<u8>,
    ) -> Option<(u8, Front<'a>)> {
        self.counts.seen += 1;
        self.sweep(time);
        let (source, destination) = (network.source, network.destination);
        let protocol = source.is_ipv4().then_some(network.protocol);
        let key = Key { origin, source, destination, protocol, id: fragment.id };
        if self.joined.iter().any(|(joined, at)| *joined == key && within(REPEATS, *at, time)) {
            self.counts.repeated += 1;
            return None;
        }
        let Some(end) = fragment.offset.checked_add(network.body.wire).filter(|end| *end <= MAX_DATAGRAM) else {
            self.counts.dropped += 1;
            return None;
        };
        let kept = fragment.offset.saturating_add(length(network.body.octets)).min(end);
        let piece = Piece { start: fragment.offset, end, kept };
        if self.waiting.get(&key).is_some_and(|waiting| !within(PATIENCE, waiting.since, time)) {
            self.give_up(&key);
            self.counts.expired += 1;
        }
        self.make_room(&key, usize::try_from(end).unwrap_or(usize::MAX));

        let begun = &mut self.begun;
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            *begun += 1;
            Waiting::new(*begun, time)
        });
        if piece.start == 0 {
            waiting.protocol.get_or_insert(network.protocol);
        }
        let before = waiting.octets.len();
        let effect = waiting.take(piece, fragment.more, network.body.octets, &mut self.counts);
        self.octets += waiting.octets.len() - before;
        match effect {
            Effect::Waits => None,
            Effect::Refused => {
                self.give_up(&key);
                self.counts.dropped += 1;
                None
            }
            Effect::Completes => {
                let done = self.forget(&key)?;
                self.counts.joined += 1;
                self.joined.truncate(MAX_JOINED - 1);
                self.joined.push_front((key, time));
                let (protocol, wire) = (done.protocol?, done.covered);
                let kept = done.kept();
                *whole = done.octets;
                Some((protocol, Front { octets: whole.get(..kept).unwrap_or(whole), wire }))
            }
        }
    }

    /// Gives up what waited too long. Once per second of capture time is often enough.
    fn sweep(&mut self, time: Time) {
        if within(SWEEP, self.swept, time) {
            return;
        }
        self.swept = time;
        let late = |(_, waiting): &(&Key, &Waiting)| !within(PATIENCE, waiting.since, time);
        let mut late: Vec<_> = self.waiting.iter().filter(late).map(|(key, waiting)| (waiting.number, *key)).collect();
        late.sort_unstable_by_key(|(number, _)| *number);
        for (_, key) in late {
            self.give_up(&key);
            self.counts.expired += 1;
        }
    }

    /// Gives up the oldest datagrams until `key` can grow to `needed` octets.
    fn make_room(&mut self, key: &Key, needed: usize) {
        loop {
            let known = self.waiting.get(key);
            let grows = needed.saturating_sub(known.map_or(0, |waiting| waiting.octets.len()));
            let is_new = usize::from(known.is_none());
            if self.waiting.len() + is_new <= MAX_WAITING && self.octets.saturating_add(grows) <= MAX_OCTETS {
                return;
            }
            let others = self.waiting.iter().filter(|(other, _)| *other != key);
            let Some(oldest) = others.min_by_key(|(_, waiting)| waiting.number).map(|(other, _)| *other) else {
                return; // one datagram alone stays below every bound
            };
            self.give_up(&oldest);
            self.counts.dropped += 1;
        }
    }

    fn give_up(&mut self, key: &Key) {
        let gone = self.forget(key);
        if let Some(gone) = gone.filter(|_| self.given_up.len() < MAX_GIVEN_UP) {
            self.given_up.push(gone.unfinished(key));
        }
    }

    fn forget(&mut self, key: &Key) -> Option<Waiting> {
        let gone = self.waiting.remove(key)?;
        self.octets -= gone.octets.len();
        Some(gone)
    }
}

impl Waiting {
    fn new(number: u64, since: Time) -> Self {
        Self { number, since, protocol: None, octets: Vec::new(), pieces: Vec::new(), covered: 0, end: None }
    }

    fn unfinished(&self, key: &Key) -> Unfinished {
        Unfinished { since: self.since, source: key.source, destination: key.destination }
    }

    fn take(&mut self, piece: Piece, more: bool, octets: &[u8], counts: &mut FragmentCounts) -> Effect {
        let last = self.pieces.last().map_or(0, |last| last.end);
        let contradicts = match self.end {
            Some(end) => piece.end > end || (!more && piece.end != end),
            None => !more && piece.end < last,
        };
        if contradicts {
            counts.overlapping += 1;
            return Effect::Waits;
        }
        if self.pieces.iter().any(|known| (known.start, known.end) == (piece.start, piece.end)) {
            counts.repeated += 1;
            return Effect::Waits;
        }
        if !more {
            self.end = Some(piece.end);
        }
        let fresh = self.uncovered(piece);
        if fresh.iter().map(|part| part.end - part.start).sum::<u32>() < piece.end - piece.start {
            counts.overlapping += 1;
        }
        for part in fresh {
            self.keep(part, piece.start, octets);
        }
        if self.pieces.len() > MAX_PIECES {
            Effect::Refused
        } else if self.end == Some(self.covered) {
            Effect::Completes
        } else {
            Effect::Waits
        }
    }

    /// The parts of `piece` that no earlier piece covers.
    fn uncovered(&self, piece: Piece) -> Vec<Piece> {
        let mut fresh = Vec::new();
        let mut at = piece.start;
        let part = |start: u32, end: u32| Piece { start, end, kept: piece.kept.clamp(start, end) };
        for known in self.pieces.iter().filter(|known| known.end > piece.start && known.start < piece.end) {
            if at < known.start {
                fresh.push(part(at, known.start));
            }
            at = at.max(known.end);
        }
        if at < piece.end {
            fresh.push(part(at, piece.end));
        }
        fresh
    }

    /// Copies what was captured of `part` out of a piece that begins at `start`.
    fn keep(&mut self, part: Piece, start: u32, octets: &[u8]) {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        if self.octets.len() < place(part.kept) {
            self.octets.resize(place(part.kept), 0);
        }
        let to = self.octets.get_mut(place(part.start)..place(part.kept));
        let from = octets.get(place(part.start - start)..place(part.kept - start));
        if let (Some(to), Some(from)) = (to, from) {
            to.copy_from_slice(from);
        }
        let at = self.pieces.partition_point(|known| known.start < part.start);
        self.pieces.insert(at, part);
        self.covered += part.end - part.start;
    }

    /// How many octets from the start were captured.
    fn kept(&self) -> usize {
        let cut = self.pieces.iter().find(|piece| piece.kept < piece.end);
        cut.and_then(|piece| usize::try_from(piece.kept).ok()).unwrap_or(self.octets.len())
    }
}

/// Whether the two moments are at most `span` apart; captures read one after the other go back in time.
fn within(span: Span, one: Time, other: Time) -> bool {
    other.since(one).0.unsigned_abs() <= span.0.unsigned_abs()
}

/// Datagrams that wait at the same time.
const MAX_WAITING: usize = 1024;
/// Octets that they hold together.
const MAX_OCTETS: usize = 8 << 20;
/// Datagrams remembered after they were given up.
const MAX_GIVEN_UP: usize = 4096;
/// The largest payload that IP can address.
const MAX_DATAGRAM: u32 = 65_535;
/// Of one datagram: 64 KiB in pieces of 128 octets.
const MAX_PIECES: usize = 512;
/// RFC 791 lets hosts wait 15 s, RFC 8200 60 s.
const PATIENCE: Span = Span::seconds(30);
const SWEEP: Span = Span::seconds(1);
/// How long, and for how many datagrams, repetitions are known as such. Far shorter than the time
/// in which a busy host has used all 65,536 identifications.
const REPEATS: Span = Span::seconds(1);
const MAX_JOINED: usize = 64;
