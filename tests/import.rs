//! `anyany topology import`, end to end: server lists and a capture become one topology file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

#[path = "support/program.rs"]
mod program;

use program::{capture, file, run};
use serde_json::Value;

const SERVERS: &[u8] = b"\"Name\",\"Fqdn\",\"Site\",\"ServerRole\",\"AdminDisplayVersion\"\n\
    \"MBX1\",\"mbx1.exlab.test\",\"exlab.test/Configuration/Sites/Paris\",\"Mailbox\",\"Version 14.3 (Build 123.4)\"\n";
const CONTROLLERS: &[u8] = b"    dc1.exlab.test [PDC]  [DS] Site: Paris\n    dc9.exlab.test [DS] Site: Rome\n";
const HOSTS: &[u8] = b"10.10.2.21 mbx1.exlab.test\n10.99.0.1 dc1.exlab.test\n";

#[test]
fn lists_and_a_capture_become_a_file_that_analyze_takes() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = capture("directory/healthy/client.pcap");
    let (servers, controllers) = (file(&folder, "servers.csv", SERVERS), file(&folder, "dcs.txt", CONTROLLERS));
    let made = run(&["topology", "import", &servers, &controllers, &healthy]);
    assert_eq!(made.status, 0, "{}", made.err);
    assert!(made.out.contains("addresses = [\"10.10.2.10\", \"fd10:10:2::10\"]"), "by the capture's DNS: {}", made.out);
    // Exchange does not tell addresses, and nobody asked for this name.
    assert!(made.out.contains("# No address is known of mbx1.exlab.test (mailbox; "), "{}", made.out);
    assert!(made.err.contains("dc9.exlab.test: no address is known"), "{}", made.err);
    let topology = file(&folder, "made.toml", made.out.as_bytes());
    let document = run(&["analyze", "--topology", &topology, &healthy, "--json", "-"]).json();
    let hosts = document["hosts"].as_array().unwrap();
    let controller = hosts.iter().find(|host| host["address"] == "10.10.2.10").unwrap();
    assert_eq!((&controller["site"], &controller["known"]), (&"Paris".into(), &true.into()));
}

#[test]
fn what_contradicts_is_said_and_stands_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let healthy = capture("directory/healthy/client.pcap");
    let lists = [file(&folder, "dcs.txt", CONTROLLERS), file(&folder, "hosts", HOSTS), file(&folder, "s.csv", SERVERS)];
    let made = run(&["topology", "import", &lists[0], &lists[1], &lists[2], &healthy, "--json", "-"]);
    let document = made.json();
    let contradictions = document["contradictions"].as_array().unwrap();
    let said = contradictions.iter().filter_map(Value::as_str).find(|one| one.contains("10.99.0.1")).unwrap();
    assert!(said.contains("dc1.exlab.test is 10.99.0.1") && said.contains("10.10.2.10"), "{said}");
    assert!(made.err.contains("10.99.0.1"), "{}", made.err);
    assert_eq!(document["without_address"][0]["name"], "dc9.exlab.test");
    assert_eq!(document["version"], "2010");
    let addresses: Vec<_> = document["hosts"].as_array().unwrap().iter().map(|host| &host["address"]).collect();
    // No list tells an IPv6 address of the controller, the capture does.
    assert_eq!(addresses, ["10.10.2.21", "10.99.0.1", "fd10:10:2::10"]);
}

#[test]
fn a_list_that_cannot_be_used_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let lists = [file(&folder, "hosts", HOSTS), file(&folder, "s.csv", SERVERS), file(&folder, "odd", b"hello\n")];
    let made = run(&["topology", "import", &lists[0], &lists[1], &lists[2]]);
    assert_eq!(made.status, 2);
    assert!(made.err.contains("odd: understood are Get-ExchangeServer"), "{}", made.err);
    assert!(made.out.contains("name = \"mbx1.exlab.test\""), "{}", made.out);
}

#[test]
fn hosts_are_a_table_to_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let lists = [file(&folder, "hosts", HOSTS), file(&folder, "s.csv", SERVERS)];
    let table = run(&["topology", "import", &lists[0], &lists[1], "--format", "csv"]).out;
    assert!(
        table.starts_with("Host,Addresses,Roles,Site,Exchange,Because\nmbx1.exlab.test,10.10.2.21,mailbox,Paris,,"),
        "{table}"
    );
    let inferred = run(&["topology", "infer", &capture("rpc/dynamic-dropped/client.pcap"), "--format", "markdown"]).out;
    assert!(inferred.starts_with("| Host | Addresses | Roles |") && inferred.contains("10.10.2.21"), "{inferred}");
}
