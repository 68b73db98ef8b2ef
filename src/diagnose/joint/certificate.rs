//! TLS interception, told by whose name stands under a server's certificate (signatures.md h).
//!
//! Only between hosts of the organization, and only where nothing ordinary explains it: certificates
//! are renewed, behind one address several servers may answer, and appliances have certificates too.

use std::collections::BTreeMap;

use anyany_dissectors::Side;

use super::is_ours;
use crate::diagnose::context::is_private;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Endpoint, Moment};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Conversations whose certificate a device made.
pub(super) fn judge<'a>(context: &Context<'a>) -> Vec<(&'a Conversation, Judgement)> {
    let mut shown: BTreeMap<Endpoint, Vec<Shown<'a>>> = BTreeMap::new();
    for one in &context.trace.conversations {
        if let Some(certificate) = Shown::read(one)
            && within(context, one)
        {
            shown.entry(one.flow.responder).or_default().push(certificate);
        }
    }
    shown.values().flat_map(|all| all.iter().filter_map(|one| made_by_device(context, one, all))).collect()
}

/// Whether both ends belong to the organization, by their roles or by addresses that only it can reach.
fn within(context: &Context<'_>, one: &Conversation) -> bool {
    let ends = [one.flow.initiator.address, one.flow.responder.address];
    ends.iter().all(|&end| is_ours(context, end) || is_private(end))
}

/// A certificate as one client saw it.
#[derive(Debug)]
struct Shown<'a> {
    conversation: &'a Conversation,
    issuer: &'a str,
    issuer_organization: &'a str,
    subject: &'a str,
    subject_organization: &'a str,
    name_asked: Option<&'a str>,
    self_signed: bool,
    not_before: Time,
    moment: Moment,
}

impl<'a> Shown<'a> {
    fn read(conversation: &'a Conversation) -> Option<Self> {
        let seen = &conversation.seen;
        let seconds = i64::try_from(seen.number("certificate_not_before")?).ok()?;
        Some(Self {
            conversation,
            issuer: seen.text("certificate_issuer")?,
            issuer_organization: seen.text("certificate_issuer_organization").unwrap_or_default(),
            subject: seen.text("certificate_subject")?,
            subject_organization: seen.text("certificate_subject_organization").unwrap_or_default(),
            name_asked: seen.text("sni"),
            self_signed: seen.flag("self_signed"),
            not_before: Time::new(seconds, 0),
            moment: conversation.flow.first,
        })
    }

    /// The issuer, as a person would say it.
    fn signer(&self) -> String {
        match self.issuer_organization {
            "" => format!("\"{}\"", self.issuer),
            organization if organization == self.issuer => format!("\"{organization}\""),
            organization => format!("\"{}\" of \"{organization}\"", self.issuer),
        }
    }

    /// Made for this very connection, or little before.
    fn is_fresh(&self) -> bool {
        let age = self.moment.time.since(self.not_before);
        age >= Span(0) && age <= FRESH
    }
}

fn made_by_device<'a>(
    context: &Context<'_>,
    one: &Shown<'a>,
    all: &[Shown<'a>],
) -> Option<(&'a Conversation, Judgement)> {
    if one.self_signed {
        return None;
    }
    let found = by_name(one).or_else(|| by_another_machine(context, one)).or_else(|| by_turns(one, all))?;
    Some((one.conversation, found))
}

/// The issuer is an interception product, or says of itself what it does.
fn by_name(one: &Shown<'_>) -> Option<Judgement> {
    let server = one.conversation.flow.responder;
    let whole = |name: &str, organization: &str| format!("{name}, {organization}").to_ascii_lowercase();
    let issuer = whole(one.issuer, one.issuer_organization);
    let subject = whole(one.subject, one.subject_organization);
    // A product's own pages have certificates of its maker too: those name the product itself.
    let find = |names: &'static [(&str, &str)]| {
        names.iter().find(|(sign, _)| issuer.contains(sign) && !subject.contains(sign)).copied()
    };
    let (confidence, who) = match (find(PRODUCTS), find(TRADES)) {
        (Some((_, product)), _) => (0.9, format!("which {product} signs with")),
        (None, Some((_, trade))) => (0.8, format!("whose name speaks of {trade}")),
        (None, None) => return None,
    };
    let judgement = Judgement::new(Kind::TlsInterception, Attribution::Network, confidence)
        .because(format!("the certificate shown for {server} is signed by {}, {who}", one.signer()))
        .because("Exchange servers and domain controllers have certificates of their own or of the organization")
        .frame(one.moment, "connection in which the certificate was shown");
    Some(judgement)
}

