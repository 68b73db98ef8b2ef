//! The server's own certificate (RFC 5246 §7.4.2, RFC 5280): the first of the chain.

use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::nom::Parser;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::{Fact, Text, text};

/// Tells what the certificate says of itself; octets that are none tell nothing.
pub fn tell_certificate(der: &[u8], tell: &mut dyn FnMut(Fact)) {
    // Extensions left unread: one that is odd must not hide the names.
    let Ok((_, certificate)) = X509CertificateParser::new().with_deep_parse_extensions(false).parse(der) else {
        return;
    };
    let (issuer, subject) = (certificate.issuer(), certificate.subject());
    tell(Fact::Detail { key: "certificate_issuer", value: name(issuer).into() });
    for (key, whole) in [("certificate_issuer_organization", issuer), ("certificate_subject_organization", subject)] {
        if let Some(organization) = whole.iter_organization().find_map(|part| part.as_str().ok()) {
            tell(Fact::Detail { key, value: text(organization.as_bytes()).into() });
        }
    }
    tell(Fact::Detail { key: "certificate_subject", value: name(subject).into() });
    if let Ok(seconds) = u64::try_from(certificate.validity().not_before.timestamp()) {
        tell(Fact::Detail { key: "certificate_not_before", value: seconds.into() });
    }
    tell(Fact::Detail { key: "self_signed", value: (issuer.as_raw() == subject.as_raw()).into() });
    if let Some(count) = alternative_names(der) {
        tell(Fact::Detail { key: "certificate_alternative_names", value: count.into() });
    }
}

/// The common name, else the organization, else the whole name.
fn name(name: &X509Name<'_>) -> Text {
    let mut telling = name.iter_common_name().chain(name.iter_organization());
    match telling.find_map(|part| part.as_str().ok()) {
        Some(part) => text(part.as_bytes()),
        None => text(name.to_string().as_bytes()),
    }
}

fn alternative_names(der: &[u8]) -> Option<u64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok()??.value.general_names.len();
    u64::try_from(names).ok()
}
