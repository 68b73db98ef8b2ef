//! The program as people and scripts run it.
#![allow(clippy::unwrap_used)] // clippy knows the tests, not the helpers that they share

#[path = "support/handmade.rs"]
mod handmade;
#[path = "support/program.rs"]
mod program;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::process::{Command as Process, Stdio};

use handmade::Pcap;
use program::{capture, file, run, run_with};
use serde_json::Value;
use tempfile::TempDir;

const BLOCKED: &str = "rpc/dynamic-dropped/client.pcap";
const HEALTHY: &str = "web/healthy/cas1.pcap";
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

#[test]
fn a_report_leads_with_the_answer_and_is_plain_without_a_terminal() {
    let run = run(&["analyze", &capture(BLOCKED)]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("BLOCKED: 135 passes from "), "{}", run.out);
    assert!(run.out.contains("tcp.port==59531") && run.out.contains("client.pcap: frame"), "{}", run.out);
    assert!(!run.out.contains('\x1b'));
}

#[test]
fn json_on_standard_output_stands_alone() {
    let run = run(&["analyze", "--json", "-", "--flows", &capture(BLOCKED)]);
    let document = run.json();
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert_eq!((&document["schema"], &document["complete"]), (&1.into(), &true.into()));
    assert_eq!(document["findings"][0]["kind"], "rpc-dynamic-port-blocked");
    assert!(document["flows"].as_array().is_some_and(|flows| !flows.is_empty()));
}

#[test]
fn json_in_a_file_leaves_the_report_on_standard_output() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("report.json");
    let run = run(&["analyze", "--json", &path.display().to_string(), &capture(HEALTHY)]);
    assert!(run.out.starts_with("NOT BLOCKED: "), "{}", run.out);
    let document: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(document["findings"], Value::Array(Vec::new()));
}

#[test]
fn fail_on_blocked_tells_by_the_exit_status() {
    assert_eq!(run(&["analyze", "--fail-on", "blocked", &capture(BLOCKED)]).status, 1);
    assert_eq!(run(&["analyze", "--fail-on", "blocked", &capture(HEALTHY)]).status, 0);
}

#[test]
fn a_memory_limit_with_room_changes_nothing_and_a_size_that_is_none_is_refused_with_an_example() {
    let free = run(&["analyze", "--json", "-", &capture(BLOCKED)]).json();
    let limited = run(&["analyze", "--json", "-", "--memory", "64M", &capture(BLOCKED)]).json();
    assert_eq!(limited, free);
    assert_eq!(limited["not_kept"][0]["unanswered_syns"], 0);
    let refused = run(&["analyze", "--memory", "much", &capture(BLOCKED)]);
    assert!(refused.status == 2 && refused.err.contains("512M"), "{}", refused.err);
}

#[test]
fn captures_come_from_standard_input_and_from_folders() {
    let octets = fs::read(capture(BLOCKED)).unwrap();
    assert!(run_with(&["analyze", "-"], &octets).out.starts_with("BLOCKED: "));
    let folder = TempDir::new().unwrap();
    file(&folder, "b.pcap", &octets);
    file(&folder, "notes.txt", b"not a capture");
    let run = run(&["analyze", &folder.path().display().to_string()]);
    assert!(run.status == 0 && run.out.starts_with("BLOCKED: "), "{} {}", run.out, run.err);
}

#[test]
fn inputs_that_cannot_be_used_are_named_with_a_cure_and_reported_all_the_same() {
    let folder = TempDir::new().unwrap();
    let empty = file(&folder, "empty.pcap", b"");
    let text = file(&folder, "log.pcap", b"06:00:00 IP 10.0.0.1.51000 > 10.0.0.2.135: Flags [S]\n");
    let etl = file(&folder, "trace.etl", &[0u8; 64]);
    let header = file(&folder, "header.pcap", &fs::read(capture(HEALTHY)).unwrap()[..20]);
    let bare = TempDir::new_in(folder.path()).unwrap();
    let bare = bare.path().display().to_string();
    let missing = folder.path().join("missing.pcap").display().to_string();
    let cases = [
        (&empty, "is empty"),
        (&text, "is text"),
        (&etl, "etl2pcapng"),
        (&header, "Copy or capture it again"),
        (&bare, "no capture in this folder"),
        (&missing, "no such file"),
    ];
    for (path, says) in cases {
        let run = run(&["analyze", "--json", "-", path]);
        assert_eq!(run.status, 2, "{path}");
        assert!(
            run.err.starts_with("anyany: ") && run.err.contains(path.as_str()) && run.err.contains(says),
            "{}",
            run.err
        );
        let document = run.json();
        assert_eq!(document["complete"], false, "{path}");
        assert!(document["problems"][0].as_str().is_some_and(|problem| problem.contains(says)), "{path}");
    }
}

