//! Where reports go: standard output, or a file.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;

use crate::capture::is_capture;
use crate::cli::Failure;
use crate::report::harmless::is_harmful;
use crate::report::page::{Paint, Sheet};

/// The page that standard output has room for.
pub(super) fn sheet() -> Sheet {
    let stdout = io::stdout();
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|&columns: &usize| columns > 0);
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    let paint = match AutoStream::choice(&stdout) {
        ColorChoice::Never => Paint::Plain,
        _ => Paint::Colour,
    };
    let width = if stdout.is_terminal() { terminal().or_else(columns) } else { columns() };
    Sheet { width: width.unwrap_or(WIDTH), paint }
}

/// Prints text on standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = AutoStream::auto(io::stdout().lock());
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Looks at the options that name a file to write to, before the captures are read: whether one of them
/// asks for standard output, where nothing else may then be printed. Fails where two do, and where a file
/// could not be written.
pub(super) fn claims_stdout(options: &[(&str, Option<&Path>)]) -> Result<bool, Failure> {
    let named = || options.iter().filter_map(|(option, path)| Some((*option, (*path)?)));
    let claims: Vec<&str> = named().filter(|(_, path)| *path == Path::new(STDOUT)).map(|(option, _)| option).collect();
    if let [one, other, ..] = claims.as_slice() {
        return Err(Failure::Said(format!(
            "{one} and {other} both ask for standard output (-); name a file for one of them"
        )));
    }
    for (option, path) in named().filter(|(_, path)| *path != Path::new(STDOUT)) {
        refuse(option, path)?;
    }
    Ok(!claims.is_empty())
}

/// Whether a file can be written, as far as can be told without touching it.
fn refuse(option: &str, path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.display();
    if path.is_dir() {
        return Err(Failure::Said(format!("{option} {name}: is a folder. Name a file in it")));
    }
    if !folder.is_dir() {
        return Err(Failure::Said(format!("{option} {name}: there is no folder {}. Make it first", folder.display())));
    }
    // `--json a.pcap b.pcap`, where the name of the report was forgotten.
    if path.is_file() && is_capture(path) {
        return Err(Failure::Said(format!(
            "{option} {name}: is a capture, and would be written over. Name the file to write to behind {option}"
        )));
    }
    Ok(())
}

/// Whether `--json` asks for standard output, where nothing else may then be printed.
pub(super) fn takes_stdout(json: Option<&Path>) -> bool {
    json == Some(Path::new(STDOUT))
}

/// Writes a document to a file, or for `-` to standard output.
pub(super) fn write_json(path: &Path, document: &Value) -> Result<(), Failure> {
    into(path, |out| write(out, document))
}

/// Writes text, of which nothing is a command, to a file, or for `-` to standard output.
pub(super) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    into(path, |out| {
        out.write_all(text.as_bytes())?;
        out.flush()
    })
}

fn into(path: &Path, write: impl Fn(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    if takes_stdout(Some(path)) {
        return Ok(write(&mut io::stdout().lock())?);
    }
    let said = |why: io::Error| {
        format!(
            "{}: cannot be written: {why}. Name a file in a folder that exists and may be written to",
            path.display()
        )
    };
    let mut file = File::create(path).map_err(said)?;
    Ok(write(&mut file).map_err(said)?)
}

fn write(out: impl Write, document: &Value) -> io::Result<()> {
    let mut out = Escaping(BufWriter::new(out));
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Escapes what JSON allows in strings and terminals obey or hide: C1 controls and marks of direction.
/// Outside of strings JSON has only ASCII, and inside serde has escaped the controls of ASCII.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        // serde_json hands over whole characters.
        match std::str::from_utf8(octets) {
            Ok(text) if text.contains(obeyed) => {
                let mut units = [0; 2];
                for one in text.chars() {
                    if obeyed(one) {
                        for unit in one.encode_utf16(&mut units) {
                            write!(self.0, "\\u{unit:04x}")?;
                        }
                    } else {
                        write!(self.0, "{one}")?;
                    }
                }
            }
            _ => self.0.write_all(octets)?,
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn obeyed(one: char) -> bool {
    one != '\n' && is_harmful(one)
}

/// As a file name: standard output.
const STDOUT: &str = "-";
/// Columns where nobody tells how many there are.
const WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_back_as_they_were_and_hold_nothing_that_a_terminal_obeys() {
        let document = json!({"name": "a\u{1b}[2J\u{9b}2J\u{202e}b\u{e0041}\u{7f}\n", "ü": ["東京", "\\u{9b}"]});
        let mut out = Vec::new();
        write(&mut out, &document).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(obeyed), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
