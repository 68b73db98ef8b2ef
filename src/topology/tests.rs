use std::net::IpAddr;

use super::story::{EMSMDB, NSPI, address, story, uuid};
use super::*;
use crate::flow::{FrameRef, Moment};
use crate::reference::{Reference, Version};
use crate::time::Time;

const CONTOSO: &str = r#"
[organization]
name = "Contoso"
version = "2010"

[[host]]
name = "CAS01"
addresses = ["10.10.1.11", "fd00:1::11"]
roles = ["cas", "hub"]
site = "Paris"
version = "2007"
static_ports = { rpc-client-access = 59531, address-book = 59532 }

[[host]]
name = "DC1"
addresses = ["10.10.1.1"]
roles = ["dc"]

[[network]]
cidr = "10.99.0.0/16"
roles = ["client"]

[[network]]
cidr = "10.99.7.0/24"
roles = ["telephony"]
"#;

fn file(text: &str) -> File {
    File::read("org.toml", text, Reference::embedded()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str) -> String {
    File::read("org.toml", text, Reference::embedded()).unwrap_err().to_string()
}

fn made(story: &story::Story, file: Option<&File>) -> Roster {
    roster(std::slice::from_ref(&story.0), file, None, Reference::embedded())
}

fn roles(roster: &Roster, host: &str) -> Vec<String> {
    roster.roles(address(host)).map(str::to_owned).collect()
}

#[test]
fn a_file_says_who_is_who() {
    let file = file(CONTOSO);
    assert_eq!((file.organization.as_deref(), file.version), (Some("Contoso"), Some(Version::V2010)));
    let cas = file.host(address("fd00:1::11")).unwrap();
    assert_eq!(cas.roles, ["cas", "hub"]);
    assert_eq!((cas.site.as_deref(), cas.version), (Some("Paris"), Some(Version::V2007)));
    assert_eq!(cas.static_ports[&59531], ["emsmdb", "asyncemsmdb"]);
    let roster = made(&story(), Some(&file));
    assert_eq!(roster.fixed(address("fd00:1::11"), 59532), Some(uuid(NSPI)));
    assert_eq!(roster.fixed(address("10.10.1.1"), 59532), None);
    assert_eq!(file.network(address("10.99.1.1")).unwrap().roles, ["client"]);
    assert_eq!(file.network(address("10.99.7.1")).unwrap().roles, ["telephony"], "the smaller network counts");
    assert!(file.network(address("10.98.0.1")).is_none());
}

#[test]
fn an_empty_file_names_nobody() {
    assert_eq!(file(""), File::default());
}

#[test]
fn errors_name_file_line_key_and_cure() {
    let role = error("[[host]]\naddresses = [\"10.0.0.1\"]\nroles = [\"mailbx\"]\n");
    assert!(role.starts_with("org.toml:3: roles: there is no role \"mailbx\"; did you mean \"mailbox\"?"), "{role}");
    let address = error("[[host]]\nname = \"A\"\naddresses = [\n  \"10.0.0.1\",\n  \"mbx1\",\n]\n");
    assert!(address.starts_with("org.toml:5: addresses: \"mbx1\" is no IPv4 or IPv6 address; write"), "{address}");
    let none = error("\n[[host]]\nname = \"A\"\naddresses = []\n");
    assert!(none.starts_with("org.toml:2: addresses: the host has none"), "{none}");
    let cidr = error("[[network]]\ncidr = \"10.0.0.0\"\n");
    assert!(cidr.starts_with("org.toml:2: cidr: \"10.0.0.0\" is no network; write one as"), "{cidr}");
    let version = error("[organization]\nversion = \"2012\"\n");
    assert!(version.starts_with("org.toml:2: version: \"2012\" is none of 2003, 2007"), "{version}");
    let port = error("[[host]]\naddresses = [\"10.0.0.1\"]\nstatic_ports = { adress-book = 59532 }\n");
    assert!(port.starts_with("org.toml:3: static_ports:") && port.contains("did you mean \"address-book\""), "{port}");
    let zero = error("[[host]]\naddresses = [\"10.0.0.1\"]\nstatic_ports = { store = 0 }\n");
    assert!(zero.starts_with("org.toml:3: static_ports: store is 0"), "{zero}");
    let wide = error("[[host]]\naddresses = [\"10.0.0.1\"]\nstatic_ports = { store = 70000 }\n");
    assert!(wide.starts_with("org.toml:3: "), "{wide}");
    let key = error("[[host]]\naddresses = [\"10.0.0.1\"]\nrole = [\"cas\"]\n");
    assert!(key.starts_with("org.toml:3: ") && key.contains("role") && key.contains("roles"), "{key}");
    let syntax = error("[[host]\n");
    assert!(syntax.starts_with("org.toml:1: "), "{syntax}");
}

#[test]
fn an_address_belongs_to_one_host_and_a_network_stands_once() {
    let twice = error("[[host]]\naddresses = [\"10.0.0.1\"]\n[[host]]\naddresses = [\"10.0.0.2\", \"10.0.0.1\"]\n");
    assert!(twice.starts_with("org.toml:4: addresses: 10.0.0.1 already stands on line 2"), "{twice}");
    let network = error("[[network]]\ncidr = \"10.0.0.0/8\"\n[[network]]\ncidr = \"10.1.0.0/8\"\n");
    assert!(network.starts_with("org.toml:4: cidr: 10.0.0.0/8 stands here twice"), "{network}");
}

#[test]
fn the_file_counts_and_the_traffic_fills_in() {
    let mut it = story();
    it.udp("10.10.1.11", "10.10.1.1", 88, "kerberos");
    it.udp("10.10.1.11", "10.10.1.2", 88, "kerberos");
    it.tcp("10.99.3.4", "10.10.1.11", 443, "https");
    let file = file(CONTOSO);
    let roster = made(&it, Some(&file));
    assert_eq!(roles(&roster, "fd00:1::11"), ["cas", "hub"]);
    assert_eq!(roster.host(address("10.10.1.11")).unwrap().roles[0].because, "the topology file says so");
    assert_eq!(roles(&roster, "10.10.1.2"), ["dc"], "not in the file");
    assert_eq!(roles(&roster, "10.99.3.4"), ["client"], "by its network");
    assert_eq!(roster.version(address("10.10.1.11")), Some("2007"));
    assert_eq!(roster.version(address("10.10.1.1")), Some("2010"));
    assert!(roster.contradictions.is_empty(), "{:?}", roster.contradictions);
    assert!(roster.hosts().is_sorted_by_key(|host| host.addresses[0]));
    assert!(roster.hosts().iter().all(|host| host.known != host.site.is_none() || host.names[0] == "DC1"));
}

#[test]
fn the_version_of_the_command_line_counts_before_the_files() {
    let file = file(CONTOSO);
    let roster = roster(&[], Some(&file), Some("2016"), Reference::embedded());
    assert_eq!(roster.version.as_deref(), Some("2016"));
    assert_eq!(roster.version(address("10.10.1.11")), Some("2007"), "the host's own is more exact");
}

#[test]
fn what_the_traffic_contradicts_is_said_and_not_believed() {
    let mut it = story();
    it.udp("10.10.1.1", "10.10.1.11", 88, "kerberos");
    it.tcp("10.10.1.11", "10.99.0.9", 135, "epm").maps(EMSMDB, 6000);
    let file = file(CONTOSO);
    let roster = made(&it, Some(&file));
    assert_eq!(roles(&roster, "10.10.1.11"), ["cas", "hub"]);
    assert_eq!(roles(&roster, "10.99.0.9"), ["client"]);
    assert_eq!(
        roster.contradictions,
        [
            "the topology file says that 10.10.1.11 is cas and hub, but it answers Kerberos on port 88 (frame 1), as a \
             domain controller does",
            "the topology file says that 10.99.0.9 is client, but it names port 6000 for EMSMDB (frame 2), for \
             Exchange servers only, as a Mailbox server does",
        ]
    );
}

#[test]
fn what_agrees_with_the_file_is_no_contradiction() {
    let mut it = story();
    it.tcp("10.10.1.1", "10.10.1.11", 59531, "dcerpc").binds(EMSMDB);
    it.udp("10.10.1.11", "10.10.1.1", 53, "dns");
    it.tcp("10.10.1.1", "10.10.1.11", 443, "https");
    let file = file(CONTOSO);
    let roster = made(&it, Some(&file));
    assert!(roster.contradictions.is_empty(), "{:?}", roster.contradictions);
    assert_eq!(roles(&roster, "10.10.1.1"), ["dc", "dns"], "a helper's role is added");
}

#[test]
fn addresses_are_one_host_when_it_said_so_itself() {
    let mut it = story();
    it.tcp("10.0.0.1", "10.0.0.2", 445, "smb").text("server_dns_name", "MBX1.example.org");
    it.tcp("10.0.0.1", "10.1.0.2", 445, "smb").text("server_dns_name", "mbx1.example.org");
    let roster = made(&it, None);
    assert_eq!(roster.addresses(address("10.1.0.2")), [address("10.0.0.2"), address("10.1.0.2")]);
    assert_eq!(roster.host(address("10.1.0.2")).unwrap().names, ["mbx1.example.org"]);
}

#[test]
fn addresses_of_one_dns_name_may_be_several_hosts() {
    let mut it = story();
    it.tcp("10.0.0.1", "10.0.0.2", 443, "https");
    it.tcp("10.0.0.1", "10.1.0.2", 443, "https");
    for host in ["10.0.0.2", "10.1.0.2"] {
        it.0.names.insert(address(host), vec!["mail.example.org".to_owned()]);
    }
    let roster = made(&it, None);
    assert_eq!(roster.addresses(address("10.1.0.2")), [address("10.1.0.2")]);
}

#[test]
fn an_address_that_moves_between_hosts_is_nobodys() {
    let mut it = story();
    it.tcp("10.0.0.1", "10.0.0.2", 445, "smb").text("server_dns_name", "node1.example.org");
    it.tcp("10.0.0.1", "10.0.0.9", 445, "smb").text("server_dns_name", "node1.example.org");
    it.tcp("10.0.0.1", "10.0.0.9", 445, "smb").text("server_dns_name", "node2.example.org");
    let roster = made(&it, None);
    assert_eq!(roster.addresses(address("10.0.0.9")), [address("10.0.0.9")]);
}

#[test]
fn hosts_are_called_what_they_and_others_call_them() {
    let mut it = story();
    it.tcp("10.0.0.1", "10.0.0.2", 389, "ldap").text("dns_host_name", "dc1.example.org");
    it.tcp("10.0.0.1", "10.0.0.3", 25, "smtp").text("banner", "Hub1.example.org Microsoft ESMTP MAIL Service ready");
    it.0.names.insert(address("10.0.0.2"), vec!["ldap.example.org".to_owned(), "dc1.example.org".to_owned()]);
    let roster = made(&it, None);
    assert_eq!(roster.host(address("10.0.0.2")).unwrap().names, ["ldap.example.org", "dc1.example.org"]);
    assert_eq!(roster.host(address("10.0.0.3")).unwrap().names, ["hub1.example.org"]);
}

#[test]
fn groups_are_no_hosts() {
    let mut it = story();
    it.udp("10.0.0.1", "224.0.0.251", 5353, "dns").unanswered();
    it.udp("fe80::1", "ff02::1:3", 5355, "dns").unanswered();
    let addresses: Vec<IpAddr> = made(&it, None).hosts().iter().map(|host| host.addresses[0]).collect();
    assert_eq!(addresses, [address("10.0.0.1"), address("fe80::1")]);
}

#[test]
fn an_exchange_2003_server_brings_its_version() {
    let mut it = story();
    it.tcp("10.0.0.1", "10.0.0.2", 25, "smtp").members("capabilities", &["X-LINK2STATE", "XEXCH50"]);
    let roster = made(&it, None);
    assert_eq!(roster.version(address("10.0.0.2")), Some("2003"));
    assert_eq!(roles(&roster, "10.0.0.2"), ["backend"]);
}

#[test]
fn what_is_inferred_is_a_topology_file() {
    let mut it = story();
    it.udp("10.0.0.1", "10.0.0.2", 88, "kerberos");
    it.tcp("10.0.0.1", "10.0.0.3", 135, "epm").maps(EMSMDB, 59531);
    it.0.names.insert(address("10.0.0.2"), vec!["dc1\".\n[[host]]".to_owned(), "dc1.example.org".to_owned()]);
    let roster = roster(std::slice::from_ref(&it.0), None, Some("2010"), Reference::embedded());
    let text = to_toml(&roster);
    assert!(text.contains("# dc (0.90): it answers Kerberos on port 88 (frame 1)\n"), "{text}");
    let again = file(&text);
    assert_eq!(again.version, Some(Version::V2010));
    assert_eq!(again.hosts.len(), 3, "{text}");
    assert_eq!(again.host(address("10.0.0.3")).unwrap().roles, ["cas"]);
    assert_eq!(again.host(address("10.0.0.2")).unwrap().name.as_deref(), Some("dc1.example.org"));
}

#[test]
fn a_check_tells_who_is_missing_and_who_is_new() {
    let mut it = story();
    it.tcp("10.99.1.1", "10.10.1.11", 443, "https");
    it.tcp("10.10.1.11", "10.10.5.5", 443, "https");
    let file = file(CONTOSO);
    let traces = [it.0];
    let roster = roster(&traces, Some(&file), None, Reference::embedded());
    let check = check(&traces, &file, &roster);
    assert_eq!(check.unheard, ["DC1"]);
    let unlisted: Vec<IpAddr> = check.unlisted.iter().map(|host| host.addresses[0]).collect();
    assert_eq!(unlisted, [address("10.10.5.5")], "the client's network covers it");
    assert!(check.contradictions.is_empty());
}

#[test]
fn captures_are_named_where_there_are_several() {
    let moment = Moment { time: Time(0), frame: FrameRef::new(1, 7) };
    let mut it = story();
    it.udp("10.0.0.1", "10.0.0.2", 88, "kerberos");
    it.0.conversations[0].flow.halves[1].first_data = Some(moment);
    let roster = made(&it, None);
    let because = &roster.host(address("10.0.0.2")).unwrap().roles[0].because;
    assert_eq!(because, "it answers Kerberos on port 88 (frame 7 of capture 1)");
}
