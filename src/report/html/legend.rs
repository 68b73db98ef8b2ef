//! How to read the page.

use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;

/// The signs, and how a claim is checked.
pub(super) fn write(html: &mut Html) {
    section(html, "legend", "How to read it", |html| {
        html.within(tag("dl").class("legend"), |html| {
            for mark in Mark::ALL {
                html.within(tag("div"), |html| {
                    html.within(tag("dt"), |html| {
                        mark.badge(html, mark.letter());
                    });
                    html.within(tag("dd"), |html| {
                        html.leaf(tag("b"), mark.word()).text(": ").text(mark.meaning());
                    });
                });
            }
        });
        for text in ADVICE {
            html.leaf(tag("p"), text);
        }
    });
}

const ADVICE: &[&str] = &[
    "To check a claim, open the capture in Wireshark and enter the filter that stands beside it; frame numbers are \
     those of Wireshark's first column.",
    "How sure a claim is, is weighed from what was seen: what works beside what fails, who was alive meanwhile, what \
     else would look the same. Silence alone never proves who drops, and is at most 70 % sure.",
    "A verdict holds for the place of the capture and its time. A second capture at the other end, taken at the same \
     time, turns most doubts into proof.",
];
