//! Every role, version, product, event and fixed port of the references has its row, and rows say what breaks.

use super::*;

/// The versions in which Exchange has a role, or deals with a host that has it.
fn versions(role: &Role) -> &[Version] {
    if role.versions.is_empty() { Version::ALL } else { &role.versions }
}

#[test]
fn every_role_opens_or_answers_something_in_every_version_that_knows_it() {
    // A host of which nothing is known owes nothing.
    for role in reference().roles().iter().filter(|role| role.group != Group::Unknown) {
        for version in versions(role) {
            let all = [role.id.as_str()];
            let others = || reference().roles().iter().map(|other| [other.id.as_str()]);
            let joined = |path: &&Path| {
                path.versions.contains(version)
                    && others()
                        .any(|other| reference().joins(path, &all, &other) || reference().joins(path, &other, &all))
            };
            assert!(reference().paths().iter().any(|path| joined(&path)), "{} {version}", role.id);
        }
    }
}

/// From, to, and the rows that no deployment of these roles works without, version by version.
const NEEDED: &[(&str, &str, &[Version], &[&str])] = &[
    ("frontend", "backend", &[V2003], &["http-fe-be-2003", "smtp-2003", "linkstate-2003"]),
    ("frontend", "dc", &[V2003], &["ad-ldap", "kerberos", "epm-dc", "smb-dc", "dc-rpc-2003"]),
    ("backend", "gc", &[V2003], &["gc-ldap"]),
    ("cas", "mailbox", &[V2007, V2010], &["mapi-cas-mbx"]),
    ("cas", "mailbox", &[V2013], &["backend-444", "smtp-fe-transport"]),
    ("mailbox", "mailbox", &[V2016, V2019, Se], &["backend-444", "smtp-fe-transport", "smtp-mbx-delivery"]),
    ("mailbox", "hub", &[V2007, V2010], &["mailsubmit"]),
    ("hub", "mailbox", &[V2007, V2010], &["mapi-hub-mbx"]),
    ("hub", "hub", &[V2007, V2010], &["smtp-hub-hub"]),
    ("um", "hub", &[V2007, V2010], &["smtp-um-hub"]),
    ("um", "mailbox", &[V2007, V2010], &["mapi-um-mbx"]),
    ("hub", "edge", &[V2007, V2010], &["smtp-hub-edge", "edgesync"]),
    ("edge", "hub", &[V2007, V2010], &["smtp-hub-edge"]),
    ("mailbox", "edge", &[V2013, V2016, V2019, Se], &["smtp-mbx-edge-13", "edgesync"]),
    ("edge", "cas", &[V2013], &["smtp-edge-mbx-13"]),
    ("edge", "mailbox", &[V2016, V2019, Se], &["smtp-edge-mbx-13"]),
    ("mailbox", "witness", &[V2007, V2010, V2013, V2016, V2019, Se], &["fsw"]),
    ("reverse-proxy", "cas", &[V2007, V2010, V2013], &["revproxy-cas"]),
    ("reverse-proxy", "mailbox", &[V2016, V2019, Se], &["revproxy-cas"]),
    ("telephony", "um", &[V2007, V2010], &["um-sip-07", "um-worker", "um-rtp"]),
    ("telephony", "cas", &[V2013], &["um-callrouter-13"]),
    ("telephony", "mailbox", &[V2013, V2016], &["um-worker", "um-rtp"]),
    ("outlook", "cas", &[V2007, V2010, V2013], &["autod-ews-owa"]),
    ("exo", "mailbox", &[V2016, V2019, Se], &["hybrid-https", "hybrid-smtp"]),
];
use Version::{Se, V2003, V2007, V2010, V2013, V2016, V2019};

#[test]
fn what_must_pass_between_two_roles_is_listed_version_by_version() {
    for (from, to, versions, rows) in NEEDED {
        for version in *versions {
            let needed: Vec<&str> =
                reference().needed(&[from], &[to], Some(*version)).into_iter().map(|path| path.id.as_str()).collect();
            for row in *rows {
                assert!(needed.contains(row), "{from} to {to}, {version}: no {row} among {needed:?}");
            }
        }
    }
}

