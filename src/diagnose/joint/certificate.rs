//! TLS interception, told by whose name stands under a server's certificate (signatures.md h).
//!
//! Only between hosts of the organization, and only where nothing ordinary explains it: certificates
//! are renewed, and behind one address several servers may answer.

use std::collections::BTreeMap;

use super::is_ours;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Endpoint, Moment};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Conversations whose certificate a device made.
pub(super) fn judge<'a>(context: &Context<'a>) -> Vec<(&'a Conversation, Judgement)> {
    let mut shown: BTreeMap<Endpoint, Vec<Shown<'a>>> = BTreeMap::new();
    for one in &context.trace.conversations {
        if let Some(certificate) = Shown::read(one)
            && [one.flow.initiator, one.flow.responder].iter().all(|end| is_ours(context, end.address))
        {
            shown.entry(one.flow.responder).or_default().push(certificate);
        }
    }
    shown.values().flat_map(|all| all.iter().filter_map(|one| made_by_device(one, all))).collect()
}

/// A certificate as one client saw it.
#[derive(Debug)]
struct Shown<'a> {
    conversation: &'a Conversation,
    issuer: &'a str,
    subject: &'a str,
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
            subject: seen.text("certificate_subject")?,
            name_asked: seen.text("sni"),
            self_signed: seen.flag("self_signed"),
            not_before: Time::new(seconds, 0),
            moment: conversation.flow.first,
        })
    }

    /// Made for this very connection, or little before.
    fn is_fresh(&self) -> bool {
        let age = self.moment.time.since(self.not_before);
        age >= Span(0) && age <= FRESH
    }
}

fn made_by_device<'a>(one: &Shown<'a>, all: &[Shown<'a>]) -> Option<(&'a Conversation, Judgement)> {
    let server = one.conversation.flow.responder;
    if let Some(product) = product(one.issuer).filter(|_| !one.self_signed) {
        let judgement = Judgement::new(Kind::TlsInterception, Attribution::Network, 0.9)
            .because(format!(
                "the certificate shown for {server} is signed by \"{}\", which {product} signs with",
                one.issuer
            ))
            .because("Exchange servers and domain controllers have certificates of their own or of the organization")
            .frame(one.moment, "connection in which the certificate was shown");
        return Some((one.conversation, judgement));
    }
    if one.self_signed || !one.is_fresh() {
        return None;
    }
    // The same name, another issuer, before and after: no renewal goes back.
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
    Some((one.conversation, judgement))
}

/// The product that signs with this name and nothing else does.
fn product(issuer: &str) -> Option<&'static str> {
    let issuer = issuer.to_ascii_lowercase();
    PRODUCTS.iter().find(|(sign, _)| issuer.contains(sign)).map(|(_, product)| *product)
}

/// A certificate younger than this was hardly there before the connection.
const FRESH: Span = Span::seconds(15 * 60);
/// Names under which these products sign what they intercept, and nothing else: "Zscaler Root CA" and its
/// intermediates, mitmproxy's documentation ("mitmproxy"), the default of FortiGate ("Fortinet_CA_SSL",
/// "Fortinet_CA_SSLProxy" in its administration guide), and Fiddler's ("DO_NOT_TRUST_FiddlerRoot").
const PRODUCTS: [(&str, &str); 4] = [
    ("zscaler", "Zscaler"),
    ("mitmproxy", "mitmproxy"),
    ("fortinet_ca_ssl", "FortiGate"),
    ("do_not_trust_fiddlerroot", "Fiddler"),
];