#[test]
fn what_can_be_read_is_judged_beside_what_cannot() {
    let run = run(&["analyze", &capture(BLOCKED), "no-such-file.pcap"]);
    assert_eq!(run.status, 2);
    assert!(run.out.starts_with("BLOCKED: ") && run.out.contains("Mind that 1 input could not be read"), "{}", run.out);
    assert!(run.out.contains("Not read: no-such-file.pcap: there is no such file"), "{}", run.out);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_said_to_be_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "secret.pcap", &fs::read(capture(HEALTHY)).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        return; // root may read everything
    }
    let run = run(&["analyze", &path]);
    assert!(run.status == 2 && run.err.contains("may not be read"), "{}", run.err);
}

#[test]
fn a_capture_that_is_cut_off_is_judged_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let octets = fs::read(capture(BLOCKED)).unwrap();
    let path = file(&folder, "cut.pcap", &octets[..octets.len() - 7]);
    let run = run(&["analyze", &path]);
    assert_eq!(run.status, 2);
    assert!(run.out.starts_with("BLOCKED: ") && run.out.contains("ends in the middle of a packet"), "{}", run.out);
}

#[test]
fn frames_of_an_unknown_link_type_are_told_of_and_leave_the_document_incomplete() {
    let folder = TempDir::new().unwrap();
    let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 149, 0, 0, 0];
    octets.extend([1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4]);
    let path = file(&folder, "user2.pcap", &octets);
    let run = run(&["analyze", "--json", "-", &path]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("frame 1: link type 149 is not read"), "{}", run.err);
    let document = run.json();
    assert_eq!((&document["complete"], &document["captures"][0]["packets"]), (&false.into(), &1.into()));
}

#[test]
fn a_capture_without_packets_says_so() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "nothing.pcap", &Pcap::new().into_octets());
    let run = run(&["analyze", &path]);
    assert_eq!(run.status, 0);
    assert!(run.out.starts_with("CANNOT TELL: there is not one packet"), "{}", run.out);
}

#[test]
fn times_choose_what_is_looked_at() {
    let packets = |arguments: &[&str]| {
        let path = capture(BLOCKED);
        let document = run(&[&["analyze", "--json", "-", &path], arguments].concat()).json();
        let capture = &document["captures"][0];
        capture["packets"].as_u64().unwrap() - capture["filtered"].as_u64().unwrap()
    };
    let document = run(&["analyze", "--json", "-", &capture(BLOCKED)]).json();
    let first = document["captures"][0]["first"].as_str().unwrap().to_owned();
    let (day, second) = (&first[..11], &first[11..19]);
    let all = packets(&[]);
    assert_eq!(packets(&["--from", &first]), all);
    assert_eq!(packets(&["--to", &first]), 1);
    assert_eq!(packets(&["--to", &format!("{day}{second}Z")]), packets(&["--to", second]));
    assert_eq!(packets(&["--from", second]), all);
    assert_eq!(packets(&["--from", "2100-01-01T00:00:00Z"]), 0);
    let nothing = run(&["analyze", &capture(BLOCKED), "--from", "2100-01-01T00:00:00Z"]);
    assert!(nothing.out.starts_with("CANNOT TELL: --from, --to or --filter leave not one packet"), "{}", nothing.out);
    let wrong = run(&["analyze", &capture(BLOCKED), "--from", "yesterday"]);
    assert!(wrong.status == 2 && wrong.err.contains("2013-02-18T06:00:00Z"), "{}", wrong.err);
}

#[test]
fn a_time_without_a_day_is_of_the_first_day_whichever_thread_reads_it() {
    let mut pcap = Pcap::new();
    (0..20_000).for_each(|port| pcap.udp((CLIENT, 40_000 + port % 999), (SERVER, 53), b"?"));
    let mut octets = pcap.into_octets();
    // The first packet is sent a second before midnight, all others after it.
    let length = (octets.len() - 24) / 20_000;
    for (at, record) in octets[24..].chunks_mut(length).enumerate() {
        let second: u32 = if at == 0 { 1_361_145_599 } else { 1_361_145_600 };
        record[..4].copy_from_slice(&second.to_le_bytes());
    }
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "midnight.pcap", &octets);
    for _ in 0..5 {
        let run = run(&["analyze", "--json", "-", "--threads", "8", "--from", "23:59:00", &path]);
        assert_eq!(run.json()["captures"][0]["filtered"], 0);
    }
}

