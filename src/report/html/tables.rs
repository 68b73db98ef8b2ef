//! Tables: each in a frame of its own that scrolls where the page has no room, its titles always in view.
//! The script lets people sort and search those of class `sortable`; without it they are in a useful order.

use crate::report::html::markup::{Html, Tag, tag};
use crate::report::text::grouped;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Words.
    Text(&'static str),
    /// Figures, which stand right.
    Number(&'static str),
    /// Drawings and lists, which cannot be sorted.
    Plain(&'static str),
}

/// A table that people may sort and search. `about` tells what it lists.
pub(super) fn table(html: &mut Html, about: &str, columns: &[Column], rows: impl FnOnce(&mut Html)) {
    framed(html, about, tag("table").class("sortable"), |html| {
        html.within(tag("thead"), |html| {
            html.within(tag("tr"), |html| {
                for column in columns {
                    let title = tag("th").set("scope", "col");
                    match column {
                        Column::Text(text) => html.leaf(title, text),
                        Column::Number(text) => html.leaf(title.class("n"), text),
                        Column::Plain(text) => html.leaf(title.class("plain"), text),
                    };
                }
            });
        });
        html.within(tag("tbody"), rows);
    });
}

/// A table in its frame. The frame takes the keyboard's focus, since it may have to be scrolled.
pub(super) fn framed(html: &mut Html, about: &str, table: Tag, inside: impl FnOnce(&mut Html)) {
    let frame = tag("div").class("sheet").set("role", "region").set("tabindex", "0").set("aria-label", about);
    html.line().within(frame, |html| {
        html.within(table, inside);
    });
}

/// A cell with a figure.
pub(super) fn number(html: &mut Html, number: u64) {
    if number == 0 {
        html.leaf(tag("td").class("n none"), "0");
    } else {
        html.leaf(tag("td").class("n").set("data-key", number), &grouped(number));
    }
}

/// A cell with a display filter, for Wireshark.
pub(super) fn filter_cell(html: &mut Html, filter: Option<&str>) {
    html.within(tag("td").class("filter"), |html| {
        if let Some(text) = filter {
            filter_text(html, text);
        }
    });
}

/// A display filter, to which the script adds a button that copies it.
pub(super) fn filter_text(html: &mut Html, text: &str) {
    html.leaf(tag("code").class("copy"), text);
}

/// Says that a list goes on elsewhere.
pub(super) fn beyond(html: &mut Html, left: usize, what: &str) {
    if left > 0 {
        let left = grouped(u64::try_from(left).unwrap_or(u64::MAX));
        html.leaf(tag("p").class("beyond"), &format!("… and {left} more {what}: they are in the JSON (--json FILE)."));
    }
}
