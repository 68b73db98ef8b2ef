//! Text from the wire, made fit for a terminal: names, banners and file names are written by others,
//! and a terminal obeys what it is sent.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text with nothing in it that a terminal would obey or hide: such characters show as `\u{1b}`, and
/// what is longer than 400 characters is cut.
pub fn harmless(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => Cow::Owned(format!("{}…", escaped(text.get(..cut).unwrap_or_default()))),
        None => escaped(text),
    }
}

/// The same without the cut, for texts whose length is bounded by their maker.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for one in text.chars() {
        if is_harmful(one) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(one));
        } else {
            shown.push(one);
        }
    }
    Cow::Owned(shown)
}

/// Whether a character moves the cursor, begins a command, turns the direction of reading, or is not
/// seen at all (Unicode categories Cc and Cf, and the separators of lines).
pub fn is_harmful(one: char) -> bool {
    one.is_control()
        || matches!(one,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' // invisible, and marks of direction
            | '\u{2028}'..='\u{202e}' // separators, and embeddings of direction
            | '\u{2060}'..='\u{206f}' // invisible, and isolates of direction
            | '\u{fff9}'..='\u{fffb}' // annotations
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

/// Characters shown of one text.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn everyday_text_is_left_alone() {
        for text in ["mbx1.contoso.local", "Zürich → 東京", "it's 100 %, “so” … \\u", ""] {
            assert!(matches!(harmless(text), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }

    #[test]
    fn what_a_terminal_obeys_is_spelt_out() {
        assert_eq!(harmless("220 \x1b[2Jmail\r\n"), "220 \\u{1b}[2Jmail\\u{d}\\u{a}");
        assert_eq!(harmless("a\u{9b}31m\u{7f}"), "a\\u{9b}31m\\u{7f}");
        assert_eq!(harmless("\u{202e}gpj.exe\u{2069}"), "\\u{202e}gpj.exe\\u{2069}");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = harmless(&"ü".repeat(1000)).into_owned();
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert!(shown.ends_with('…'));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn nothing_harmful_comes_through(text in any::<String>(), marks in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{206f}]{0,40}") {
            for text in [text.clone(), marks.clone(), format!("{text}{marks}{text}")] {
                let shown = harmless(&text);
                prop_assert!(!shown.contains(is_harmful));
                let twice = escaped(&shown);
                prop_assert_eq!(&twice, &shown);
            }
        }
    }
}
