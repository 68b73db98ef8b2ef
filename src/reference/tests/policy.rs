//! What the policy says of every pair of roles in every version (support-policy, sections 2, 3 and 6).

use Support::{NotApplicable, Supported, Unsupported};

use super::*;

fn ruling(client: &str, server: &str, version: Option<&str>) -> Ruling {
    reference().support(&[client], &[server], None, version)
}

fn support(client: &str, server: &str, version: Option<&str>) -> Support {
    ruling(client, server, version).support
}

/// One end, the other, and what the policy says of blocking from 2003 to SE.
const STATED: &[(&str, &str, [Support; 7])] = &[
    // Section 2: between Exchange servers, and with domain controllers; from 2007 on in every site and domain.
    ("frontend", "backend", [Supported, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED]),
    ("frontend", "dc", [Supported, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED]),
    ("frontend", "gc", [Supported, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED]),
    ("backend", "backend", FROM_2007),
    ("backend", "dc", FROM_2007),
    ("backend", "gc", FROM_2007),
    ("cas", "cas", FROM_2007),
    ("cas", "hub", FROM_2007),
    ("cas", "mailbox", FROM_2007),
    ("cas", "dc", FROM_2007),
    ("cas", "gc", FROM_2007),
    ("hub", "hub", FROM_2007),
    ("hub", "mailbox", FROM_2007),
    ("hub", "dc", FROM_2007),
    ("hub", "gc", FROM_2007),
    ("mailbox", "mailbox", FROM_2007),
    ("mailbox", "dc", FROM_2007),
    ("mailbox", "gc", FROM_2007),
    // Unified Messaging is a role like the others: isolating it contradicts the rule.
    ("um", "cas", FROM_2007),
    ("um", "hub", FROM_2007),
    ("um", "mailbox", FROM_2007),
    ("um", "um", FROM_2007),
    ("um", "dc", FROM_2007),
    // Section 3: where filtering is expected.
    ("edge", "hub", EDGE),
    ("edge", "mailbox", EDGE),
    ("edge", "cas", EDGE),
    ("edge", "edge", EDGE),
    ("edge", "internet-mta", EDGE),
    ("edge", "dc", EDGE),
    ("reverse-proxy", "cas", EVER),
    ("reverse-proxy", "frontend", EVER),
    ("reverse-proxy", "mailbox", EVER),
    ("lb", "cas", EVER),
    ("internet-mta", "hub", EVER),
    ("telephony", "um", EVER),
    ("telephony", "cas", EVER),
    ("telephony", "mailbox", EVER),
    ("exo", "cas", EVER),
    ("exo", "mailbox", EVER),
    ("client", "cas", EVER),
    ("outlook", "cas", EVER),
    ("outlook", "mailbox", EVER),
    ("outlook", "backend", EVER),
    ("web-client", "frontend", EVER),
    ("eas-client", "cas", EVER),
    ("popimap-client", "cas", EVER),
    ("smtp-client", "hub", EVER),
    // Internal Lync and Skype for Business servers: within the rule from 2013 on.
    ("lync", "mailbox", [NotApplicable, Supported, Supported, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED]),
    ("lync", "um", [NotApplicable, Supported, Supported, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED, UNSUPPORTED]),
    // Of these the policy says nothing.
    ("mailbox", "witness", NEVER),
    ("mailbox", "dns", NEVER),
    ("hub", "adrms", NEVER),
    ("mailbox", "backup", NEVER),
    ("monitor", "mailbox", NEVER),
    ("admin", "mailbox", NEVER),
    ("relay", "hub", NEVER),
    ("unknown", "mailbox", NEVER),
    ("dc", "dc", NEVER),
    ("client", "dc", NEVER),
    ("reverse-proxy", "dc", NEVER),
    ("lync", "dc", NEVER),
];
const UNSUPPORTED: Support = Unsupported;
const FROM_2007: [Support; 7] =
    [NotApplicable, Unsupported, Unsupported, Unsupported, Unsupported, Unsupported, Unsupported];
