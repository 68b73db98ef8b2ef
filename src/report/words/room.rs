//! What a memory limit kept from being read.

use crate::report::Report;
use crate::report::text::count;

/// What was let go for want of room, as sentences; none where there was room for all.
pub fn crowding(report: &Report<'_>) -> Vec<String> {
    let (mut unanswered, mut answered, mut unread, mut given_up) = (0, 0, 0, 0);
    for trace in report.traces {
        let total = trace.crowd.total();
        unanswered += total.unanswered;
        answered += total.answered;
        unread += total.unread;
        given_up += trace.given_up;
    }
    let mut told = Vec::new();
    if unanswered > 0 {
        let syns = count(unanswered, "unanswered SYN was", "unanswered SYNs were");
        told.push(format!("the memory limit was reached: {syns} counted by server port and not kept one by one"));
    }
    if answered > 0 {
        let ended = count(answered, "conversation that ended in order was", "conversations that ended in order were");
        told.push(format!("the memory limit was reached: {ended} counted by path and not kept one by one"));
    }
    if unread > 0 {
        let packets = count(unread, "packet", "packets");
        told.push(format!(
            "the memory limit was reached: {packets} of further conversations were counted and not read; \
             where they were, nothing is called blocked"
        ));
    }
    if given_up > 0 {
        let times = count(given_up, "time", "times");
        told.push(format!("the memory limit was reached: {times} the content of a conversation was not read on"));
    }
    told
}
