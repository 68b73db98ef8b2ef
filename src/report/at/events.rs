//! What stands out on a conversation: tries that were repeated or never answered, rejections, resets,
//! silence, late answers. What is as it should be is counted, not listed.

use anyany_dissectors::Side;

use super::{is_failure, silence};
use crate::flow::{Moment, Outcome, Reset, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// Something that stands out.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// When, and in which frame.
    pub moment: Moment,
    /// What.
    pub what: String,
    /// On which conversation.
    pub conversation: &'a Conversation,
}

/// What stands out on a conversation, in no order.
pub(super) fn of(conversation: &Conversation) -> Vec<Event<'_>> {
    let flow = &conversation.flow;
    let mut events = Vec::new();
    let mut tell = |moment: Moment, what: String| events.push(Event { moment, what, conversation });
    if flow.tries.count > 1 || is_failure(conversation.outcome) {
        let asked = match flow.key.transport {
            Transport::Tcp => "SYN",
            Transport::Udp => "request",
            Transport::Icmp => "echo request",
        };
        for (at, moment) in flow.tries.kept().into_iter().enumerate() {
            tell(moment, if at == 0 { asked.to_owned() } else { format!("{asked} again") });
        }
        if let Some(answer) = flow.answers.begin() {
            tell(answer, "answered with SYN-ACK".to_owned());
        }
    }
    for reset in flow.resets.iter().filter(|reset| !reset.after_fin) {
        tell(reset.moment, cut(conversation, reset).to_owned());
    }
    for report in &flow.icmp {
        let version = if report.error.v6 { "ICMPv6" } else { "ICMP" };
        tell(report.moment, format!("{version} {}/{} from {}", report.error.kind, report.error.code, report.sender));
    }
    if let (Outcome::Stalled, Some(since)) = (conversation.outcome, silence(flow)) {
        tell(since, "nothing is answered from here on".to_owned());
    }
    if let Some(slowest) = &conversation.seen.slowest {
        let waited = slowest.answer.time.since(slowest.call.moment.time);
        if waited >= LATE {
            tell(slowest.answer, format!("answer to {} after {waited}", slowest.call.what));
        }
    }
    events
}

fn cut(conversation: &Conversation, reset: &Reset) -> &'static str {
    match (conversation.outcome, reset.side) {
        (Outcome::Refused, Side::Responder) => "refused: RST from the server's address",
        (_, Side::Responder) => "RST from the server's address",
        (_, Side::Initiator) => "RST from the client's address",
    }
}

/// An answer that a person notices.
const LATE: Span = Span::seconds(3);
