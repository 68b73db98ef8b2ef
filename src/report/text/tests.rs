//! The report of recorded captures, as people read it.

use std::path::Path;

use anyany_dissectors::Transport as Framing;
use proptest::prelude::*;

use crate::capture::Capture;
use crate::classify::usual_ports;
use crate::diagnose::{Diagnosis, diagnose};
use crate::flow::ServicePorts;
use crate::observe::Trace;
use crate::pipeline::{self, Settings};
use crate::reference::Reference;
use crate::report::Report;
use crate::report::harmless::is_harmful;
use crate::report::page::{Paint, Sheet};
use crate::report::text::{count, grouped, lasting, period, text};
use crate::time::{Span, Time};
use crate::topology::{Host, RoleClaim, Roster};

const PLAIN: Sheet = Sheet { width: 80, paint: Paint::Plain };

fn read(scenario: &str) -> Trace {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(scenario);
    let capture = Capture::open(&path).unwrap();
    let ports = ServicePorts::new(usual_ports(Framing::Tcp), usual_ports(Framing::Udp));
    pipeline::read(vec![vec![(0, capture)]], &Settings { threads: 1, ports }, &|_| true)
}

fn report(traces: &[Trace], roster: &Roster, sheet: Sheet) -> String {
    let diagnosis = diagnose(traces, roster);
    text(&Report { traces, unusable: &[], roster, diagnosis: &diagnosis, reference: Reference::embedded() }, sheet)
}

fn host(address: &str, name: &str, role: &str) -> Host {
    let roles = vec![RoleClaim { role: role.to_owned(), confidence: 0.9, because: "it is written so".to_owned() }];
    let addresses = vec![address.parse().unwrap()];
    Host { addresses, names: vec![name.to_owned()], roles, known: true, ..Host::default() }
}

fn cas_and_mailbox(name: &str) -> Roster {
    let hosts = vec![host("10.10.1.11", name, "cas"), host("10.10.2.21", "mbx1", "mailbox")];
    Roster::new(hosts, Some("2010".to_owned()))
}

#[test]
fn the_answer_comes_first() {
    let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &Roster::default(), PLAIN);
    assert!(said.starts_with("BLOCKED: 135 passes from 10.10.1.11 to 10.10.2.21"), "{said}");
    let said = report(&[read("web/healthy/cas1.pcap")], &Roster::default(), PLAIN);
    assert!(said.starts_with("NOT BLOCKED: nothing filters between the hosts seen"), "{said}");
    let said = report(&[read("vantage/one-direction/sent.pcap")], &Roster::default(), PLAIN);
    assert!(said.starts_with("CANNOT TELL: only one direction was captured"), "{said}");
    let said = report(&[read("web/service-down/client.pcap")], &Roster::default(), PLAIN);
    assert!(said.starts_with("NOT BLOCKED: ") && said.contains("refused by the server itself"), "{said}");
    let said = report(&[read("web/host-silent/client.pcap")], &Roster::default(), PLAIN);
    assert!(said.starts_with("NO BLOCK FOUND: "), "{said}");
}

#[test]
fn known_servers_are_called_by_name_and_role() {
    let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &cas_and_mailbox("cas-dmz"), PLAIN);
    let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("135 passes from cas-dmz (10.10.1.11, cas) to mbx1 (10.10.2.21, mailbox)"), "{said}");
    assert!(said.contains("  Symptom ") && said.contains("cas (90 %): it is written so"), "{said}");
}

#[test]
fn the_policy_has_the_last_word_of_a_finding() {
    let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &cas_and_mailbox("cas-dmz"), PLAIN);
    let finding = said.split("\n\n").find(|part| part.contains("F1 BLOCKED") || part.starts_with("  F1")).unwrap();
    let at = |label: &str| finding.find(&format!("\n      {label}")).unwrap_or_else(|| panic!("{label}: {said}"));
    assert!(at("Because") < at("Symptom") && at("Symptom") < at("Wireshark") && at("Wireshark") < at("Policy"));
}

#[test]
fn lines_keep_to_the_width() {
    for scenario in ["rpc/dynamic-dropped/client.pcap", "web/v6-dropped/client.pcap", "directory/healthy/client.pcap"] {
        let traces = [read(scenario)];
        for width in [80, 200] {
            for line in report(&traces, &cas_and_mailbox("cas-dmz"), Sheet { width, ..PLAIN }).lines() {
                // What people copy, and single words, are never broken.
                let whole = line.contains("ip.addr==") || line.contains("ipv6.addr==") || line.contains("captures/");
                assert!(whole || line.chars().count() <= width, "{scenario} at {width}: {line}");
            }
        }
    }
}

#[test]
fn colour_only_adds_to_what_words_say() {
    let traces = [read("rpc/dynamic-dropped/client.pcap")];
    let plain = report(&traces, &Roster::default(), PLAIN);
    let colour = report(&traces, &Roster::default(), Sheet { paint: Paint::Colour, ..PLAIN });
    assert!(!plain.contains('\x1b') && colour.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&colour).to_string(), plain);
}

#[test]
fn nothing_read_and_nothing_captured_are_told_apart() {
    let (roster, diagnosis) = (Roster::default(), Diagnosis::default());
    let unusable = [("a.pcap".to_owned(), "a.pcap: is empty".to_owned())];
    let reference = Reference::embedded();
    let nothing = Report { traces: &[], unusable: &unusable, roster: &roster, diagnosis: &diagnosis, reference };
    assert_eq!(text(&nothing, PLAIN), "CANNOT TELL: no input could be read\n");
}

#[test]
fn long_lists_end_with_how_many_are_left_out() {
    let hosts = (0..300u32).map(|number| host(&format!("10.1.{}.{}", number / 250, number % 250), "x", "cas"));
    let roster = Roster::new(hosts.collect(), None);
    let said = report(&[read("web/healthy/cas1.pcap")], &roster, PLAIN);
    assert!(said.contains("… and 260 more hosts (in --json)"), "{said}");
}

#[test]
fn figures_are_for_people() {
    assert_eq!((grouped(1_234_567), count(1, "flow", "flows")), ("1,234,567".to_owned(), "1 flow".to_owned()));
    assert_eq!(lasting(Span::seconds(3_725)), "62 min 5 s");
    assert_eq!(lasting(Span::millis(1_500)), "1.5 s");
    let begin = Time::new(1_361_167_200, 1_000);
    assert_eq!(period(begin, begin.plus(Span::seconds(1))), "2013-02-18 06:00:00.000 to 06:00:01.000 UTC");
    let midnight = begin.plus(Span::seconds(86_400));
    assert_eq!(period(begin, midnight), "2013-02-18 06:00:00.000 to 2013-02-19 06:00:00.000 UTC");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_name_reaches_the_terminal_as_a_command(name in any::<String>(), mark in "[\u{0}-\u{1f}\u{80}-\u{9f}\u{200e}-\u{202e}\u{2066}-\u{2069}]{1,9}") {
        let mut roster = cas_and_mailbox(&format!("{mark}{name}{mark}"));
        roster.contradictions.push(format!("{name}{mark}"));
        let said = report(std::slice::from_ref(trace()), &roster, PLAIN);
        prop_assert!(!said.contains(|one| one != '\n' && is_harmful(one)), "{said:?}");
    }
}

fn trace() -> &'static Trace {
    static TRACE: std::sync::OnceLock<Trace> = std::sync::OnceLock::new();
    TRACE.get_or_init(|| read("rpc/dynamic-dropped/client.pcap"))
}
