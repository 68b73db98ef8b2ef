//! Role by role: what passes, what does not, and what nobody tried.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::Report;
use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;
use crate::report::html::tables::{Column, beyond, framed, number, table};
use crate::report::words::{self, PathRow};

/// The matrix, then all of its services as a list.
pub(super) fn write(html: &mut Html, report: &Report<'_>) {
    let mut paths = words::paths(report);
    section(html, "roles", "Role by role", |html| {
        if paths.is_empty() {
            let none = "No role is known of any host seen. Name your servers in a file (--topology FILE): then what \
                        must pass between their roles is told here.";
            html.leaf(tag("p"), none);
            return;
        }
        let intro = "Each row opens connections, each column answers them. A cell shows the worst of its services.";
        html.leaf(tag("p").class("intro"), intro);
        matrix(html, &paths);
        paths.sort_by_key(|path| (Mark::of_status(path.status), std::cmp::Reverse(path.flows)));
        list(html, &paths);
    });
}

fn matrix(html: &mut Html, paths: &[PathRow]) {
    let from: BTreeSet<&str> = paths.iter().map(|path| path.from.as_str()).collect();
    let to: BTreeSet<&str> = paths.iter().map(|path| path.to.as_str()).collect();
    let mut cells: BTreeMap<(&str, &str), Vec<&PathRow>> = BTreeMap::new();
    for path in paths {
        cells.entry((&path.from, &path.to)).or_default().push(path);
    }
    framed(html, "Roles by roles", tag("table").class("matrix wordy"), |html| {
        html.within(tag("thead"), |html| {
            html.within(tag("tr"), |html| {
                html.within(tag("td").class("corner"), |html| {
                    html.text("opens ↓ answers →");
                });
                for role in &to {
                    html.leaf(tag("th").set("scope", "col"), role);
                }
            });
        });
        html.within(tag("tbody"), |html| {
            for row in &from {
                html.line().within(tag("tr"), |html| {
                    html.leaf(tag("th").set("scope", "row"), row);
                    for column in &to {
                        match cells.get(&(*row, *column)) {
                            Some(services) => cell(html, services),
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

fn cell(html: &mut Html, services: &[&PathRow]) {
    let worst = services.iter().map(|path| Mark::of_status(path.status)).min().unwrap_or(Mark::Unseen);
    html.within(tag("td").class(worst.class()), |html| {
        html.within(tag("ul").class("services"), |html| {
            let mut sorted = services.to_vec();
            sorted.sort_by_key(|path| Mark::of_status(path.status));
            for path in sorted {
                let mark = Mark::of_status(path.status);
                html.within(tag("li").class(mark.class()), |html| {
                    mark.shape(html);
                    html.leaf(tag("b"), mark.letter());
                    html.text(" ").text(&path.service);
                });
            }
        });
    });
}

fn list(html: &mut Html, paths: &[PathRow]) {
    let columns = [
        Column::Text("Status"),
        Column::Text("From"),
        Column::Text("To"),
        Column::Text("Service"),
        Column::Number("Attempts"),
        Column::Number("Blocked"),
        Column::Text("Must pass"),
    ];
    let mut left = 0;
    table(html, "Services between roles", &columns, |html| {
        left = html.fit(ROOM, paths, |html, path| {
            let mark = Mark::of_status(path.status);
            html.line().within(tag("tr"), |html| {
                let rank = Mark::ALL.iter().position(|one| *one == mark).unwrap_or_default();
                html.within(tag("td").set("data-key", rank), |html| mark.badge(html, mark.word()));
                html.leaf(tag("td"), &path.from).leaf(tag("td"), &path.to).leaf(tag("td"), &path.service);
                number(html, path.flows);
                number(html, path.blocked);
                html.leaf(tag("td"), if path.required { "yes" } else { "" });
            });
        });
    });
    beyond(html, left, "services between roles");
    if paths.iter().any(|path| path.required) {
        let note = "Must pass: the tables list it among what Exchange needs (anyany ports).";
        html.leaf(tag("p").class("note"), note);
    }
}

/// Octets that the list may take.
const ROOM: usize = 40_000;
