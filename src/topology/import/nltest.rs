//! `nltest /dclist:DOMAIN`: a domain controller a line.
//!
//! ```text
//!     DC1.contoso.com [PDC]  [DS] Site: Paris
//!     dc2.contoso.com        [DS] Site: London
//! ```

use super::{Fact, Read, name};

/// Whether a line names a controller. The words around it are in the language of the Windows that wrote it.
pub(super) fn is_controller(line: &str) -> bool {
    line.contains("[DS]") || line.contains("[PDC]")
}

/// Controllers of the output.
pub(super) fn read(file: &str, text: &str) -> Read {
    let mut read = Read::default();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| is_controller(line)) {
        let place = format!("{file} line {number}");
        let Some(name) = line.split('[').next().and_then(name) else {
            read.notes.push(format!("{place}: no name stands before the brackets"));
            continue;
        };
        let behind = line.rsplit(']').next().unwrap_or_default();
        let site = behind.split_once(':').map(|(_, site)| site.trim().to_owned()).filter(|site| !site.is_empty());
        read.facts.push(Fact { place, names: vec![name], roles: vec!["dc"], site, ..Fact::default() });
    }
    read
}
