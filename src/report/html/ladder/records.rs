//! Rungs from the records of conversations, where the captures could not be read twice: the frames that a
//! record remembers, and those that the finding names.

use anyany_dissectors::Side;

use crate::diagnose::Finding;
use crate::flow::{Moment, Transport};
use crate::observe::Conversation;
use crate::report::html::Material;
use crate::report::html::ladder::{Act, Ladder, Lane, Rung, Way, ghost};

/// The finding's first conversation as far as it is remembered, then what else the finding names.
pub(super) fn ladder(material: &Material<'_>, finding: &Finding) -> Ladder {
    let evidence = &finding.judgement.evidence;
    let own = material.trace(finding).map(|trace| material.attempts.own(trace, finding)).unwrap_or_default();
    let named = |rungs: &[Rung]| evidence.iter().any(|one| rungs.iter().any(|rung| rung.frame == Some(one.frame)));
    let mut rungs = own.iter().map(|one| remembered(finding, one)).find(|rungs| named(rungs)).unwrap_or_default();
    for one in evidence {
        match rungs.iter_mut().find(|rung| rung.frame == Some(one.frame)) {
            Some(rung) => {
                rung.named = true;
                rung.note = (rung.what != one.note).then(|| one.note.clone());
            }
            None => rungs.push(Rung {
                time: None,
                frame: Some(one.frame),
                way: Way::Unknown,
                what: one.note.clone(),
                port: None,
                named: true,
                note: None,
                act: Act::Goes,
                lane: None,
            }),
        }
    }
    rungs.sort_by_key(|rung| rung.frame);
    let left_out = rungs.len().saturating_sub(MOST_RUNGS);
    rungs.truncate(MOST_RUNGS);
    let known = rungs.clone();
    ghost::add(finding, &mut rungs, |lane| known.iter().filter(|rung| rung.lane == Some(lane)).cloned().collect());
    Ladder { rungs, left_out }
}

/// The packets of one conversation whose frames its record holds.
fn remembered(finding: &Finding, one: &Conversation) -> Vec<Rung> {
    let flow = &one.flow;
    let [client, server] = &flow.halves;
    let mut rungs = Vec::new();
    let mut add = |moment: Moment, side: Side, what: &str, act: Act| {
        if rungs.iter().all(|rung: &Rung| rung.frame != Some(moment.frame)) {
            rungs.push(Rung {
                time: Some(moment.time),
                frame: Some(moment.frame),
                way: Way::From(side),
                what: what.to_owned(),
                port: finding.port,
                named: false,
                note: None,
                act,
                lane: Some(ONLY),
            });
        }
    };
    for moment in flow.tries.kept() {
        let (act, what) =
            if flow.key.transport == Transport::Tcp { (Act::Asks, "SYN") } else { (Act::Speaks, "request") };
        add(moment, Side::Initiator, what, act);
    }
    flow.answers.kept().into_iter().for_each(|moment| add(moment, Side::Responder, "SYN-ACK", Act::Agrees));
    flow.resets.iter().for_each(|reset| add(reset.moment, reset.side, "RST", Act::Refuses));
    for (half, side) in [(client, Side::Initiator), (server, Side::Responder)] {
        half.first_data.into_iter().for_each(|moment| add(moment, side, "first octets", Act::Speaks));
        half.last_new_data.into_iter().for_each(|moment| add(moment, side, "last new octets", Act::Speaks));
        half.fin.into_iter().for_each(|moment| add(moment, side, "FIN", Act::Goes));
        half.last.into_iter().for_each(|moment| add(moment, side, "last packet", Act::Goes));
    }
    rungs
}

/// The conversation that is drawn.
const ONLY: Lane = 0;
/// Rungs of one ladder.
const MOST_RUNGS: usize = 24;
