//! `cargo run --example hostile -- FOLDER`: writes the captures that the browser looks at the pages of.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // what cannot go on fails

use std::path::PathBuf;

#[path = "../support/handmade.rs"]
mod handmade;
#[path = "../support/hostile.rs"]
mod hostile;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("hostile.pcap"), hostile::hostile()).unwrap();
    std::fs::write(folder.join("large.pcap"), hostile::large(200, 1_000)).unwrap();
}
