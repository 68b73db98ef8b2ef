//! What `--redact` promises: nobody is named, and the verdicts are the same, also those of the evidence.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, Frame, Spool, SpoolWriter, Summary};
use anyany::diagnose::{Diagnosis, Party, diagnose};
use anyany::observe::Trace;
use anyany::pipeline::{Settings, read};
use anyany::proof::{Collector, Exhibits, Limits, Sought};
use anyany::redact::{Key, Maps, Redacted, Redactor};
use anyany::reference::Reference;
use anyany::report::page::{Paint, Sheet};
use anyany::report::{Report, csv, evidence, html, json, junit, text};
use anyany::topology::{Roster, roster};
use assert_cmd::Command;
use serde_json::Value;

#[test]
fn verdicts_are_the_same_with_and_without_redaction() {
    let mut different = Vec::new();
    let captures = bundled();
    for path in &captures {
        let plain = Judged::of(|| Capture::open(path).unwrap()).told();
        let redacted = Judged::of(|| redact(path).open().unwrap()).told();
        if plain != redacted {
            different.push(format!("{}\n  plain    {plain:?}\n  redacted {redacted:?}", path.display()));
        }
    }
    println!("{} of {} captures give other verdicts when they are redacted", different.len(), captures.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Evidence is a capture of few packets: what is compared is what the evidence of the plain capture tells.
#[test]
fn the_redacted_evidence_tells_what_the_plain_evidence_tells() {
    let mut different = Vec::new();
    for path in &bundled() {
        let plain = Judged::of(|| Capture::open(path).unwrap()).evidence();
        let redacted = Judged::of(|| redact(path).open().unwrap()).evidence();
        assert_eq!(plain.len(), redacted.len(), "{}", path.display());
        for (plain, redacted) in plain.into_iter().zip(redacted) {
            let told = |octets: Vec<u8>| {
                Judged::of(|| Capture::from_reader("proof".to_owned(), Box::new(Cursor::new(octets.clone()))).unwrap())
                    .told()
            };
            let (plain, redacted) = (told(plain), told(redacted));
            if plain != redacted {
                different.push(format!("{}\n  plain    {plain:?}\n  redacted {redacted:?}", path.display()));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn no_output_names_anybody() {
    let mut leaks = Vec::new();
    let (mut names_sought, mut addresses_sought) = (0, 0);
    for path in &bundled() {
        let plain = Judged::of(|| Capture::open(path).unwrap());
        let redacted = Judged::of(|| redact(path).open().unwrap());
        let outputs = redacted.outputs();
        let (names, addresses) = (plain.names(), plain.addresses());
        names_sought += names.len();
        addresses_sought += addresses.len();
        for (kind, octets) in &outputs {
            let lower = octets.to_ascii_lowercase();
            for name in &names {
                let wide: Vec<u8> = name.bytes().flat_map(|octet| [octet, 0]).collect();
                if holds_word(&lower, name.as_bytes()) || holds(&lower, &wide) {
                    leaks.push(format!("{}: {kind} holds the name {name}", path.display()));
                }
            }
            for address in &addresses {
                if let Some(form) = address_in(octets, *address, *kind == "evidence") {
                    leaks.push(format!("{}: {kind} holds {address} ({form})", path.display()));
                }
            }
        }
    }
    println!("{names_sought} names and {addresses_sought} addresses were sought");
    assert!(names_sought > 1_500 && addresses_sought > 1_900, "{names_sought} {addresses_sought}");
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Others' captures, where there are any: nothing panics, and no verdict differs.
#[test]
fn captures_of_others_give_the_same_verdicts() {
    let Some(folder) = std::env::var_os("ANYANY_CAPTURES") else { return };
    let mut captures = Vec::new();
    gather(Path::new(&folder), &mut captures);
    captures.sort();
    let (mut read, mut different) = (0, Vec::new());
    for path in &captures {
        let small = fs::metadata(path).is_ok_and(|about| about.len() < 4 << 20);
        if !small || Capture::open(path).is_err() {
            continue;
        }
        let spool = redact(path);
        let plain = Judged::of(|| Capture::open(path).unwrap());
        let redacted = Judged::of(|| spool.open().unwrap());
        read += 1;
        let (before, after) = (plain.told(), redacted.told());
        if before != after {
            different.push(format!("{}\n  plain    {before:?}\n  redacted {after:?}", path.display()));
        }
    }
    println!("{} of {read} captures of others give other verdicts when they are redacted", different.len());
    assert!(read > 0 && different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn the_command_redacts_every_output_and_names_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/voice/media-dropped/server.pcap");
    let capture = folder.path().join("secretname.pcap");
    fs::copy(captures, &capture).unwrap();
    let topology = folder.path().join("hosts.toml");
    fs::write(&topology, "[[host]]\nname = \"umserverparis\"\naddresses = [\"10.10.2.41\"]\nroles = [\"um\"]\n")
        .unwrap();
    let names = ["a.json", "a.html", "a.csv", "a.xml", "a.pcapng"].map(|name| folder.path().join(name));
    let run = Command::cargo_bin("anyany")
        .unwrap()
        .arg("analyze")
        .arg("--redact")
        .arg("--flows")
        .arg(&capture)
        .arg("--topology")
        .arg(&topology)
        .args(["--json".into(), names[0].clone(), "--html".into(), names[1].clone(), "--csv".into(), names[2].clone()])
        .args(["--junit".into(), names[3].clone(), "--evidence".into(), names[4].clone()])
        .assert()
        .success();
    let mut outputs: Vec<Vec<u8>> = names.iter().map(|name| fs::read(name).unwrap()).collect();
    outputs.push(run.get_output().stdout.clone());
    for output in &outputs {
        assert!(!output.is_empty());
        for secret in ["secretname", "umserverparis", "pbx1"] {
            assert!(!holds(&output.to_ascii_lowercase(), secret.as_bytes()), "{secret}");
        }
    }
    let document: Value = serde_json::from_slice(&outputs[0]).unwrap();
    assert_eq!(document["captures"][0]["path"], "capture-1.pcap");
    let kinds: Vec<_> = document["findings"].as_array().unwrap().iter().map(|finding| &finding["kind"]).collect();
    assert_eq!(kinds, ["media-blocked"]);
    let hosts = document["hosts"].as_array().unwrap();
    assert!(hosts.iter().any(|host| host["roles"][0]["role"] == "um"), "the topology file's rows are mapped along");
}

/// A capture as it is judged.
struct Judged {
    traces: Vec<Trace>,
    roster: Roster,
    diagnosis: Diagnosis,
    exhibits: Exhibits,
    evidence: Vec<Vec<u8>>,
}

impl Judged {
    fn of(open: impl Fn() -> Capture) -> Self {
        let reference = Reference::embedded();
        let settings = Settings::new(1, reference.known_tcp_ports(), reference.known_udp_ports());
        let traces = vec![read(vec![vec![(0, open())]], &settings, &|_| true)];
        let roster = roster(&traces, None, None, reference);
        let diagnosis = diagnose(&traces, &roster);
        let mut collector = Collector::new(Sought::new(&traces, &roster, &diagnosis, Limits::PROOF));
        let mut again = open();
        while let Some(frame) = again.next() {
            collector.frame(0, &frame);
        }
        let exhibits = collector.finish();
        let report = Report { traces: &traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
        let evidence = evidence::evidence(&report, &exhibits).into_iter().map(|one| one.octets).collect();
        Self { traces, roster, diagnosis, exhibits, evidence }
    }

    fn report(&self) -> Report<'_> {
        let (traces, roster, diagnosis) = (&self.traces, &self.roster, &self.diagnosis);
        Report { traces, unusable: &[], roster, diagnosis, reference: Reference::embedded() }
    }

    fn evidence(&self) -> Vec<Vec<u8>> {
        self.evidence.clone()
    }

    /// How often each verdict is given, with all that redaction must keep.
    fn told(&self) -> BTreeMap<String, usize> {
        let mut findings = BTreeMap::new();
        for finding in &self.diagnosis.findings {
            let role = |party: &Option<Party>| party.as_ref().map(|party| party.role.clone()).unwrap_or_default();
            let (kind, confidence) = (finding.judgement.kind.word(), finding.judgement.confidence);
            let (from, to) = (role(&finding.client), role(&finding.server));
            let interface = finding.judgement.interface;
            let told = format!("{kind} {confidence:.2} {from}>{to} {:?} {interface:?}", finding.port);
            *findings.entry(told).or_default() += 1;
        }
        findings
    }

    fn outputs(&self) -> Vec<(&'static str, Vec<u8>)> {
        let report = self.report();
        let sheet = Sheet { width: 100, paint: Paint::Plain };
        let mut outputs = vec![
            ("json", json::document(&report, true).to_string().into_bytes()),
            ("html", html::page(&report, Some(&self.exhibits)).into_bytes()),
            ("csv", csv::csv(&report).into_bytes()),
            ("junit", junit::junit(&report).into_bytes()),
            ("text", text::text(&report, sheet).into_bytes()),
        ];
        outputs.extend(self.evidence.iter().map(|octets| ("evidence", octets.clone())));
        outputs
    }

    /// Words of names that packets told: of hosts, domains, users, certificates, calls, shares.
    fn names(&self) -> BTreeSet<String> {
        let document = json::document(&self.report(), true);
        let mut told = Vec::new();
        for host in document["hosts"].as_array().unwrap() {
            strings(&host["names"], &mut told);
        }
        for flow in document["flows"].as_array().unwrap() {
            for key in TELLING {
                strings(&flow["detail"][*key], &mut told);
            }
        }
        let common: BTreeSet<&str> = include_str!("../src/redact/message/words.txt").split_ascii_whitespace().collect();
        let words =
            told.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_'));
        let words = words.map(str::to_ascii_lowercase).filter(|word| {
            word.len() >= 4 && word.contains(|c: char| c.is_ascii_alphabetic()) && !common.contains(word.as_str())
        });
        // Words that the report itself says of any capture.
        words.filter(|word| !COMMON.contains(&word.as_str()) && !word.starts_with('_')).collect()
    }

    /// Addresses of hosts, but for those that stand for another one.
    fn addresses(&self) -> Vec<IpAddr> {
        let mut maps = Maps::new(&key());
        let all: Vec<IpAddr> = self.roster.hosts().iter().flat_map(|host| host.addresses.clone()).collect();
        let mapped: Vec<IpAddr> = all.iter().map(|address| maps.addresses.map(*address)).collect();
        all.into_iter().filter(|address| !mapped.contains(address)).collect()
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| strings(one, found)),
        _ => {}
    }
}

/// Details that hold what somebody named.
const TELLING: &[&str] = &[
    "sni",
    "query",
    "helo",
    "certificate_subject",
    "certificate_issuer",
    "server_name",
    "server_dns_name",
    "dns_host_name",
    "dns_domain_name",
    "ldap_service_name",
    "default_naming_context",
    "base_dn",
    "bind_dn",
    "realm",
    "client_name",
    "service_name",
    "called_name",
    "calling_name",
    "source_name",
    "destination_name",
    "share",
    "host",
    "call_id",
    "srv_targets",
    "dns_forest_name",
    "contact",
];
/// Words that stay in names, and words of every report.
const COMMON: &[&str] = &[
    "default-first-site-name",
    "autodiscover",
    "webmail",
    "outlook",
    "exchange",
    "local",
    "test",
    "example",
    "arpa",
    "in-addr",
    "domaindnszones",
    "forestdnszones",
    "msbrowse",
    "localhost",
    "workgroup",
    "invalid",
    "corp",
    "activesync",
];

fn holds(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether a word stands there, and not only within another.
fn holds_word(octets: &[u8], word: &[u8]) -> bool {
    let is_part = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_alphanumeric);
    octets.windows(word.len()).enumerate().any(|(at, window)| {
        window == word
            && !is_part(at.checked_sub(1).and_then(|at| octets.get(at)))
            && !is_part(octets.get(at + word.len()))
    })
}

/// In which form an address is found.
fn address_in(octets: &[u8], address: IpAddr, binary: bool) -> Option<&'static str> {
    let text = address.to_string();
    let found = octets.windows(text.len()).enumerate().any(|(at, window)| {
        let goes_on = |octet: Option<&u8>| octet.is_some_and(|octet| octet.is_ascii_hexdigit() || *octet == b'.');
        window == text.as_bytes()
            && !goes_on(at.checked_sub(1).and_then(|at| octets.get(at)))
            && !octets.get(at + text.len()).is_some_and(u8::is_ascii_hexdigit)
    });
    if found {
        return Some("text");
    }
    let mut wanted = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    if binary && holds(octets, &wanted) {
        return Some("binary");
    }
    wanted.reverse();
    (binary && holds(octets, &wanted)).then_some("reversed")
}

fn key() -> Key {
    Key::new(*b"an anyany test key of 32 octets.")
}

fn redact(path: &Path) -> Spool {
    let mut capture = Capture::open(path).unwrap();
    let mut redactor = Redactor::new(&key());
    let mut out = SpoolWriter::new().unwrap();
    let mut write = |frame: Redacted| {
        let Redacted { number, time, link, interface, wire_len, ref octets } = frame;
        out.frame(&Frame { number, time, link, interface, octets, wire_len }, true).unwrap();
    };
    while let Some(frame) = capture.next() {
        redactor.frame(&frame);
        while let Some(frame) = redactor.ready() {
            write(frame);
        }
    }
    redactor.finish().into_iter().for_each(&mut write);
    let mut summary: Summary = capture.summary().clone();
    "capture-1.pcap".clone_into(&mut summary.path);
    out.finish(summary).unwrap()
}

fn bundled() -> Vec<PathBuf> {
    let mut all = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), &mut all);
    all.sort();
    assert!(all.len() > 500, "{}", all.len());
    all
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ["pcap", "pcapng", "cap"].iter().any(|known| ending == *known))
        {
            found.push(path);
        }
    }
}
