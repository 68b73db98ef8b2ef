//! HTML that stays whole and harmless, whatever it says.
//!
//! A [`Tag`] and its attributes are named by `&'static str`: they are code. All else goes through
//! [`escape`], and there is no other way in but [`Html::asset`], which takes our own files. So who wants
//! to know that nothing from the wire becomes markup reads this file, and no other.
//!
//! There is no template engine on purpose. Most of the page is drawn from numbers, and templates would be
//! loops over figures made ready elsewhere; an engine escapes markup, but not the marks that turn the
//! direction of reading; and what it does not find it learns only when the page is written.

use std::fmt::{Display, Write as _};

use crate::report::harmless::escaped;
use crate::report::table::is_formula;

/// A page, or the part of it that is written so far.
#[derive(Debug, Default)]
pub(super) struct Html {
    text: String,
}

/// The front of an element: its name and attributes.
#[derive(Debug)]
pub(super) struct Tag {
    name: &'static str,
    front: String,
}

/// An element of this name, without attributes so far.
pub(super) fn tag(name: &'static str) -> Tag {
    Tag { name, front: format!("<{name}") }
}

impl Tag {
    /// Sets an attribute.
    pub(super) fn set(mut self, attribute: &'static str, value: impl Display) -> Self {
        let value = value.to_string();
        // Writing to a string cannot fail.
        let _ = write!(self.front, " {attribute}=\"");
        escape(&mut self.front, &value);
        self.front.push('"');
        self
    }

    /// Sets an attribute where there is a value.
    pub(super) fn set_if(self, attribute: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self,
        }
    }

    /// Sets its classes.
    pub(super) fn class(self, names: &str) -> Self {
        self.set("class", names)
    }

    /// Links to an element of this page; to others there is no way.
    pub(super) fn to(self, id: impl Display) -> Self {
        self.set("href", format_args!("#{id}"))
    }
}

impl Html {
    /// What was written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Octets written so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        escape(&mut self.text, text);
        self
    }

    /// An element that holds nothing.
    #[allow(clippy::needless_pass_by_value)] // a tag is used up where it is written
    pub(super) fn empty(&mut self, tag: Tag) -> &mut Self {
        self.text.push_str(&tag.front);
        self.text.push_str("/>");
        self
    }

    /// An element that holds text.
    pub(super) fn leaf(&mut self, tag: Tag, text: &str) -> &mut Self {
        self.within(tag, |html| {
            html.text(text);
        })
    }

    /// An element that holds others.
    #[allow(clippy::needless_pass_by_value)] // a tag is used up where it is written
    pub(super) fn within(&mut self, tag: Tag, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.text.push_str(&tag.front);
        self.text.push('>');
        inside(self);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "</{}>", tag.name);
        self
    }

    /// A cell of a table. Tables are pasted into spreadsheets: what one would compute is led by an apostrophe.
    pub(super) fn cell(&mut self, tag: Tag, text: &str) -> &mut Self {
        self.within(tag, |html| {
            html.value(text);
        })
    }

    /// A cell of a table with nothing in it.
    pub(super) fn empty_cell(&mut self) -> &mut Self {
        self.within(tag("td"), |_| ())
    }

    /// Text in a cell, as in [`Html::cell`].
    pub(super) fn value(&mut self, text: &str) -> &mut Self {
        if is_formula(text) {
            self.text.push('\'');
        }
        self.text(text)
    }

    /// A style sheet or a script of our own, as it is.
    pub(super) fn asset(&mut self, tag: Tag, asset: &'static str) -> &mut Self {
        self.within(tag, |html| html.text.push_str(asset))
    }

    /// What documents begin with.
    pub(super) fn doctype(&mut self) -> &mut Self {
        self.text.push_str("<!doctype html>\n");
        self
    }

    /// Goes on with what was written apart.
    #[allow(clippy::needless_pass_by_value)] // what was written apart is used up here
    pub(super) fn append(&mut self, other: Self) -> &mut Self {
        self.text.push_str(&other.text);
        self
    }

    /// Begins a new line: for who reads the source.
    pub(super) fn line(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Writes items until they have taken `room` octets; how many are left.
    pub(super) fn fit<T>(
        &mut self,
        room: usize,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> usize {
        let full = self.len() + room;
        let mut left = 0;
        for item in items {
            if self.len() < full {
                write(self, item);
            } else {
                left += 1;
            }
        }
        left
    }
}

/// The only way in for text: as an element's text or an attribute's value it means itself and nothing
/// else (HTML, 13.1.2.3 and 13.1.4). What moves cursors or turns the direction of reading is spelt out.
fn escape(into: &mut String, text: &str) {
    for one in escaped(text).chars() {
        match one {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            one => into.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::harmless::is_harmful;

    fn written(write: impl FnOnce(&mut Html)) -> String {
        let mut html = Html::default();
        write(&mut html);
        html.into_text()
    }

    #[test]
    fn elements_nest_and_close() {
        let text = written(|html| {
            html.within(tag("p").class("a b").set_if("id", Some(7)).set_if("title", None::<u8>), |html| {
                html.text("one & ").leaf(tag("b"), "two").empty(tag("br"));
            });
        });
        assert_eq!(text, "<p class=\"a b\" id=\"7\">one &amp; <b>two</b><br/></p>");
    }

    #[test]
    fn neither_text_nor_attributes_end_before_their_element_does() {
        let hostile = "\"><script>alert('1')</script>&lt;";
        let text = written(|html| {
            html.leaf(tag("b").set("title", hostile), hostile);
        });
        let escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;lt;";
        assert_eq!(text, format!("<b title=\"{escaped}\">{escaped}</b>"));
    }

    #[test]
    fn links_stay_on_the_page() {
        let text = written(|html| {
            html.leaf(tag("a").to("javascript:alert(1)"), "x");
        });
        assert_eq!(text, "<a href=\"#javascript:alert(1)\">x</a>");
    }

    #[test]
    fn cells_are_not_computed_when_they_are_pasted() {
        let text = written(|html| {
            html.cell(tag("td"), "=cmd|' /C calc'!A0").cell(tag("td"), "-1").cell(tag("td"), "mbx1");
        });
        assert_eq!(
            text,
            "<td>&#39;=cmd|&#39; /C calc&#39;!A0</td><td>-1</td><td>mbx1</td>".replacen("&#39;=", "'=", 1)
        );
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut html = Html::default();
        let left = html.fit(5, 0..10, |html, _| {
            html.text("ab");
        });
        assert_eq!((left, html.into_text().as_str()), (7, "ababab"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_becomes_markup_or_turns_the_reading(text in any::<String>(), marks in "[<>\"'&\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{206f}]{0,40}") {
            let said = format!("{text}{marks}{text}");
            let page = written(|html| { html.leaf(tag("i").set("title", &said), &said); });
            let inside = page.strip_prefix("<i title=\"").unwrap().strip_suffix("</i>").unwrap();
            prop_assert_eq!((inside.matches('<').count(), inside.matches('"').count(), inside.matches('>').count()), (0, 1, 1));
            prop_assert!(!page.contains(is_harmful));
        }
    }
}
