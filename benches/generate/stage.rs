//! Where conversations take place: who is due next, and how many packets are still to come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::random::Random;
use super::script::Micros;
use super::site::Site;
use super::talk::{Output, Talk};
use super::truth::Truth;

/// What conversations share.
#[derive(Debug)]
pub struct Stage {
    pub site: Site,
    pub random: Random,
    pub truth: Truth,
    pub now: Micros,
    /// When nothing new begins any more.
    pub end: Micros,
    /// When the last packet was sent.
    pub last: Micros,
    talks: Vec<Option<Box<Cast>>>,
    free: Vec<u32>,
    /// When each one is due; the index in the lowest bits.
    due: BinaryHeap<Reverse<u64>>,
    /// Packets that going conversations may still send, at most.
    promised: u64,
    packets: u64,
    sent: u64,
    most: u64,
    /// Conversations that end by themselves.
    mortal: u64,
}

#[derive(Debug)]
struct Cast {
    talk: Talk,
    promised: u64,
    /// Goes on as long as any other does.
    endless: bool,
}

impl Stage {
    /// A stage for so many packets until `end`.
    pub fn new(site: Site, random: Random, packets: u64, end: Micros) -> Self {
        Self {
            site,
            random,
            truth: Truth::default(),
            now: 0,
            end,
            last: 0,
            talks: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            promised: 0,
            packets,
            sent: 0,
            most: u64::MAX,
            mortal: 0,
        }
    }

    /// Lets a conversation begin at `when`.
    pub fn begin(&mut self, when: Micros, talk: Talk) {
        self.cast(when, talk, false);
    }

    /// Lets a conversation begin that goes on until all others have ended.
    pub fn begin_endless(&mut self, when: Micros, talk: Talk) {
        self.cast(when, talk, true);
    }

    fn cast(&mut self, when: Micros, talk: Talk, endless: bool) {
        let promised = talk.packets();
        self.promised += promised;
        self.truth.flows += 1;
        self.mortal += u64::from(!endless);
        let cast = Some(Box::new(Cast { talk, promised, endless }));
        let at = if let Some(at) = self.free.pop() {
            self.talks[at as usize] = cast;
            at
        } else {
            self.talks.push(cast);
            self.talks.len() as u32 - 1
        };
        assert!(at < 1 << INDEX_BITS, "more conversations at once than can be told apart");
        self.due.push(Reverse(when << INDEX_BITS | u64::from(at)));
    }

    /// Packets that are neither sent nor promised.
    pub fn left(&self) -> u64 {
        self.packets.saturating_sub(self.sent + self.promised)
    }

    /// Packets that are not sent; from now on no more than those will be.
    pub fn rest(&mut self) -> u64 {
        self.most = self.packets;
        self.packets.saturating_sub(self.sent)
    }

    /// Goes on until `when`, or until nothing is due.
    pub fn play(&mut self, when: Micros, out: &mut Output) {
        while let Some(mut next) = self.due.peek_mut() {
            let Reverse(due) = *next;
            let (time, at) = (due >> INDEX_BITS, (due & ((1 << INDEX_BITS) - 1)) as usize);
            if time >= when || self.sent >= self.most {
                break;
            }
            let Some(cast) = self.talks[at].as_mut() else { unreachable!("who is due is there") };
            let before = out.writer.packets;
            let wait = cast.talk.step(time, out, &mut self.random);
            let written = out.writer.packets - before;
            self.sent += written;
            let kept = cast.promised.min(written);
            cast.promised -= kept;
            self.promised -= kept;
            self.last = time;
            if let Some(wait) = wait {
                *next = Reverse((time + wait.max(1)) << INDEX_BITS | at as u64);
                continue;
            }
            PeekMut::pop(next);
            self.promised -= cast.promised;
            self.mortal -= u64::from(!cast.endless);
            self.talks[at] = None;
            self.free.push(at as u32);
            if self.mortal == 0 && when == FOREVER {
                break;
            }
        }
        self.now = if when == FOREVER { self.last } else { when };
    }

    /// Lets everything come to its end.
    pub fn finish(&mut self, out: &mut Output) {
        if self.mortal > 0 {
            self.play(FOREVER, out);
        }
    }
}

/// Conversations at once.
const INDEX_BITS: u32 = 22;
/// No time is later.
const FOREVER: Micros = Micros::MAX >> INDEX_BITS;
