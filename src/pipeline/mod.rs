//! From captures to conversations: the only threads and channels.
//!
//! A mapped capture is read by all threads together (see `crew`). A stream, and captures that are read side
//! by side, have one reader that decodes and deals packets out by their sorted five-tuple in bounded batches.
//! In both ways the two directions of a flow meet in one table, so that flow state needs no lock. What flows
//! learn from each other goes into the [`World`], which is read only when all is read: no result depends on
//! which thread came first.

mod batch;
mod crew;
mod hands;
#[cfg(feature = "live")]
pub mod live;
mod merge;
mod plan;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use crate::capture::{Capture, Frame, Map};
use crate::classify::usual_ports;
use crate::decode::{Decoded, Decoder, Health, Packet, Payload, protocol_word};
use crate::flow::{Arrival, FrameRef, Moment, ServicePorts, Table};
use crate::observe::{Talk, Trace, World};
use batch::Dealer;
pub use hands::Hands;
pub use plan::{Glance, Plan, plan};

/// How to read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads in all, the reader included; at least 1.
    pub threads: usize,
    /// What flows may take, in octets; `None` where there is no limit.
    pub memory: Option<u64>,
    /// Ports that servers listen on, to tell who called where no handshake was seen.
    pub ports: ServicePorts,
}

impl Settings {
    /// So many threads, and the ports that servers listen on: those of the protocols, and those that the tables list.
    pub fn new(threads: usize, tcp: &BTreeSet<u16>, udp: &BTreeSet<u16>) -> Self {
        use anyany_dissectors::Transport::{Tcp, Udp};
        let listed = |ports: &BTreeSet<u16>| ports.iter().copied().collect();
        let ports = ServicePorts::new(usual_ports(Tcp), usual_ports(Udp)).listed(listed(tcp), listed(udp));
        Self { threads, memory: None, ports }
    }
}

impl Settings {
    /// Takes no more than so many octets in all, as near as can be told: a part of them is for what does not
    /// grow with the number of flows.
    #[must_use]
    pub fn limited(self, memory: Option<u64>) -> Self {
        Self { memory: memory.map(|octets| octets - (octets / 2).min(BASE)), ..self }
    }

    /// The same for each of so many traces, which are all held until the report is written.
    #[must_use]
    pub fn shared(&self, traces: usize) -> Self {
        let shared = |octets: u64| octets / u64::try_from(traces.max(1)).unwrap_or(u64::MAX);
        Self { memory: self.memory.map(shared), ..self.clone() }
    }

    fn table(&self) -> Table<Talk> {
        Table::new(self.ports.clone()).limited(self.memory)
    }
}

/// Octets for the program, batches on their way, books, and the report.
const BASE: u64 = 32 << 20;

/// Where packets go: a table of this thread, or batches for workers.
enum Sink<'a> {
    Here(&'a mut Table<Talk>, &'a World),
    Workers(Dealer),
}

/// The runs of one trace: captures with their index among all inputs, as the [`Plan`] orders them.
pub type Runs = Vec<Vec<(u32, Capture)>>;

