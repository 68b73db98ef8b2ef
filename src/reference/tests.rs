mod knowledge;
mod policy;

use anyany_dissectors::Uuid;

use super::*;

const EMSMDB: Uuid = Uuid::from_u128(0xa4f1db00_ca47_1067_b31f_00dd010662da);
const NETLOGON: Uuid = Uuid::from_u128(0x12345678_1234_abcd_ef00_01234567cffb);

fn reference() -> &'static Reference {
    Reference::embedded()
}

/// The id of the row for a TCP conversation.
fn tcp(client: &[&str], server: &[&str], port: u16, service: &str, version: Option<&str>) -> Option<&'static str> {
    rpc(client, server, port, service, None, version)
}

fn rpc(
    client: &[&str],
    server: &[&str],
    port: u16,
    service: &str,
    interface: Option<Uuid>,
    version: Option<&str>,
) -> Option<&'static str> {
    let path = reference().path_for(client, server, Transport::Tcp, port, service, interface, version);
    path.map(|path| path.id.as_str())
}

#[test]
fn every_row_of_the_embedded_tables_reads() {
    let mut reference = Reference::default();
    for (file, text) in load::FILES {
        reference = reference.with_overlay(file, text).unwrap_or_else(|error| panic!("{error}"));
    }
    let rows = |text: &str, table: &str| text.lines().filter(|line| *line == format!("[[{table}]]")).count();
    let written = |table: &str| load::FILES.iter().map(|(_, text)| rows(text, table)).sum::<usize>();
    assert_eq!(reference.sources.len(), written("source") - 2, "mem and rpch stand in two files");
    assert_eq!(reference.roles.len(), written("role"));
    assert_eq!(reference.products.len(), written("product"));
    assert_eq!(reference.interfaces.len(), written("interface"));
    assert_eq!(reference.gaps.len(), written("gap"));
    assert_eq!(reference.inferences.len(), written("inference"));
    assert_eq!(reference.epm_statuses.len(), written("epm_status"));
    assert_eq!(reference.faults.len(), written("fault"));
    assert_eq!(reference.dynamic_ranges.len(), written("dynamic_range"));
    assert_eq!(reference.static_options.len(), written("static_option"));
    assert_eq!(reference.events.len(), written("event"));
    assert_eq!(reference.paths.len(), written("path"));
    assert_eq!(reference.rhythms.len(), written("rhythm"));
    assert_eq!(reference.rules.len(), written("rule"));
    assert_eq!(reference.exceptions.len(), written("exception"));
    assert_eq!(reference.traps.len(), written("trap"));
    assert_eq!(reference.paths().len(), Reference::embedded().paths().len());
}

#[test]
fn every_row_says_where_it_was_read() {
    let reference = reference();
    let named = |ids: &[String]| !ids.is_empty() && ids.iter().all(|id| reference.source(id).is_some());
    let one = |id: &String| named(std::slice::from_ref(id));
    for role in reference.roles() {
        assert!(named(&role.sources) && role.confidence != Confidence::MemoryLow, "{}", role.id);
    }
    reference.products().iter().for_each(|row| assert!(named(&row.sources), "{}", row.id));
    reference.interfaces().iter().for_each(|row| assert!(named(&row.sources), "{}", row.id));
    reference.gaps().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.inferences().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.epm_statuses.iter().for_each(|row| assert!(one(&row.source), "{}", row.value));
    reference.faults.iter().for_each(|row| assert!(one(&row.source), "{}", row.value));
    reference.dynamic_ranges().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.static_options().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.all_events().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.paths().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.rhythms().iter().for_each(|row| assert!(one(&row.source), "{}", row.id));
    reference.rules().iter().for_each(|row| assert!(named(&row.sources), "{}", row.id));
    reference.exceptions().iter().for_each(|row| assert!(named(&row.sources), "{}", row.id));
    reference.traps().iter().for_each(|row| assert!(named(&row.sources), "{}", row.id));
}

#[test]
fn every_end_of_every_path_is_a_role() {
    for path in reference().paths() {
        for end in path.src.iter().chain(&path.dst) {
            assert!(end == "any-exchange" || reference().role(end).is_some(), "{}: {end}", path.id);
        }
    }
}

