//! `cargo run --release --example generate -- PROFILE --packets N --seed N --out FILE [--format pcapng]`
//!
//! Writes a capture, and beside it, as `FILE.truth.json` with the capture's ending left out, what must
//! be found in it.

#![allow(clippy::indexing_slicing)] // of a document, which answers null

#[path = "mod.rs"]
mod generate;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use generate::{ALL, Format, Order, Profile};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}\n\n{}", usage());
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "says how fast it was, and nothing depends on it")]
fn run() -> Result<(), String> {
    let (order, path) = order(std::env::args().skip(1))?;
    let began = Instant::now();
    let truth = order.write(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let beside = path.with_extension("truth.json");
    std::fs::write(&beside, format!("{truth:#}\n")).map_err(|why| format!("{}: {why}", beside.display()))?;
    let seconds = began.elapsed().as_secs_f64();
    eprintln!(
        "{} packets, {} octets, {} flows, {} blocked paths in {seconds:.1} s ({:.2} M packets/s)",
        truth["packets"],
        truth["octets"],
        truth["flows"],
        truth["findings"].as_array().map_or(0, Vec::len),
        truth["packets"].as_f64().unwrap_or_default() / seconds / 1e6
    );
    Ok(())
}

fn order(mut words: impl Iterator<Item = String>) -> Result<(Order, PathBuf), String> {
    let name = words.next().ok_or("which profile?")?;
    let profile = Profile::named(&name).ok_or_else(|| format!("there is no profile {name}"))?;
    let mut order = Order { profile, packets: 1_000_000, seed: 1, format: Format::Pcap };
    let mut path = None;
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--packets" => order.packets = count(&value)?,
            "--seed" => order.seed = count(&value)?,
            "--out" => path = Some(PathBuf::from(value)),
            "--format" => {
                order.format = match value.as_str() {
                    "pcap" => Format::Pcap,
                    "pcapng" => Format::Pcapng,
                    _ => return Err(format!("there is no format {value}")),
                }
            }
            _ => return Err(format!("there is no option {word}")),
        }
    }
    Ok((order, path.ok_or("--out names the file to write")?))
}

/// A number, also as `30k` or `10M`.
fn count(text: &str) -> Result<u64, String> {
    let (digits, times) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    digits.parse::<u64>().map(|number| number * times).map_err(|_| format!("{text} is no number"))
}

fn usage() -> String {
    let names: Vec<&str> = ALL.iter().map(|profile| profile.name).collect();
    format!("generate PROFILE --packets N --seed N --out FILE [--format pcap|pcapng]\nprofiles: {}", names.join(", "))
}
