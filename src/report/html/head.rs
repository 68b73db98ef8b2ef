//! The head of the page: its title, and what browsers may do with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::report::html::markup::{Html, tag};

/// Title, policy, style.
pub(super) fn write(html: &mut Html, title: &str) {
    html.within(tag("head"), |html| {
        html.empty(tag("meta").set("charset", "utf-8"));
        let policy = tag("meta").set("http-equiv", "Content-Security-Policy");
        html.line().empty(policy.set("content", policy_text()));
        html.line().empty(tag("meta").set("name", "viewport").set("content", "width=device-width, initial-scale=1"));
        html.empty(tag("meta").set("name", "color-scheme").set("content", "light dark"));
        html.empty(tag("meta").set("name", "referrer").set("content", "no-referrer"));
        html.line().leaf(tag("title"), title);
        html.line().asset(tag("style"), STYLE);
    });
}

/// The script, which comes last: the page is whole without it.
pub(super) fn script(html: &mut Html) {
    html.line().asset(tag("script"), SCRIPT);
}

/// Nothing may be loaded, sent or run but this very style sheet and this very script (CSP Level 3,
/// 2.3.1 and 6.7.2.7): even markup that slipped through could do nothing.
fn policy_text() -> String {
    let hash = |asset: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(asset)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_end_where_they_should_and_ask_for_nothing() {
        for asset in [STYLE, SCRIPT] {
            let small = asset.to_ascii_lowercase();
            for word in ["</", "<!--", "url(", "@import", "http:", "https:", "innerhtml", "eval(", "import "] {
                assert!(!small.contains(word), "{word}");
            }
            assert!(!asset.contains('\r'), "browsers hash lines that end in LF");
        }
    }

    /// Told by `openssl dgst -sha256 -binary | base64`.
    #[test]
    fn hashes_are_those_that_browsers_compute() {
        let hash = STANDARD.encode(Sha256::digest("doSomething();"));
        assert_eq!(hash, "RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=");
    }
}
