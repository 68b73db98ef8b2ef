//! `--redact`: captures are written anew before anything else reads them.

use std::path::PathBuf;

use crate::capture::{Capture, Frame, InterfaceSummary, Spool, SpoolWriter, Summary};
use crate::cli::Failure;
use crate::cli::keep::{Keep, LEFT_OUT};
use crate::cli::progress::Progress;
use crate::redact::{Key, Maps, Redacted, Redactor};
use crate::topology::File;

/// Writes all captures anew and puts the new ones in their place; what a topology file says is mapped along,
/// and what could not be used is named by its number.
pub(super) fn all(
    opened: &mut [(PathBuf, Capture)],
    file: &mut Option<File>,
    unusable: &mut [(String, String)],
    keep: &mut Keep,
    progress: &Progress,
) -> Result<Vec<Spool>, Failure> {
    let key = key()?;
    let mut maps = Maps::new(&key);
    if let Some(file) = file {
        topology(file, &mut maps);
    }
    for (number, (name, why)) in (1..).zip(unusable.iter_mut()) {
        super::complain(why);
        *why = format!("unusable input {number}: it was not read; the run itself said why");
        *name = format!("unusable input {number}");
    }
    progress.begin("redacting", opened.iter().map(|(path, _)| path.as_path()));
    let mut spools = Vec::new();
    for (number, (path, capture)) in (1..).zip(opened.iter_mut()) {
        progress.follow(capture);
        let spool = one(capture, number, &key, &mut maps, keep, progress)
            .map_err(|why| format!("--redact cannot write its temporary file: {why}. Make room, or set TMPDIR"))?;
        *capture = spool.open().map_err(|why| format!("--redact cannot read its temporary file: {why}"))?;
        *path = PathBuf::from(&capture.summary().path);
        spools.push(spool);
    }
    keep.go_by_marks();
    Ok(spools)
}

/// A key that nobody knows. It dies with the run.
fn key() -> Result<Key, Failure> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets)
        .map_err(|why| format!("--redact needs random numbers, and the system gives none: {why}"))?;
    Ok(Key::new(octets))
}

fn one(
    capture: &mut Capture,
    number: usize,
    key: &Key,
    maps: &mut Maps,
    keep: &Keep,
    progress: &Progress,
) -> std::io::Result<Spool> {
    let mut redactor = Redactor::new(key);
    let mut out = SpoolWriter::new()?;
    let mut timed = false;
    let mut write = |frame: &Redacted, timed: bool| {
        let Redacted { number, time, link, interface, wire_len, ref octets } = *frame;
        out.frame(&Frame { number, time, link, interface, octets, wire_len }, timed)
    };
    while let Some(frame) = capture.next() {
        progress.frame();
        if keep.frame(&frame) {
            redactor.frame(&frame);
        } else {
            redactor.left_out(&Frame { interface: frame.interface | LEFT_OUT, ..frame });
        }
        while let Some(frame) = redactor.ready() {
            timed |= capture.summary().first.is_some();
            write(&frame, timed)?;
        }
    }
    timed |= capture.summary().first.is_some();
    for frame in redactor.finish() {
        write(&frame, timed)?;
    }
    out.finish(summary(capture.summary(), number, maps))
}

/// What is known of a capture, without what names its machine, its place or its people.
fn summary(of: &Summary, number: usize, maps: &mut Maps) -> Summary {
    let names = of.names.iter().map(|(address, name)| (maps.addresses.map(*address), maps.names.named(name)));
    let mut interfaces = of.interfaces.clone();
    for InterfaceSummary { name, description, .. } in &mut interfaces {
        (*name, *description) = (None, None);
    }
    let mut summary = of.clone();
    summary.path = format!("capture-{number}.{}", of.format.name());
    summary.names = names.collect();
    (summary.hardware, summary.os, summary.application) = (None, None, None);
    summary.comments.clear();
    summary.interfaces = interfaces;
    summary.redacted = true;
    summary
}

/// The rows of a topology file, mapped.
fn topology(file: &mut File, maps: &mut Maps) {
    let named = |name: &mut Option<String>, maps: &mut Maps| {
        if let Some(name) = name {
            *name = maps.names.named(name);
        }
    };
    named(&mut file.organization, maps);
    for host in &mut file.hosts {
        named(&mut host.name, maps);
        named(&mut host.site, maps);
        for address in &mut host.addresses {
            *address = maps.addresses.map(*address);
        }
    }
    for network in &mut file.networks {
        let length = network.cidr.prefix_len();
        let mapped = maps.addresses.network(network.cidr.network(), length);
        if let Ok(mapped) = ipnet::IpNet::new(mapped, length) {
            network.cidr = mapped;
        }
    }
}
