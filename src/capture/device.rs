//! Live devices and packet filters, through libpcap (feature `live`).

use std::net::IpAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use pcap::{Active, BpfProgram, Dead, Linktype, Precision};

use super::{Frame, LinkType};
use crate::time::Time;

/// A device being listened to.
pub struct Device {
    name: String,
    capture: pcap::Capture<Active>,
    link: LinkType,
    /// Nanoseconds in the unit of libpcap's fractions.
    nanoseconds: u32,
    frames: u64,
}

/// What a device gave.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A frame. Its `interface` is 0 and its number counts from when the device was opened.
    Frame(Frame<'a>),
    /// Nothing for a hundredth of a second: time to look at clocks and keys.
    Silence,
}

/// A device that can be listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What [`Device::open`] takes.
    pub name: String,
    /// What people call it; on Windows the only telling name.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// It is up and running.
    pub running: bool,
}

/// What the kernel counted since a device was opened. The counts are of 32 bits and wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Frames that passed the filter; on some systems those before it.
    pub received: u32,
    /// Frames dropped because we read too slowly.
    pub dropped: u32,
    /// Frames dropped by the interface or its driver.
    pub dropped_by_interface: u32,
}

/// Why a device or a filter cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The system does not let us listen.
    #[error(
        "{device}: may not be listened to ({why}). Run as root or administrator, or on Linux once: \
         setcap cap_net_raw,cap_net_admin+eip $(command -v anyany)"
    )]
    Forbidden {
        /// The device as it was named.
        device: String,
        /// libpcap's word.
        why: String,
    },
    /// There is none of this name.
    #[error("{device}: there is no such device ({why}). There are: {}", or_none(.known))]
    Unknown {
        /// The device as it was named.
        device: String,
        /// libpcap's word.
        why: String,
        /// Names that can be given.
        known: Vec<String>,
    },
    /// Listening ended.
    #[error("{device}: cannot be listened to: {why}. Look whether it is still up")]
    Failed {
        /// The device as it was named.
        device: String,
        /// libpcap's word.
        why: String,
    },
    /// The filter is not one.
    #[error("filter {filter:?}: {why}. Filters are written as for tcpdump: host 10.0.0.1 and tcp port 135")]
    Filter {
        /// The filter as it was given.
        filter: String,
        /// libpcap's word.
        why: String,
    },
    /// The devices cannot be listed.
    #[error("the devices cannot be listed: {why}. On Windows install Npcap")]
    List {
        /// libpcap's word.
        why: String,
    },
}

impl Device {
    /// Listens to everything that passes `name`, kept up to `snaplen` octets a frame, if it matches
    /// `filter`.
    pub fn open(name: &str, filter: Option<&str>, snaplen: u32) -> Result<Self, DeviceError> {
        let refused = |why| refused(name, &why);
        let fine = counts_nanoseconds(name);
        let precision = if fine { Precision::Nano } else { Precision::Micro };
        let mut capture = pcap::Capture::from_device(name)
            .map_err(refused)?
            .promisc(true)
            .snaplen(i32::try_from(snaplen).unwrap_or(i32::MAX))
            .timeout(GATHERED_MS)
            .buffer_size(KERNEL_BUFFER)
            .precision(precision)
            .open()
            // Otherwise libpcap waits on Linux for the next frame however long that takes: its timeout
            // is how long it gathers frames, not how long it waits for one.
            .and_then(pcap::Capture::setnonblock)
            .map_err(refused)?;
        if let Some(filter) = filter {
            capture.filter(filter, true).map_err(|why| Filter::refused(filter, &why))?;
        }
        let link = link_of(capture.get_datalink());
        Ok(Self { name: name.to_owned(), capture, link, nanoseconds: if fine { 1 } else { 1_000 }, frames: 0 })
    }

    /// Every device that can be listened to.
    pub fn list() -> Result<Vec<Listed>, DeviceError> {
        let devices = pcap::Device::list().map_err(|why| DeviceError::List { why: why.to_string() })?;
        let listed = devices.into_iter().map(|device| Listed {
            name: device.name,
            description: device.desc,
            addresses: device.addresses.into_iter().map(|address| address.addr).collect(),
            running: device.flags.is_up() && device.flags.is_running(),
        });
        Ok(listed.collect())
    }