#[test]
fn every_path_explains_a_conversation_between_its_own_ends() {
    for path in reference().paths().iter().filter(|path| path.zone != Zone::IntendedBlock) {
        let end = |ends: &'static [String]| match ends.first().map(String::as_str) {
            Some("any-exchange") => "mailbox",
            other => other.unwrap(),
        };
        let port = path.ports.first().copied().or(path.ranges.first().map(|range| range.0)).unwrap_or(0);
        let service = path.services.last().map_or("other", String::as_str);
        let interface = path.interfaces.first().and_then(|id| reference().interfaces.iter().find(|one| one.id == *id));
        let found = reference().path_for(
            &[end(&path.src)],
            &[end(&path.dst)],
            path.transport[0],
            port,
            service,
            interface.map(|interface| interface.uuid),
            path.versions.first().map(|version| version.word()),
        );
        assert!(found.is_some(), "{}", path.id);
    }
}

#[test]
fn an_interface_is_found_by_either_spelling_of_its_uuid() {
    let emsmdb = reference().interface(EMSMDB).unwrap();
    assert_eq!((emsmdb.id.as_str(), emsmdb.short_name().as_str()), ("emsmdb", "EMSMDB"));
    assert_eq!(emsmdb.operation(10), Some("EcDoConnectEx"));
    assert_eq!(emsmdb.operation(999), None);
    let mta = |text: &str| reference().interface(text.parse().unwrap()).map(Interface::short_name);
    assert_eq!(mta("9e8ee830-4459-11ce-979b-00aa005ffebe").as_deref(), Some("MTA"));
    assert_eq!(mta("9e8ee830-4559-11ce-979b-00aa005ffebe").as_deref(), Some("MTA"));
    assert_eq!(reference().interface(Uuid::NIL), None);
}

#[test]
fn a_listed_port_explains_better_than_a_range() {
    assert_eq!(tcp(&["mailbox"], &["dc"], 389, "ldap", Some("2010")), Some("ad-ldap"));
    assert_eq!(tcp(&["mailbox"], &["gc"], 3268, "ldap", Some("2010")), Some("gc-ldap"));
    assert_eq!(tcp(&["dc"], &["mailbox"], 4444, "other", Some("2010")), Some("dc-to-exchange"));
    assert_eq!(tcp(&["cas"], &["mailbox"], 444, "other", Some("2013")), Some("backend-444"));
    assert_eq!(tcp(&["cas"], &["mailbox"], 444, "https", Some("2010")), None);
}

#[test]
fn a_global_catalog_answers_as_a_domain_controller_too() {
    assert_eq!(tcp(&["cas"], &["gc"], 88, "kerberos", None), Some("kerberos"));
    // Not a global catalog: only the rule that everything may pass speaks of it.
    assert_eq!(tcp(&["cas"], &["dc"], 3268, "ldap", None), Some("dc-to-exchange"));
}

#[test]
fn a_dynamic_port_counts_only_for_rpc() {
    let (cas, mailbox) = (&["cas"][..], &["mailbox"][..]);
    assert_eq!(rpc(cas, mailbox, 59531, "dcerpc", Some(EMSMDB), Some("2010")), Some("mapi-cas-mbx"));
    assert_eq!(tcp(cas, mailbox, 59531, "other", Some("2010")), None);
    assert_eq!(tcp(cas, mailbox, 1433, "other", Some("2010")), None);
}

#[test]
fn the_interface_chooses_among_rows_with_one_port() {
    let from = |interface, port| rpc(&["mailbox"], &["dc"], port, "dcerpc", interface, Some("2010"));
    assert_eq!(from(Some(NETLOGON), 49155), Some("rpc-netlogon"));
    // An administrator fixed the port outside of the usual ranges.
    assert_eq!(from(Some(NETLOGON), 6100), Some("rpc-netlogon"));
    let cluster = "b97db8b2-4c63-11cf-bff6-08002be23f2f".parse().unwrap();
    let nodes = |interface| rpc(&["mailbox"], &["mailbox"], 135, "epm", interface, Some("2010"));
    assert_eq!(nodes(Some(cluster)), Some("cluster-rpc"));
}

#[test]
fn roles_that_are_named_come_before_roles_that_are_meant() {
    assert_eq!(tcp(&["cas"], &["mailbox"], 445, "smb", Some("2010")), Some("smb-cas-mbx"));
    assert_eq!(tcp(&["hub"], &["cas"], 445, "smb", Some("2010")), Some("remote-reg-evt"));
    assert_eq!(tcp(&["client"], &["cas"], 443, "https", Some("2010")), Some("autod-ews-owa"));
}

