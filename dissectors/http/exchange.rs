//! The doors of Exchange, told by the path (Exchange client protocols, MS-OXDISCO, MS-OXCMAPIHTTP, MS-RPCH).

/// Which door of Exchange a request path leads to.
pub fn door(path: &str) -> Option<&'static str> {
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |at| rest.split_at(at).1));
    let path = path.to_ascii_lowercase();
    let leads_to = |door: &str| path.strip_prefix(door).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    DOORS.iter().find(|(prefix, _)| leads_to(prefix)).map(|(_, door)| *door)
}

const DOORS: &[(&str, &str)] = &[
    ("/owa", "owa"),
    ("/exchange", "owa"),
    ("/exchweb", "owa"),
    ("/ews", "ews"),
    ("/microsoft-server-activesync", "eas"),
    ("/autodiscover", "autodiscover"),
    ("/mapi", "mapi-http"),
    ("/rpc", "rpc-over-http"),
    ("/rpcwithcert", "rpc-over-http"),
    ("/ecp", "ecp"),
    ("/oab", "oab"),
    ("/powershell", "powershell"),
];
