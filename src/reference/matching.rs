//! Which row of the paths explains a conversation.

use anyany_dissectors::Uuid;

use super::Reference;
use super::load::ANY_EXCHANGE;
use super::rows::{Interface, Path, Role};
use super::words::{Direction, Group, Learn, Need, Version, Zone};

use crate::flow::Transport;

/// How well a row fits; compared field by field, the first counts most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// A listed port before a range.
    port: PortFit,
    /// A row about this interface before one about any, before one about others.
    interface: InterfaceFit,
    /// A row in the direction of the conversation before one read backwards.
    forward: bool,
    /// Roles that are named before roles that are meant by a wider word.
    roles: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PortFit {
    InRange,
    LearntInRange,
    Listed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum InterfaceFit {
    OfOthers,
    Any,
    Named,
}

/// What is known of a conversation.
struct Wanted<'a> {
    transport: Transport,
    port: u16,
    service: &'a str,
    interface: Option<&'a Interface>,
    /// Whether some row is about this interface; then rows about none are not.
    claimed: bool,
}

impl Reference {
    /// The row that fits a conversation best: one that lists its port before one whose range holds
    /// it, one that names its roles before one that means them by `any-exchange` or `client`. Ports
    /// that the endpoint mapper hands out count only for RPC. `version` is an Exchange version; rows of
    /// every version fit while it is not known.
    ///
    /// Rows of the zone `intended-block` never fit: roles do not tell in which network an address lies.
    #[expect(clippy::too_many_arguments, reason = "all of it is what is known of one conversation")]
    pub fn path_for(
        &self,
        client_roles: &[&str],
        server_roles: &[&str],
        transport: Transport,
        port: u16,
        service: &str,
        interface: Option<Uuid>,
        version: Option<&str>,
    ) -> Option<&Path> {
        let version: Option<Version> = version.and_then(|version| version.parse().ok());
        let wanted = self.wanted(transport, port, service, interface);
        let mut best: Option<(Fit, &Path)> = None;
        for path in &self.paths {
            let of_version = version.is_none_or(|version| path.versions.contains(&version));
            if !of_version || path.zone == Zone::IntendedBlock {
                continue;
            }
            // What it costs less to ask comes first.
            let Some((port, interface)) = port_fits(path, &wanted) else { continue };
            let Some((forward, roles)) = self.roles_fit(path, client_roles, server_roles) else { continue };
            let fit = Fit { port, interface, forward, roles };
            // Of equally good rows the first one of the file counts.
            if best.is_none_or(|(known, _)| fit > known) {
                best = Some((fit, path));
            }
        }
        best.map(|(_, path)| path)
    }

    /// Paths without which no deployment of these roles works, from hosts with the client's roles to
    /// hosts with the server's.
    pub fn needed(&self, client: &[&str], server: &[&str], version: Option<Version>) -> Vec<&Path> {
        let of_version = |path: &&Path| version.is_none_or(|version| path.versions.contains(&version));
        let needed = self.paths.iter().filter(|path| path.need == Need::Always).filter(of_version);
        needed.filter(|path| self.joins(path, client, server)).collect()
    }

    /// Whether hosts with such roles are the ends of a path, in a direction of it, and at least one of them by name.
    pub fn joins(&self, path: &Path, client: &[&str], server: &[&str]) -> bool {
        self.roles_fit(path, client, server).is_some_and(|(_, roles)| roles > 0)
    }

    /// Whether what is known of a conversation agrees with a path, whoever its ends are: a listed port,
    /// or an interface that the path names.
    pub fn carries(
        &self,
        path: &Path,
        transport: Transport,
        port: u16,
        service: &str,
        interface: Option<Uuid>,
    ) -> bool {
        let fit = port_fits(path, &self.wanted(transport, port, service, interface));
        fit.is_some_and(|(port, interface)| {
            interface != InterfaceFit::OfOthers && (port == PortFit::Listed || interface == InterfaceFit::Named)
        })
    }

