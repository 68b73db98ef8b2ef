//! The blocks that describe: sections, interfaces, names, statistics.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pcap_parser::{
    Block, InterfaceDescriptionBlock, InterfaceStatisticsBlock, NameRecord, NameRecordType, OptionCode, PcapNGOption,
    SectionHeaderBlock, parse_block_be, parse_block_le,
};

use super::interface::{Interface, decimals};
use super::{Order, Pcapng};
use crate::capture::{InterfaceSummary, LinkType, Summary};

impl Pcapng {
    /// Takes in a block that is not a packet.
    pub(super) fn describe(&mut self, block: &[u8], summary: &mut Summary) {
        let parse = match self.order {
            Order::Little => parse_block_le,
            Order::Big => parse_block_be,
        };
        match parse(block) {
            Ok((_, Block::SectionHeader(header))) => section(&header, summary),
            Ok((_, Block::InterfaceDescription(description))) => self.interface(&description, summary),
            Ok((_, Block::InterfaceStatistics(statistics))) => self.statistics(&statistics, summary),
            Ok((_, Block::NameResolution(records))) => records.nr.iter().for_each(|record| name(record, summary)),
            Ok(_) => {}
            Err(_) => summary.problem(format!("block {} cannot be read; what it describes is unknown", self.blocks)),
        }
    }

    /// Section 4.2. `pcap-parser` reads the numbers in options as little-endian, so they are read here.
    fn interface(&mut self, description: &InterfaceDescriptionBlock<'_>, summary: &mut Summary) {
        if self.interfaces.len() >= INTERFACES {
            return summary.problem(format!("block {} is one interface too many", self.blocks));
        }
        let of = |code| value(&description.options, code);
        let resolution = of(OptionCode::IfTsresol).and_then(|octets| octets.first().copied()).unwrap_or(6);
        let offset = of(OptionCode::IfTsoffset).and_then(|octets| self.order.u64(octets)).unwrap_or_default();
        let link = LinkType(u32::try_from(description.linktype.0).unwrap_or(u32::MAX));
        let (snaplen, offset) = (description.snaplen, offset.cast_signed());
        self.interfaces.push(Interface::new(link, snaplen, resolution, offset));
        let told = |code| of(code).map(text);
        let (name, description) = (told(OptionCode::IfName), told(OptionCode::IfDescription));
        summary.describe(InterfaceSummary { link, snaplen, resolution, offset, name, description, lost: None });
        summary.precision = summary.precision.max(decimals(resolution));
    }

    /// Section 4.6. Later statistics of an interface replace the earlier ones.
    fn statistics(&mut self, statistics: &InterfaceStatisticsBlock<'_>, summary: &mut Summary) {
        let count = |code| {
            let count = value(&statistics.options, code).and_then(|octets| self.order.u64(octets));
            count.filter(|count| *count != u64::MAX) // unknown
        };
        let lost = match (count(OptionCode::IsbIfDrop), count(OptionCode::IsbOsDrop)) {
            (None, None) => return,
            (interface, system) => interface.unwrap_or_default().saturating_add(system.unwrap_or_default()),
        };
        if let Some(interface) = self.interfaces.get_mut(statistics.if_id as usize) {
            let (before, now) = interface.lost_in_all(lost);
            summary.lost_by_capture = summary.lost_by_capture.saturating_sub(before).saturating_add(now);
            summary.lost_on(self.interfaces_before.saturating_add(statistics.if_id), now);
        }
    }
}

/// Section 4.1.
fn section(header: &SectionHeaderBlock<'_>, summary: &mut Summary) {
    let of = |code| value(&header.options, code).map(text);
    summary.hardware = summary.hardware.take().or_else(|| of(OptionCode::ShbHardware));
    summary.os = summary.os.take().or_else(|| of(OptionCode::ShbOs));
    summary.application = summary.application.take().or_else(|| of(OptionCode::ShbUserAppl));
    let comments = header.options.iter().filter(|option| option.code == OptionCode::Comment);
    let room = COMMENTS.saturating_sub(summary.comments.len());
    summary.comments.extend(comments.filter_map(|comment| comment.as_bytes().ok()).map(text).take(room));
}

/// Section 4.5: an address and its names, each ended by a zero octet.
fn name(record: &NameRecord<'_>, summary: &mut Summary) {
    let value = record.record_value;
    let (address, names) = match record.record_type {
        NameRecordType::Ipv4 => match value.split_first_chunk::<4>() {
            Some((address, names)) => (IpAddr::from(Ipv4Addr::from(*address)), names),
            None => return,
        },
        NameRecordType::Ipv6 => match value.split_first_chunk::<16>() {
            Some((address, names)) => (IpAddr::from(Ipv6Addr::from(*address)), names),
            None => return,
        },
        _ => return,
    };
    for name in names.split(|octet| *octet == 0).filter(|name| !name.is_empty()) {
        if summary.names.len() >= NAMES {
            return;
        }
        summary.names.insert((address, text(name)));
    }
}

/// What a packet's options say was lost before it (`epb_dropcount`, section 4.3).
pub(super) fn drop_count(order: Order, mut options: &[u8]) -> u64 {
    while let (Some(code), Some(length)) = (order.u16(options, 0), order.u16(options, 2)) {
        let (length, rest) = (usize::from(length), options.get(4..).unwrap_or_default());
        match code {
            0 => return 0,
            DROP_COUNT => return rest.get(..length).and_then(|octets| order.u64(octets)).unwrap_or_default(),
            _ => options = rest.get(length.next_multiple_of(4)..).unwrap_or_default(),
        }
    }
    0
}

/// The value of the first option with `code`, without its padding.
fn value<'a>(options: &'a [PcapNGOption<'_>], code: OptionCode) -> Option<&'a [u8]> {
    options.iter().find(|option| option.code == code)?.as_bytes().ok()
}

/// Text of the file, bounded, and fit for one line of a report.
fn text(octets: &[u8]) -> String {
    let octets = octets.get(..TEXT).unwrap_or(octets);
    let text = String::from_utf8_lossy(octets);
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Interfaces of one section: more than any machine has, so that memory stays bounded.
const INTERFACES: usize = 65_536;
const COMMENTS: usize = 16;
const NAMES: usize = 4_096;
/// Octets of a name or comment.
const TEXT: usize = 255;
/// `epb_dropcount`.
const DROP_COUNT: u16 = 4;
