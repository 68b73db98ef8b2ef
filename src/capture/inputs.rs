//! From what was typed to the files to read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::magic::{self, Kind};
use super::reading::unpacked;
use super::source::Source;
use super::{Foreign, Unusable};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// Replaces each folder by the captures in it, by name. Files and `-` stay as given: opening them
/// says what is wrong with them.
///
/// Folders inside a folder are not searched. What counts as a capture is told by its octets; formats
/// that are not read count too, so that opening them says how to convert them instead of their being
/// left out in silence.
pub fn gather(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Unusable> {
    let mut files = Vec::new();
    for input in inputs {
        if input != Path::new(STDIN) && input.is_dir() {
            files.append(&mut captures_in(input)?);
        } else {
            files.push(input.clone());
        }
    }
    Ok(files)
}

fn captures_in(folder: &Path) -> Result<Vec<PathBuf>, Unusable> {
    let unreadable = |why| Unusable::unreadable(folder, why);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let looked_at = files.len();
    files.retain(|file| is_capture(file));
    if files.is_empty() {
        return Err(Unusable::NoCaptures { file: folder.display().to_string(), looked_at });
    }
    Ok(files)
}

fn is_capture(path: &Path) -> bool {
    // One that may not be read is kept, for opening it to say so.
    let Ok(file) = File::open(path) else { return true };
    let mut source = Source::streamed(Box::new(file));
    let mut kind = magic::of(&mut source);
    if let Kind::Compressed(compression) = kind {
        source = unpacked(source, compression);
        kind = magic::of(&mut source);
    }
    match kind {
        Kind::Pcap | Kind::Pcapng | Kind::Netmon | Kind::Snoop | Kind::Erf => true,
        Kind::Foreign(foreign) => !matches!(foreign, Foreign::Packed(_)),
        Kind::Compressed(_) | Kind::Text | Kind::Empty | Kind::Unknown => false,
    }
}
