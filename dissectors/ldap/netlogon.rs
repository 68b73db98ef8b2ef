//! The answer of a domain controller to the locator's ping: the value of the
//! `netlogon` attribute (MS-ADTS §6.3.1.9, NETLOGON_SAM_LOGON_RESPONSE_EX).

use crate::{Fact, Reader, Stop, Text, text};

/// Who answered, and what it can do.
#[derive(Debug, PartialEq, Eq)]
pub struct Netlogon {
    /// The `DS_*_FLAG` bits (MS-ADTS §6.3.1.2).
    pub flags: u32,
    /// DNS name of the forest.
    pub forest: Text,
    /// DNS name of the domain.
    pub domain: Text,
    /// DNS name of the domain controller.
    pub host: Text,
    /// The controller's site.
    pub dc_site: Text,
    /// The site of the client's address; empty when no subnet matches.
    pub client_site: Text,
}

impl Netlogon {
    /// Reads `octets`; `None` for the older and shorter forms of the answer, which name no site.
    pub fn read(octets: &[u8]) -> Option<Self> {
        Self::extended(octets).ok().flatten()
    }

    fn extended(octets: &[u8]) -> Result<Option<Self>, Stop> {
        let mut r = Reader::bounded(octets);
        if !matches!(r.u16_le("opcode")?, LOGON_SAM_LOGON_RESPONSE_EX | LOGON_SAM_USER_UNKNOWN_EX) {
            return Ok(None);
        }
        r.skip(2, "reserved")?;
        let flags = r.u32_le("flags")?;
        r.skip(16, "domain GUID")?;
        let mut name = |field| compressed(octets, &mut r, field);
        let (forest, domain, host) = (name("forest")?, name("domain")?, name("host")?);
        for field in ["NetBIOS domain", "NetBIOS computer", "user"] {
            name(field)?;
        }
        let (dc_site, client_site) = (name("controller's site")?, name("client's site")?);
        Ok(Some(Self { flags, forest, domain, host, dc_site, client_site }))
    }

    /// Tells the names and one member of `dc_flags` for each flag that is set.
    pub fn tell(self, tell: &mut dyn FnMut(Fact)) {
        for (bit, flag) in FLAGS {
            if self.flags & bit != 0 {
                tell(Fact::Member { key: "dc_flags", value: (*flag).into() });
            }
        }
        let names = [
            ("dns_forest_name", self.forest),
            ("dns_domain_name", self.domain),
            ("dns_host_name", self.host),
            ("dc_site", self.dc_site),
            ("client_site", self.client_site),
        ];
        for (key, name) in names {
            if !name.is_empty() {
                tell(Fact::Detail { key, value: name.into() });
            }
        }
    }
}

/// A name compressed as in RFC 1035 §4.1.4, its pointers counted from the start of `all`. A pointer
/// must lead back, which ends every chain.
fn compressed<'a>(all: &'a [u8], r: &mut Reader<'a>, field: &'static str) -> Result<Text, Stop> {
    let mut name = Vec::new();
    let mut limit = r.position();
    let mut jumped: Option<Reader<'_>> = None;
    loop {
        let at = jumped.as_mut().unwrap_or(r);
        let length = at.u8(field)?;
        match length {
            0 => return Ok(text(&name)),
            1..=63 => {
                let label = at.take(length.into(), field)?;
                if name.len() + label.len() >= MAX_NAME {
                    return Err(at.malformed(field, "is longer than a DNS name"));
                }
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
            }
            0xc0.. => {
                let target = usize::from(length & 0x3f) << 8 | usize::from(at.u8(field)?);
                if target >= limit {
                    return Err(at.malformed(field, "points forward"));
                }
                limit = target;
                let mut back = Reader::bounded(all);
                back.skip(target, field)?;
                jumped = Some(back);
            }
            _ => return Err(at.malformed(field, "has a label of no known kind")),
        }
    }
}

/// RFC 1035 §2.3.4.
const MAX_NAME: usize = 255;
/// MS-ADTS §6.3.1.3.
const LOGON_SAM_LOGON_RESPONSE_EX: u16 = 0x17;
const LOGON_SAM_USER_UNKNOWN_EX: u16 = 0x19;
/// MS-ADTS §6.3.1.2.
const FLAGS: &[(u32, &str)] = &[
    (0x0000_0001, "DS_PDC_FLAG"),
    (0x0000_0004, "DS_GC_FLAG"),
    (0x0000_0008, "DS_LDAP_FLAG"),
    (0x0000_0010, "DS_DS_FLAG"),
    (0x0000_0020, "DS_KDC_FLAG"),
    (0x0000_0040, "DS_TIMESERV_FLAG"),
    (0x0000_0080, "DS_CLOSEST_FLAG"),
    (0x0000_0100, "DS_WRITABLE_FLAG"),
    (0x0000_0200, "DS_GOOD_TIMESERV_FLAG"),
    (0x0000_0400, "DS_NDNC_FLAG"),
    (0x0000_0800, "DS_SELECT_SECRET_DOMAIN_6_FLAG"),
    (0x0000_1000, "DS_FULL_SECRET_DOMAIN_6_FLAG"),
    (0x0000_2000, "DS_WS_FLAG"),
    (0x0000_4000, "DS_DS_8_FLAG"),
    (0x0000_8000, "DS_DS_9_FLAG"),
    (0x2000_0000, "DS_DNS_CONTROLLER_FLAG"),
    (0x4000_0000, "DS_DNS_DOMAIN_FLAG"),
    (0x8000_0000, "DS_DNS_FOREST_FLAG"),
];
