//! Live monitoring: the same diagnosis over a sliding window. Clock, frames and output are the
//! caller's: this room only remembers, judges, and says what opened, changed and resolved.

mod alerts;

use std::collections::VecDeque;

use crate::capture::Frame;
use crate::decode::{Decoded, Decoder, Health, Payload, protocol_word};
use crate::diagnose::{Diagnosis, diagnose};
use crate::flow::{Arrival, Flow, FrameRef, Moment, ServicePorts, Table};
use crate::observe::{Said, Talk, Trace, World};
use crate::time::{Span, Time};
use crate::topology::Roster;

pub use alerts::{Alerts, Change, Event};

/// What is remembered of a network while it is watched.
pub struct Watch {
    table: Table<Talk>,
    world: World,
    decoder: Decoder,
    /// One for each device, by its index.
    healths: Vec<Health>,
    /// Conversations that are over, by when they ended; those older than the window are let go.
    over: VecDeque<(Box<Flow>, Said)>,
    window: Span,
    /// Conversations let go early because there were too many.
    let_go: u64,
}

impl Watch {
    /// Remembers conversations for `window`; `healths` are the devices, in the order of their index.
    pub fn new(ports: ServicePorts, healths: Vec<Health>, window: Span) -> Self {
        Self {
            table: Table::new(ports),
            world: World::default(),
            decoder: Decoder::default(),
            healths,
            over: VecDeque::new(),
            window,
            let_go: 0,
        }
    }

    /// Takes one frame of a device.
    pub fn frame(&mut self, device: u32, frame: &Frame<'_>) {
        let Some(health) = usize::try_from(device).ok().and_then(|at| self.healths.get_mut(at)) else { return };
        health.summary.packets += 1;
        health.summary.octets += u64::from(frame.wire_len);
        health.cover(frame.time);
        let moment = Moment { time: frame.time, frame: FrameRef::new(device, frame.number) };
        match self.decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, device) {
            Decoded::Packet(packet) => {
                if let Payload::Other(protocol) = packet.payload {
                    health.undecoded(protocol_word(protocol));
                }
                self.table.packet(&Arrival::new(moment, frame.wire_len, packet), &self.world);
            }
            Decoded::Arp { sender } if !sender.is_unspecified() => self.table.hear(sender.into(), frame.time),
            Decoded::Arp { .. } => health.undecoded("arp"),
            Decoded::Held { .. } => {}
            Decoded::Undecoded(word) => health.undecoded(word),
            Decoded::UnknownLink => health.unknown_link(frame.link, frame.number),
        }
    }

    /// What was lost before it came here, by device: dropped by kernel, interface or ourselves.
    pub fn lost(&mut self, device: u32, packets: u64) {
        if let Some(health) = usize::try_from(device).ok().and_then(|at| self.healths.get_mut(at)) {
            health.summary.lost_by_capture = packets;
        }
    }

    /// Everything remembered as a trace, as of `now`. Lets go of what the window has left behind.
    pub fn trace(&mut self, now: Time) -> Trace {
        let before = now.minus(self.window);
        for live in self.table.expire(now, IDLE, before, &self.world) {
            self.over.push_back((Box::new(live.flow), live.observer.seen));
        }
        self.over.retain(|(flow, _)| flow.last.time >= before);
        while self.over.len() > MOST_REMEMBERED {
            self.over.pop_front();
            self.let_go += 1;
        }
        for health in &mut self.healths {
            health.cover(now);
        }
        if let Some(health) = self.healths.first_mut() {
            health.unfinished = self.decoder.unfinished();
        }
        let going_on = self.table.flows(&self.world);
        let going_on = going_on.map(|(flow, talk)| (flow, talk.map(|talk| talk.seen.clone()).unwrap_or_default()));
        let mut flows: Vec<_> = self.over.iter().cloned().chain(going_on).collect();
        flows.sort_by_key(|(flow, _)| (flow.first.time, flow.first.frame, flow.key));
        let duplicates = self.table.counters().duplicates.iter().map(|(capture, count)| (*capture, *count)).collect();
        let stray_icmp = self.table.counters().stray_icmp;
        Trace::new(flows, self.table.life(), &self.world, self.healths.clone(), duplicates, stray_icmp)
    }

    /// Judges what is remembered.
    pub fn judge(trace: &Trace, roster: &Roster) -> Diagnosis {
        diagnose(std::slice::from_ref(trace), roster)
    }

    /// The devices.
    pub fn healths(&self) -> &[Health] {
        &self.healths
    }

    /// Conversations let go early because there were too many.
    pub fn let_go(&self) -> u64 {
        self.let_go
    }
}

/// A connection that says nothing for so long is let go; two hours is Windows' own keep-alive.
const IDLE: Span = Span::seconds(2 * 3600 + 600);
/// Conversations remembered after their end.
const MOST_REMEMBERED: usize = 200_000;