#[test]
fn domain_controllers_are_needed_by_every_role_of_every_version_but_edge() {
    let rows = ["ad-ldap", "ad-cldap", "kerberos", "epm-dc", "rpc-netlogon", "smb-dc", "ntp"];
    for role in reference().roles().iter().filter(|role| role.group == Group::Exchange) {
        for version in versions(role) {
            let to = |server: &'static str| -> Vec<&str> {
                let needed = reference().needed(&[role.id.as_str()], std::slice::from_ref(&server), Some(*version));
                needed.into_iter().map(|path| path.id.as_str()).collect()
            };
            if role.id == "edge" {
                assert!(to("dc").is_empty() && to("gc").is_empty(), "edge {version}");
                continue;
            }
            assert!(rows.iter().all(|row| to("dc").contains(row)), "{} {version}: {:?}", role.id, to("dc"));
            assert!(to("gc").contains(&"gc-ldap"), "{} {version}", role.id);
            assert!(to("dns").contains(&"dns"), "{} {version}", role.id);
        }
    }
}

#[test]
fn nothing_optional_local_or_meant_to_be_blocked_is_needed() {
    for path in reference().paths() {
        let never = matches!(path.zone, Zone::Local | Zone::IntendedBlock);
        assert!(!never || path.need == Need::Optional, "{}", path.id);
    }
    for id in ["pop", "imap", "popimap-backend", "netbios", "mrs-local", "topology-890", "backend-81", "udp-notify"] {
        let path = reference().path(id).unwrap();
        assert_ne!(path.need, Need::Always, "{id}");
    }
}

#[test]
fn every_blocked_path_breaks_something_that_people_can_see() {
    for path in reference().paths() {
        let words = path.symptom.split_whitespace().count();
        assert!(words >= 3, "{}: \"{}\"", path.id, path.symptom);
        assert!(!path.purpose.trim().is_empty() && !path.protocol.trim().is_empty(), "{}", path.id);
        // Tone: what happens, not whose fault it is.
        for word in ["firewall", "unsupported", "must", "!"] {
            let known = path.id == "cluster-rpc"; // it tells of what a discussion blamed
            assert!(known || !path.symptom.contains(word), "{}: {}", path.id, path.symptom);
        }
    }
}

#[test]
fn every_event_is_a_sign_of_some_blocked_path_or_says_that_it_is_none() {
    for event in reference().all_events() {
        let used = reference().paths().iter().any(|path| path.events.contains(&event.id));
        assert!(used != event.meaning.contains("NOT"), "{}: {}", event.id, event.meaning);
    }
}

#[test]
fn the_symptoms_of_what_breaks_most_are_told_in_events() {
    for (path, event) in [
        ("ad-ldap", 2114),
        ("ad-ldap", 2080),
        ("gc-ldap", 2103),
        ("rpc-netlogon", 5719),
        ("mailsubmit", 1009),
        ("mapi-cas-mbx", 1722),
        ("cas-cas-proxy", 1034),
        ("cas-cas-proxy", 4002),
        ("cluster-hb", 1135),
        ("cluster-hb", 1177),
        ("dag-logcopy", 2153),
        ("fsw", 1564),
        ("ccr-logship", 2104),
    ] {
        let row = reference().path(path).unwrap();
        assert!(reference().events(&row.events).any(|one| one.event_id == event), "{path} {event}");
    }
}

#[test]
fn every_product_that_documents_name_is_answered_with_its_role() {
    for (said, role) in [
        ("ISA", "reverse-proxy"),
        ("TMG", "reverse-proxy"),
        ("IAG", "reverse-proxy"),
        ("UAG", "reverse-proxy"),
        ("Skype", "lync"),
        ("ADAM", "edge"),
        ("SCOM", "monitor"),
        ("PBX", "telephony"),
        ("front-end", "frontend"),
        ("OWA", "web-client"),
        ("ActiveSync", "eas-client"),
        ("Office-365", "exo"),
        ("FSW", "witness"),
    ] {
        assert_eq!(reference().product(said).map(|product| product.role.as_str()), Some(role), "{said}");
    }
    for product in reference().products() {
        let role = reference().role(&product.role).unwrap();
        assert_ne!(role.group, Group::Unknown, "{}", product.id);
    }
    assert_eq!(reference().product("mailbox"), None, "a role's own word is no product");
}

