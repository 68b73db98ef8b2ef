//! SMTP inspection: a device wrote `*` and `X` over what client and server said (signatures.md a).
//!
//! A keyword that is merely absent proves nothing: an administrator may have switched it off.

use crate::diagnose::{Attribution, Judgement, Kind};
use crate::observe::Conversation;

/// Whether this conversation went through an inspection, told by its masks.
pub(super) fn judge(conversation: &Conversation) -> Option<Judgement> {
    let (flow, seen) = (&conversation.flow, &conversation.seen);
    if conversation.service != "smtp" {
        return None;
    }
    let banner = seen.greeting.as_ref().filter(|(said, _)| is_masked_banner(said));
    let offered: Vec<&str> = seen.members("capabilities").collect();
    let keywords: Vec<&str> = offered.iter().filter_map(|said| masked_keyword(said)).collect();
    let verb = seen.masked.filter(|_| is_verb(conversation, &offered));
    if banner.is_none() && keywords.is_empty() && verb.is_none() {
        return None;
    }
    let mut judgement = Judgement::new(Kind::SmtpInspection, Attribution::Network, 0.95);
    if let Some((said, moment)) = banner {
        judgement = judgement
            .because(format!("the banner of {} reads \"220 {said}\": a device wrote over it", flow.responder.address))
            .frame(*moment, "masked banner");
    }
    if !keywords.is_empty() {
        judgement = judgement
            .because(format!("the reply to EHLO offers {}: a device wrote X over what was there", keywords.join(", ")));
        if let Some(moment) = seen.masked.filter(|_| banner.is_none()) {
            judgement = judgement.frame(moment, "EHLO keyword made of X");
        }
        if let Some(hidden) = hidden(&keywords, &offered) {
            judgement = judgement.because(hidden);
        }
    }
    if let Some(moment) = verb {
        judgement.confidence = 0.9;
        judgement = judgement
            .because("a command arrives as a word of X only, where a client says what it wants")
            .frame(moment, "command made of X");
    }
    Some(judgement.or(
        "the server itself is set up to hide what it is",
        if keywords.is_empty() && verb.is_none() { "" } else { "no mail server writes keywords or commands as X" },
        if keywords.is_empty() && verb.is_none() { "only the banner is masked" } else { "" },
    ))
}

/// Blanks, and the `2` and `0` that PIX Mailguard and ASA spare, between asterisks; or the words of an older PIX.
fn is_masked_banner(said: &str) -> bool {
    if said.starts_with("SMTP/cmap") && said.trim_end().ends_with("read") {
        return true;
    }
    said.bytes().filter(|&octet| octet == b'*').count() >= FEWEST_ASTERISKS
        && said.bytes().all(|octet| matches!(octet, b'*' | b'2' | b'0' | b' '))
}

/// Whether the mask that the dissector saw is a command's: neither banner nor keyword explains it, and
/// the server did not understand it.
fn is_verb(conversation: &Conversation, offered: &[&str]) -> bool {
    let seen = &conversation.seen;
    let greeting = seen.greeting.as_ref().is_some_and(|(said, _)| said.contains('*'));
    seen.refusals > 0 && !greeting && !offered.iter().any(|said| said.starts_with("XXX"))
}

/// The keyword of a capability, when it is of X only; ASA numbers them with a last letter.
fn masked_keyword(capability: &str) -> Option<&str> {
    let keyword = capability.split([' ', '=']).next()?;
    let crosses = keyword.bytes().take_while(|&octet| octet == b'X').count();
    let rest = keyword.get(crosses..)?;
    let numbered = rest.len() == 1 && rest.bytes().all(|octet| octet.is_ascii_uppercase());
    (crosses >= FEWEST_CROSSES && (rest.is_empty() || numbered)).then_some(keyword)
}

/// Which keyword hides behind a mask: masks are as long as what they cover.
fn hidden(masks: &[&str], offered: &[&str]) -> Option<String> {
    let is_offered = |keyword: &str| offered.iter().any(|said| said.split(' ').next() == Some(keyword));
    let fits = |keyword: &&str| masks.iter().any(|mask| mask.len() == keyword.len());
    let keyword = ["STARTTLS", "X-ANONYMOUSTLS"].into_iter().filter(|keyword| !is_offered(keyword)).find(fits)?;
    Some(format!("one mask is as long as {keyword}, which is not offered: without it mail goes unencrypted"))
}

/// Fewer could be an ornament.
const FEWEST_ASTERISKS: usize = 6;
/// Fewer could be a name.
const FEWEST_CROSSES: usize = 4;
