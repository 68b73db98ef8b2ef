//! Which protocol a flow speaks: the port is a hint, content decides.

use anyany_dissectors::{ALL, Hint, Probe, Protocol, Transport};

/// What the octets seen so far tell.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// It is this one.
    Known(&'static Protocol),
    /// Too few octets to tell.
    Wait,
    /// None that we know.
    Unknown,
}

/// Protocols that were tried on a flow and turned out wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rejected(u64);

impl Rejected {
    /// `protocol` is not it after all.
    pub fn reject(&mut self, protocol: &Protocol) {
        for (index, _) in ALL.iter().enumerate().filter(|(_, known)| std::ptr::eq(*known, protocol)) {
            self.0 |= 1 << index;
        }
    }
}

/// Chooses the protocol that fits the first octets of one side: a certain one before a fitting one
/// on its usual port, before a fitting one on any other port. While a protocol on its usual port
/// waits for more octets, nothing less than certainty is believed.
pub fn choose(hint: &Hint<'_>, rejected: Rejected) -> Choice {
    let (mut usual, mut fits, mut waits, mut usual_waits) = (None, None, false, false);
    for (index, protocol) in ALL.iter().enumerate() {
        let ports = ports(protocol, hint.transport);
        if rejected.0 & (1 << index) != 0 || ports.is_empty() {
            continue;
        }
        let on_port = ports.iter().any(|&port| hint.port(port));
        match (protocol.probe)(hint) {
            Probe::Yes => return Choice::Known(protocol),
            Probe::Maybe if on_port => usual = usual.or(Some(protocol)),
            Probe::Maybe => fits = fits.or(Some(protocol)),
            Probe::More => {
                waits = true;
                usual_waits |= on_port;
            }
            Probe::No => {}
        }
    }
    match (usual, fits) {
        (Some(protocol), _) => Choice::Known(protocol),
        (None, Some(protocol)) if !usual_waits => Choice::Known(protocol),
        _ if waits => Choice::Wait,
        _ => Choice::Unknown,
    }
}

/// The protocol whose mark the octets carry, whatever the ports say.
pub fn certain(hint: &Hint<'_>, rejected: Rejected) -> Option<&'static Protocol> {
    let candidates = ALL
        .iter()
        .enumerate()
        .filter(|(index, protocol)| rejected.0 & (1 << index) == 0 && !ports(protocol, hint.transport).is_empty());
    candidates.map(|(_, protocol)| protocol).find(|protocol| (protocol.probe)(hint) == Probe::Yes)
}

/// The service usually found on a port, for flows whose content says nothing: a word of the contract.
pub fn by_port(transport: Transport, port: u16) -> Option<&'static str> {
    if transport == Transport::Tcp {
        if port == EPM_PORT {
            return Some("epm");
        }
        if port == NETBIOS_SESSION_PORT {
            return Some("netbios-ssn");
        }
        if let Some(service) = inside_tls(port) {
            return Some(service);
        }
    }
    let listens = |protocol: &&Protocol| ports(protocol, transport).contains(&port);
    ALL.iter().find(listens).map(|protocol| protocol.name)
}

/// The service that runs inside TLS on a TCP port; `None` where TLS tells nothing of what is inside.
pub fn inside_tls(port: u16) -> Option<&'static str> {
    Some(match port {
        // Front end, back end (2013 and later), WinRM, and the usual alternatives.
        443 | 444 | 5986 | 8443 | 4443 | 9443 => "https",
        // EdgeSync speaks LDAP over TLS to 50636 (ports.toml, edgesync).
        636 | 3269 | 50636 => "ldap",
        25 | 465 | 475 | 587 | 717 | 2525 => "smtp",
        993 => "imap",
        995 => "pop3",
        5061 | 5063 | 5066 | 5068 => "sip",
        _ => return None,
    })
}

/// Every port that some protocol usually listens on.
pub fn usual_ports(transport: Transport) -> Vec<u16> {
    ALL.iter().flat_map(|protocol| ports(protocol, transport)).copied().collect()
}

fn ports(protocol: &Protocol, transport: Transport) -> &'static [u16] {
    match transport {
        Transport::Tcp => protocol.tcp_ports,
        Transport::Udp => protocol.udp_ports,
    }
}

/// The endpoint mapper's.
const EPM_PORT: u16 = 135;
/// NetBIOS session service; SMB inside it says so itself.
const NETBIOS_SESSION_PORT: u16 = 139;
