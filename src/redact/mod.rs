//! Frames that may be passed on: what happened stays, who and what it was about does not.
//!
//! Every frame is written anew before anything else reads it, so nothing behind this room ever holds an octet
//! that it should not. All begins blank; what the proof needs is put back: headers with their addresses
//! mapped ([`frame`]), and of payload what a rewriter of its protocol ([`message`]) knows to be structure.
//! What no rewriter knows stays blank.
//!
//! Messages run over several segments, so a frame waits until its octets were read with those behind it
//! ([`stream`]), for a bounded number of frames; then it goes as it is, blank where nothing was read yet.

mod address;
mod flow;
mod frame;
mod key;
mod message;
mod name;
mod octets;
mod stream;
mod sum;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ops::Range;

use hashbrown::HashMap;

use crate::capture::{Frame, LinkType};
use crate::decode::{Packet, Payload, place};
use crate::time::Time;
use flow::Flows;
use frame::FragmentKey;
use sum::Sum;

pub use address::AddressMap;
pub use key::Key;
pub use name::NameMap;

/// What stands for what.
#[derive(Debug)]
pub struct Maps {
    /// Addresses.
    pub addresses: AddressMap,
    /// Names.
    pub names: NameMap,
}

impl Maps {
    /// The maps under a key: the same for the same key.
    pub fn new(key: &Key) -> Self {
        Self { addresses: AddressMap::new(key.clone()), names: NameMap::new(key.clone()) }
    }
}

/// Writes the frames of a capture anew, in their order.
#[derive(Debug)]
pub struct Redactor {
    maps: Maps,
    waiting: Waiting,
    flows: Flows,
    /// What later fragments changed of the sum that stands in the first one.
    fragments: HashMap<FragmentKey, u16>,
}

/// A frame as it may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// As [`Frame::number`].
    pub number: u64,
    /// As [`Frame::time`].
    pub time: Time,
    /// As [`Frame::link`].
    pub link: LinkType,
    /// As [`Frame::interface`].
    pub interface: u32,
    /// As [`Frame::wire_len`].
    pub wire_len: u32,
    /// As many as the frame had.
    pub octets: Vec<u8>,
}

impl Redactor {
    /// A redactor under a key.
    pub fn new(key: &Key) -> Self {
        Self { maps: Maps::new(key), waiting: Waiting::default(), flows: Flows::default(), fragments: HashMap::new() }
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        let found = frame::find(frame.link, frame.octets, frame.wire_len);
        let rewritten = frame::headers(frame.link, frame.octets, &found, &mut self.maps);
        if let (Some((key, false)), Some(last)) = (rewritten.fragment, found.headers.last()) {
            let change = sum::difference(frame.octets, &rewritten.octets, &last.body);
            if self.fragments.len() >= MOST_FRAGMENTS {
                self.fragments.clear();
            }
            let sum = self.fragments.entry(key).or_default();
            *sum = sum::add(*sum, change);
        }
        let at = self.waiting.push(Held {
            frame: Redacted {
                number: frame.number,
                time: frame.time,
                link: frame.link,
                interface: frame.interface,
                wire_len: frame.wire_len,
                octets: rewritten.octets,
            },
            original: frame.octets.to_vec(),
            sums: rewritten.sums,
            fragment: rewritten.fragment.filter(|(_, first)| *first).map(|(key, _)| key),
        });
        if let Some(packet) = &found.packet
            && let Some(payload) = payload(packet).and_then(|payload| place(frame.octets, payload))
        {
            self.flows.packet(packet, at, payload, &mut self.waiting, &mut self.maps);
        }
    }

    /// Takes a frame that is not looked at: all of it becomes blank.
    pub fn left_out(&mut self, frame: &Frame<'_>) {
        let &Frame { number, time, link, interface, octets, wire_len } = frame;
        let octets = vec![0; octets.len()];
        self.waiting.push(Held {
            original: octets.clone(),
            frame: Redacted { number, time, link, interface, wire_len, octets },
            sums: Vec::new(),
            fragment: None,
        });
    }

    /// The next frame that waits for nothing any more.
    pub fn ready(&mut self) -> Option<Redacted> {
        let full = self.waiting.frames.len() > MOST_WAITING || self.waiting.octets > MOST_WAITING_OCTETS;
        if full { self.pop() } else { None }
    }

    /// No frame comes behind those that were taken: the rest of them.
    pub fn finish(&mut self) -> Vec<Redacted> {
        self.flows.finish(&mut self.waiting, &mut self.maps);
        std::iter::from_fn(|| self.pop()).collect()
    }

    fn pop(&mut self) -> Option<Redacted> {
        let mut held = self.waiting.pop()?;
        let elsewhere = held.fragment.and_then(|key| self.fragments.remove(&key)).unwrap_or_default();
        for sum in &held.sums {
            let of_datagram = sum.covers.len() > 1;
            sum.update(&held.original, &mut held.frame.octets, if of_datagram { elsewhere } else { 0 });
        }
        Some(held.frame)
    }
}

fn payload<'a>(packet: &Packet<'a>) -> Option<&'a [u8]> {
    match packet.payload {
        Payload::Tcp(segment) => Some(segment.payload),
        Payload::Udp(datagram) => Some(datagram.payload),
        _ => None,
    }
}

/// Frames that wait for what comes behind them.
#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Held>,
    /// How many have gone.
    gone: u64,
    octets: usize,
}

#[derive(Debug)]
struct Held {
    frame: Redacted,
    original: Vec<u8>,
    sums: Vec<Sum>,
    fragment: Option<FragmentKey>,
}

impl Waiting {
    /// Takes a frame; returns its place.
    fn push(&mut self, held: Held) -> u64 {
        self.octets += held.original.len();
        self.frames.push_back(held);
        self.gone + self.frames.len() as u64 - 1
    }

    fn pop(&mut self) -> Option<Held> {
        let held = self.frames.pop_front()?;
        self.octets -= held.original.len();
        self.gone += 1;
        Some(held)
    }

    /// The place of the newest frame.
    fn newest(&self) -> u64 {
        self.gone + self.frames.len() as u64
    }

    /// Writes octets into a frame, if it is still here.
    fn write(&mut self, at: u64, place: Range<usize>, octets: &[u8]) {
        let held = at.checked_sub(self.gone).and_then(|at| self.frames.get_mut(usize::try_from(at).ok()?));
        if let Some(place) = held.and_then(|held| held.frame.octets.get_mut(place))
            && place.len() == octets.len()
        {
            place.copy_from_slice(octets);
        }
    }

    /// The octets of a frame as they were, if it is still here.
    fn original(&self, at: u64, place: Range<usize>) -> &[u8] {
        let held = at.checked_sub(self.gone).and_then(|at| self.frames.get(usize::try_from(at).ok()?));
        held.and_then(|held| held.original.get(place)).unwrap_or_default()
    }
}

/// Frames that wait.
const MOST_WAITING: usize = 4096;
const MOST_WAITING_OCTETS: usize = 32 << 20;
/// Datagrams whose fragments are on their way.
const MOST_FRAGMENTS: usize = 1 << 16;
