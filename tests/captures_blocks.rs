//! Captures of others: what is called blocked or altered in them is a list of arguments, and no other finding of that
//! kind may appear. Most of them are healthy.
//!
//! Runs only where `ANYANY_CAPTURES` names a folder with captures and `truth.jsonl`, a line a file.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyany::diagnose::{Attribution, Finding, Party, Verdict};
use serde::Deserialize;

#[path = "captures_truth/argued.rs"]
mod argued;
mod support;

use argued::{ARGUED, Argued};

#[derive(Deserialize)]
struct Truth {
    file: String,
}

#[test]
fn every_block_in_captures_of_others_is_argued_and_nothing_else_is_called_one() {
    let Ok(folder) = std::env::var("ANYANY_CAPTURES") else {
        println!("skipped: ANYANY_CAPTURES names no folder");
        return;
    };
    let folder = Path::new(&folder);
    let truths = fs::read_to_string(folder.join("truth.jsonl")).unwrap();
    let files: Vec<String> = truths.lines().map(|line| serde_json::from_str::<Truth>(line).unwrap().file).collect();
    let (mut read, mut wrong, mut met) = (0, Vec::new(), BTreeSet::new());
    for file in files {
        let path = folder.join(&file);
        if anyany::capture::Capture::open(&path).is_err() {
            continue;
        }
        read += 1;
        for finding in support::diagnosed(&[path], 1, None).diagnosis.findings.iter().filter(|one| filters(one)) {
            let argued = ARGUED.iter().position(|one| one.file == file && one.is(finding));
            match argued.map(|at| (at, ARGUED.get(at).unwrap().bears(finding))) {
                Some((at, Ok(()))) => drop(met.insert(at)),
                Some((_, Err(why))) => wrong.push(format!("{file}: {why}")),
                None => wrong.push(format!("{file}: not argued: {:?}", finding.judgement)),
            }
        }
    }
    let missed = ARGUED.iter().enumerate().filter(|(at, _)| !met.contains(at));
    wrong.extend(missed.map(|(_, one)| format!("{}: no longer {}; it was argued: {}", one.file, one.kind, one.why)));
    println!("{read} captures, {} blocks, each argued", met.len());
    assert!(read > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn filters(finding: &Finding) -> bool {
    matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered)
}

impl Argued {
    fn is(&self, finding: &Finding) -> bool {
        let is = |party: &Option<Party>, address: &str| {
            party.as_ref().is_some_and(|party| party.address.to_string() == address)
        };
        finding.judgement.kind.word() == self.kind
            && is(&finding.client, self.client)
            && is(&finding.server, self.server)
            && finding.port == Some(self.port)
    }

    /// Whether the finding says no more than the argument does, and shows its frames.
    fn bears(&self, finding: &Finding) -> Result<(), String> {
        let judgement = &finding.judgement;
        let shown: BTreeSet<u64> = judgement.evidence.iter().map(|evidence| evidence.frame.number()).collect();
        let missing: Vec<_> = self.frames.iter().filter(|frame| !shown.contains(frame)).collect();
        if !missing.is_empty() {
            return Err(format!("frames {missing:?} are not shown, but {shown:?}"));
        }
        if judgement.confidence > self.confidence_at_most + 1e-9 || judgement.attribution == Attribution::Network {
            return Err(format!("{} {:?} is surer than {}", judgement.confidence, judgement.attribution, self.why));
        }
        Ok(())
    }
}
