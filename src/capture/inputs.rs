//! From what was typed to the files to read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::magic::{self, Kind};
use super::reading::unpacked;
use super::source::Source;
use super::{Foreign, Unusable};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// Replaces each folder by the captures in it and each pattern (`ring_*.pcapng`) by the files that it
/// means, by name. Files and `-` stay as given: opening them says what is wrong with them.
///
/// The shells of Unix have expanded patterns before; those of Windows leave it to the program.
///
/// Folders inside a folder are not searched. What counts as a capture is told by its octets; formats
/// that are not read count too, so that opening them says how to convert them instead of their being
/// left out in silence.
pub fn gather(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Unusable> {
    let mut files = Vec::new();
    for input in inputs {
        if input != Path::new(STDIN) && input.is_dir() {
            files.append(&mut captures_in(input)?);
            continue;
        }
        // What has such a name is meant by it, whatever characters are in it.
        let mut meant = if input.exists() { Vec::new() } else { matching(input) };
        if meant.is_empty() {
            meant.push(input.clone());
        }
        files.append(&mut meant);
    }
    Ok(files)
}

/// The files that a pattern means: those of its folder whose names fit its last part, by name.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let Some(name) = pattern.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?'])) else {
        return Vec::new();
    };
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<PathBuf> = names
        .filter(|one| fits(name, one))
        .map(|one| folder.map_or_else(|| PathBuf::from(&one), |folder| folder.join(&one)))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    files
}

/// Whether a name fits a pattern in which `?` means any character and `*` any number of them. The case of
/// letters means nothing, as where such patterns come from. Takes no longer than their lengths multiplied.
fn fits(pattern: &str, name: &str) -> bool {
    let [pattern, name] = [pattern, name].map(|text| text.to_lowercase().chars().collect::<Vec<char>>());
    let (mut at, mut from) = (0, 0);
    // Behind the last star, and the name's first character that it has not taken yet.
    let mut star = None;
    while let Some(one) = name.get(from) {
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                star = Some((at, from));
            }
            Some(wanted) if *wanted == '?' || wanted == one => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((behind, taken)) = star else { return false };
                star = Some((behind, taken + 1));
                (at, from) = (behind, taken + 1);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|one| *one == '*'))
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

/// Whether the octets of a file are a capture's, also of a format that is not read here.
pub fn is_capture(path: &Path) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_mean_characters() {
        for (pattern, name, fit) in [
            ("*.pcap", "a.pcap", true),
            ("*.pcap", "A.PCAP", true),
            ("*.pcap", "a.pcapng", false),
            ("ring_?????_*.pcapng", "ring_00001_20130218.pcapng", true),
            ("ring_?????_*.pcapng", "ring_1_20130218.pcapng", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("*", "", true),
            ("?", "", false),
            ("*\u{fc}?", "gr\u{dc}n", true),
            ("***", "abc", true),
        ] {
            assert_eq!(fits(pattern, name), fit, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_stars_takes_no_longer_than_its_length() {
        assert!(!fits(&"*a".repeat(2_000), &"a".repeat(1_999)));
        assert!(fits(&"*a".repeat(2_000), &"a".repeat(2_000)));
    }

    #[test]
    fn a_pattern_means_the_files_of_its_folder_and_a_name_means_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b1.pcap", "b2.pcap", "other.txt", "[c]?.pcap"] {
            fs::write(path(name), "x").unwrap();
        }
        fs::create_dir(path("b3.pcap")).unwrap();
        let means = |name: &str| gather(&[path(name)]).unwrap();
        assert_eq!(means("b*.pcap"), [path("b1.pcap"), path("b2.pcap")]);
        assert_eq!(means("B?.PCAP"), [path("b1.pcap"), path("b2.pcap")]);
        // Nothing fits: opening it says that there is no such file.
        assert_eq!(means("z*.pcap"), [path("z*.pcap")]);
        #[cfg(unix)]
        assert_eq!(means("[c]?.pcap"), [path("[c]?.pcap")]);
    }
}