    fn wanted<'a>(&'a self, transport: Transport, port: u16, service: &'a str, interface: Option<Uuid>) -> Wanted<'a> {
        let interface = interface.and_then(|uuid| self.interface(uuid));
        let claims = |interface: &Interface| self.paths.iter().any(|path| path.interfaces.contains(&interface.id));
        Wanted { transport, port, service, interface, claimed: interface.is_some_and(claims) }
    }

    /// Whether the row is in the direction of the conversation, and how many of its two ends name a
    /// role of their host.
    fn roles_fit(&self, path: &Path, client: &[&str], server: &[&str]) -> Option<(bool, u8)> {
        let fit = |src: &[&str], dst: &[&str]| {
            Some(self.end_fits(path, &path.src, src)? + self.end_fits(path, &path.dst, dst)?)
        };
        let backward = || fit(server, client).filter(|_| path.direction == Direction::Both);
        fit(client, server).map(|roles| (true, roles)).or_else(|| backward().map(|roles| (false, roles)))
    }

    /// 1 when the row names a role of the host, 0 when it only means one.
    fn end_fits(&self, path: &Path, ends: &[String], host: &[&str]) -> Option<u8> {
        let fits = |end: &String, role: &Role| match end.as_str() {
            // Edge Transport servers belong to no domain: what all others need of one another is not theirs.
            ANY_EXCHANGE => {
                (role.group == Group::Exchange && !(role.id == EDGE && path.zone == Zone::IntraOrg)).then_some(0)
            }
            end if end == role.id => Some(1),
            end if role.includes.iter().any(|word| word == end) => Some(1),
            end if role.id == CLIENT => self.role(end).filter(|end| end.group == Group::Client).map(|_| 0),
            _ => None,
        };
        let roles = host.iter().filter_map(|word| self.role(word));
        roles.filter_map(|role| ends.iter().filter_map(|end| fits(end, role)).max()).max()
    }
}

fn port_fits(path: &Path, wanted: &Wanted<'_>) -> Option<(PortFit, InterfaceFit)> {
    let service = path.services.is_empty() || path.services.iter().any(|word| same(word, wanted.service));
    // Where the content told nothing, the port speaks alone.
    if !path.transport.contains(&wanted.transport) || !(service || wanted.service == UNRECOGNISED) {
        return None;
    }
    let interface = match wanted.interface {
        Some(interface) if path.interfaces.contains(&interface.id) => InterfaceFit::Named,
        Some(_) if !path.interfaces.is_empty() || wanted.claimed => InterfaceFit::OfOthers,
        _ => InterfaceFit::Any,
    };
    if wanted.transport == Transport::Icmp || path.ports.contains(&wanted.port) {
        return Some((PortFit::Listed, interface));
    }
    let in_range = path.ranges.iter().any(|&(first, last)| (first..=last).contains(&wanted.port));
    match path.learn {
        Learn::Epm => {
            let rpc = wanted.service == RPC || wanted.interface.is_some();
            // An administrator may fix the port of an interface outside of every usual range.
            let fits = rpc && interface != InterfaceFit::OfOthers && (in_range || interface == InterfaceFit::Named);
            fits.then_some((PortFit::LearntInRange, interface))
        }
        Learn::Fixed | Learn::Sip | Learn::ClientChosen | Learn::Config => {
            in_range.then_some((PortFit::InRange, interface))
        }
    }
}

/// Whether two services are one in the eyes of the tables, which do not tell them apart.
fn same(listed: &str, seen: &str) -> bool {
    listed == seen
        || matches!((listed, seen), ("http", "https") | ("https", "http") | ("epm", "dcerpc") | ("smb", "netbios-ssn"))
}

/// The role word for a client of unknown kind.
const CLIENT: &str = "client";
/// The one Exchange role outside of the domain.
pub(super) const EDGE: &str = "edge";
/// The contract's word for DCE/RPC on a port of its own.
const RPC: &str = "dcerpc";
/// The contract's word for what was not recognised.
const UNRECOGNISED: &str = "other";