    /// The next frame. When there is none, waits a hundredth of a second and says so.
    #[allow(clippy::should_implement_trait)] // frames borrow from the device; an iterator's items cannot
    pub fn next(&mut self) -> Result<Heard<'_>, DeviceError> {
        match self.capture.next_packet() {
            Ok(packet) => {
                self.frames += 1;
                let wire_len = packet.header.len.max(packet.header.caplen);
                let time = time(packet.header, self.nanoseconds);
                let (number, link, octets) = (self.frames, self.link, packet.data);
                Ok(Heard::Frame(Frame { number, time, link, interface: 0, octets, wire_len }))
            }
            Err(pcap::Error::TimeoutExpired) => {
                thread::sleep(SILENCE);
                Ok(Heard::Silence)
            }
            Err(why) => Err(DeviceError::Failed { device: self.name.clone(), why: why.to_string() }),
        }
    }

    /// How its frames begin.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Decimals of its times.
    pub fn precision(&self) -> u8 {
        if self.nanoseconds == 1 { 9 } else { 6 }
    }

    /// What the kernel counted so far.
    pub fn counts(&mut self) -> Result<Counts, DeviceError> {
        let failed = |why: pcap::Error| DeviceError::Failed { device: self.name.clone(), why: why.to_string() };
        let counts = self.capture.stats().map_err(failed)?;
        Ok(Counts { received: counts.received, dropped: counts.dropped, dropped_by_interface: counts.if_dropped })
    }
}

/// A packet filter for frames of one link type.
pub struct Filter(BpfProgram);

impl Filter {
    /// Compiles a filter written as for tcpdump.
    pub fn compile(filter: &str, link: LinkType) -> Result<Self, DeviceError> {
        let refused = |why: pcap::Error| Self::refused(filter, &why);
        let dead: pcap::Capture<Dead> = pcap::Capture::dead(data_link_of(link)).map_err(refused)?;
        dead.compile(filter, true).map(Self).map_err(refused)
    }

    /// Whether a frame that begins with `octets` passes. `len`, `less` and `greater` see the captured
    /// length, not that on the wire.
    pub fn matches(&self, octets: &[u8]) -> bool {
        self.0.filter(octets)
    }

    fn refused(filter: &str, why: &pcap::Error) -> DeviceError {
        DeviceError::Filter { filter: filter.to_owned(), why: why.to_string() }
    }
}

/// libpcap has its own numbers (`DLT_`) for the link types that systems number differently. Raw IP is
/// the one among those that is met.
fn link_of(data_link: Linktype) -> LinkType {
    match data_link {
        DLT_RAW => LINKTYPE_RAW,
        Linktype(number) => LinkType(number.unsigned_abs()),
    }
}

fn data_link_of(link: LinkType) -> Linktype {
    match link {
        LINKTYPE_RAW => DLT_RAW,
        LinkType(number) => Linktype(i32::try_from(number).unwrap_or(i32::MAX)),
    }
}

/// libpcap takes nanoseconds of every Linux network interface; of the other things it calls devices
/// it does not, and it does not say so.
fn counts_nanoseconds(name: &str) -> bool {
    cfg!(target_os = "linux") && (name == "any" || Path::new("/sys/class/net").join(name).exists())
}

#[allow(clippy::useless_conversion)] // the fields of a timeval are narrower on other systems
fn time(header: &pcap::PacketHeader, nanoseconds: u32) -> Time {
    let fraction = u32::try_from(header.ts.tv_usec).unwrap_or_default();
    Time::new(i64::from(header.ts.tv_sec), fraction.saturating_mul(nanoseconds))
}

fn refused(device: &str, why: &pcap::Error) -> DeviceError {
    let (device, why) = (device.to_owned(), why.to_string());
    let known: Vec<_> = Device::list().unwrap_or_default().into_iter().map(|listed| listed.name).collect();
    let lower = why.to_lowercase();
    if lower.contains("permi") || lower.contains("denied") {
        DeviceError::Forbidden { device, why }
    } else if known.contains(&device) {
        DeviceError::Failed { device, why }
    } else {
        DeviceError::Unknown { device, why, known }
    }
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() { "none that this user may see".to_owned() } else { names.join(", ") }
}

/// How long frames wait in the kernel for others, so that they are handed over many at once.
const GATHERED_MS: i32 = 50;
/// How long to wait before [`Heard::Silence`].
const SILENCE: Duration = Duration::from_millis(10);
/// Octets that the kernel keeps for us while we are busy: half a second of a full gigabit.
const KERNEL_BUFFER: i32 = 64 * 1024 * 1024;

const LINKTYPE_RAW: LinkType = LinkType(101);
const DLT_RAW: Linktype = Linktype(if cfg!(target_os = "openbsd") { 14 } else { 12 });
