//! Text in XML 1.0.

use crate::report::harmless::escaped;

/// One line for an attribute, which as a token (XML Schema Part 2, 3.3.2) begins, ends and goes on without
/// spare spaces.
pub(super) fn attribute(value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    characters(&words.join(" "))
}

/// Lines as the content of an element.
pub(super) fn text(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| characters(line)).collect();
    lines.join("\n")
}

/// Characters that XML 1.0 allows (section 2.2), none of which is markup. What is not allowed shows as
/// `\u{fffe}`: a reference to it would not be allowed either.
fn characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in escaped(text).chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"), // "]]>" must not stand in text
            '"' => out.push_str("&quot;"),
            '\u{fffe}' => out.push_str("\\u{fffe}"),
            '\u{ffff}' => out.push_str("\\u{ffff}"),
            one => out.push(one),
        }
    }
    out
}