#[test]
fn ports_that_an_administrator_can_fix_have_a_key_for_every_version_that_lets_them() {
    let keys = |interface: &str| -> Vec<&str> {
        let options = reference().static_options().iter();
        let options = options.filter(|option| option.interfaces.iter().any(|id| id == interface));
        options.filter_map(|option| option.key.as_deref()).collect()
    };
    assert_eq!(keys("emsmdb"), ["store", "rpc-client-access"]);
    assert_eq!(keys("rfr"), ["referral", "address-book"]);
    assert_eq!(keys("nspi"), ["nspi-proxy", "address-book", "ntds"]);
    assert_eq!(keys("netlogon"), ["netlogon"]);
    assert!(reference().static_options().iter().any(|option| option.key.as_deref() == Some("log-copy")));
}

#[test]
fn outlook_reaches_the_fixed_ports_of_2010_and_the_one_port_of_2013() {
    for port in [59_531, 59_532, 6_010] {
        assert_eq!(rpc(&["outlook"], &["cas"], port, "dcerpc", Some(EMSMDB), Some("2010")), Some("mapi-outlook-2010"));
    }
    assert_eq!(tcp(&["outlook"], &["cas"], 443, "https", Some("2013")), Some("autod-ews-owa"));
    assert_eq!(rpc(&["outlook"], &["cas"], 59_531, "dcerpc", Some(EMSMDB), Some("2013")), None);
}

#[test]
fn dynamic_ranges_hold_the_ports_that_servers_hand_out() {
    let range = |id: &str| {
        let row = reference().dynamic_ranges().iter().find(|row| row.id == id).unwrap();
        row.start..=row.end
    };
    assert!(reference().dynamic_ranges().iter().all(|row| row.start < row.end));
    assert_eq!(range("win2003"), 1_025..=5_000);
    assert_eq!(range("win2008+"), 49_152..=65_535);
    assert!(range("exchange2010-netsh").contains(&60_000) && !range("exchange2010-doc").contains(&60_000));
    for (version, port) in [("2007", 1_026), ("2007", 59_999), ("2010", 6_005), ("2010", 65_000)] {
        let found = rpc(&["cas"], &["mailbox"], port, "dcerpc", Some(EMSMDB), Some(version));
        assert_eq!(found, Some("mapi-cas-mbx"), "{version} {port}");
    }
}

#[test]
fn the_edge_server_is_filled_from_inside_and_opens_nothing_but_mail() {
    for inside in ["hub", "mailbox"] {
        let version = if inside == "hub" { "2010" } else { "2016" };
        assert_eq!(tcp(&[inside], &["edge"], 50_636, "ldap", Some(version)), Some("edgesync"));
        assert_eq!(tcp(&["edge"], &[inside], 50_636, "ldap", Some(version)), None);
        assert!(tcp(&["edge"], &[inside], 25, "smtp", Some(version)).is_some());
        assert_eq!(tcp(&["edge"], &[inside], 135, "epm", Some(version)), None);
    }
}

#[test]
fn a_rhythm_is_watched_for_longer_than_it_takes() {
    for rhythm in reference().rhythms() {
        let path = reference().path(&rhythm.path).unwrap();
        assert!(rhythm.watch >= rhythm.every.saturating_mul(2).min(rhythm.every + 300), "{}", rhythm.id);
        assert!(!rhythm.shown_by.contains(&rhythm.path), "{}", rhythm.id);
        assert!(!path.ports.is_empty() && matches!(path.learn, Learn::Fixed), "{}", rhythm.id);
        assert!(path.need != Need::Optional, "{}", rhythm.id);
    }
}

#[test]
fn a_bad_rhythm_or_product_is_named() {
    let error = |text: &str| reference().with_overlay("ours.toml", text).unwrap_err().to_string();
    let rhythm = |path: &str, every: u32, watch: u32| {
        error(&format!(
            "[[rhythm]]\nid = \"r\"\npath = \"{path}\"\nevery = {every}\nwatch = {watch}\nshown_by = [\"kerberos\"]\n\
             among = \"pair\"\ntext = \"t\"\ncheck = \"c\"\nsource = \"mem\"\nconfidence = \"verified\"\n"
        ))
    };
    assert!(rhythm("nowhere", 1, 60).contains("no [[path]] \"nowhere\""));
    assert!(rhythm("cluster-hb", 60, 1).contains("watched"));
    let product = error("[[product]]\nid = \"mailbox\"\nname = \"n\"\nrole = \"cas\"");
    assert!(product.contains("role's own word"), "{product}");
    let nobody = error("[[product]]\nid = \"ours\"\nname = \"n\"\nrole = \"nobody\"");
    assert!(nobody.contains("\"nobody\""), "{nobody}");
}
