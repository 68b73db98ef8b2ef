//! The topology file: who is who, written by hand, imported or inferred before.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::nearest::nearest;
use crate::reference::{Reference, Version};

/// A topology file, read and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    /// The organization's name.
    pub organization: Option<String>,
    /// The organization's Exchange version.
    pub version: Option<Version>,
    /// Its hosts, in the order of the file.
    pub hosts: Vec<Declared>,
    /// Its networks, in the order of the file.
    pub networks: Vec<Network>,
}

/// A host of the file. Its addresses are its own: no other host has one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Its name.
    pub name: Option<String>,
    /// Its addresses, at least one.
    pub addresses: Vec<IpAddr>,
    /// Its roles, as they are written.
    pub roles: Vec<String>,
    /// AD site.
    pub site: Option<String>,
    /// Exchange version, where it differs from the organization's.
    pub version: Option<Version>,
    /// Ports that an administrator fixed, with the ids of the RPC interfaces behind each.
    pub static_ports: BTreeMap<u16, Vec<String>>,
}

/// A network of the file: what the hosts in it are that no `[[host]]` names.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its addresses.
    pub cidr: IpNet,
    /// Their roles.
    pub roles: Vec<String>,
}

/// A topology file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub struct BadFile {
    /// As the user calls it.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// The key, what is wrong with it, and the cure.
    pub why: String,
}

impl File {
    /// Reads a topology file; `name` is how messages call it.
    pub fn read(name: &str, text: &str, reference: &Reference) -> Result<Self, BadFile> {
        Reader { name, text, reference }.read()
    }

    /// The host that has an address.
    pub fn host(&self, address: IpAddr) -> Option<&Declared> {
        self.hosts.iter().find(|host| host.addresses.contains(&address))
    }

    /// Every address of its hosts, in order. `None` when it names networks, whose hosts nobody listed.
    pub fn addresses(&self) -> Option<Vec<IpAddr>> {
        let mut addresses: Vec<_> = self.hosts.iter().flat_map(|host| host.addresses.iter().copied()).collect();
        addresses.sort_unstable();
        self.networks.is_empty().then_some(addresses)
    }

    /// The smallest network that holds an address.
    pub fn network(&self, address: IpAddr) -> Option<&Network> {
        let around = self.networks.iter().filter(|network| network.cidr.contains(&address));
        around.max_by_key(|network| network.cidr.prefix_len())
    }
}

