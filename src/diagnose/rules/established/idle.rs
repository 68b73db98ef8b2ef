//! A device forgot a connection that was idle (signatures.md e).

use super::{Peer, Quiet, stall, timers};
use crate::diagnose::rules::{Ruling, reset};
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind};
use crate::flow::{Flow, Moment, Pause, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// Decides whether a connection died of its silence: what was said after its longest pause got no answer,
/// or an RST that is not the host's.
pub(in crate::diagnose::rules) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    let Some(pause) = flow.pause.filter(|pause| !pause.answered && pause.span >= SHORTEST_PAUSE) else {
        return Ruling::Pass;
    };
    if flow.key.transport != Transport::Tcp {
        return Ruling::Pass;
    }
    let Some(bracket) = Bracket::of(context, conversation, pause) else { return Ruling::Pass };
    let found = silent(context, conversation, pause, &bracket).or_else(|| cut(context, conversation, pause));
    let Some(mut judgement) = found else { return Ruling::Pass };
    judgement.kind = Kind::IdleTimeout;
    judgement.confidence = (judgement.confidence + bracket.weight()).min(0.96);
    if judgement.attribution == Attribution::Endpoint {
        judgement.confidence = judgement.confidence.min(0.6);
    }
    let quiet_for = format!("nothing was said for {} before: {}", words(pause.span), bracket.sentence(pause.span));
    judgement.because.insert(0, quiet_for);
    if let Some(products) = bracket.products() {
        judgement.because.push(format!("such timers are the default of {products}"));
    }
    if bracket.died > 1 {
        judgement.because.push(format!(
            "{} connections to this port died after pauses of {} to {}",
            bracket.died,
            words(bracket.shortest_fatal),
            words(bracket.longest_fatal)
        ));
    }
    judgement.evidence.insert(0, Evidence { frame: pause.before.frame, note: "last packet before the pause".into() });
    if let Some(survived) = bracket.survived {
        let note = format!("first packet after a pause of {} that was survived", words(survived.span));
        judgement.evidence.push(Evidence { frame: survived.after.frame, note });
    }
    Ruling::Found(judgement)
}

/// The first words after the pause were repeated, and nothing came back.
fn silent(context: &Context<'_>, conversation: &Conversation, pause: Pause, bracket: &Bracket) -> Option<Judgement> {
    let quiet = Quiet::of(context, conversation)?;
    if quiet.speaker != pause.by || !follows(pause, quiet.since) {
        return None;
    }
    let peer = Peer::of(context, conversation, &quiet);
    // A host that was away for a moment just then would be chance, and is not where a timer is known or many die.
    let timer = peer.soon && (bracket.died > 1 || bracket.products().is_some());
    (peer.lives() || timer).then(|| stall::drop(context, conversation, &quiet, &peer))
}

/// The first words after the pause were answered by an RST, or an RST was the first word; not the host's own.
fn cut(context: &Context<'_>, conversation: &Conversation, pause: Pause) -> Option<Judgement> {
    let reset = conversation.flow.resets.first()?;
    let answers = reset.side != pause.by && reset.moment.time.since(pause.after.time) < AT_ONCE;
    let breaks = reset.moment == pause.after;
    if !answers && !breaks {
        return None;
    }
    match reset::judge(context, conversation) {
        Ruling::Found(judgement) if judgement.kind == Kind::MidstreamReset => Some(judgement),
        _ => None,
    }
}

/// Whether the silence began with the packet that broke the pause.
fn follows(pause: Pause, since: Moment) -> bool {
    since.time.since(pause.after.time).0.abs() < AT_ONCE.0
}

/// What the pauses of all connections on one path say of the timer.
struct Bracket {
    /// The longest pause that was survived.
    survived: Option<Pause>,
    /// Connections that died after a pause, this one among them.
    died: usize,
    shortest_fatal: Span,
    longest_fatal: Span,
}

impl Bracket {
    /// `None` when the pauses do not speak for a timer: as long ones were survived, or the fatal one is
    /// hardly longer than those, which would be chance.
    fn of(context: &Context<'_>, conversation: &Conversation, pause: Pause) -> Option<Self> {
        let own = &conversation.flow;
        let mut bracket =
            Self { survived: own.survived, died: 1, shortest_fatal: pause.span, longest_fatal: pause.span };
        let path = context.of_port(&conversation.flow);
        for flow in path.map(|other| &other.flow).filter(|flow| flow.initiator.address == own.initiator.address) {
            if let Some(survived) = flow.survived
                && bracket.survived.is_none_or(|longest| longest.span < survived.span)
            {
                bracket.survived = Some(survived);
            }
            if let Some(fatal) = fatal(flow).filter(|_| flow.first != own.first) {
                bracket.died += 1;
                bracket.shortest_fatal = bracket.shortest_fatal.min(fatal.span);
                bracket.longest_fatal = bracket.longest_fatal.max(fatal.span);
            }
        }
        bracket.tells().then_some(bracket)
    }

    fn tells(&self) -> bool {
        let survived = self.survived();
        let clear = self.shortest_fatal.0 >= survived.0.saturating_mul(2);
        let many = self.died > 1 || self.products().is_some();
        // Several that died, each after a pause well above all that were survived, are no chance.
        let apart = self.died > 1 && self.shortest_fatal.0 >= survived.0.saturating_add(survived.0 / 4);
        self.shortest_fatal > survived && (clear || apart || (many && self.shortest_fatal >= LONG_PAUSE))
    }

    fn survived(&self) -> Span {
        self.survived.map_or(Span(0), |pause| pause.span)
    }

    /// Devices whose default timer lies between what was survived and what was not.
    fn products(&self) -> Option<&'static str> {
        let lowest = self.survived().max(Span(self.shortest_fatal.0 / 2));
        timers::between(lowest, self.shortest_fatal).next().map(|timer| timer.products)
    }

    fn sentence(&self, fatal: Span) -> String {
        let upper = words(self.shortest_fatal);
        match self.survived {
            Some(survived) => {
                let lower = words(survived.span);
                format!("{} idle died, {lower} survived: a timer between {lower} and {upper}", words(fatal))
            }
            None => format!("an idle timer of at most {upper}"),
        }
    }

    fn weight(&self) -> f64 {
        let of = |holds: bool, weight: f64| if holds { weight } else { 0.0 };
        of(self.died > 1, 0.1) + of(self.survived.is_some(), 0.05) + of(self.products().is_some(), 0.1)
    }
}

/// The pause after which a connection got no more answers.
fn fatal(flow: &Flow) -> Option<Pause> {
    let pause = flow.pause.filter(|pause| !pause.answered && pause.span >= SHORTEST_PAUSE)?;
    let half = flow.half(pause.by);
    let repeated = half.delivery.repeated.as_ref().is_some_and(|repeated| repeated.count >= super::FEWEST_REPEATS);
    let since = half.delivery.open_since.or(half.tail_since)?;
    (repeated && follows(pause, since)).then_some(pause)
}

/// "9.1 s", "3,642 s (61 min)".
fn words(span: Span) -> String {
    let seconds = span.as_seconds();
    if seconds < 120.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s ({:.0} min)", seconds / 60.0) }
}

/// A pause that could be a timer's; no device forgets connections sooner.
const SHORTEST_PAUSE: Span = Span::seconds(3);
/// From here on pauses of similar length are no chance.
const LONG_PAUSE: Span = Span::seconds(60);
/// An answer, not a coincidence.
const AT_ONCE: Span = Span::seconds(1);
