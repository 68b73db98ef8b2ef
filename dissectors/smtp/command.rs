//! What a client says (RFC 5321 §4.1.1 and its extensions, MS-SMTP and the verbs of Exchange).

use crate::line::word;
use crate::{Text, text};

/// One command, without anything that names a person.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// The verb, and for some the word behind it that says how.
    pub what: Text,
    /// What it does to the conversation.
    pub effect: Effect,
    /// The name that EHLO or HELO gives.
    pub greets_as: Option<Text>,
}

/// What a command does to the octets that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Plain,
    /// Its reply lists what the server can do.
    Hello,
    /// A 220 in reply begins TLS.
    StartTls(&'static str),
    /// A 334 in reply asks for credentials.
    Authenticate,
    /// A 354 in reply asks for mail up to a line of one dot.
    Data,
    /// So many octets follow at once, asked or not (RFC 3030 §2).
    Chunk(u64),
    /// A 354 in reply asks for so many octets (XEXCH50).
    Blob(u64),
    /// The client leaves.
    Quit,
    /// A device wrote X over the verb.
    Masked,
    /// No verb of SMTP.
    Unknown,
}

/// Reads one line as a command. A line that is none (a credential, a stray line of mail) leaves no trace of its text.
pub fn read(line: &[u8]) -> Command {
    let (verb, argument) = word(line);
    let verb = verb.to_ascii_uppercase();
    let Some(name) = VERBS.iter().find(|name| name.as_bytes() == verb) else {
        let masked = is_masked(&verb);
        let what = if masked { text(&verb) } else { "(unknown)".into() };
        return Command { what, effect: if masked { Effect::Masked } else { Effect::Unknown }, greets_as: None };
    };
    let effect = match *name {
        "EHLO" | "HELO" | "LHLO" => Effect::Hello,
        "STARTTLS" | "X-ANONYMOUSTLS" => Effect::StartTls(name),
        "AUTH" | "X-EXPS" => Effect::Authenticate,
        "DATA" => Effect::Data,
        "BDAT" => number(word(argument).0).map_or(Effect::Plain, Effect::Chunk),
        "XEXCH50" => number(word(argument).0).map_or(Effect::Plain, Effect::Blob),
        "QUIT" => Effect::Quit,
        _ => Effect::Plain,
    };
    let what = match (effect, how(argument)) {
        (Effect::Authenticate, Some(mechanism)) => format!("{name} {mechanism}").into(),
        (Effect::Chunk(_), _) if argument.to_ascii_uppercase().ends_with(b" LAST") => "BDAT LAST".into(),
        _ => Text::from(*name),
    };
    let greets_as = (effect == Effect::Hello && !argument.is_empty()).then(|| text(argument));
    Command { what, effect, greets_as }
}

/// Whether `line` begins with a verb of SMTP.
pub fn is_command(line: &[u8]) -> bool {
    let verb = word(line.trim_ascii_end()).0.to_ascii_uppercase();
    VERBS.iter().any(|name| name.as_bytes() == verb)
}

/// Whether a device wrote X over this word (Cisco `inspect esmtp`: same length, and a letter that counts behind
/// EHLO keywords: `XXXXXXXA`, `XXXXXXXB`).
pub fn is_masked(word: &[u8]) -> bool {
    let Some((last, front)) = word.split_last() else { return false };
    front.len() >= 3 && front.iter().all(|&octet| octet == b'X') && last.is_ascii_uppercase()
}

/// The mechanism that an AUTH names. Anything else there might be a credential.
fn how(argument: &[u8]) -> Option<String> {
    let named = String::from_utf8(word(argument).0.to_ascii_uppercase()).ok()?;
    MECHANISMS.contains(&named.as_str()).then_some(named)
}

fn number(digits: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (digits.iter().all(u8::is_ascii_digit) && number <= LARGEST_CHUNK).then_some(number)
}

/// No server takes more at once; a larger number is refused as a bad argument, and nothing follows it.
const LARGEST_CHUNK: u64 = 1 << 32;

const VERBS: &[&str] = &[
    "EHLO",
    "HELO",
    "LHLO",
    "MAIL",
    "RCPT",
    "DATA",
    "BDAT",
    "RSET",
    "NOOP",
    "QUIT",
    "VRFY",
    "EXPN",
    "HELP",
    "SEND",
    "SOML",
    "SAML",
    "TURN",
    "ATRN",
    "ETRN",
    "AUTH",
    "STARTTLS",
    "BURL",
    "XCLIENT",
    "XFORWARD",
    "X-ANONYMOUSTLS",
    "X-EXPS",
    "X-LINK2STATE",
    "XEXCH50",
    "XSHADOW",
    "XSHADOWREQUEST",
    "XQDISCARD",
    "XRDST",
    "XPROXY",
    "XPROXYFROM",
    "XPROXYTO",
    "XMESSAGECONTEXT",
    "XSESSIONPARAMS",
    "XSYSPROBE",
    "XORIGFROM",
];

const MECHANISMS: &[&str] = &[
    "PLAIN",
    "LOGIN",
    "NTLM",
    "GSSAPI",
    "GSS-SPNEGO",
    "EXCHANGEAUTH",
    "EXTERNAL",
    "XOAUTH2",
    "OAUTHBEARER",
    "CRAM-MD5",
    "DIGEST-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "ANONYMOUS",
];
