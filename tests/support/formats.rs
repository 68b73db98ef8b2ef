//! Packets in the formats that others write: Network Monitor's, snoop, ERF.
#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

/// A packet to be written. `time` in nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    pub time: i64,
    pub octets: Vec<u8>,
    pub wire_len: u32,
}

/// A Network Monitor file being written.
pub struct Netmon {
    major: u8,
    minor: u8,
    start: i64,
    header: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl Netmon {
    /// An Ethernet capture of this version that begins at `start`.
    pub fn new((major, minor): (u8, u8), start: i64) -> Self {
        let mut header = if major == 1 { b"RTSS".to_vec() } else { b"GMBU".to_vec() };
        header.extend([minor, major, 1, 0]);
        for part in system_time(start) {
            header.extend(part.to_le_bytes());
        }
        // The header has no smaller unit than milliseconds.
        Self { major, minor, start: start / 1_000_000 * 1_000_000, header, frames: Vec::new() }
    }

    /// All of these, as Ethernet.
    pub fn of(version: (u8, u8), packets: &[Packet]) -> Self {
        let mut netmon = Self::new(version, packets.first().map_or(0, |packet| packet.time));
        for packet in packets {
            netmon.frame(1, packet);
        }
        netmon
    }

    /// A frame of this media type.
    pub fn frame(&mut self, media: u16, packet: &Packet) {
        let mut frame = Vec::new();
        let since = packet.time - self.start;
        let captured = u32::try_from(packet.octets.len()).unwrap();
        if self.major == 1 {
            frame.extend(u32::try_from(since / 1_000_000).unwrap().to_le_bytes());
            frame.extend(u16::try_from(packet.wire_len).unwrap().to_le_bytes());
            frame.extend(u16::try_from(captured).unwrap().to_le_bytes());
        } else {
            frame.extend((since / 1_000).to_le_bytes());
            frame.extend(packet.wire_len.to_le_bytes());
            frame.extend(captured.to_le_bytes());
        }
        frame.extend(&packet.octets);
        if self.major == 2 && self.minor >= 1 {
            frame.extend(media.to_le_bytes());
        }
        if self.major == 2 && self.minor >= 2 {
            frame.extend(u32::MAX.to_le_bytes()); // no process
        }
        if self.major == 2 && self.minor >= 3 {
            frame.extend((packet.time / 100 + UNITS_TO_1970).to_le_bytes());
            frame.push(0); // time zone
        }
        self.frames.push(frame);
    }

    /// The file, its frames one behind the other.
    pub fn octets(&self) -> Vec<u8> {
        let order: Vec<_> = (0..self.frames.len()).collect();
        self.octets_in(&order, 0)
    }

    /// The file, whose frames stand in this order, `gap` octets apart. The index has them in the order
    /// in which they were written.
    pub fn octets_in(&self, order: &[usize], gap: usize) -> Vec<u8> {
        let mut octets = self.header.clone();
        octets.resize(HEADER, 0);
        let mut index = vec![0; order.len()];
        for &at in order {
            octets.resize(octets.len() + gap, 0xee);
            index[at] = u32::try_from(octets.len()).unwrap();
            octets.extend(&self.frames[at]);
        }
        let table = u32::try_from(octets.len()).unwrap();
        octets[24..28].copy_from_slice(&table.to_le_bytes());
        octets[28..32].copy_from_slice(&u32::try_from(4 * index.len()).unwrap().to_le_bytes());
        octets.extend(index.into_iter().flat_map(u32::to_le_bytes));
        octets
    }
}

/// Year, month, day of the week, day, hour, minute, second, millisecond.
fn system_time(time: i64) -> [u16; 8] {
    let (days, millis) = (time.div_euclid(86_400_000_000_000), time.rem_euclid(86_400_000_000_000) / 1_000_000);
    let (mut year, mut left) = (1970, days);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    let parts = [year, month, (days + 4) % 7, left + 1, hour, minute, second, millis % 1_000];
    parts.map(|part| u16::try_from(part).unwrap())
}

/// The user data of a packet event, with its header, as Network Monitor saves a trace of `netsh`.
pub fn event(packet: &[u8], keywords: u64) -> Vec<u8> {
    let mut event = vec![0; 24];
    event.extend([0x6e, 0x00, 0xd6, 0x2e, 0x29, 0x47, 0x09, 0x46, 0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6, 0x78, 0xef]);
    event.extend(1_001u16.to_le_bytes());
    event.resize(48, 0);
    event.extend(keywords.to_le_bytes());
    event.resize(84, 0);
    event.extend([1, 0]); // one extended data item
    event.extend(u16::try_from(packet.len() + 12).unwrap().to_le_bytes());
    event.push(0);
    event.extend([0, 0, 1, 0, 0, 0, 3, 0, 7, 7, 7]); // of three octets
    event.extend([9, 0, 0, 0, 9, 0, 0, 0]);
    event.extend(u32::try_from(packet.len()).unwrap().to_le_bytes());
    event.extend(packet);
    event
}

/// A snoop file of Ethernet frames; before the last packet `lost` were lost.
pub fn snoop(packets: &[Packet], lost: u32) -> Vec<u8> {
    let mut octets = b"snoop\0\0\0\0\0\0\x02\0\0\0\x04".to_vec();
    for (at, packet) in packets.iter().enumerate() {
        let captured = u32::try_from(packet.octets.len()).unwrap();
        let lost = if at + 1 == packets.len() { lost } else { 0 };
        let (seconds, micros) = (packet.time / 1_000_000_000, packet.time % 1_000_000_000 / 1_000);
        let padded = captured.next_multiple_of(4);
        let header =
            [packet.wire_len, captured, 24 + padded, lost, seconds.try_into().unwrap(), micros.try_into().unwrap()];
        octets.extend(header.into_iter().flat_map(u32::to_be_bytes));
        octets.extend(&packet.octets);
        octets.resize(octets.len() + (padded - captured) as usize, 0);
    }
    octets
}

/// An ERF record of this type with so many extension headers. Behind them stand the octets that the
/// type has there: `sub`.
pub fn erf_record(kind: u8, extensions: usize, lost: u16, sub: &[u8], packet: &Packet) -> Vec<u8> {
    let (seconds, nanos) = (packet.time / 1_000_000_000, packet.time % 1_000_000_000);
    let fraction = (u64::try_from(nanos).unwrap() << 32) / 1_000_000_000;
    let fixed_point = (u64::try_from(seconds).unwrap() << 32) + fraction;
    let mut record = fixed_point.to_le_bytes().to_vec();
    record.push(if extensions > 0 { kind | 0x80 } else { kind });
    record.push(4); // lengths vary, port 0
    let length = (16 + 8 * extensions + sub.len() + packet.octets.len()).next_multiple_of(8);
    for number in [u16::try_from(length).unwrap(), lost, u16::try_from(packet.wire_len).unwrap()] {
        record.extend(number.to_be_bytes());
    }
    for left in (0..extensions).rev() {
        record.extend([if left > 0 { 0x83 } else { 0x03 }, 1, 2, 3, 4, 5, 6, 7]);
    }
    record.extend(sub);
    record.extend(&packet.octets);
    record.resize(length, 0);
    record
}

/// Ethernet records, one behind the other.
pub fn erf(packets: &[Packet]) -> Vec<u8> {
    packets.iter().flat_map(|packet| erf_record(2, 0, 0, &[0, 0], packet)).collect()
}

/// Every format and version that holds these packets, by a name for messages.
pub fn all(packets: &[Packet]) -> Vec<(String, Vec<u8>)> {
    let versions = [(1, 1), (2, 0), (2, 1), (2, 2), (2, 3)];
    let netmon = versions.map(|version| (format!("netmon {version:?}"), Netmon::of(version, packets).octets()));
    let others = [("snoop".to_owned(), snoop(packets, 0)), ("erf".to_owned(), erf(packets))];
    netmon.into_iter().chain(others).collect()
}

const HEADER: usize = 128;
const UNITS_TO_1970: i64 = 116_444_736_000_000_000;
