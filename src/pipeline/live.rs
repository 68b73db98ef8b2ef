//! Devices as one stream of frames (feature `live`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::capture::device::{Counts, Device, DeviceError, Heard};
use crate::capture::{Frame, LinkType};
use crate::time::Time;

/// What comes from the devices.
#[derive(Debug)]
pub enum Input<'a> {
    /// A frame of the device with this index.
    Frame(u32, Frame<'a>),
    /// What was lost of a device so far.
    Lost(u32, Lost),
    /// A device can no longer be listened to.
    Ended(u32, DeviceError),
    /// Nothing for a moment: time to judge.
    Pause,
}

/// Frames that were not seen, by where they were lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lost {
    /// By the kernel, because we read too slowly.
    pub kernel: u64,
    /// By the interface or its driver.
    pub interface: u64,
    /// By ourselves, between reading and judging.
    pub own: u64,
}

impl Lost {
    /// All of them.
    pub fn total(self) -> u64 {
        self.kernel + self.interface + self.own
    }
}

/// Listens to the devices, a thread each, until `stop` is set or all have ended. `each` gets
/// everything, in this thread; when it is too slow, frames are dropped and counted, never queued
/// without bound.
pub fn listen(devices: Vec<Device>, stop: &AtomicBool, mut each: impl FnMut(Input<'_>)) {
    thread::scope(|scope| {
        let (sender, receiver) = bounded(BATCHES_WAITING);
        for (index, device) in (0u32..).zip(devices) {
            let sender = sender.clone();
            scope.spawn(move || read(index, device, stop, &sender));
        }
        drop(sender);
        take(&receiver, &mut each);
    });
}

fn take(receiver: &Receiver<Message>, each: &mut impl FnMut(Input<'_>)) {
    loop {
        match receiver.recv_timeout(MOMENT) {
            Ok(Message::Frames(device, batch)) => {
                for stored in &batch.frames {
                    each(Input::Frame(device, batch.frame(stored)));
                }
                each(Input::Pause);
            }
            Ok(Message::Lost(device, lost)) => each(Input::Lost(device, lost)),
            Ok(Message::Ended(device, why)) => each(Input::Ended(device, why)),
            Err(RecvTimeoutError::Timeout) => each(Input::Pause),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

enum Message {
    Frames(u32, Batch),
    Lost(u32, Lost),
    Ended(u32, DeviceError),
}

#[derive(Default)]
struct Batch {
    octets: Vec<u8>,
    frames: Vec<Stored>,
}

struct Stored {
    number: u64,
    time: Time,
    link: LinkType,
    wire_len: u32,
    octets: std::ops::Range<usize>,
}

impl Batch {
    fn push(&mut self, frame: &Frame<'_>) {
        let from = self.octets.len();
        self.octets.extend_from_slice(frame.octets);
        let &Frame { number, time, link, wire_len, .. } = frame;
        self.frames.push(Stored { number, time, link, wire_len, octets: from..self.octets.len() });
    }

    fn frame(&self, stored: &Stored) -> Frame<'_> {
        let &Stored { number, time, link, wire_len, .. } = stored;
        let octets = self.octets.get(stored.octets.clone()).unwrap_or_default();
        Frame { number, time, link, interface: 0, octets, wire_len }
    }
}

/// One device's thread: gathers frames until a pause or a full batch.
fn read(index: u32, mut device: Device, stop: &AtomicBool, sender: &Sender<Message>) {
    let mut own = 0;
    let mut batch = Batch::default();
    let mut told = Lost::default();
    while !stop.load(Ordering::Relaxed) {
        let full = match device.next() {
            Ok(Heard::Frame(frame)) => {
                batch.push(&frame);
                batch.frames.len() >= MOST_FRAMES
            }
            Ok(Heard::Silence) => true,
            Err(why) => {
                let _ = sender.send(Message::Ended(index, why));
                break;
            }
        };
        if !full {
            continue;
        }
        send(index, &mut batch, &mut own, sender);
        if let Ok(counts) = device.counts() {
            let lost = lost(counts, own);
            if lost != told && sender.try_send(Message::Lost(index, lost)).is_ok() {
                told = lost;
            }
        }
    }
    send(index, &mut batch, &mut own, sender);
}

fn send(index: u32, batch: &mut Batch, own: &mut u64, sender: &Sender<Message>) {
    if batch.frames.is_empty() {
        return;
    }
    if let Err(TrySendError::Full(Message::Frames(_, refused))) =
        sender.try_send(Message::Frames(index, std::mem::take(batch)))
    {
        *own += refused.frames.len() as u64;
    }
}

fn lost(counts: Counts, own: u64) -> Lost {
    Lost { kernel: counts.dropped.into(), interface: counts.dropped_by_interface.into(), own }
}

/// Without frames, look up this often.
const MOMENT: Duration = Duration::from_millis(100);
/// Frames of a batch.
const MOST_FRAMES: usize = 512;
/// Batches that wait to be judged: at 512 frames each, some tenths of a second of a busy link.
const BATCHES_WAITING: usize = 128;
