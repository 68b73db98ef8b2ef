//! One direction of a flow: what its sender did, as far as it was seen.

use crate::decode::TcpOptions;
use crate::flow::lazy::{Lazy, blank, reads_through};
use crate::flow::{Delivery, Moment};
use crate::time::{Span, Time};

/// Counters and marks of one direction. What only directions with payload have is [`Spoken`], and what few have
/// is [`Losses`]; both read as fields of this.
// In this order: what every packet touches comes first, so that it lies in few cache lines.
#[repr(C)]
#[derive(Debug, Clone, Default)]
pub struct Half {
    /// Packets, without duplicates made by the capture.
    pub packets: u64,
    /// Octets on the wire, link header included, without duplicates.
    pub octets: u64,
    /// Payload octets, counted once however often they were sent.
    pub payload: u64,
    /// Packets that carried payload.
    pub data_packets: u64,
    /// Last packet.
    pub last: Option<Moment>,
    /// First packet since the other side last said anything.
    pub tail_since: Option<Moment>,
    /// The sequence number after the highest octet seen.
    pub next_sequence: Option<u32>,
    /// The highest acknowledgement that this side sent.
    pub acknowledged: Option<u32>,
    /// Last IPv4 identification of everything but RST.
    pub ip_id: Option<u16>,
    /// Last window of everything but RST, unscaled.
    pub window: u16,
    /// Time to live of everything but RST and ICMP: what this sender usually looks like here.
    pub ttl: Option<TtlRange>,
    spoken: Lazy<Spoken>,
    /// First packet.
    pub first: Option<Moment>,
    /// Initial sequence number, from SYN or SYN-ACK.
    pub isn: Option<u32>,
    /// Options of its SYN or SYN-ACK.
    pub options: Option<TcpOptions>,
}

/// What a direction has that carried payload, or said goodbye.
#[derive(Debug, Clone, Default)]
pub struct Spoken {
    /// Last packet with payload that was not a retransmission or keep-alive.
    pub last_new_data: Option<Moment>,
    /// Retransmissions since the other side last said anything.
    pub tail_retransmissions: u32,
    /// The largest payload seen in one packet.
    pub largest_payload: u32,
    /// What became of its octets.
    pub delivery: Lazy<Delivery>,
    losses: Lazy<Losses>,
    /// First packet with payload.
    pub first_data: Option<Moment>,
    /// FIN.
    pub fin: Option<Moment>,
}

/// What a direction has that did not arrive here as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Losses {
    /// Copies of packets already seen, made by the capture (SPAN twice, both sides of a router).
    pub duplicates: u64,
    /// Segments sent again because no acknowledgement came.
    pub retransmissions: u64,
    /// Segments that arrived after later ones, too soon to be retransmissions.
    pub out_of_order: u64,
    /// Keep-alives: at most one octet, just below what was already acknowledged (RFC 9293 §3.8.4).
    pub keep_alives: u64,
    /// Times the window was announced as closed.
    pub zero_windows: u64,
    /// Stretches of this direction that the other side acknowledged and the capture never saw.
    pub unseen: u64,
    /// Packets whose payload was cut by the snap length.
    pub snapped: u64,
}

blank!(Half, Spoken, Losses);
reads_through!(Half.spoken: Spoken, Spoken.losses: Losses);

/// The times to live seen from one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TtlRange {
    /// Of the first packet.
    pub first: u8,
    /// Lowest.
    pub low: u8,
    /// Highest.
    pub high: u8,
}

impl Half {
    /// Counts a packet and its times.
    pub(super) fn count(&mut self, moment: Moment, wire_len: u32) {
        self.packets += 1;
        self.octets += u64::from(wire_len);
        self.first.get_or_insert(moment);
        self.last = Some(moment);
        self.tail_since.get_or_insert(moment);
    }

    /// Notes the time to live of a packet that is surely this sender's own style.
    pub(super) fn note_ttl(&mut self, ttl: u8) {
        let range = self.ttl.get_or_insert(TtlRange { first: ttl, low: ttl, high: ttl });
        range.low = range.low.min(ttl);
        range.high = range.high.max(ttl);
    }

    /// The other side spoke: whatever was repeated so far did not end in silence.
    pub(super) fn heard(&mut self) {
        self.tail_since = None;
        if let Some(spoken) = self.spoken.get_mut() {
            spoken.tail_retransmissions = 0;
        }
    }

    /// Whether all that it sent arrived here, and there.
    pub(super) fn is_whole(&self) -> bool {
        self.losses.is_blank() && self.delivery.open_since.is_none() && self.delivery.missing.is_none()
    }

    /// What becomes of its octets, from now on. The stream begins behind the SYN, where that was seen: what is
    /// missing in front of the first segment is missing too.
    pub(super) fn delivery_mut(&mut self) -> &mut Delivery {
        let kept = &mut self.spoken.delivery;
        let begin = self.isn.filter(|_| kept.is_blank());
        let delivery = &mut **kept;
        if let Some(isn) = begin {
            delivery.begins(isn.wrapping_add(1));
        }
        delivery
    }

    /// Its stream begins with this number.
    pub(super) fn begins(&mut self, sequence: u32) {
        if let Some(delivery) = self.spoken.get_mut().and_then(|spoken| spoken.delivery.get_mut()) {
            delivery.begins(sequence);
        }
    }
}

/// The marks of the last packets of one direction. A copy made by the capture follows its original
/// closely and differs in nothing that the sender wrote.
///
/// Where none was seen yet, few marks are enough to see the first. Then more are kept: a burst passes a
/// router as a whole before its copies are captured behind it.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    /// The oldest few, with the flow: nearly always they are all.
    few: [Mark; KEPT],
    /// The rest.
    more: Vec<Mark>,
    len: u8,
    next: u8,
    seen_copies: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    what: u64,
    time: Time,
    ttl: u8,
}

impl Recent {
    /// Whether a packet with this mark is a copy of one seen less than `within` ago; if not, keeps it.
    ///
    /// A router's far side shows the copy with a lower TTL, a second SPAN port with the same; a
    /// higher one never follows from forwarding, but the two copies may have been captured in
    /// either order, so the TTL only has to be near.
    pub(super) fn is_copy(&mut self, what: u64, time: Time, ttl: u8, within: Span) -> bool {
        let is_original = |mark: &Mark| {
            mark.what == what && time.since(mark.time).length() <= within && mark.ttl.abs_diff(ttl) <= HOPS
        };
        let few = self.few.get(..usize::from(self.len)).unwrap_or(&self.few);
        if few.iter().any(is_original) || self.more.iter().any(is_original) {
            self.seen_copies = true;
            return true;
        }
        self.keep(Mark { what, time, ttl });
        false
    }

    fn keep(&mut self, mark: Mark) {
        let most = if self.seen_copies { KEPT_AMONG_COPIES } else { KEPT };
        let len = usize::from(self.len);
        let at = if len < most { len } else { usize::from(self.next) };
        match self.few.get_mut(at) {
            Some(slot) => *slot = mark,
            None => match self.more.get_mut(at - KEPT) {
                Some(slot) => *slot = mark,
                None => self.more.push(mark),
            },
        }
        if len < most {
            self.len += 1;
        } else {
            self.next = if at + 1 < most { self.next + 1 } else { 0 };
        }
    }
}

/// The first copy comes within a few packets of its original.
const KEPT: usize = 4;
/// A burst of segments: a window of 64 KiB, and a few more.
const KEPT_AMONG_COPIES: usize = 64;
/// Routers between two vantage points of one capture.
const HOPS: u8 = 8;
