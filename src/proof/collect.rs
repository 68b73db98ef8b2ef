//! Takes every frame of the captures once more, and keeps those that matter.

use std::collections::VecDeque;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::exhibit::{Exhibit, Exhibits, Role};
use super::sought::{Lane, Sought, Watched};
use crate::capture::Frame;
use crate::decode::{Decoded, Decoder, Packet};
use crate::flow::{FlowKey, FrameRef, Moment};
use crate::time::{Span, Time};

/// Collects exhibits. Give it the frames of each capture in their order, one capture after the other,
/// the same frames that were read the first time.
#[derive(Debug)]
pub struct Collector {
    decoder: Decoder,
    lanes: Vec<Filling>,
    /// Lanes by five-tuple, in the order in which they begin.
    by_key: HashMap<FlowKey, Vec<usize>>,
    named: HashMap<FrameRef, Vec<Role>>,
    /// When each capture begins and ends, as long as no frame of that time was seen.
    edges: Vec<(u32, Time, Role)>,
    lives: HashMap<IpAddr, Vec<Heard>>,
    /// Fragments that wait for the packet that they are of.
    pieces: VecDeque<(Piece, Exhibit)>,
    kept: Vec<Exhibit>,
    octets: usize,
    most_octets: usize,
    left_out: HashMap<String, u64>,
}

/// A lane and what was kept of it so far.
#[derive(Debug)]
struct Filling {
    lane: Lane,
    taken: usize,
    back: VecDeque<Exhibit>,
}

/// The frames without a conversation in which a host was heard, nearest to a moment: before and after.
#[derive(Debug)]
struct Heard {
    watched: Watched,
    nearest: [Option<Exhibit>; 2],
}

/// What the fragments of one packet have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    capture: u32,
    source: IpAddr,
    destination: IpAddr,
    ip_id: u16,
}

impl Collector {
    /// Looks for what is sought.
    pub fn new(sought: Sought) -> Self {
        let mut by_key: HashMap<FlowKey, Vec<usize>> = HashMap::new();
        let mut order: Vec<usize> = (0..sought.lanes.len()).collect();
        order.sort_by_key(|&at| sought.lanes.get(at).map(|lane| lane.from));
        for at in order {
            if let Some(lane) = sought.lanes.get(at) {
                by_key.entry(lane.key).or_default().push(at);
            }
        }
        let mut lives: HashMap<IpAddr, Vec<Heard>> = HashMap::new();
        for watched in sought.lives {
            lives.entry(watched.host).or_default().push(Heard { watched, nearest: [None, None] });
        }
        let lanes = sought.lanes.into_iter().map(|lane| Filling { lane, taken: 0, back: VecDeque::new() });
        Self {
            decoder: Decoder::default(),
            lanes: lanes.collect(),
            by_key,
            named: sought.frames,
            edges: sought.edges,
            lives,
            pieces: VecDeque::new(),
            kept: Vec::new(),
            octets: 0,
            most_octets: sought.octets,
            left_out: sought.beyond,
        }
    }

