//! `--evidence`: the captures are read once more, and the packets that prove the findings are written. The
//! second look is also where `--html` has the packets from that it draws.

use std::fs;
use std::path::{Path, PathBuf};

use crate::capture::{Capture, Frame, STDIN};
use crate::cli::{Failure, complain};
use crate::pipeline;
use crate::proof::{Collector, Exhibits, Limits, Sought};
use crate::report::Report;
use crate::report::evidence::evidence;

/// Whether all captures are plain files: what comes through a pipe is gone once it was read.
pub(super) fn can_be_read_twice(captures: &[(PathBuf, Capture)]) -> bool {
    captures.iter().all(|(path, _)| path != Path::new(STDIN) && path.is_file())
}

/// Whether the captures can be read twice and the file be written: said before the long reading begins.
pub(super) fn check(target: &Path, captures: &[(PathBuf, Capture)]) -> Result<(), Failure> {
    for (path, _) in captures {
        if path == Path::new(STDIN) {
            return Err(Failure::Said(
                "--evidence reads captures twice, and standard input can be read only once: save it to a file first, \
                 and name that file"
                    .to_owned(),
            ));
        }
        if !path.is_file() {
            return Err(Failure::Said(format!(
                "{}: --evidence reads captures twice, and this is no plain file: save it to one first",
                path.display()
            )));
        }
        if is_same_file(path, target) {
            return Err(Failure::Said(format!(
                "{}: is one of the captures, which --evidence would overwrite. Name another file",
                target.display()
            )));
        }
    }
    Ok(())
}

/// Reads the captures once more for the packets that matter.
pub(super) fn collect(
    files: &[PathBuf],
    again: &dyn Fn(usize, &Path) -> Option<Capture>,
    keep: &dyn Fn(&Frame<'_>) -> bool,
    report: &Report<'_>,
    limits: Limits,
) -> Result<Exhibits, Failure> {
    let mut collector = Collector::new(Sought::new(report.traces, report.roster, report.diagnosis, limits));
    for (index, (at, file)) in (0..).zip(files.iter().enumerate()) {
        let Some(capture) = again(at, file) else {
            let why = Capture::open(file).err().map(|why| why.to_string());
            return Err(why.unwrap_or_else(|| format!("{}: cannot be read once more", file.display())).into());
        };
        pipeline::read_again([(index, capture)], keep, |index, frame| collector.frame(index, frame));
    }
    Ok(collector.finish())
}

/// Writes a capture of proof; of several vantage points one each, the others beside the first.
pub(super) fn write(target: &Path, report: &Report<'_>, exhibits: &Exhibits) -> Result<(), Failure> {
    for (at, one) in evidence(report, exhibits).into_iter().enumerate() {
        let path = if at == 0 { target.to_owned() } else { numbered(target, at + 1) };
        fs::write(&path, &one.octets).map_err(|why| {
            format!(
                "{}: cannot be written: {why}. Name a file in a folder that exists and may be written to",
                path.display()
            )
        })?;
        complain(&match one.packets {
            0 => format!("{}: nothing was found, so no packet proves anything; it tells what was read", path.display()),
            packets => format!("{}: {packets} packets, which prove {} findings", path.display(), one.findings),
        });
    }
    Ok(())
}

/// `proof.pcapng` becomes `proof-2.pcapng`.
fn numbered(path: &Path, number: usize) -> PathBuf {
    let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = part(path.file_stem()).unwrap_or_default();
    let extension = part(path.extension()).map(|extension| format!(".{extension}")).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
