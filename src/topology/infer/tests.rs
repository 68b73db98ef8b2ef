use super::*;
use crate::topology::story::{EMSMDB, NSPI, RFR, Story, address, story};

const SERVER: &str = "10.0.0.2";
const CLIENT: &str = "10.0.0.1";
const OTHER: &str = "10.0.0.3";

fn infer(story: &Story) -> Inference {
    Inference::of(std::slice::from_ref(&story.0), &BTreeSet::new(), Reference::embedded())
}

fn named(inference: &Inference, host: &str, version: Option<Version>) -> Vec<String> {
    let roles = inference.roles(address(host), version, Reference::embedded());
    roles.into_iter().map(|inferred| inferred.role).collect()
}

/// The roles of a host, with no version known.
fn roles(story: &Story, host: &str) -> Vec<String> {
    named(&infer(story), host, None)
}

fn roles_in(story: &Story, host: &str, version: Version) -> Vec<String> {
    named(&infer(story), host, Some(version))
}

#[test]
fn every_sign_has_its_row() {
    for sign in Sign::ALL {
        assert!(Reference::embedded().inference(*sign).is_some(), "{sign}");
    }
}

#[test]
fn whoever_answers_kerberos_is_a_domain_controller() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 88, "kerberos");
    assert_eq!(roles(&it, SERVER), ["dc"]);
    assert!(roles(&it, CLIENT).is_empty());
    let inferred = infer(&it).roles(address(SERVER), None, Reference::embedded());
    assert_eq!(inferred[0].deeds, "answers Kerberos on port 88 (frame 1)");
}

#[test]
fn whoever_is_called_and_never_answers_is_nothing() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 88, "kerberos").unanswered();
    it.tcp(CLIENT, SERVER, 3268, "ldap").unanswered();
    it.tcp(CLIENT, SERVER, 3268, "ldap").handshake_only();
    it.tcp(CLIENT, SERVER, 64327, "dag-replication").unanswered();
    it.tcp(CLIENT, SERVER, 50636, "ldap").unanswered();
    it.tcp(CLIENT, SERVER, 443, "https").unanswered();
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").unanswered().wants(EMSMDB);
    assert!(roles(&it, SERVER).is_empty());
}

#[test]
fn netlogon_and_drsuapi_are_served_by_domain_controllers_over_tcp_and_pipes() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 49155, "dcerpc").binds("drsuapi");
    it.tcp(CLIENT, OTHER, 445, "smb").binds("netlogon");
    assert_eq!(roles(&it, SERVER), ["dc"]);
    assert_eq!(roles(&it, OTHER), ["dc"]);
}

#[test]
fn samr_and_lsarpc_are_served_by_any_windows() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 445, "smb").binds("samr");
    it.tcp(CLIENT, SERVER, 445, "smb").binds("lsarpc");
    assert!(roles(&it, SERVER).is_empty());
}

#[test]
fn the_locators_answer_names_a_domain_controller_and_its_global_catalog() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 389, "ldap").members("dc_flags", &["DS_GC_FLAG", "DS_LDAP_FLAG", "DS_KDC_FLAG"]);
    assert_eq!(roles(&it, SERVER), ["dc", "gc"]);
    let mut plain = story();
    plain.tcp(CLIENT, SERVER, 389, "ldap").text("default_naming_context", "dc=example,dc=org");
    assert!(roles(&plain, SERVER).is_empty(), "any LDAP server has that");
}

#[test]
fn whoever_answers_on_the_global_catalog_port_is_one() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 3269, "ldap").tls();
    assert_eq!(roles(&it, SERVER), ["gc"]);
    let mut web = story();
    web.tcp(CLIENT, SERVER, 3268, "http");
    assert!(roles(&web, SERVER).is_empty(), "content tells otherwise");
}

#[test]
fn shares_of_domain_controllers_alone_are_not_enough() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 445, "smb").members("share", &[r"\\dc1\SysVol"]);
    assert!(roles(&it, SERVER).is_empty());
    assert!(infer(&it).has(address(SERVER), Sign::SysvolShare));
    let mut other = story();
    other.tcp(CLIENT, SERVER, 445, "smb").members("share", &[r"\\fs1\data"]);
    assert!(!infer(&other).has(address(SERVER), Sign::SysvolShare));
}

