//! The member `at` of the JSON document.

use serde_json::{Value, json};

use super::{At, Coverage};
use crate::flow::{Endpoint, Moment, Transport};
use crate::observe::Conversation;
use crate::report::Report;
use crate::time::Time;

impl At<'_> {
    /// What is known of the moment, for scripts.
    pub fn document(&self, report: &Report<'_>) -> Value {
        let digits = report.captures().iter().map(|health| health.summary.precision).max().unwrap_or(6);
        let time = |time: Time| time.rfc3339(digits);
        let (before, after) = match self.coverage {
            Coverage::Captured => (None, None),
            Coverage::Outside(before, after) => (before, after),
        };
        let under_way = self.under_way.iter().take(MOST_CONVERSATIONS).map(|one| {
            let outcome = one.conversation.outcome.word();
            let stood = json!({"state": one.state.word(), "since": time(one.since.time), "outcome": outcome});
            entry(one.conversation, one.conversation.flow.first, stood)
        });
        let events = self.around.events.iter().map(|event| {
            let happened = json!({"time": time(event.moment.time), "what": event.what});
            entry(event.conversation, event.moment, happened)
        });
        json!({
            "from": time(self.asked.0),
            "to": time(self.asked.1),
            "captured": self.coverage == Coverage::Captured,
            "last_before": before.map(time),
            "first_after": after.map(time),
            "findings": self.findings.iter().map(|finding| finding.id.as_str()).collect::<Vec<_>>(),
            "conversations": under_way.collect::<Vec<_>>(),
            "conversations_left_out": self.under_way.len().saturating_sub(MOST_CONVERSATIONS),
            "around": {
                "from": time(self.around.from),
                "to": time(self.around.to),
                "began": self.around.began,
                "reached": self.around.reached,
                "failed": self.around.failed,
                "events": events.collect::<Vec<_>>(),
                "events_left_out": self.around.left_out,
            },
        })
    }
}

/// A conversation and one of its frames, and more.
fn entry(conversation: &Conversation, moment: Moment, more: Value) -> Value {
    let flow = &conversation.flow;
    let has_port = flow.key.transport != Transport::Icmp;
    let end = |end: Endpoint| json!({"address": end.address.to_string(), "port": has_port.then_some(end.port)});
    let mut entry = json!({
        "transport": flow.key.transport.word(),
        "client": end(flow.initiator),
        "server": end(flow.responder),
        "service": conversation.service,
        "capture": moment.frame.capture(),
        "frame": moment.frame.number(),
    });
    if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
        entry.extend(more);
    }
    entry
}

/// Conversations listed.
const MOST_CONVERSATIONS: usize = 1_000;