/// Reads one trace; `keep` says of each frame whether it is to be looked at.
pub fn read(runs: Runs, settings: &Settings, keep: &(dyn Fn(&Frame<'_>) -> bool + Sync)) -> Trace {
    let world = World::default();
    let straight = |run: &Vec<(u32, Capture)>| matches!(&run[..], [(_, capture)] if capture.map().is_some());
    let threads = settings.threads.max(1);
    let (healths, parts) = if runs.iter().all(straight) {
        together(runs, threads, settings, keep, &world)
    } else if threads == 1 {
        let mut table = settings.table();
        let healths = pump(runs, keep, &mut Sink::Here(&mut table, &world));
        (healths, vec![worker::finish(table, &world)])
    } else {
        let workers = threads - 1;
        thread::scope(|scope| {
            let (dealer, receivers) = Dealer::new(workers, settings.memory.is_some());
            let handles: Vec<_> = receivers
                .into_iter()
                .map(|batches| {
                    let (world, table) = (&world, settings.table());
                    scope.spawn(move || worker::run(&batches, table, world))
                })
                .collect();
            let mut sink = Sink::Workers(dealer);
            let healths = pump(runs, keep, &mut sink);
            drop(sink); // closes the channels: the workers finish
            let joined = handles.into_iter().map(|handle| match handle.join() {
                Ok(part) => part,
                // A worker that panicked has lost flows: nothing that is left may be believed.
                Err(panic) => std::panic::resume_unwind(panic),
            });
            (healths, joined.collect())
        })
    };
    worker::join(parts, healths, &world)
}

/// Reads mapped captures that follow each other, each by all threads together.
fn together(
    runs: Runs,
    threads: usize,
    settings: &Settings,
    keep: &(dyn Fn(&Frame<'_>) -> bool + Sync),
    world: &World,
) -> (Vec<Health>, Vec<worker::Part>) {
    let mut tables: Vec<_> = (0..threads).map(|_| settings.table()).collect();
    let mut decoder = Decoder::default();
    let captures: Vec<_> = runs.into_iter().flatten().collect();
    let origin = captures.first().map_or(0, |(index, _)| *index);
    let read = |capture| crew::read(capture, origin, keep, &mut decoder, &mut tables, world);
    let mut healths: Vec<_> = captures.into_iter().map(read).collect();
    tell_fragments(&mut healths, &decoder);
    let parts = thread::scope(|scope| {
        let finish = |table| scope.spawn(move || worker::finish(table, world));
        let threads: Vec<_> = tables.into_iter().map(finish).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.collect()
    });
    (healths, parts)
}

/// Reads captures once more, one after the other, and hands on the frames that were looked at.
pub fn read_again(
    captures: impl IntoIterator<Item = (u32, Capture)>,
    keep: &dyn Fn(&Frame<'_>) -> bool,
    mut each: impl FnMut(u32, &Frame<'_>),
) {
    for (index, mut capture) in captures {
        while let Some(frame) = capture.next() {
            if keep(&frame) {
                each(index, &frame);
            }
        }
    }
}

/// Reads all frames in order and hands their packets on.
fn pump(runs: Runs, keep: &(dyn Fn(&Frame<'_>) -> bool + Sync), sink: &mut Sink<'_>) -> Vec<Health> {
    let mut decoder = Decoder::default();
    let mut healths = Vec::new();
    let first = runs.iter().flatten().map(|(index, _)| *index).next().unwrap_or(0);
    for run in runs {
        // Files that follow each other go on with each other's fragments; files side by side do not.
        let in_turn = (run.len() == 1).then_some(first);
        healths.extend(merge::read_run(run, |health, map, frame| {
            if keep(frame) {
                let origin = in_turn.unwrap_or(health.index);
                take(&mut decoder, health, map, frame, origin, sink);
            } else {
                health.filtered += 1;
            }
        }));
    }
    if let Sink::Workers(dealer) = sink {
        dealer.flush();
    }
    tell_fragments(&mut healths, &decoder);
    healths
}

/// What became of fragments is told by the first capture of a trace.
fn tell_fragments(healths: &mut [Health], decoder: &Decoder) {
    if let Some(health) = healths.first_mut() {
        health.fragments = Some((decoder.fragment_counts(), decoder.incomplete()));
        health.unfinished = decoder.unfinished();
    }
}

/// A packet on its way to its flow; what of it is not looked into is counted.
#[inline(always)]
#[allow(clippy::inline_always)] // as in decode: a packet is written where it stays
fn arrived<'a>(health: &mut Health, frame: &Frame<'_>, packet: Packet<'a>) -> Arrival<'a> {
    if let Payload::Other(protocol) = packet.payload {
        health.undecoded(protocol_word(protocol));
    }
    health.cover(frame.time);
    let moment = Moment { time: frame.time, frame: FrameRef::new(health.index, frame.number) };
    Arrival::new(moment, frame.wire_len, packet)
}

/// Decodes one frame and hands its packet on.
fn take(
    decoder: &mut Decoder,
    health: &mut Health,
    map: Option<&Arc<Map>>,
    frame: &Frame<'_>,
    origin: u32,
    sink: &mut Sink<'_>,
) {
    health.cover(frame.time);
    match decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, origin) {
        Decoded::Packet(packet) => {
            let arrival = arrived(health, frame, packet);
            match sink {
                Sink::Here(table, world) => table.packets(&[arrival], world),
                Sink::Workers(dealer) => dealer.deal(&arrival, map),
            }
        }
        Decoded::Arp { sender } => {
            health.undecoded("arp");
            match sink {
                _ if sender.is_unspecified() => {}
                Sink::Here(table, _) => table.hear(sender.into(), frame.time),
                Sink::Workers(dealer) => dealer.hear(sender.into(), frame.time),
            }
        }
        Decoded::Held { .. } => {}
        Decoded::Undecoded(word) => health.undecoded(word),
        Decoded::UnknownLink => health.unknown_link(frame.link, frame.number),
    }
}