#[test]
fn whoever_answers_dns_is_a_dns_server() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 53, "dns");
    it.udp(CLIENT, OTHER, 5353, "dns");
    assert_eq!(roles(&it, SERVER), ["dns"]);
    assert!(roles(&it, OTHER).is_empty(), "every host answers mDNS");
}

#[test]
fn emsmdb_is_served_by_mailbox_servers_and_in_2010_by_client_access_servers() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 135, "epm").maps(EMSMDB, 59531);
    assert_eq!(roles_in(&it, SERVER, Version::V2003), ["backend"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2007), ["mailbox"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["cas"]);
    assert_eq!(roles(&it, SERVER), ["mailbox"]);
    let deeds = |version| infer(&it).roles(address(SERVER), version, Reference::embedded())[0].deeds.clone();
    assert_eq!(deeds(Some(Version::V2010)), "names port 59531 for EMSMDB (frame 1), and this is Exchange 2010");
    assert!(deeds(None).contains("version is not known"), "{}", deeds(None));
}

#[test]
fn in_2010_a_server_that_only_exchange_servers_ask_for_mailboxes_is_a_mailbox_server() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").binds(EMSMDB);
    it.tcp(OTHER, CLIENT, 59532, "dcerpc").binds(RFR);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["mailbox"]);
    assert_eq!(roles_in(&it, CLIENT, Version::V2010), ["cas"]);
    it.tcp(OTHER, SERVER, 59531, "dcerpc").binds(EMSMDB);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["cas"], "Outlook asks it too");
}

#[test]
fn known_exchange_servers_are_no_clients_of_client_access() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").binds(EMSMDB);
    let known = BTreeSet::from([address(CLIENT)]);
    let inference = Inference::of(std::slice::from_ref(&it.0), &known, Reference::embedded());
    assert_eq!(named(&inference, SERVER, Some(Version::V2010)), ["mailbox"]);
}

#[test]
fn store_administration_is_served_by_mailbox_servers_in_every_version() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 135, "epm").maps("store_admin2", 6003);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["mailbox"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2003), ["backend"]);
}

#[test]
fn the_address_book_alone_is_served_by_global_catalogs_too() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 135, "epm").maps(NSPI, 59532);
    assert!(roles(&it, SERVER).is_empty());
    assert!(infer(&it).has(address(SERVER), Sign::NspiAlone));
    it.tcp(CLIENT, SERVER, 135, "epm").maps(RFR, 59532);
    assert!(!infer(&it).has(address(SERVER), Sign::NspiAlone));
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["cas"]);
}

#[test]
fn smtp_offers_tell_exchange_of_2007_and_later() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 25, "smtp").members("capabilities", &["SIZE", "X-ANONYMOUSTLS", "X-EXPS GSSAPI NTLM"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["hub"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2016), ["mailbox"]);
    let mut other = story();
    other.tcp(CLIENT, SERVER, 25, "smtp").members("capabilities", &["SIZE", "STARTTLS", "X-EXPS GSSAPI"]);
    assert!(roles(&other, SERVER).is_empty());
}

#[test]
fn smtp_offers_tell_exchange_2003() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 25, "smtp").members("capabilities", &["X-EXPS GSSAPI", "X-LINK2STATE", "XEXCH50"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2003), ["backend"]);
    let mut both = story();
    both.tcp(CLIENT, SERVER, 25, "smtp").members("capabilities", &["X-ANONYMOUSTLS", "X-LINK2STATE", "XEXCH50"]);
    assert!(!infer(&both).has(address(SERVER), Sign::Smtp2003));
}

#[test]
fn both_ends_of_tls_between_exchange_servers_are_exchange_servers() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 25, "smtp").text("tls_by", "X-ANONYMOUSTLS");
    it.tcp(OTHER, SERVER, 25, "smtp").text("tls_by", "STARTTLS");
    assert_eq!(roles(&it, CLIENT), ["hub"]);
    assert_eq!(roles(&it, SERVER), ["hub"]);
    assert!(roles(&it, OTHER).is_empty());
}

#[test]
fn a_greeting_needs_another_sign() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 25, "smtp").text("banner", "mx.example.org Microsoft ESMTP MAIL Service ready at noon");
    assert!(roles(&it, SERVER).is_empty());
    it.tcp(SERVER, OTHER, 3268, "ldap");
    assert_eq!(roles(&it, SERVER), ["hub"]);
    let mut windows = story();
    windows.tcp(CLIENT, SERVER, 25, "smtp").text("banner", "Microsoft ESMTP MAIL Service, Version: 6.0.3790.0 ready");
    assert!(!infer(&windows).has(address(SERVER), Sign::SmtpBanner));
}