    /// Takes one frame of the capture with this index.
    pub fn frame(&mut self, capture: u32, frame: &Frame<'_>) {
        let at = FrameRef::new(capture, frame.number);
        let mut roles = self.named.remove(&at).unwrap_or_default();
        roles.extend(self.edge(capture, frame.time));
        let packet = match self.decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, capture) {
            Decoded::Packet(packet) => Some(packet.parted().0),
            Decoded::Held { source, destination, ip_id } => {
                let piece = Piece { capture, source, destination, ip_id };
                self.pieces.push_back((piece, Exhibit::of(capture, frame, None)));
                if self.pieces.len() > MOST_PIECES {
                    self.pieces.pop_front();
                }
                None
            }
            Decoded::Arp { sender } => {
                self.hear(sender.into(), capture, frame);
                None
            }
            Decoded::Undecoded(_) | Decoded::UnknownLink => None,
        };
        let lane = packet.as_ref().and_then(|packet| self.lane(packet, Moment { time: frame.time, frame: at }));
        if roles.is_empty() && lane.is_none() {
            return;
        }
        let mut exhibit = Exhibit::of(capture, frame, packet);
        let named = !roles.is_empty();
        for role in &roles {
            exhibit.plays(role);
        }
        self.take_pieces(&exhibit, lane);
        match lane.and_then(|lane| self.lanes.get_mut(lane)) {
            Some(filling) => {
                for role in &filling.lane.roles {
                    exhibit.plays(role);
                }
                self.take(lane, exhibit, named);
            }
            None => self.keep(exhibit),
        }
    }

    /// No more frames will come.
    pub fn finish(mut self) -> Exhibits {
        let backs: Vec<Exhibit> = self.lanes.iter_mut().flat_map(|filling| filling.back.drain(..)).collect();
        self.kept.extend(backs);
        let heard: Vec<_> = self.lives.drain().flat_map(|(_, heard)| heard).collect();
        for Heard { watched, nearest } in heard {
            for mut exhibit in nearest.into_iter().flatten() {
                exhibit.plays(&watched.role);
                self.kept.push(exhibit);
            }
        }
        let mut list = std::mem::take(&mut self.kept);
        list.sort_by_key(|exhibit| (exhibit.time, exhibit.frame));
        let mut merged: Vec<Exhibit> = Vec::with_capacity(list.len());
        for exhibit in list {
            match merged.last_mut() {
                Some(last) if last.frame == exhibit.frame => exhibit.roles.iter().for_each(|role| last.plays(role)),
                _ => merged.push(exhibit),
            }
        }
        Exhibits { list: merged, left_out: self.left_out.into_iter().collect() }
    }

    /// The lane of a packet: of those with its five-tuple the one that began last before it.
    fn lane(&self, packet: &Packet<'_>, moment: Moment) -> Option<usize> {
        let lanes = self.by_key.get(&FlowKey::of(packet)?)?;
        let mine = |at: &&usize| self.lanes.get(**at).is_some_and(|filling| filling.lane.holds(moment));
        lanes.iter().rev().find(mine).copied()
    }

    /// Keeps a packet of a lane: at its front, or in its back until later ones push it out.
    fn take(&mut self, lane: Option<usize>, exhibit: Exhibit, named: bool) {
        let Some(filling) = lane.and_then(|lane| self.lanes.get_mut(lane)) else { return };
        let ends = filling.lane.ends;
        filling.taken += 1;
        if named || filling.taken <= ends.front {
            return self.keep(exhibit);
        }
        self.octets += exhibit.octets.len();
        filling.back.push_back(exhibit);
        if (filling.back.len() > ends.back || self.octets > self.most_octets)
            && let Some(gone) = filling.back.pop_front()
        {
            self.octets -= gone.octets.len();
            self.leave_out(&gone);
        }
    }

    fn keep(&mut self, exhibit: Exhibit) {
        if self.octets.saturating_add(exhibit.octets.len()) > self.most_octets {
            return self.leave_out(&exhibit);
        }
        self.octets += exhibit.octets.len();
        self.kept.push(exhibit);
    }

    fn leave_out(&mut self, exhibit: &Exhibit) {
        for role in exhibit.roles.iter().filter(|role| !role.finding.is_empty()) {
            *self.left_out.entry_ref(role.finding.as_str()).or_default() += 1;
        }
    }

    /// The fragments before the one that completed this packet belong to it.
    fn take_pieces(&mut self, whole: &Exhibit, lane: Option<usize>) {
        let Some(packet) = whole.packet.as_ref().filter(|_| !self.pieces.is_empty()) else { return };
        let Some(ip_id) = packet.ip_id else { return };
        let of =
            Piece { capture: whole.frame.capture(), source: packet.source, destination: packet.destination, ip_id };
        let (mine, others) = std::mem::take(&mut self.pieces).into_iter().partition(|(piece, _)| *piece == of);
        self.pieces = others;
        let mine: VecDeque<(Piece, Exhibit)> = mine;
        let roles = lane.and_then(|lane| self.lanes.get(lane)).map(|filling| filling.lane.roles.clone());
        for (_, mut piece) in mine {
            roles.iter().flatten().chain(&whole.roles).for_each(|role| piece.plays(role));
            self.keep(piece);
        }
    }

    /// Whether a capture begins or ends at this time, asked for the first time.
    fn edge(&mut self, capture: u32, time: Time) -> Option<Role> {
        let at = self.edges.iter().position(|edge| (edge.0, edge.1) == (capture, time))?;
        Some(self.edges.swap_remove(at).2)
    }

    /// A host was heard outside conversations.
    fn hear(&mut self, host: IpAddr, capture: u32, frame: &Frame<'_>) {
        for heard in self.lives.get_mut(&host).into_iter().flatten() {
            if !heard.watched.captures.contains(&capture) {
                continue;
            }
            let [before, after] = &mut heard.nearest;
            if frame.time <= heard.watched.time {
                *before = Some(Exhibit::of(capture, frame, None));
            } else if after.is_none() {
                *after = Some(Exhibit::of(capture, frame, None));
            }
        }
    }
}

impl Lane {
    /// Whether a packet with this five-tuple belongs to it: not before it began, not after the next one
    /// did. What comes a while after the last packet are copies, and what ICMP says of it.
    fn holds(&self, moment: Moment) -> bool {
        self.captures.contains(&moment.frame.capture())
            && not_before(moment, self.from)
            && self.next.is_none_or(|next| !not_before(moment, next))
            && moment.time.since(self.to.time) <= AFTERMATH
    }
}

/// Within one file frames follow each other by number: clocks go back.
fn not_before(moment: Moment, other: Moment) -> bool {
    if moment.frame.capture() == other.frame.capture() {
        moment.frame.number() >= other.frame.number()
    } else {
        moment.time >= other.time
    }
}

/// How long after a conversation's last packet something may still belong to it.
const AFTERMATH: Span = Span::seconds(60);
/// Fragments that wait to be known.
const MOST_PIECES: usize = 256;