#[test]
fn a_path_of_both_directions_is_read_backwards_too() {
    assert_eq!(tcp(&["edge"], &["hub"], 25, "smtp", Some("2010")), Some("smtp-hub-edge"));
    assert_eq!(tcp(&["hub"], &["hub"], 25, "smtp", Some("2010")), Some("smtp-hub-hub"));
    assert_eq!(tcp(&["mailbox"], &["hub"], 50636, "ldap", Some("2010")), None);
}

#[test]
fn content_that_contradicts_the_row_is_not_explained_by_it() {
    assert_eq!(tcp(&["hub"], &["hub"], 25, "http", Some("2010")), None);
    assert_eq!(tcp(&["unknown"], &["hub"], 25, "smtp", Some("2010")), None);
    assert_eq!(tcp(&[], &[], 25, "smtp", None), None);
}

#[test]
fn edge_servers_are_not_meant_by_what_domain_members_need() {
    assert_eq!(tcp(&["edge"], &["dc"], 389, "ldap", Some("2010")), None);
}

#[test]
fn a_users_row_replaces_the_one_with_its_id_and_a_new_id_adds_one() {
    let overlay = r#"
        [[event]]
        id = "fc-1135"
        log_source = "ours"
        event_id = 7
        meaning = "changed"
        source = "mem"
        confidence = "verified"

        [[interface]]
        id = "our_store"
        uuid = "00000000-0000-0000-0000-00000000abcd"
        versions = []
        name = "learnt here"
        family = "exchange"
        doc = "none"
        endpoints = ["ncacn_ip_tcp:dynamic"]
        server_roles = ["mailbox"]
        served_by = "store"
        client_implies = "Exchange"
        sources = ["mem"]
        uuid_confidence = "verified"
        name_confidence = "verified"
        role_confidence = "verified"
    "#;
    let ours = reference().with_overlay("ours.toml", overlay).unwrap();
    assert_eq!(ours.all_events().len(), reference().all_events().len());
    let ids = ["fc-1135".to_owned()];
    assert_eq!(ours.events(&ids).next().unwrap().meaning, "changed");
    assert_eq!(ours.interface(Uuid::from_u128(0xabcd)).unwrap().short_name(), "OUR-STORE");
}

#[test]
fn a_bad_row_is_named_by_file_table_and_row() {
    let error = |text: &str| reference().with_overlay("ours.toml", text).unwrap_err().to_string();
    let bad = error("[[trap]]\nid = \"mine\"\ntext = 5");
    assert!(bad.starts_with("ours.toml: [[trap]] \"mine\": "), "{bad}");
    let nameless = error("[[trap]]\ntext = \"no id\"");
    assert!(nameless.starts_with("ours.toml: [[trap]] row 1: ") && nameless.contains("id"), "{nameless}");
    let twice = error("[[trap]]\nid = \"a\"\ntext = \"\"\n[[trap]]\nid = \"a\"\ntext = \"\"");
    assert!(twice.contains("twice"), "{twice}");
    let table = error("[[paths]]\nid = \"a\"");
    assert!(table.contains("no table \"paths\"") && table.contains("path,"), "{table}");
    let role = error("[[role]]\nid = \"new\"\nname = \"n\"\ngroup = \"helper\"\nincludes = [\"nobody\"]");
    assert!(role.contains("[[role]] \"new\"") && role.contains("\"nobody\""), "{role}");
    let word = error("[[role]]\nid = \"new\"\nname = \"n\"\ngroup = \"helpers\"");
    assert!(word.contains("\"helpers\" is none of exchange, directory"), "{word}");
    let syntax = error("[[role]\n");
    assert!(syntax.starts_with("ours.toml: ") && syntax.contains("line 1"), "{syntax}");
    assert!(error("schema = 2").contains("schema is 2"));
    assert!(error("path = 1").contains("[[path]]"));
    let twin = error(
        r#"
        [[interface]]
        id = "copy"
        uuid = "a4f1db00-ca47-1067-b31f-00dd010662da"
        versions = []
        name = "n"
        family = "exchange"
        doc = "none"
        endpoints = []
        server_roles = []
        served_by = "s"
        client_implies = "c"
        sources = []
        uuid_confidence = "verified"
        name_confidence = "verified"
        role_confidence = "verified"
        "#,
    );
    assert!(twin.contains("has the UUID of"), "{twin}");
}

#[test]
fn service_ports_are_known_by_transport() {
    assert!(reference().known_tcp_ports().is_superset(&[25, 135, 389, 443, 3268, 50636, 64327].into()));
    assert!(reference().known_udp_ports().is_superset(&[53, 88, 389, 3343].into()));
    assert!(!reference().known_udp_ports().contains(&443));
}