#[test]
fn a_mail_server_that_searches_a_global_catalog_is_likely_exchange() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 25, "smtp");
    assert!(roles(&it, SERVER).is_empty());
    it.tcp(SERVER, OTHER, 3268, "ldap");
    assert_eq!(roles(&it, SERVER), ["hub"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2003), ["backend"]);
    let mut searcher = story();
    searcher.tcp(SERVER, OTHER, 3268, "ldap");
    assert!(roles(&searcher, SERVER).is_empty());
}

#[test]
fn paths_of_exchange_tell_client_access_where_they_are_served() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 80, "http").text("exchange", "ews").number("status", 401);
    assert_eq!(roles_in(&it, SERVER, Version::V2003), ["frontend"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["cas"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2019), ["mailbox"]);
    let mut missing = story();
    missing.tcp(CLIENT, SERVER, 80, "http").text("exchange", "ews").number("status", 404);
    assert!(roles(&missing, SERVER).is_empty());
    let mut gateway = story();
    gateway.tcp(CLIENT, SERVER, 443, "https").text("exchange", "rpc-over-http").number("status", 401);
    assert!(roles(&gateway, SERVER).is_empty(), "remote desktop gateways have that path too");
}

#[test]
fn a_usual_name_only_supports_other_signs() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 443, "https").text("sni", "autodiscover.example.org");
    it.tcp(CLIENT, OTHER, 443, "https").text("sni", "www.example.org");
    assert!(roles(&it, SERVER).is_empty());
    assert!(infer(&it).has(address(SERVER), Sign::ExchangeCertificate));
    assert!(!infer(&it).has(address(OTHER), Sign::ExchangeCertificate));
}

#[test]
fn the_back_end_site_has_a_certificate_of_its_own() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 444, "https").tls().flag("self_signed");
    it.tcp(CLIENT, OTHER, 444, "https").tls();
    assert_eq!(roles(&it, SERVER), ["mailbox"]);
    assert!(roles(&it, OTHER).is_empty());
}

#[test]
fn only_exchange_servers_call_the_back_end_site() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 444, "https").tls().flag("self_signed");
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").wants("emsmdb");
    assert_eq!(roles(&it, CLIENT), ["cas"], "it asks for mailboxes, and is no Outlook");
    assert_eq!(roles_in(&it, CLIENT, Version::V2016), ["mailbox"]);
    let mut unproven = story();
    unproven.tcp(CLIENT, OTHER, 444, "https").tls();
    assert!(roles(&unproven, CLIENT).is_empty());
}

#[test]
fn edge_synchronization_names_both_ends() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 50636, "ldap").tls();
    it.tcp(CLIENT, SERVER, 25, "smtp").members("capabilities", &["X-ANONYMOUSTLS", "X-EXPS"]);
    assert_eq!(roles(&it, SERVER), ["edge"], "an Edge server offers what a hub does");
    assert_eq!(roles(&it, CLIENT), ["hub"]);
    assert_eq!(roles_in(&it, CLIENT, Version::V2013), ["mailbox"]);
    let mut ordinary = story();
    ordinary.tcp(CLIENT, SERVER, 636, "ldap").tls();
    assert!(roles(&ordinary, SERVER).is_empty());
}

#[test]
fn a_secure_channel_speaks_against_edge() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 50636, "ldap").tls();
    let confidence = |story: &Story| infer(story).roles(address(SERVER), None, Reference::embedded())[0].confidence;
    let before = confidence(&it);
    it.tcp(SERVER, OTHER, 49155, "dcerpc").wants("netlogon");
    assert!(confidence(&it) < before);
}

#[test]
fn heartbeats_alone_are_of_any_cluster_and_with_log_copying_of_exchange() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 3343, "cluster");
    assert!(roles(&it, SERVER).is_empty());
    it.tcp(CLIENT, SERVER, 64327, "dag-replication");
    assert_eq!(roles(&it, SERVER), ["mailbox"]);
    assert_eq!(roles(&it, CLIENT), ["mailbox"]);
    let mut alone = story();
    alone.tcp(CLIENT, SERVER, 64327, "dag-replication");
    assert!(roles(&alone, SERVER).is_empty());
}

