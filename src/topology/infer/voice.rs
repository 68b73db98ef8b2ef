//! Signs of Unified Messaging and of who calls it.

use anyany_dissectors::{ReplyClass, Side};

use super::sign::Signs;
use super::view::{Profiles, View, told};
use crate::reference::Sign;

/// Redirects calls, or takes them on a worker's port.
pub(super) fn unified_messaging(view: &View<'_>, signs: &mut Signs) {
    let Some(moment) = view.served("sip") else { return };
    let redirects = |class: Option<ReplyClass>| class == Some(ReplyClass::Referral);
    let redirect =
        view.conversation.seen.sip.iter().find(|event| event.side == Side::Responder && redirects(event.class));
    let (sign, at, deed) = match (view.port(), redirect) {
        (port, _) if WORKER_PORTS.contains(&port) => {
            (Sign::UmWorker, moment, format!("takes calls on port {port}, as UM workers do"))
        }
        (port, Some(redirect)) if SERVICE_PORTS.contains(&port) => {
            (Sign::UmRedirect, redirect.moment, "redirects calls, as the UM service does".to_owned())
        }
        _ => return,
    };
    signs.add(view.server(), sign, at, || told(deed, at));
    signs.add(view.client(), Sign::SipCaller, at, || told("calls a UM server", at));
}

/// Callers that also send or receive voice.
pub(super) fn media(profiles: &Profiles, signs: &mut Signs) {
    let callers: Vec<_> = signs.hosts().filter(|host| signs.has(*host, Sign::SipCaller)).collect();
    for host in callers {
        if let Some(moment) = profiles.of(host).and_then(|profile| profile.media) {
            signs.add(host, Sign::MediaPeer, moment, || told("exchanges voice", moment));
        }
    }
}

/// UM worker processes.
const WORKER_PORTS: std::ops::RangeInclusive<u16> = 5065..=5068;
/// The UM service, and the call router of 2013.
const SERVICE_PORTS: std::ops::RangeInclusive<u16> = 5060..=5063;