/// The file as it is typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    organization: TypedOrganization,
    #[serde(default, rename = "host")]
    hosts: Vec<Spanned<TypedHost>>,
    #[serde(default, rename = "network")]
    networks: Vec<TypedNetwork>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedOrganization {
    name: Option<String>,
    version: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedHost {
    name: Option<String>,
    addresses: Vec<Spanned<String>>,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    site: Option<String>,
    version: Option<Spanned<String>>,
    #[serde(default)]
    static_ports: BTreeMap<Spanned<String>, Spanned<u16>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedNetwork {
    cidr: Spanned<String>,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    reference: &'a Reference,
}

impl Reader<'_> {
    fn read(&self) -> Result<File, BadFile> {
        let typed: Typed = toml::from_str(self.text).map_err(|error| {
            // One line: the report adds its own.
            let why = error.message().lines().collect::<Vec<_>>().join(", ");
            self.bad(&error.span().unwrap_or(0..0), why)
        })?;
        let mut file = File { organization: typed.organization.name, ..File::default() };
        file.version = self.version(typed.organization.version.as_ref())?;
        let mut taken = BTreeMap::new();
        for host in typed.hosts {
            file.hosts.push(self.host(host, &mut taken)?);
        }
        for network in typed.networks {
            let network = self.network(&network)?;
            if let Some(twin) = file.networks.iter().find(|other| other.cidr.trunc() == network.0.cidr.trunc()) {
                return Err(self.bad(&network.1, format!("cidr: {} stands here twice; join the two", twin.cidr)));
            }
            file.networks.push(network.0);
        }
        Ok(file)
    }

    /// `taken` maps the addresses so far to the lines on which they stand.
    fn host(&self, host: Spanned<TypedHost>, taken: &mut BTreeMap<IpAddr, usize>) -> Result<Declared, BadFile> {
        let span = host.span();
        let host = host.into_inner();
        let mut addresses = Vec::new();
        for written in &host.addresses {
            let address: IpAddr = written.get_ref().parse().map_err(|_| {
                let why = format!("addresses: \"{}\" is no IPv4 or IPv6 address", written.get_ref());
                self.bad(&written.span(), format!("{why}; write one as 10.10.1.11 or fd00:1::11, names go into name"))
            })?;
            if let Some(line) = taken.insert(address, self.line(&written.span())) {
                let why = format!("addresses: {address} already stands on line {line}");
                return Err(self.bad(&written.span(), format!("{why}; an address belongs to one host")));
            }
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(self.bad(&span, "addresses: the host has none; write at least one".to_owned()));
        }
        let mut static_ports: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for (key, port) in &host.static_ports {
            let interfaces = self.static_port(key)?;
            if *port.get_ref() == 0 {
                return Err(
                    self.bad(&port.span(), format!("static_ports: {} is 0; ports are 1 to 65535", key.get_ref()))
                );
            }
            static_ports.entry(*port.get_ref()).or_default().extend(interfaces);
        }
        Ok(Declared {
            name: host.name,
            addresses,
            roles: self.roles(&host.roles)?,
            site: host.site,
            version: self.version(host.version.as_ref())?,
            static_ports,
        })
    }

    fn network(&self, network: &TypedNetwork) -> Result<(Network, Range<usize>), BadFile> {
        let written = network.cidr.get_ref();
        let cidr = written.parse().map_err(|_| {
            let why = format!("cidr: \"{written}\" is no network; write one as 10.99.0.0/16 or fd00:1::/64");
            self.bad(&network.cidr.span(), why)
        })?;
        Ok((Network { cidr, roles: self.roles(&network.roles)? }, network.cidr.span()))
    }

    fn roles(&self, roles: &[Spanned<String>]) -> Result<Vec<String>, BadFile> {
        let read = |role: &Spanned<String>| {
            let word = role.get_ref();
            if let Some(role) = self.reference.role(word) {
                return Ok(role.id.clone());
            }
            let known = self.reference.roles().iter().map(|role| role.id.as_str());
            let cure = match self.reference.product(word) {
                Some(product) => format!("; the role of a host that is {} is \"{}\"", product.name, product.role),
                None => cure(word, known),
            };
            Err(self.bad(&role.span(), format!("roles: there is no role \"{word}\"{cure}")))
        };
        roles.iter().map(read).collect()
    }

    fn version(&self, version: Option<&Spanned<String>>) -> Result<Option<Version>, BadFile> {
        let read = |version: &Spanned<String>| {
            version.get_ref().parse().map_err(|error| self.bad(&version.span(), format!("version: {error}")))
        };
        version.map(read).transpose()
    }

    /// The interfaces behind a fixed port: by the name of its option, else by the interface's own.
    fn static_port(&self, key: &Spanned<String>) -> Result<Vec<String>, BadFile> {
        let name = key.get_ref();
        let options = self.reference.static_options().iter();
        if let Some(option) = options.clone().find(|option| option.key.as_deref() == Some(name)) {
            return Ok(option.interfaces.clone());
        }
        if self.reference.interfaces().iter().any(|interface| interface.id == *name) {
            return Ok(vec![name.clone()]);
        }
        let known = options.filter_map(|option| option.key.as_deref());
        Err(self.bad(&key.span(), format!("static_ports: there is no fixed port \"{name}\"{}", cure(name, known))))
    }

    fn bad(&self, span: &Range<usize>, why: String) -> BadFile {
        BadFile { file: self.name.to_owned(), line: self.line(span), why }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.bytes().filter(|&octet| octet == b'\n').count() + 1
    }
}

/// What the user may have meant, and what there is.
fn cure<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    match nearest(word, known) {
        Some(near) => format!("; did you mean \"{near}\"? There are {all}"),
        None => format!("; there are {all}"),
    }
}