#[test]
fn cluster_calls_count_when_they_go_both_ways() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 135, "epm").maps("clusapi", 5000);
    assert!(!infer(&it).has(address(SERVER), Sign::ClusterNode), "an administrator's tool does that");
    it.tcp(SERVER, CLIENT, 135, "epm").maps("clusapi", 5001);
    assert!(infer(&it).has(address(SERVER), Sign::ClusterNode));
    assert!(infer(&it).has(address(CLIENT), Sign::ClusterNode));
}

#[test]
fn a_redirect_and_a_worker_tell_unified_messaging_and_its_caller() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 5060, "sip").redirects();
    assert!(roles(&it, SERVER).is_empty());
    it.tcp(CLIENT, SERVER, 5065, "sip");
    assert_eq!(roles_in(&it, SERVER, Version::V2010), ["um"]);
    assert_eq!(roles_in(&it, SERVER, Version::V2013), ["mailbox"]);
    assert!(roles(&it, CLIENT).is_empty());
    it.udp(CLIENT, SERVER, 30000, "rtp");
    assert_eq!(roles(&it, CLIENT), ["telephony"]);
    let mut exchange = story();
    exchange.tcp(CLIENT, SERVER, 5060, "sip");
    exchange.udp(CLIENT, SERVER, 30000, "rtp");
    assert!(roles(&exchange, SERVER).is_empty() && roles(&exchange, CLIENT).is_empty());
}

#[test]
fn whoever_asks_for_mailboxes_and_serves_nothing_is_outlook() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").wants(EMSMDB);
    assert_eq!(roles(&it, CLIENT), ["outlook"]);
    it.tcp(CLIENT, OTHER, 3268, "ldap");
    assert!(roles(&it, CLIENT).is_empty(), "Exchange servers search global catalogs");
    let mut server = story();
    server.tcp(CLIENT, SERVER, 59531, "dcerpc").wants(EMSMDB);
    server.tcp(OTHER, CLIENT, 25, "smtp");
    assert!(roles(&server, CLIENT).is_empty());
}

#[test]
fn whoever_only_asks_for_web_pages_is_a_client() {
    let mut it = story();
    it.tcp(CLIENT, SERVER, 443, "https");
    it.udp(CLIENT, OTHER, 53, "dns");
    assert_eq!(roles(&it, CLIENT), ["client"]);
    let mut blocked = story();
    blocked.tcp(CLIENT, SERVER, 443, "https").unanswered();
    assert!(roles(&blocked, CLIENT).is_empty(), "a blocked proxy request looks alike");
    let mut called = story();
    called.tcp(CLIENT, SERVER, 443, "https");
    called.tcp(OTHER, CLIENT, 443, "https").unanswered();
    assert!(roles(&called, CLIENT).is_empty(), "somebody expects a server there");
}

#[test]
fn signs_add_up_and_never_to_certainty() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 88, "kerberos");
    it.tcp(CLIENT, SERVER, 49155, "dcerpc").binds("netlogon");
    it.udp(CLIENT, SERVER, 389, "ldap").members("dc_flags", &["DS_DS_FLAG"]);
    it.tcp(CLIENT, SERVER, 445, "smb").members("share", &[r"\\dc1\NETLOGON"]);
    let inferred = infer(&it).roles(address(SERVER), None, Reference::embedded());
    assert_eq!((inferred[0].role.as_str(), inferred[0].confidence), ("dc", 0.99));
    assert_eq!(inferred[0].deeds.matches("(frame").count(), 3, "{}", inferred[0].deeds);
}

#[test]
fn the_order_of_conversations_does_not_matter() {
    let mut it = story();
    it.udp(CLIENT, SERVER, 88, "kerberos");
    it.tcp(CLIENT, SERVER, 88, "kerberos");
    it.tcp(CLIENT, SERVER, 135, "epm").maps(EMSMDB, 59531);
    it.tcp(CLIENT, SERVER, 59531, "dcerpc").binds(EMSMDB);
    let forward = infer(&it).roles(address(SERVER), None, Reference::embedded());
    it.0.conversations.reverse();
    assert_eq!(infer(&it).roles(address(SERVER), None, Reference::embedded()), forward);
}
