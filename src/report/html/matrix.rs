//! Host by host, as a matrix of signs.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use crate::report::brief;
use crate::report::html::Material;
use crate::report::html::markup::{Html, tag};
use crate::report::html::pairs::Pair;
use crate::report::html::tables::framed;
use crate::report::text::grouped;

/// Draws it for these hosts: rows open connections, columns answer them.
pub(super) fn write(
    html: &mut Html,
    material: &Material<'_>,
    pairs: &BTreeMap<(IpAddr, IpAddr), Pair<'_>>,
    (clients, servers): (&[IpAddr], &[IpAddr]),
    shown: &HashSet<&str>,
) {
    framed(html, "Hosts by hosts", tag("table").class("matrix"), |html| {
        html.within(tag("thead"), |html| {
            html.within(tag("tr"), |html| {
                html.leaf(tag("td").class("corner"), "opens ↓ answers →");
                for server in servers {
                    html.within(tag("th").set("scope", "col"), |html| {
                        html.within(tag("span"), |html| name(html, material, *server));
                    });
                }
            });
        });
        html.within(tag("tbody"), |html| {
            for client in clients {
                html.line().within(tag("tr"), |html| {
                    html.within(tag("th").set("scope", "row"), |html| name(html, material, *client));
                    for server in servers {
                        match pairs.get(&(*client, *server)) {
                            Some(pair) => cell(html, material, (*client, *server), pair, shown),
                            None if client == server => {
                                html.within(tag("td").class("self"), |_| ());
                            }
                            None => {
                                html.empty_cell();
                            }
                        }
                    }
                });
            }
        });
    });
}

fn name(html: &mut Html, material: &Material<'_>, host: IpAddr) {
    html.value(&brief::host(material.report, host));
    let role = material.report.roster.role(host);
    if role != "unknown" {
        html.text(" ").leaf(tag("small"), role);
    }
}

fn cell(
    html: &mut Html,
    material: &Material<'_>,
    (client, server): (IpAddr, IpAddr),
    pair: &Pair<'_>,
    shown: &HashSet<&str>,
) {
    let mark = pair.mark();
    html.within(tag("td").class(mark.class()), |html| {
        let inside = |html: &mut Html| {
            html.text(mark.letter()).text(" ").leaf(tag("small"), &grouped(pair.attempts));
        };
        match pair.findings.first().filter(|finding| shown.contains(finding.id.as_str())) {
            Some(finding) => {
                let (from, to) = (brief::host(material.report, client), brief::host(material.report, server));
                // What is shown comes first: who speaks to the page says what is seen (WCAG 2.5.3).
                let seen = format!("{} {}", mark.letter(), grouped(pair.attempts));
                let told = format!("{seen}: {from} to {to}, {}, finding {}", mark.word(), finding.id);
                html.within(tag("a").to(&finding.id).set("aria-label", told), inside);
            }
            None => inside(html),
        }
    });
}
