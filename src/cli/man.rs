//! `anyany man`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::roff::{Roff, roman};

use crate::cli::args::{Args, Man};
use crate::cli::{Failure, Outcome};

/// Writes one page, or all of them.
pub(super) fn run(options: &Man) -> Result<Outcome, Failure> {
    let program = program();
    if let Some(folder) = &options.into {
        fs::create_dir_all(folder).map_err(|why| format!("{}: cannot be made: {why}", folder.display()))?;
        write_all(&program, folder)?;
        return Ok(Outcome::Done);
    }
    let mut command = &program;
    for word in &options.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::Said(format!("{} has no command \"{word}\"; its commands: {known}", command.get_name()))
        })?;
    }
    let mut out = io::stdout().lock();
    out.write_all(&page(command)?)?;
    out.flush()?;
    Ok(Outcome::Done)
}

/// The program as clap knows it, with every command under its full name: `anyany-topology-infer`.
fn program() -> clap::Command {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    program
}

/// A command's page and those of the commands below it.
fn write_all(command: &clap::Command, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(format!("{}.1", full_name(command)));
    fs::write(&path, page(command)?).map_err(|why| format!("{}: cannot be written: {why}", path.display()))?;
    command.get_subcommands().try_for_each(|below| write_all(below, folder))
}

fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let man = clap_mangen::Man::new(command.clone()).title(full_name(command));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut roff = Roff::new();
    if let Some(notes) = command.get_after_help() {
        section(&mut roff, "NOTES", &notes.to_string());
    }
    section(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    if command.get_name() != PROGRAM {
        section(&mut roff, "SEE ALSO", "anyany(1)");
    }
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// Lines as they stand: their columns mean something.
fn section(roff: &mut Roff, title: &str, lines: &str) {
    roff.control("SH", [title]).control("nf", []);
    for line in lines.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

/// What `man` calls it.
fn full_name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

/// The command above all others.
const PROGRAM: &str = "anyany";
const ENVIRONMENT: &str = "\
NO_COLOR        no colour, whatever its value
CLICOLOR=0      no colour
CLICOLOR_FORCE  colour also where the output is no terminal
COLUMNS         the width of a line where the output is no terminal";
