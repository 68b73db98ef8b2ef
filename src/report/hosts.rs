//! Hosts as a table to be pasted.

use super::table::Table;
use crate::topology::Host;

/// A row for each host that has a role, in their order.
pub fn table(hosts: &[Host]) -> Table {
    let mut table = Table::new(&["Host", "Addresses", "Roles", "Site", "Exchange", "Because"]);
    for host in hosts.iter().filter(|host| !host.roles.is_empty()) {
        let join = |texts: Vec<String>| texts.join(", ");
        let because = host.roles.iter().map(|claim| format!("{}: {}", claim.role, claim.because));
        table.row(vec![
            host.names.first().cloned().unwrap_or_default(),
            join(host.addresses.iter().map(ToString::to_string).collect()),
            join(host.roles.iter().map(|claim| claim.role.clone()).collect()),
            host.site.clone().unwrap_or_default(),
            host.version.clone().unwrap_or_default(),
            because.collect::<Vec<_>>().join("; "),
        ]);
    }
    table
}