const EDGE: [Support; 7] = [NotApplicable, Supported, Supported, Supported, Supported, Supported, Supported];
const EVER: [Support; 7] = [Supported; 7];
const NEVER: [Support; 7] = [NotApplicable; 7];

#[test]
fn every_pair_of_roles_is_ruled_in_every_version_as_the_documents_say_whoever_calls() {
    for (one, other, stated) in STATED {
        for (version, expected) in Version::ALL.iter().zip(stated) {
            let version = Some(version.word());
            assert_eq!(support(one, other, version), *expected, "{one} to {other}, {version:?}");
            assert_eq!(support(other, one, version), *expected, "{other} to {one}, {version:?}");
        }
    }
}

#[test]
fn every_role_stands_in_that_table() {
    for role in reference().roles() {
        assert!(STATED.iter().any(|(one, other, _)| *one == role.id || *other == role.id), "{}", role.id);
    }
}

#[test]
fn every_ruling_that_says_something_says_where_it_stands() {
    for (one, other, stated) in STATED {
        for (version, expected) in Version::ALL.iter().zip(stated) {
            let ruling = ruling(one, other, Some(version.word()));
            assert!(*expected == NotApplicable || !ruling.sources.is_empty(), "{one} to {other}, {version}");
            assert!(ruling.sources.iter().all(|source| !source.contains(".txt")), "{:?}", ruling.sources);
            assert!(ruling.sentence.ends_with('.'), "{}", ruling.sentence);
        }
    }
}

#[test]
fn every_pair_has_one_rule_for_every_version_and_narrower_ones_name_their_ends() {
    for pair in Pair::ALL {
        for version in Version::ALL {
            let rules = reference().rules().iter().filter(|rule| rule.pair == *pair && rule.versions.contains(version));
            assert_eq!(rules.filter(|rule| rule.ends.is_empty()).count(), 1, "{pair} {version}");
        }
    }
}

#[test]
fn a_front_end_of_2003_in_the_perimeter_was_supported_and_what_followed_it_is_not() {
    let front = ruling("frontend", "backend", Some("2003"));
    assert!(front.sentence.contains("perimeter") && front.sentence.contains("listed ports"), "{}", front.sentence);
    // The role itself tells the version.
    assert_eq!(ruling("frontend", "backend", None), front);
    assert_eq!(support("frontend", "mailbox", None), Unsupported);
    assert_eq!(support("cas", "mailbox", Some("2007")), Unsupported);
}

#[test]
fn what_is_needed_all_the_same_is_told_with_the_pair() {
    let says = |client: &str, server: &str, version: &str, words: &str| {
        let ruling = ruling(client, server, Some(version));
        assert!(ruling.sentence.contains(words), "{client} to {server}, {version}: {}", ruling.sentence);
    };
    says("hub", "edge", "2010", "EdgeSync on TCP 50636");
    says("edge", "mailbox", "2016", "EdgeSync on TCP 50636");
    says("outlook", "cas", "2010", "four TCP ports");
    says("outlook", "cas", "2013", "443 only");
    says("outlook", "mailbox", "SE", "443 only");
    says("popimap-client", "cas", "2010", "ports of their own");
    says("eas-client", "mailbox", "2019", "ports of their own");
    says("telephony", "mailbox", "2013", "straight to the Mailbox server");
    says("reverse-proxy", "cas", "2007", "a single port (443)");
    says("exo", "mailbox", "2016", "external");
    says("um", "mailbox", "2007", "covers all roles but Edge");
    says("cas", "dc", "2007", "every site and domain");
    assert!(!ruling("outlook", "cas", Some("2007")).sentence.contains("443 only"));
}

