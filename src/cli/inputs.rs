//! What commands read: captures in order, topology files.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::capture::{self, Capture, Frame, STDIN};
use crate::cli::Failure;
use crate::cli::progress::Progress;
use crate::observe::Trace;
use crate::pipeline::{self, Glance, Settings};
use crate::reference::Reference;
use crate::topology::{File, unicode};

/// Reads a topology file, if one was named.
pub(super) fn topology(path: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    let text = text(path).map_err(|why| format!("{why}. Name a topology file (anyany topology infer writes one)"))?;
    let file = File::read(&name, &text, Reference::embedded()).map_err(|why| why.to_string())?;
    Ok(Some(file))
}

/// A file of text in UTF-8, or in UTF-16 with its mark: what Windows PowerShell makes of `> hosts.toml`.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let name = path.display();
    let octets = std::fs::read(path).map_err(|why| format!("{name}: cannot be read: {why}"))?;
    unicode(&octets).ok_or_else(|| format!("{name}: is not text in UTF-8 or UTF-16"))
}

/// How to read: with so many threads, or one for each processor.
pub(super) fn settings(threads: Option<NonZeroUsize>) -> Settings {
    let threads = threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let reference = Reference::embedded();
    Settings::new(threads, reference.known_tcp_ports(), reference.known_udp_ports())
}

/// Opens every input; those that cannot be used are noted, with the reason.
pub(super) fn open_all(inputs: &[PathBuf], unusable: &mut Vec<(String, String)>) -> Vec<(PathBuf, Capture)> {
    let mut opened = Vec::new();
    for input in inputs {
        let files = match capture::gather(std::slice::from_ref(input)) {
            Ok(files) => files,
            Err(why) => {
                unusable.push((input.display().to_string(), why.to_string()));
                continue;
            }
        };
        for file in files {
            match Capture::open(&file) {
                Ok(capture) => opened.push((file, capture)),
                Err(why) => unusable.push((file.display().to_string(), why.to_string())),
            }
        }
    }
    opened
}

/// Puts captures in order and reads them, trace by trace.
pub(super) fn read_all(
    opened: Vec<(PathBuf, Capture)>,
    settings: &Settings,
    progress: &Progress,
    keep: &(dyn Fn(&Frame<'_>) -> bool + Sync),
    again: &dyn Fn(usize, &Path) -> Option<Capture>,
) -> Vec<Trace> {
    let glances: Vec<Glance> = match opened.len() {
        0 => return Vec::new(),
        1 => vec![Glance::default()],
        _ => glances(&opened, progress, again),
    };
    let keep = |frame: &Frame<'_>| {
        progress.frame();
        keep(frame)
    };
    progress.begin("reading", opened.iter().map(|(path, _)| path.as_path()));
    for (_, capture) in &opened {
        progress.follow(capture);
    }
    let plan = pipeline::plan(&glances);
    let settings = &settings.shared(plan.traces.len());
    let mut captures: Vec<Option<Capture>> = opened.into_iter().map(|(_, capture)| Some(capture)).collect();
    let mut taken = |index: u32| {
        let slot = usize::try_from(index).ok().and_then(|at| captures.get_mut(at));
        slot.and_then(Option::take).map(|capture| (index, capture))
    };
    let mut traces = Vec::new();
    for trace in plan.traces {
        let runs = trace.into_iter().map(|run| run.into_iter().filter_map(&mut taken).collect()).collect();
        traces.push(pipeline::read(runs, settings, &keep));
    }
    traces
}

/// The capture of a file once more; standard input cannot be read twice.
pub(super) fn again(_: usize, path: &Path) -> Option<Capture> {
    Some(path).filter(|path| *path != Path::new(STDIN)).and_then(|path| Capture::open(path).ok())
}

/// Looks through all captures, to know which belong together.
fn glances(
    opened: &[(PathBuf, Capture)],
    progress: &Progress,
    again: &dyn Fn(usize, &Path) -> Option<Capture>,
) -> Vec<Glance> {
    // Standard input cannot be read twice: it keeps its place.
    let is_file = |path: &&Path| *path != Path::new(STDIN);
    let paths = || opened.iter().map(|(path, _)| path.as_path());
    progress.begin("looking through", paths().filter(is_file));
    let glance = |(at, path): (usize, &Path)| {
        let mut again = again(at, path)?;
        progress.follow(&again);
        let glance = Glance::of(&mut again);
        progress.look();
        Some(glance)
    };
    paths().enumerate().map(|input| glance(input).unwrap_or_default()).collect()
}
