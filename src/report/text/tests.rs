//! The report of recorded captures, as people read it.

use proptest::prelude::*;

use crate::diagnose::{Diagnosis, diagnose};
use crate::observe::Trace;
use crate::reference::Reference;
use crate::report::Report;
use crate::report::at::At;
use crate::report::harmless::is_harmful;
use crate::report::page::{Paint, Sheet};
use crate::report::recorded::{Judged, cas_and_mailbox, host, read, read_front};
use crate::report::text::{count, grouped, lasting, period, text, text_at};
use crate::time::{Span, Time};
use crate::topology::{Host, RoleClaim, Roster};

const PLAIN: Sheet = Sheet { width: 80, paint: Paint::Plain };
const WIDE: Sheet = Sheet { width: 200, ..PLAIN };

fn report(traces: &[Trace], roster: &Roster, sheet: Sheet) -> String {
    let diagnosis = diagnose(traces, roster);
    text(&Report { traces, unusable: &[], roster, diagnosis: &diagnosis, reference: Reference::embedded() }, sheet)
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
fn nothing_is_cleared_where_nothing_was_answered() {
    let traces = [read_front("web/healthy/cas1.pcap", 3)];
    assert_eq!(traces[0].conversations.len(), 1, "one question, and no answer yet");
    let said = report(&traces, &Roster::default(), PLAIN);
    assert!(said.starts_with("CANNOT TELL: no connection was answered"), "{said}");
}

#[test]
fn known_servers_are_called_by_name_and_role() {
    let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &cas_and_mailbox("cas-dmz"), PLAIN);
    let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("135 passes from cas-dmz (10.10.1.11, cas) to mbx1 (10.10.2.21, mailbox)"), "{said}");
    assert!(said.contains("  Symptom ") && said.contains("  10.10.1.11 cas-dmz; role cas"), "{said}");
}

#[test]
fn an_inferred_role_comes_with_its_reason_and_a_stated_one_needs_none() {
    let mut hosts = vec![host("10.10.1.11", "cas-dmz", "cas"), host("10.10.2.21", "mbx1", "mailbox")];
    let because = "it serves EMSMDB".to_owned();
    hosts[1].roles = vec![RoleClaim { role: "mailbox".to_owned(), confidence: 0.9, because }];
    let traces = [read("rpc/dynamic-dropped/client.pcap")];
    let narrow = report(&traces, &Roster::new(hosts.clone(), None), PLAIN);
    assert!(narrow.contains("\n      mailbox (90 %): it serves EMSMDB\n"), "{narrow}");
    assert!(!narrow.contains("it is written so"), "{narrow}");
    let wide = report(&traces, &Roster::new(hosts, None), WIDE);
    let row = wide.lines().find(|line| line.starts_with("  mbx1 ")).unwrap();
    assert!(row.contains("10.10.2.21") && row.contains("mailbox (90 %)") && row.ends_with("it serves EMSMDB"), "{row}");
}

#[test]
fn hosts_that_were_never_heard_are_told_apart() {
    let roster = Roster::new(vec![host("10.10.1.11", "cas-dmz", "cas"), host("10.99.9.9", "far", "cas")], None);
    for sheet in [PLAIN, WIDE] {
        let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &roster, sheet);
        assert!(said.contains("In the topology file, and never heard here: far\n"), "{said}");
        assert!(!said.contains("10.99.9.9"), "{said}");
    }
}

#[test]
fn a_wide_line_is_used_by_tables_and_not_by_sentences() {
    let wide = report(&[read("directory/healthy/client.pcap")], &cas_and_mailbox("cas-dmz"), WIDE);
    let title = wide.lines().find(|line| line.contains("connect 50")).unwrap();
    assert!(title.len() > 120 && title.ends_with("max"), "{wide}");
    let blocked = report(&[read("rpc/dynamic-dropped/client.pcap")], &cas_and_mailbox("cas-dmz"), WIDE);
    let sentence = |line: &&str| line.contains("Next step") || line.contains("Policy") || line.starts_with("BLOCKED");
    let sentences: Vec<&str> = blocked.lines().filter(sentence).collect();
    assert_eq!(sentences.len(), 5, "{blocked}");
    assert!(sentences.iter().all(|line| line.chars().count() <= 120), "{blocked}");
}

#[test]
fn the_matrix_has_a_letter_for_every_path_of_the_document() {
    let judged = Judged::new("rpc/dynamic-dropped/client.pcap", cas_and_mailbox("cas-dmz"));
    let said = text(&judged.report(), PLAIN);
    let section = said.split("PATHS (role by role: who opens → who answers)\n").nth(1).unwrap();
    let lines: Vec<&str> = section.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["dcerpc", "epm", "https", "smb"], "{said}");
    assert_eq!(
        lines[1].split_whitespace().collect::<Vec<_>>(),
        ["cas", "→", "mailbox", "B", "ok", "ok", "-"],
        "{said}"
    );
    // Each letter ends under the word that it is about.
    let under = |word: &str| lines[0].find(word).map(|at| at + word.len()).unwrap();
    assert_eq!(lines[1].chars().count(), under("smb"), "{said}");
    assert!(section.contains("  B: blocked; ok: passes; -: always needed"), "{said}");
    assert!(section.contains("  blocked  cas → mailbox  dcerpc          3        3  must pass\n"), "{said}");
    assert!(section.contains("never tried while captured is not judged"), "{said}");
    assert!(!report(&[read("web/healthy/cas1.pcap")], &Roster::default(), PLAIN).contains("PATHS"));
}