#[test]
fn every_exception_is_told_of_its_pair_or_by_its_name() {
    for exception in reference().exceptions() {
        let told = Version::ALL.iter().any(|version| {
            let roles = reference().roles();
            exception.ends.iter().any(|end| {
                roles.iter().any(|role| ruling(end, &role.id, Some(version.word())).sentence.contains(&exception.text))
            })
        });
        let by_name = ["client-filtering", "host-firewall", "dag-networks", "hosted-messaging"];
        assert!(told != by_name.contains(&exception.id.as_str()), "{}", exception.id);
        assert_eq!(reference().exception_text(&exception.id), Some(exception.text.as_str()));
    }
}

#[test]
fn what_microsoft_asks_to_block_and_what_stays_inside_a_host_is_no_violation() {
    let apart = reference().support(&["mailbox"], &["mailbox"], Some(Zone::IntendedBlock), Some("2010"));
    assert_eq!(apart.support, Supported);
    assert!(!apart.sources.is_empty() && apart.sentence.contains("intended"), "{}", apart.sentence);
    let local = reference().support(&["mailbox"], &["mailbox"], Some(Zone::Local), Some("2016"));
    assert_eq!(local.support, NotApplicable);
}

#[test]
fn altering_is_unsupported_by_document_from_2013_on() {
    let altering = |one, other, version| reference().support_of_altering(&[one], &[other], Some(version)).support;
    for version in ["2003", "2007", "2010"] {
        assert_eq!(altering("hub", "hub", version), NotApplicable, "{version}");
        assert_eq!(altering("mailbox", "dc", version), NotApplicable, "{version}");
    }
    for version in ["2013", "2016", "2019", "SE"] {
        assert_eq!(altering("mailbox", "mailbox", version), Unsupported, "{version}");
        assert_eq!(altering("mailbox", "dc", version), Unsupported, "{version}");
        assert_eq!(altering("mailbox", "lync", version), Unsupported, "{version}");
        assert_eq!(altering("mailbox", "edge", version), NotApplicable, "{version}");
    }
}

#[test]
fn a_version_that_is_not_known_is_said_to_be_assumed() {
    let ruling = ruling("cas", "mailbox", None);
    assert_eq!(ruling.support, Unsupported);
    assert!(ruling.sentence.contains("not known"), "{}", ruling.sentence);
    assert!(!reference().support(&["cas"], &["mailbox"], None, Some("2010")).sentence.contains("not known"));
}

#[test]
fn a_server_that_is_also_something_else_counts_as_a_server() {
    let several = reference().support(&["outlook", "cas"], &["witness", "hub"], None, Some("2010"));
    assert_eq!(several.support, Unsupported);
    assert_eq!(reference().support(&[], &[], None, None).support, NotApplicable);
    let edge = reference().support(&["edge", "hub"], &["mailbox"], None, Some("2010"));
    assert_eq!(edge.support, Supported);
}

#[test]
fn the_traps_of_the_policy_hold() {
    let trap = |id: &str| reference().traps().iter().find(|trap| trap.id == id).map(|trap| trap.text.as_str()).unwrap();
    // Third-party firewalls on servers count as any device: no word of them in the words for the Windows firewall.
    assert!(trap("other-host-firewalls").contains("hardware"));
    assert!(reference().exception_text("host-firewall").unwrap().contains("Windows firewall"));
    // A pocket is a perimeter: the site plays no part in a ruling, and the case may be suspended until it moves.
    assert!(trap("perimeter").contains("pocket") && trap("suspended-case").contains("suspended"));
    assert!(trap("one-cas-many-symptoms").contains("intermittent"));
    assert!(trap("group-not-ports").contains("group of all Exchange servers"));
    assert_eq!(support("um", "mailbox", Some("2007")), Unsupported, "{}", trap("um-isolation-advice"));
    assert_eq!(
        tcp(&["edge"], &["hub"], 25, "smtp", Some("2010")),
        Some("smtp-hub-edge"),
        "{}",
        trap("edge-opens-mail")
    );
    assert_eq!(support("frontend", "hub", Some("2007")), Unsupported, "{}", trap("mixed-versions"));
    assert!(trap("never-seen").contains("neither open nor blocked"));
}
