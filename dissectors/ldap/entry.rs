//! The attributes of a root DSE (MS-ADTS §3.1.1.3.2), which name a domain controller.
//!
//! A root DSE is a few kilobytes and its order is the server's, so it is read
//! attribute by attribute: only the front of each has to be there at once.

use super::message::Envelope;
use super::netlogon::Netlogon;
use crate::ber::{self, Tag};
use crate::{Fact, MAX_TEXT, Reader, Stop, Value, text};

/// Where a walk through the attributes of one entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Octets from the start of the message to the first attribute.
    start: usize,
    /// Octets of attributes not read yet.
    left: usize,
    /// Octets of the message behind the attributes.
    after: usize,
}

impl Attributes {
    /// Starts a walk when `entry`, the value of a search entry, is the root DSE and has attributes.
    pub fn open(entry: &mut Reader<'_>, envelope: &Envelope) -> Result<Option<Self>, Stop> {
        if ber::header(entry, "object name")? != ROOT {
            return Ok(None);
        }
        let list = ber::header(entry, "attributes")?;
        if list.tag != Tag::SEQUENCE {
            return Err(entry.malformed("attributes", "are no SEQUENCE"));
        }
        let start = envelope.start.saturating_add(entry.position());
        let Some(after) = envelope.length.checked_sub(start).and_then(|left| left.checked_sub(list.length)) else {
            return Err(entry.malformed("attributes", "overrun their message"));
        };
        Ok((list.length > 0).then_some(Self { start, left: list.length, after }))
    }

    /// Octets from the start of the message to the first attribute.
    pub fn start(self) -> usize {
        self.start
    }

    /// Reads the attribute at the front of `octets`: how far to step, and what is left of the walk.
    pub fn step(self, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(usize, Option<Self>), Stop> {
        match attribute(octets, self.left, tell) {
            Ok(read) if read < self.left => Ok((read, Some(Self { left: self.left - read, ..self }))),
            // The message's own length holds, whatever its inside looks like.
            Ok(_) | Err(Stop::Malformed { .. }) => Ok((self.left.saturating_add(self.after), None)),
            Err(incomplete) => Err(incomplete),
        }
    }
}

/// Reads one attribute out of `left` octets and tells its first value when it is one of [`WANTED`].
fn attribute(octets: &[u8], left: usize, tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
    let mut list = Reader::new(octets).front(left, "attribute")?;
    let header = ber::header(&mut list, "attribute")?;
    let end = list.position().saturating_add(header.length);
    if header.tag != Tag::SEQUENCE || end > left {
        return Err(list.malformed("attribute", "is none, or overruns its entry"));
    }
    let mut attribute = list.front(header.length, "attribute")?;
    let name = ber::header(&mut attribute, "attribute name")?;
    if name.tag != Tag::OCTET_STRING || name.length > MAX_NAME {
        return Ok(end);
    }
    let name = attribute.take(name.length, "attribute name")?;
    let netlogon = name.eq_ignore_ascii_case(b"netlogon");
    let wanted = WANTED.iter().find(|(wanted, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
    if wanted.is_none() && !netlogon {
        return Ok(end);
    }
    let values = ber::header(&mut attribute, "values")?;
    if values.tag != Tag::SET || values.length == 0 {
        return Ok(end);
    }
    let value = ber::header(&mut attribute, "value")?;
    let limit = if netlogon { MAX_NETLOGON } else { MAX_TEXT };
    let kept = attribute.take(value.length.min(limit), "value")?;
    if let Some((_, key)) = wanted {
        tell(Fact::Detail { key, value: Value::Text(text(kept)) });
    } else if let Some(netlogon) = Netlogon::read(kept) {
        netlogon.tell(tell);
    }
    Ok(end)
}

/// An object name of no octets.
const ROOT: ber::Header = ber::Header { tag: Tag::OCTET_STRING, length: 0 };
/// Longer than any name in [`WANTED`].
const MAX_NAME: usize = 64;
/// Five host names, three labels and some fixed fields fit.
const MAX_NETLOGON: usize = 2048;
/// Attributes that say which domain controller answers, and the details they become.
const WANTED: &[(&str, &str)] = &[
    ("dnsHostName", "dns_host_name"),
    ("ldapServiceName", "ldap_service_name"),
    ("defaultNamingContext", "default_naming_context"),
    ("serverName", "server_name"),
    ("isGlobalCatalogReady", "is_global_catalog_ready"),
];