/// A certificate made a moment ago, shown by a machine that is not the one which answers on this host's other ports.
fn by_another_machine(context: &Context<'_>, one: &Shown<'_>) -> Option<Judgement> {
    let flow = &one.conversation.flow;
    let server = flow.responder;
    let here = flow.half(Side::Responder).ttl?.first;
    let other = context.of_pair(one.conversation).find(|other| {
        let ttl = other.flow.half(Side::Responder).ttl;
        let foreign = ttl.is_some_and(|ttl| ttl.first.abs_diff(here) > 1);
        foreign && other.flow.responder.address == server.address && other.flow.responder.port != server.port
    })?;
    let there = other.flow.half(Side::Responder).ttl?.first;
    if !one.is_fresh() {
        return None;
    }
    let judgement = Judgement::new(Kind::TlsInterception, Attribution::Network, 0.7)
        .because(format!(
            "another machine answers for port {} of {}: its packets have TTL {here}, those of port {} have {there}",
            server.port, server.address, other.flow.responder.port
        ))
        .because(format!(
            "its certificate was made a moment before, at {}, and is signed by \"{}\"",
            one.not_before.rfc3339(0),
            one.issuer
        ))
        .or("a load balancer with a certificate of its own", "it would hardly have been made just now", "")
        .frame(one.moment, "connection in which the certificate was shown")
        .frame(other.flow.first, format!("port {} of the same host, for comparison", other.flow.responder.port));
    Some(judgement)
}

/// The same name under another issuer, before and after: no renewal goes back.
fn by_turns(one: &Shown<'_>, all: &[Shown<'_>]) -> Option<Judgement> {
    if !one.is_fresh() {
        return None;
    }
    let server = one.conversation.flow.responder;
    let others = || all.iter().filter(|other| other.subject == one.subject && other.issuer != one.issuer);
    let same_name = |other: &&Shown<'_>| other.name_asked == one.name_asked;
    let before = others().filter(same_name).find(|other| other.moment < one.moment && !other.is_fresh())?;
    let after = others().filter(same_name).find(|other| other.moment > one.moment && other.issuer == before.issuer)?;
    let client = one.conversation.flow.initiator.address;
    if client == before.conversation.flow.initiator.address || client == after.conversation.flow.initiator.address {
        return None; // one path shows both: servers behind one address rather than a device on the way
    }
    let judgement = Judgement::new(Kind::TlsInterception, Attribution::Network, 0.75)
        .because(format!(
            "{server} shows {client} a certificate signed by \"{}\", valid since {}",
            one.issuer,
            one.not_before.rfc3339(0)
        ))
        .because(format!(
            "before and after that it shows {} one for the same name, signed by \"{}\"",
            before.conversation.flow.initiator.address, before.issuer
        ))
        .frame(one.moment, "connection with the certificate made on the way")
        .frame(before.moment, "connection with the server's certificate, before")
        .frame(after.moment, "connection with the server's certificate, after")
        .or("several servers behind one address", "each client sees only one of the two certificates", "");
    Some(judgement)
}

/// A certificate younger than this was hardly there before the connection.
const FRESH: Span = Span::seconds(15 * 60);
/// Names, or parts of names, under which these products sign what they intercept, and nothing else; from
/// their manuals, and from the lists of interception certificates that the Caddy web server and Cloudflare's
/// MITMEngine keep. In lower case, as the issuer is compared.
const PRODUCTS: &[(&str, &str)] = &[
    ("zscaler", "Zscaler"),
    ("mitmproxy", "mitmproxy"),
    ("fortinet", "FortiGate"),
    ("do_not_trust_fiddlerroot", "Fiddler"),
    ("blue coat", "Blue Coat ProxySG"),
    ("bluecoat", "Blue Coat ProxySG"),
    ("proxysg", "Blue Coat ProxySG"),
    ("symantec web gateway", "Symantec Web Gateway"),
    ("forefront tmg https inspection", "Forefront TMG"),
    ("websense", "Websense"),
    ("forcepoint", "Forcepoint"),
    ("mcafee web gateway", "McAfee Web Gateway"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("ironport", "Cisco Web Security Appliance"),
    ("sophos ssl ca", "Sophos"),
    ("fireware https proxy", "WatchGuard"),
    ("sonicwall firewall dpi-ssl", "SonicWall"),
    ("untangle", "Untangle"),
    ("iboss", "iboss"),
    ("smoothwall", "Smoothwall"),
    ("kaspersky anti-virus personal root", "Kaspersky"),
    ("eset ssl filter", "ESET"),
    ("web/mail shield", "Avast or AVG"),
    ("bitdefender personal ca", "Bitdefender"),
    ("portswigger", "Burp"),
    ("charles proxy", "Charles"),
    ("squid", "Squid"),
];
/// What owners call the authority of such a device.
const TRADES: &[(&str, &str)] = &[
    ("inspection", "inspection"),
    ("intercept", "interception"),
    ("decrypt", "decryption"),
    ("ssl proxy", "a TLS proxy"),
    ("tls proxy", "a TLS proxy"),
    ("https proxy", "a TLS proxy"),
    ("proxy ca", "a proxy"),
    ("dpi-ssl", "inspection"),
    ("forward trust", "a forward proxy"),
    ("mitm", "interception"),
];