#[cfg(feature = "live")]
#[test]
fn filters_choose_what_is_looked_at() {
    let document = run(&["analyze", "--json", "-", "--filter", "tcp port 444", &capture(BLOCKED)]).json();
    let ports: Vec<_> = document["services"].as_array().unwrap().iter().map(|service| &service["port"]).collect();
    assert_eq!(ports, [444]);
    let wrong = run(&["analyze", "--filter", "tcp prot 444", &capture(BLOCKED)]);
    assert!(wrong.status == 2 && wrong.out.is_empty() && wrong.err.contains("tcp prot 444"), "{}", wrong.err);
}

#[cfg(not(feature = "live"))]
#[test]
fn filters_need_libpcap() {
    let run = run(&["analyze", "--filter", "tcp port 444", &capture(BLOCKED)]);
    assert!(run.status == 2 && run.out.is_empty() && run.err.contains("built without it"), "{}", run.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [
        vec!["analyze".to_owned(), capture(BLOCKED)],
        vec!["analyze".to_owned(), "--json".to_owned(), "-".to_owned(), "--flows".to_owned(), capture(BLOCKED)],
        vec!["ports".to_owned()],
        vec!["ports".to_owned(), "--json".to_owned(), "-".to_owned()],
        vec!["explain".to_owned()],
        vec!["completions".to_owned(), "bash".to_owned()],
    ] {
        let mut child = Process::new(assert_cmd::cargo::cargo_bin!("anyany"))
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &[][..]), "{arguments:?}");
    }
}

#[test]
fn explain_tells_of_one_kind_or_of_all() {
    let one = run(&["explain", "syn-dropped"]);
    assert!(one.status == 0 && one.out.starts_with("syn-dropped (verdict: blocked)"), "{}", one.out);
    let all = run(&["explain", "--json", "-"]).json();
    let kinds = all["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), anyany::diagnose::Kind::ALL.len());
    assert!(kinds.iter().all(|kind| kind["seen"].is_string() && kind["next_steps"].is_array()));
    let listed = run(&["explain"]).out;
    assert!(kinds.iter().all(|kind| listed.contains(kind["kind"].as_str().unwrap())));
}

#[test]
fn an_unknown_kind_is_refused_with_the_nearest() {
    let run = run(&["explain", "syn-droped"]);
    assert!(run.status == 2 && run.err.contains("similar value exists: 'syn-dropped'"), "{}", run.err);
}

#[test]
fn ports_lists_what_must_pass_between_two_roles() {
    let rows = |arguments: &[&str]| {
        let document = run(&[&["ports", "--json", "-"], arguments].concat()).json();
        document["ports"].as_array().unwrap().clone()
    };
    let all = rows(&[]).len();
    let some = rows(&["--from", "cas", "--to", "mailbox", "--exchange", "2010"]);
    assert!(some.iter().any(|row| row["id"] == "mapi-cas-mbx") && some.len() < all);
    let smtp = rows(&["--service", "smtp", "--port", "25", "--protocol", "tcp"]);
    assert!(!smtp.is_empty() && smtp.iter().all(|row| row["ports"].as_array().unwrap().contains(&25.into())));
    let edge = rows(&["--from", "edge", "--to", "dc"]);
    assert!(edge.iter().all(|row| row["zone"] != "intra-org"), "{edge:?}");
    let text = run(&["ports", "--from", "cas", "--to", "dc"]);
    assert!(text.out.contains("TCP 389") && text.out.contains("Zone"), "{}", text.out);
    let none = run(&["ports", "--from", "edge", "--to", "um"]);
    assert!(none.status == 0 && !none.out.is_empty());
}

#[test]
fn ports_tells_what_breaks_in_events_and_what_the_policy_says_of_two_roles() {
    let pair = ["--from", "cas", "--to", "mailbox", "--exchange", "2010"];
    let text = run(&[&["ports"][..], &pair].concat()).out;
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("Outlook disconnected. Events: Win32/HRESULT 1722"), "{text}");
    assert!(unwrapped.contains("2010: unsupported. Exchange 2010 asks"), "{text}");
    let document = run(&[&["ports", "--json", "-"][..], &pair].concat()).json();
    assert_eq!(document["support"][0]["support"], "unsupported");
    assert!(document["support"][0]["policy_sources"].as_array().is_some_and(|sources| !sources.is_empty()));
    let details = document["ports"].as_array().unwrap().iter().find(|row| row["id"] == "mapi-cas-mbx").unwrap();
    assert_eq!(details["event_details"][0]["event_id"], 1722);
    let product = run(&["ports", "--from", "tmg"]);
    assert!(product.status == 2 && product.err.contains("\"reverse-proxy\""), "{}", product.err);
}

