//! What build servers read.

use std::collections::BTreeSet;

use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::junit;
use crate::report::harmless::is_harmful;
use crate::report::recorded::{Judged, cas_and_mailbox, host};
use crate::topology::Roster;

const BLOCKED: &str = "rpc/dynamic-dropped/client.pcap";

fn cases<'a>(document: &'a Document<'_>) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name("testcase")).collect()
}

fn case<'a>(document: &'a Document<'_>, name: &str) -> Node<'a, 'a> {
    let named = |node: &Node<'_, '_>| node.attribute("name") == Some(name);
    cases(document).into_iter().find(named).unwrap_or_else(|| panic!("{name}: {}", document.input_text()))
}

fn result<'a>(case: Node<'a, 'a>) -> &'a str {
    case.children().find(Node::is_element).map_or("passed", |node| node.tag_name().name())
}

/// Elements with their attributes, required and allowed, and their children: what Ant's schema of JUnit
/// reports and Jenkins' (junit-10) both take.
const SHAPE: &[(&str, &[&str], &[&str])] = &[
    ("testsuites", &[], &["testsuite"]),
    (
        "testsuite",
        &["id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time"],
        &["properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &["property"]),
    ("property", &["name", "value"], &[]),
    ("testcase", &["classname", "name", "time"], &["failure", "error", "skipped"]),
    ("failure", &["type", "message"], &[]),
    ("error", &["type", "message"], &[]),
    ("skipped", &["message"], &[]),
    ("system-out", &[], &[]),
    ("system-err", &[], &[]),
];

fn assert_shape(xml: &str) {
    let document = Document::parse(xml).unwrap_or_else(|why| panic!("{why}: {xml}"));
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let (_, attributes, children) = SHAPE.iter().find(|(known, ..)| *known == name).unwrap();
        let has: BTreeSet<&str> = node.attributes().map(|attribute| attribute.name()).collect();
        assert_eq!(has, attributes.iter().copied().collect(), "{name}");
        let elements: Vec<&str> =
            node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect();
        assert!(elements.iter().all(|child| children.contains(child)), "{name}: {elements:?}");
        match name {
            "testcase" => assert!(elements.len() <= 1, "{elements:?}"),
            "testsuite" => {
                let count = |what: &str| node.descendants().filter(|one| one.has_tag_name(what)).count().to_string();
                for (attribute, what) in
                    [("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
                {
                    assert_eq!(node.attribute(attribute), Some(count(what).as_str()), "{attribute}");
                }
                let order = ["properties", "testcase", "system-out", "system-err"];
                let rank = |child: &&str| order.iter().position(|known| known == child);
                assert!(elements.is_sorted_by_key(rank), "{elements:?}");
                assert_eq!(node.attribute("timestamp").unwrap().len(), "2013-02-18T06:00:00".len());
            }
            _ => {}
        }
        // Tokens of XML Schema.
        for attribute in node.attributes().filter(|one| matches!(one.name(), "name" | "classname")) {
            let value = attribute.value();
            assert_eq!(value, value.split_whitespace().collect::<Vec<_>>().join(" "), "{}", attribute.name());
        }
    }
}

#[test]
fn what_is_blocked_fails_with_its_reasons_and_what_works_passes() {
    let judged = Judged::new(BLOCKED, cas_and_mailbox("cas-dmz"));
    let xml = junit(&judged.report());
    assert_shape(&xml);
    let document = Document::parse(&xml).unwrap();
    let blocked = case(&document, "cas-dmz (10.10.1.11) -> mbx1 (10.10.2.21) TCP 59531 dcerpc");
    assert_eq!((result(blocked), blocked.attribute("classname")), ("failure", Some("cas to mailbox")));
    let failure = blocked.first_element_child().unwrap();
    assert_eq!(failure.attribute("type"), Some("rpc-dynamic-port-blocked"));
    assert!(failure.attribute("message").unwrap().starts_with("Port 135 answers"));
    let text = failure.text().unwrap();
    for part in
        ["Because: SYN to 10.10.2.21:59531", "Or else: ", "Next step: Capture beside", "Frames: 29 ", "tcp.port==59531"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(result(case(&document, "cas-dmz (10.10.1.11) -> mbx1 (10.10.2.21) TCP 135 epm")), "passed");
    assert_eq!(result(case(&document, "cas-dmz (10.10.1.11) -> mbx1 (10.10.2.21) TCP 444 https")), "passed");
}

#[test]
fn what_cannot_be_judged_is_skipped_and_what_the_host_refuses_is_not_the_firewalls_failure() {
    let silent = Judged::new("web/host-silent/client.pcap", Roster::default());
    let xml = junit(&silent.report());
    assert_shape(&xml);
    let document = Document::parse(&xml).unwrap();
    let skipped: Vec<_> = cases(&document).into_iter().filter(|case| result(*case) == "skipped").collect();
    let message = skipped[0].first_element_child().unwrap().attribute("message").unwrap();
    assert!(message.starts_with("No answer from a host that was never heard"), "{message}");
    assert!(cases(&document).iter().all(|case| result(*case) != "failure"), "{xml}");

    let refused = Judged::new("web/service-down/client.pcap", Roster::default());
    let xml = junit(&refused.report());
    let document = Document::parse(&xml).unwrap();
    assert!(cases(&document).iter().all(|case| result(*case) == "passed"), "{xml}");

    let one_way = Judged::new("vantage/one-direction/sent.pcap", Roster::default());
    let xml = junit(&one_way.report());
    assert_shape(&xml);
    let document = Document::parse(&xml).unwrap();
    assert!(cases(&document).iter().all(|case| result(*case) == "skipped"), "{xml}");
    assert!(xml.contains("<system-out>Only one direction was captured"), "{xml}");
}

#[test]
fn what_nobody_tried_and_what_could_not_be_read_is_no_success() {
    let mut judged = Judged::new(BLOCKED, cas_and_mailbox("cas-dmz"));
    judged.unusable.push(("b.pcap".to_owned(), "b.pcap: is empty. Capture again".to_owned()));
    let xml = junit(&judged.report());
    assert_shape(&xml);
    let document = Document::parse(&xml).unwrap();
    assert_eq!(result(case(&document, "b.pcap")), "error");
    let untried = case(&document, "smb");
    assert_eq!((result(untried), untried.attribute("classname")), ("skipped", Some("cas to mailbox")));
}

#[test]
fn with_a_topology_file_only_its_hosts_are_checked() {
    let only = Roster::new(vec![host("10.99.9.9", "far", "cas")], None);
    let judged = Judged::new(BLOCKED, only);
    let xml = junit(&judged.report());
    assert!(cases(&Document::parse(&xml).unwrap()).is_empty(), "{xml}");
    assert_shape(&xml);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_hosts_are_called_it_is_xml_of_the_same_shape(name in any::<String>(), mark in "[\u{0}-\u{1f}<>&\"'\\]\u{fffe}\u{ffff}\u{202e} ]{1,9}") {
        let mut judged = Judged::new(BLOCKED, cas_and_mailbox(&format!("{mark}{name}{mark}")));
        judged.unusable.push((format!("{name}{mark}"), format!("{mark}{name}")));
        let xml = junit(&judged.report());
        assert_shape(&xml);
        let forbidden = |one: char| one != '\n' && is_harmful(one) || matches!(one, '\u{fffe}' | '\u{ffff}');
        prop_assert!(!xml.contains(forbidden), "{}", xml);
        let names = Document::parse(&xml).unwrap();
        prop_assert_eq!(cases(&names).iter().filter(|case| result(**case) == "failure").count(), 2);
    }
}
