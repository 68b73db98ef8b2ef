//! Findings explained as a colleague would: what was seen, why it means that, what else could cause
//! it, what to do.

mod altered;
mod blocked;
mod established;
mod inconclusive;
pub mod markdown;
mod not_blocked;
mod several;

use serde_json::{Value, json};

use crate::diagnose::{Kind, Verdict};
use crate::report::json::heading;
use crate::report::page::{Align, Page, Sheet, Tone};

/// What there is to say of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Goes on after "2 paths", or after what [`subject`] says.
    pub phrase: &'static str,
    /// What the packets show.
    pub seen: &'static str,
    /// Why it means that.
    pub means: &'static str,
    /// What else looks the same, and how to tell it apart.
    pub otherwise: &'static [&'static str],
    /// What to do, in order.
    pub advice: &'static [&'static str],
}

/// The explanation of a kind.
pub fn explanation(kind: Kind) -> &'static Explanation {
    match kind {
        Kind::FailoverBlocked => &several::FAILOVER,
        Kind::ProxyBlocked => &several::PROXY,
        Kind::HeartbeatBlocked => &several::HEARTBEAT,
        Kind::MediaBlocked => &several::MEDIA,
        Kind::SmtpInspection => &altered::SMTP,
        Kind::TlsInterception => &altered::TLS,
        Kind::RpcDynamicPortBlocked => &blocked::RPC_DYNAMIC_PORT,
        Kind::SynDropped => &blocked::SYN_DROPPED,
        Kind::SynAckDropped => &blocked::SYNACK_DROPPED,
        Kind::SynRejected => &blocked::SYN_REJECTED,
        Kind::IcmpProhibited => &blocked::ICMP_PROHIBITED,
        Kind::MidstreamReset => &blocked::MIDSTREAM_RESET,
        Kind::MidstreamDrop => &established::MIDSTREAM_DROP,
        Kind::IdleTimeout => &established::IDLE_TIMEOUT,
        Kind::TlsBlocked => &established::TLS_BLOCKED,
        Kind::PmtuBlackHole => &established::PMTU_BLACK_HOLE,
        Kind::UdpBlocked => &blocked::UDP,
        Kind::RefusedByHost => &not_blocked::REFUSED,
        Kind::HostUnreachable => &not_blocked::UNREACHABLE,
        Kind::RpcNotRegistered => &not_blocked::NOT_REGISTERED,
        Kind::ResetByHost => &not_blocked::RESET,
        Kind::ServiceSlow => &established::SLOW,
        Kind::HostOverloaded => &established::OVERLOADED,
        Kind::NoAnswer => &inconclusive::NO_ANSWER,
        Kind::HostSilent => &inconclusive::HOST_SILENT,
        Kind::OneWayCapture => &inconclusive::ONE_WAY,
        Kind::CaptureEdge => &inconclusive::EDGE,
        Kind::CaptureLoss => &inconclusive::LOSS,
        Kind::DuplicatePackets => &inconclusive::DUPLICATES,
        Kind::TruncatedPackets => &inconclusive::TRUNCATED,
        Kind::ClockJump => &inconclusive::CLOCK,
        Kind::StartedMidway => &inconclusive::MIDWAY,
        Kind::ExpectedNotSeen => &inconclusive::NOT_SEEN,
    }
}

/// What a kind is said of.
pub fn subject(kind: Kind) -> &'static str {
    match kind {
        Kind::CaptureLoss | Kind::ClockJump => "a capture",
        Kind::DuplicatePackets | Kind::TruncatedPackets => "packets",
        Kind::StartedMidway => "connections",
        _ => "a path",
    }
}

/// One kind in full.
pub fn text(kind: Kind, sheet: Sheet) -> String {
    let explanation = explanation(kind);
    let mut page = Page::new(sheet);
    page.line(0, &[(Tone::Strong, kind.word()), (Tone::Text, &format!(" (verdict: {})", kind.verdict().word()))]);
    page.paragraph(0, 2, &[(Tone::Text, &format!("It is said of {} {}.", subject(kind), explanation.phrase))]);
    for (title, body) in [("What was seen", explanation.seen), ("Why it means that", explanation.means)] {
        page.heading(title);
        page.paragraph(2, 2, &[(Tone::Text, body)]);
    }
    for (title, list) in [("What else could cause it", explanation.otherwise), ("What to do", explanation.advice)] {
        page.heading(title);
        for point in list {
            page.paragraph(2, 4, &[(Tone::Text, "-"), (Tone::Text, point)]);
        }
    }
    page.into_text()
}

/// Every kind with its phrase, verdict by verdict.
pub fn list(sheet: Sheet) -> String {
    let mut page = Page::new(sheet);
    page.line(0, &[(Tone::Text, "Kinds of findings; anyany explain KIND says more of one.")]);
    for verdict in VERDICTS {
        page.heading(verdict.word());
        let kinds = Kind::ALL.iter().filter(|kind| kind.verdict() == verdict);
        let row =
            |kind: &Kind| vec![kind.word().to_owned(), format!("{} {}", subject(*kind), explanation(*kind).phrase)];
        let rows: Vec<Vec<String>> = kinds.map(row).collect();
        page.table(2, &[("", Align::Left), ("", Align::Left)], &rows);
    }
    page.into_text()
}

/// The same for scripts.
pub fn document(kinds: &[Kind]) -> Value {
    let one = |kind: &Kind| {
        let explanation = explanation(*kind);
        json!({
            "kind": kind.word(),
            "verdict": kind.verdict().word(),
            "phrase": explanation.phrase,
            "seen": explanation.seen,
            "means": explanation.means,
            "alternatives": explanation.otherwise,
            "next_steps": explanation.advice,
        })
    };
    let mut document = heading();
    document.insert("kinds".to_owned(), kinds.iter().map(one).collect());
    Value::Object(document)
}

/// What asks for a deed comes first.
const VERDICTS: [Verdict; 4] = [Verdict::Blocked, Verdict::Altered, Verdict::NotBlocked, Verdict::Inconclusive];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::Paint;

    #[test]
    fn every_kind_is_explained_in_full() {
        for kind in Kind::ALL {
            let explanation = explanation(*kind);
            for part in [explanation.phrase, explanation.seen, explanation.means] {
                assert!(!part.is_empty() && part == part.trim(), "{kind}");
            }
            assert!(explanation.seen.ends_with('.') && explanation.means.ends_with('.'), "{kind}");
            assert!(!explanation.otherwise.is_empty() && !explanation.advice.is_empty(), "{kind}");
            let phrase = explanation.phrase;
            assert!(!phrase.ends_with('.') && phrase.len() < 70, "{kind}: {phrase}");
        }
    }

    #[test]
    fn no_two_kinds_share_an_explanation() {
        let mut all: Vec<_> = Kind::ALL.iter().map(|kind| explanation(*kind).seen).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), Kind::ALL.len());
    }

    #[test]
    fn the_list_names_every_kind_once() {
        let list = list(Sheet { width: 80, paint: Paint::Plain });
        for kind in Kind::ALL {
            assert_eq!(list.matches(&format!("  {kind} ")).count(), 1, "{kind}");
        }
    }

    #[test]
    fn explanations_fit_a_narrow_terminal() {
        for kind in Kind::ALL {
            for line in text(*kind, Sheet { width: 80, paint: Paint::Plain }).lines() {
                assert!(line.chars().count() <= 80, "{kind}: {line}");
            }
        }
    }
}