#[test]
fn ports_lists_rpc_interfaces() {
    let text = run(&["ports", "--interfaces"]).out;
    assert!(text.contains("a4f1db00-ca47-1067-b31f-00dd010662da"), "{text}");
    let document = run(&["ports", "--interfaces", "--json", "-"]).json();
    assert!(document["interfaces"].as_array().is_some_and(|list| list.len() > 20));
}

#[test]
fn words_that_ports_does_not_know_are_answered_with_those_it_does() {
    let role = run(&["ports", "--from", "fontend"]);
    assert!(
        role.status == 2 && role.err.contains("\"fontend\"") && role.err.contains("frontend, backend"),
        "{}",
        role.err
    );
    let service = run(&["ports", "--service", "rpc"]);
    assert!(service.status == 2 && service.err.contains("dcerpc"), "{}", service.err);
    let version = run(&["ports", "--exchange", "2011"]);
    assert!(version.status == 2 && version.err.contains("2010, 2013"), "{}", version.err);
}

#[test]
fn ports_takes_rows_of_the_users_own() {
    let folder = TempDir::new().unwrap();
    let row = |src: &str| {
        format!(
            "[[path]]\nid = \"ours\"\nversions = [\"2010\"]\nsrc = [\"{src}\"]\ndst = [\"mailbox\"]\ntransport = [\"tcp\"]\n\
             ports = [4711]\nranges = []\nlearn = \"fixed\"\nservices = []\nprotocol = \"p\"\ndirection = \"src_to_dst\"\n\
             purpose = \"our backup\"\nsymptom = \"none\"\nevents = []\nzone = \"external\"\nsource = \"mem\"\n\
             confidence = \"verified\"\n"
        )
    };
    let ours = file(&folder, "ours.toml", row("backup").as_bytes());
    let text = run(&["ports", "--overlay", &ours, "--port", "4711", "--from", "backup"]);
    assert!(text.out.contains("TCP 4711") && text.out.contains("our backup"), "{} {}", text.out, text.err);
    let bad = file(&folder, "bad.toml", row("nobody").as_bytes());
    let refused = run(&["ports", "--overlay", &bad]);
    assert!(refused.status == 2 && refused.err.contains("bad.toml: [[path]] \"ours\""), "{}", refused.err);
    let missing = run(&["ports", "--overlay", "no-such.toml"]);
    assert!(missing.status == 2 && missing.err.contains("no-such.toml: cannot be read"), "{}", missing.err);
}

#[cfg(not(feature = "live"))]
#[test]
fn watching_needs_libpcap() {
    let run = run(&["watch", "-i", "eth1", "--topology", "hosts.toml"]);
    assert!(run.status == 2 && run.err.contains("built without it") && run.err.contains("dumpcap"), "{}", run.err);
}

#[test]
fn a_topology_file_may_have_gone_through_powershell() {
    let folder = TempDir::new().unwrap();
    let text = fs::read_to_string(capture("topology.toml")).unwrap();
    let units = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let little = [&[0xff, 0xfe][..], &units(u16::to_le_bytes)].concat();
    let big = [&[0xfe, 0xff][..], &units(u16::to_be_bytes)].concat();
    let marked = [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat();
    let expected = run(&["analyze", "--topology", &capture("topology.toml"), &capture(BLOCKED)]).out;
    for (name, octets) in [("little", &little), ("big", &big), ("marked", &marked)] {
        let path = file(&folder, name, octets);
        let run = run(&["analyze", "--topology", &path, &capture(BLOCKED)]);
        assert!(run.status == 0 && run.out == expected, "{name}: {}", run.err);
    }
    for octets in [&little[..little.len() - 1], &[0xff, 0xfe, 0, 0xd8], &[0x80, 0x81]] {
        let path = file(&folder, "broken", octets);
        let run = run(&["analyze", "--topology", &path, &capture(BLOCKED)]);
        assert!(run.status == 2 && run.err.contains("broken: is not text in UTF-8 or UTF-16"), "{}", run.err);
    }
}

#[test]
fn without_arguments_help_is_printed() {
    let run = run(&[]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("Examples:") && run.err.contains("anyany analyze"), "{}", run.err);
}
