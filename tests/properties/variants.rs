//! The same traffic, captured in another way.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany::capture::LinkType;
use anyany::decode::{Decoded, Decoder};
use anyany::time::{Span, Time};

use crate::frames::Frame;

/// A source of chance that gives the same each time (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Packets of equal time in another order. `None` where no two times are equal.
pub fn shuffled(frames: &[Frame], chance: &mut Chance) -> Option<Vec<Frame>> {
    let mut shuffled = frames.to_vec();
    let mut any = false;
    for group in shuffled.chunk_by_mut(|one, next| one.time == next.time) {
        any |= group.len() > 1;
        chance.shuffle(group);
    }
    any.then_some(shuffled)
}

/// As a clock of milliseconds would have stamped them.
pub fn in_milliseconds(frames: &[Frame]) -> Vec<Frame> {
    let round = |time: Time| Time(time.0 - time.0.rem_euclid(1_000_000));
    frames.iter().map(|frame| Frame { time: round(frame.time), ..frame.clone() }).collect()
}

/// Every packet a second time, `after` it, changed; `None` where there would be no copy of it.
pub fn twice(frames: &[Frame], after: Span, copy: impl Fn(&Frame) -> Option<Frame>) -> Vec<Frame> {
    let mut twice: Vec<Frame> = Vec::new();
    for frame in frames {
        let copy = copy(frame).map(|copy| Frame { time: copy.time.plus(after), ..copy });
        twice.extend([Some(frame.clone()), copy].into_iter().flatten());
    }
    if after > Span(0) && frames.is_sorted_by_key(|frame| frame.time) {
        twice.sort_by_key(|frame| frame.time);
    }
    twice
}

/// With the tag of a VLAN (IEEE 802.1Q), as a mirror of a trunk shows it.
pub fn tagged(frame: &Frame) -> Option<Frame> {
    if frame.link != ETHERNET || frame.octets.len() < 14 {
        return None;
    }
    let (addresses, rest) = frame.octets.split_at(12);
    let octets = [addresses, &[0x81, 0x00, 0x00, 0x64], rest].concat();
    Some(Frame { octets, wire_len: frame.wire_len + 4, ..frame.clone() })
}

/// Behind a router: one hop less to live. `None` where no router would pass it on.
pub fn routed(frame: &Frame) -> Option<Frame> {
    let at = network(frame)?;
    let mut octets = frame.octets.clone();
    let header = octets.get_mut(at..)?;
    let first = *header.first()?;
    let (place, version) = if first >> 4 == 4 { (8, 4) } else { (7, 6) };
    let ttl = header.get_mut(place)?;
    *ttl = ttl.checked_sub(1).filter(|ttl| *ttl > 0)?;
    if version == 4 {
        let length = usize::from(first & 15) * 4;
        let header = header.get_mut(..length)?;
        header[10..12].fill(0);
        let sum: u32 = header.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let sum = u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
        header[10..12].copy_from_slice(&(!sum).to_be_bytes());
    }
    Some(Frame { octets, ..frame.clone() })
}

/// Where the IP header begins, on the usual links.
fn network(frame: &Frame) -> Option<usize> {
    let octets = &frame.octets;
    let kind = |at: usize| octets.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut at = match frame.link.0 {
        1 => 12,
        113 => 14,
        276 => return matches!(kind(0)?, 0x0800 | 0x86dd).then_some(20),
        0 => return Some(4),
        12 | 14 | 101 | 228 | 229 => return Some(0),
        _ => return None,
    };
    while matches!(kind(at)?, 0x8100 | 0x88a8) {
        at += 4;
    }
    matches!(kind(at)?, 0x0800 | 0x86dd).then_some(at + 2)
}

/// One in twenty packets is not there.
pub fn lossy(frames: &[Frame], chance: &mut Chance) -> Vec<Frame> {
    frames.iter().filter(|_| !chance.next().is_multiple_of(20)).cloned().collect()
}

/// Which packets of each pair of hosts are kept: those from the one to the other.
pub fn one_way(frames: &[Frame], mut keeps: impl FnMut(IpAddr, IpAddr) -> bool) -> Vec<Frame> {
    let mut kept: BTreeMap<(IpAddr, IpAddr), bool> = BTreeMap::new();
    let mut decoder = Decoder::default();
    let mut keep = |frame: &Frame| {
        let decoded = decoder.decode(frame.link, &frame.octets, frame.wire_len, frame.time, 0);
        let Decoded::Packet(packet) = decoded else { return true };
        let (from, to) = (packet.source, packet.destination);
        let pair = (from.min(to), from.max(to));
        let upwards = *kept.entry(pair).or_insert_with(|| keeps(pair.0, pair.1));
        (from < to) == upwards
    };
    frames.iter().filter(|frame| keep(frame)).cloned().collect()
}

/// Cut into so many pieces, at random places.
pub fn cut<'a>(frames: &'a [Frame], pieces: usize, chance: &mut Chance) -> Vec<&'a [Frame]> {
    let mut places: Vec<usize> = (1..pieces).map(|_| chance.below(frames.len())).collect();
    places.extend([0, frames.len()]);
    places.sort_unstable();
    let pieces = places.windows(2).map(|edges| &frames[edges[0]..edges[1]]);
    pieces.filter(|piece| !piece.is_empty()).collect()
}

const ETHERNET: LinkType = LinkType(1);