#[test]
fn what_two_hosts_need_and_nobody_tried_is_a_dash_that_says_nothing() {
    let said = report(&[read("directory/healthy/client.pcap")], &member(), PLAIN);
    let row = said.lines().find(|line| line.starts_with("  cas → dc  ")).unwrap();
    let marks: Vec<&str> = row.split_whitespace().skip(3).collect();
    assert_eq!(marks, ["-", "ok", "-", "ok", "ok", "-", "ok"], "dcerpc dns epm kerberos ldap ntp smb: {said}");
    assert!(said.contains("-: always needed between such hosts, and never seen here"), "{said}");
    let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("is not judged: it is neither open nor blocked."), "{said}");
}

#[test]
fn a_matrix_wider_than_the_line_goes_on_below() {
    let said = |width: usize| report(&[read("directory/healthy/client.pcap")], &member(), Sheet { width, ..PLAIN });
    let rows = |said: &str| said.lines().filter(|line| line.starts_with("  cas → dc  ")).count();
    let (narrow, wide) = (said(40), said(200));
    assert_eq!((rows(&narrow) > 1, rows(&wide)), (true, 1), "{narrow}");
    assert!(
        narrow.lines().filter(|line| line.starts_with("  cas → dc")).all(|line| line.chars().count() <= 40),
        "{narrow}"
    );
}

/// The hosts of `directory/healthy`, with all of their addresses.
fn member() -> Roster {
    let mut hosts = vec![host("10.10.2.11", "cas1", "cas"), host("10.10.2.10", "dc1", "dc")];
    for (host, address) in hosts.iter_mut().zip(["fd10:10:2::11", "fd10:10:2::10"]) {
        host.addresses.push(address.parse().unwrap());
    }
    Roster::new(hosts, Some("2010".to_owned()))
}

#[test]
fn a_path_that_worked_says_until_when() {
    let said = report(&[read("web/closed-later/client.pcap")], &Roster::default(), PLAIN);
    let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("UTC; worked until 10:51:20"), "{said}");
}

#[test]
fn many_findings_begin_with_a_table_of_all_of_them() {
    let said = report(&[read("rpc/dynamic-dropped/client.pcap")], &cas_and_mailbox("cas-dmz"), PLAIN);
    assert!(said.contains("FINDINGS\n  F1 BLOCKED"), "{said}");
    let many = Judged::new("rejects/everything-dropped/firewall.pcap", Roster::default());
    assert!(many.diagnosis.findings.len() >= 4);
    let narrow = text(&many.report(), PLAIN);
    let wide = text(&many.report(), WIDE);
    for finding in &many.diagnosis.findings {
        let row = |text: &str| {
            text.lines().any(|line| line.starts_with(&format!("  {} ", finding.id)) && line.contains(" %  "))
        };
        assert!(row(&narrow) && row(&wide), "{}: {narrow}", finding.id);
    }
    assert!(wide.contains("  client ") && !narrow.contains("  client "), "{wide}");
}

#[test]
fn what_was_asked_of_a_moment_stands_behind_the_answer() {
    let judged = Judged::new("web/opened-later/client.pcap", Roster::default());
    let report = judged.report();
    let second = |clock: i64| (Time::new(clock, 0), Time::new(clock, 999_999_999));
    // 2026-11-21 10:51:00: the first try is two seconds old.
    for sheet in [PLAIN, WIDE] {
        let said = text_at(&report, Some(&At::new(&report, second(1_795_258_260))), sheet);
        let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
        assert!(at("BLOCKED: ") < at("\nAT 2026-11-21 10:51:00 UTC\n"), "{said}");
        assert!(
            at("\nAT 2026") < at("F1 covers it: BLOCKED No answer") && at("F1 covers it") < at("\nFINDINGS"),
            "{said}"
        );
        assert!(said.contains("  failing  10:50:58.371  10.10.2.11 → 10.10.3.11, TCP 443"), "{said}");
        assert!(said.lines().any(|line| line.starts_with("  10:50:58.371  -1.6 s ") && line.contains("SYN")), "{said}");
        let whole = |line: &str| line.contains("ip.addr==") || line.contains("captures/");
        assert!(said.lines().all(|line| whole(line) || line.chars().count() <= sheet.width), "{said}");
    }
    let after = text_at(&report, Some(&At::new(&report, second(1_795_262_400))), PLAIN);
    assert!(after.contains("Nothing was captured then: what was looked at ends at 2026-11-21 10:51:15.802"), "{after}");
    assert!(
        after.contains("No finding covers that moment.") && after.contains("No conversation was under way."),
        "{after}"
    );
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
        for width in [80, 120, 160, 200] {
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
    let inferred = |host: Host| Host { known: false, ..host };
    let roster = Roster::new(hosts.map(inferred).collect(), None);
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
