//! From captures to conversations: the only threads and channels.
//!
//! One reader decodes and deals packets out by their sorted five-tuple, so that both directions of
//! a flow meet in one worker and flow state needs no lock; one channel a worker, bounded, carries
//! batches. What flows learn from each other goes into the [`World`], which is read only when all
//! is read: no result depends on which thread came first.

mod batch;
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
use crate::flow::{Arrival, FlowKey, FrameRef, Moment, ServicePorts, Table};
use crate::observe::{Talk, Trace, World};
use batch::{Batch, Dealer};
pub use plan::{Glance, Plan, plan};

/// How to read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Threads in all, the reader included; at least 1.
    pub threads: usize,
    /// Ports that servers listen on, to tell who called where no handshake was seen.
    pub ports: ServicePorts,
}

impl Settings {
    /// So many threads, and the ports that servers listen on: those of the protocols, and those that the tables list.
    pub fn new(threads: usize, tcp: &BTreeSet<u16>, udp: &BTreeSet<u16>) -> Self {
        use anyany_dissectors::Transport::{Tcp, Udp};
        let listed = |ports: &BTreeSet<u16>| ports.iter().copied().collect();
        let ports = ServicePorts::new(usual_ports(Tcp), usual_ports(Udp)).listed(listed(tcp), listed(udp));
        Self { threads, ports }
    }
}

/// Where packets go, in batches: to a table of this thread, or to workers.
enum Sink<'a> {
    Here(Box<Here<'a>>),
    Workers(Dealer),
}

/// This thread's own table, and the batch that waits for it.
struct Here<'a> {
    table: Table<Talk>,
    world: &'a World,
    filling: Batch,
}

impl Here<'_> {
    fn deal(&mut self, arrival: &Arrival<'_>, map: Option<&Arc<Map>>) {
        if self.filling.is_full_before(arrival.moment.time) {
            self.flush();
        }
        self.filling.push(arrival, map);
    }

    fn flush(&mut self) {
        worker::take(&mut self.table, &std::mem::take(&mut self.filling), self.world);
    }
}

/// The runs of one trace: captures with their index among all inputs, as the [`Plan`] orders them.
pub type Runs = Vec<Vec<(u32, Capture)>>;

/// Reads one trace; `keep` says of each frame whether it is to be looked at.
pub fn read(runs: Runs, settings: &Settings, keep: &(dyn Fn(&Frame<'_>) -> bool + Sync)) -> Trace {
    let world = World::default();
    let workers = settings.threads.max(1) - 1;
    let (healths, parts) = if workers == 0 {
        let (table, filling) = (Table::new(settings.ports.clone()), Batch::default());
        let mut sink = Sink::Here(Box::new(Here { table, world: &world, filling }));
        let healths = pump(runs, keep, &mut sink);
        let part = match sink {
            Sink::Here(here) => worker::finish(here.table, &world),
            Sink::Workers(_) => worker::Part::default(),
        };
        (healths, vec![part])
    } else {
        thread::scope(|scope| {
            let (dealer, receivers) = Dealer::new(workers);
            let handles: Vec<_> = receivers
                .into_iter()
                .map(|batches| {
                    let (world, ports) = (&world, settings.ports.clone());
                    scope.spawn(move || worker::run(&batches, ports, world))
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
    match sink {
        Sink::Here(here) => here.flush(),
        Sink::Workers(dealer) => dealer.flush(),
    }
    if let Some(health) = healths.first_mut() {
        health.fragments = Some((decoder.fragment_counts(), decoder.incomplete()));
        health.unfinished = decoder.unfinished();
    }
    healths
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
    let moment = Moment { time: frame.time, frame: FrameRef { capture: health.index, number: frame.number } };
    health.cover(frame.time);
    match decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, origin) {
        Decoded::Packet(packet) => {
            if let Payload::Other(protocol) = packet.payload {
                health.undecoded(protocol_word(protocol));
            }
            let arrival = Arrival { moment, wire_len: frame.wire_len, packet };
            match sink {
                Sink::Here(here) => here.deal(&arrival, map),
                Sink::Workers(dealer) => dealer.deal(&arrival, map),
            }
        }
        Decoded::Arp { sender } => {
            health.undecoded("arp");
            match sink {
                _ if sender.is_unspecified() => {}
                Sink::Here(here) => here.table.hear(sender.into(), frame.time),
                Sink::Workers(dealer) => dealer.hear(sender.into(), frame.time),
            }
        }
        Decoded::Held => {}
        Decoded::Undecoded(word) => health.undecoded(word),
        Decoded::UnknownLink => health.unknown_link(frame.link, frame.number),
    }
}

/// The worker that owns a packet's flow, from its sorted five-tuple; for an ICMP error, the flow
/// that it quotes.
fn shard(packet: &Packet<'_>, workers: usize) -> usize {
    use std::hash::BuildHasher;
    let Some(key) = FlowKey::of(packet) else { return 0 };
    // A fixed seed: which worker gets a flow is nobody's business, but it should not change from run to run.
    let hash = foldhash::fast::FixedState::with_seed(0).hash_one(key);
    usize::try_from(hash % workers.max(1) as u64).unwrap_or(0)
}
