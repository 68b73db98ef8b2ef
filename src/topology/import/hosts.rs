//! A hosts file: an address, then its names (hosts(5)).

use std::net::IpAddr;

use super::{Fact, Read, name};

/// Whether a line is one of such a file.
pub(super) fn is_entry(line: &str) -> bool {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    words.next().is_some_and(|word| word.parse::<IpAddr>().is_ok()) && words.next().is_some()
}

/// Hosts of the file.
pub(super) fn read(file: &str, text: &str) -> Read {
    let mut read = Read::default();
    for (number, line) in (1..).zip(text.lines()) {
        let said = line.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            continue;
        }
        let place = format!("{file} line {number}");
        let mut words = said.split_whitespace();
        let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
        let names: Vec<String> = words.filter_map(name).collect();
        match address {
            Some(address) if !names.is_empty() => {
                if !address.is_loopback() && !address.is_unspecified() {
                    read.facts.push(Fact { place, names, addresses: vec![address], ..Fact::default() });
                }
            }
            _ => read.notes.push(format!("{place}: is no address with a name behind it")),
        }
    }
    read
}
