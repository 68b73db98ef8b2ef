//! Judgements of single conversations, gathered into one finding per path and kind.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::asked::Asked;
use crate::diagnose::{Context, Evidence, Finding, Judgement, Kind, Party, Severity, Verdict};
use crate::flow::{Endpoint, Outcome, Transport};
use crate::observe::Conversation;
use crate::time::Time;

/// Client, server, what carries it, and the server's port.
pub(super) type Path = (IpAddr, IpAddr, Transport, u16);

/// Failed attempts by path and kind.
#[derive(Debug, Default)]
pub struct Paths {
    failed: BTreeMap<(Path, Kind), Failed>,
    beyond: u64,
}

/// The path of a conversation.
pub(super) fn path_of(conversation: &Conversation) -> Path {
    let flow = &conversation.flow;
    (flow.initiator.address, flow.responder.address, flow.key.transport, flow.responder.port)
}

/// A path that is blocked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocked<'a> {
    /// The path.
    pub(super) path: Path,
    /// The service; a word of the contract.
    pub(super) service: &'static str,
    /// Why.
    pub(super) judgement: &'a Judgement,
    /// The first failure.
    pub(super) first: Time,
    /// The last one.
    pub(super) last: Time,
}

/// Attempts on one path that failed in one way.
#[derive(Debug)]
struct Failed {
    judgement: Judgement,
    service: &'static str,
    attempts: u64,
    /// SYNs or requests.
    tries: u64,
    /// What was asked in datagrams.
    asked: Asked,
    /// Attempts that met with more than silence.
    answered: u64,
    first: Time,
    last: Time,
    /// Evidence of the last attempt, when it is not the first.
    latest: Option<Vec<Evidence>>,
    /// Of what should have come and did not: the port it would have come from, where that is known, and
    /// when it last came.
    told: Option<(Option<u16>, Option<Time>)>,
}

/// What should have come on a path and did not, or came altered: read from several conversations.
#[derive(Debug)]
pub(super) struct Told {
    /// The sender of what is missing, and the port it would have sent from; 0 when that is not known.
    pub(super) client: Endpoint,
    /// Its promised receiver.
    pub(super) server: Endpoint,
    /// What would carry it.
    pub(super) transport: Transport,
    /// The service; a word of the contract.
    pub(super) service: &'static str,
    /// Attempts that show it; none of what was never tried.
    pub(super) attempts: u64,
    /// Since when it is missing.
    pub(super) first: Time,
    /// Until when it was looked for.
    pub(super) last: Time,
    /// When it last came.
    pub(super) last_success: Option<Time>,
    /// What that means.
    pub(super) judgement: Judgement,
}

impl Paths {
    /// Takes what a rule said of one conversation.
    pub(super) fn add(&mut self, context: &Context<'_>, conversation: &Conversation, judgement: Judgement) {
        let flow = &conversation.flow;
        let path = path_of(conversation);
        let failed = Failed {
            judgement,
            service: context.service(conversation),
            attempts: 1,
            tries: u64::from(flow.tries.count),
            asked: Asked::of(&conversation.flow),
            answered: u64::from(conversation.outcome != Outcome::Unanswered),
            first: flow.first.time,
            last: flow.last.time,
            latest: None,
            told: None,
        };
        self.put(path, failed);
    }

    /// Takes what several conversations together say of what should have come.
    pub(super) fn tell(&mut self, told: Told) {
        let path = (told.client.address, told.server.address, told.transport, told.server.port);
        let client_port = Some(told.client.port).filter(|&port| port != 0);
        let failed = Failed {
            judgement: told.judgement,
            service: told.service,
            attempts: told.attempts,
            tries: 0,
            asked: Asked::default(),
            answered: 0,
            first: told.first,
            last: told.last,
            latest: None,
            told: Some((client_port, told.last_success)),
        };
        self.put(path, failed);
    }

    fn put(&mut self, path: Path, new: Failed) {
        let key = (path, new.judgement.kind);
        if let Some(failed) = self.failed.get_mut(&key) {
            failed.attempts += new.attempts;
            failed.tries += new.tries;
            failed.asked.join(&new.asked);
            failed.answered += new.answered;
            failed.first = failed.first.min(new.first);
            failed.last = failed.last.max(new.last);
            failed.latest = Some(new.judgement.evidence.clone());
            if new.judgement.confidence > failed.judgement.confidence {
                let evidence = std::mem::take(&mut failed.judgement.evidence);
                failed.judgement = Judgement { evidence, ..new.judgement };
            }
            return;
        }
        if self.failed.len() >= MOST_FINDINGS {
            self.beyond += 1;
            return;
        }
        self.failed.insert(key, new);
    }

    /// All conversations were judged: what is too weak alone is weakened, and a more telling kind
    /// replaces the plain one for the same path.
    pub(super) fn settle(&mut self, context: &Context<'_>) {
        self.leave_strangers_alone(context);
        self.settle_single_tries(context);
        self.fold_into_more_telling();
    }

    /// What is blocked so far, in a fixed order.
    pub(super) fn blocked(&self) -> impl Iterator<Item = Blocked<'_>> {
        let blocked = self.failed.iter().filter(|((_, kind), _)| kind.verdict() == Verdict::Blocked);
        blocked.map(|(&(path, _), failed)| Blocked {
            path,
            service: failed.service,
            judgement: &failed.judgement,
            first: failed.first,
            last: failed.last,
        })
    }

    /// A path's failure becomes that of a more telling kind, with more reasons.
    pub(super) fn retell(&mut self, path: Path, plain: Kind, retell: impl FnOnce(Judgement) -> Judgement) {
        let Some(mut failed) = self.failed.remove(&(path, plain)) else { return };
        failed.judgement = retell(failed.judgement);
        self.absorb((path, failed.judgement.kind), failed);
    }

    /// The findings, and how many were left out.
    pub(super) fn findings(mut self, context: &Context<'_>) -> (Vec<Finding>, u64) {
        self.leave_crowded_alone(context);
        let findings = self.failed.into_iter().map(|((path, _), failed)| finding(path, failed, context)).collect();
        (findings, self.beyond)
    }

    /// Two strangers, at least one of them on the Internet: who filters there is not ours to say.
    fn leave_strangers_alone(&mut self, context: &Context<'_>) {
        let strange = |((client, server, ..), kind): &(Path, Kind)| {
            kind.verdict() == Verdict::Blocked && !context.concerns_us(*client, *server)
        };
        let strange: Vec<_> = self.failed.keys().copied().filter(strange).collect();
        for key in strange {
            self.weaken(key, 0.5, |_| "neither host is known, and one of them is outside".to_owned());
        }
    }

    /// What our own memory limit kept from being read proves nothing, just as what the capture lost.
    fn leave_crowded_alone(&mut self, context: &Context<'_>) {
        let crowded = |(&(path, kind), failed): (&(Path, Kind), &Failed)| {
            let hidden = kind.verdict() == Verdict::Blocked && context.crowded(path, failed.first, failed.last);
            hidden.then_some((path, kind))
        };
        let crowded: Vec<_> = self.failed.iter().filter_map(crowded).collect();
        for key in crowded {
            self.weaken(key, 0.5, |_| {
                "the memory limit kept other conversations of these hosts from being read, which might explain it"
                    .to_owned()
            });
        }
    }

    /// Too few tries in all, and nothing else that speaks for a block, is too little to say so.
    fn settle_single_tries(&mut self, context: &Context<'_>) {
        let weak = |(key, failed): (&(Path, Kind), &Failed)| {
            let enough = match key.1 {
                Kind::SynDropped => failed.tries >= FEWEST_TRIES,
                Kind::RpcDynamicPortBlocked => failed.tries >= FEWEST_TRIES_AFTER_MAPPER,
                Kind::UdpBlocked => {
                    let (client, server, transport, port) = key.0;
                    let mut successes = context.successes(client, Endpoint { address: server, port }, transport);
                    failed.asked.is_enough(successes.next().is_some())
                }
                _ => true,
            };
            (failed.answered == 0 && !enough).then_some(*key)
        };
        let weak: Vec<_> = self.failed.iter().filter_map(weak).collect();
        for key in weak {
            self.weaken(key, 0.6, |failed| format!("{} tries in all: their loss alone would explain it", failed.tries));
        }
    }

    /// What looked like a block is too little to say so.
    fn weaken(&mut self, key: (Path, Kind), most: f64, why: impl Fn(&Failed) -> String) {
        let Some(mut failed) = self.failed.remove(&key) else { return };
        failed.judgement.because.push(why(&failed));
        failed.judgement.kind = Kind::NoAnswer;
        failed.judgement.confidence = failed.judgement.confidence.min(most);
        self.absorb((key.0, Kind::NoAnswer), failed);
    }

    /// On one path the plain kinds become part of the telling one: attempts whose answer from the
    /// endpoint mapper was not seen are the same failure as those whose answer was.
    fn fold_into_more_telling(&mut self) {
        for (telling, plain) in TELLING {
            let told = self.failed.keys().filter(|(_, kind)| kind == telling);
            for path in told.map(|(path, _)| *path).collect::<Vec<_>>() {
                for plain in *plain {
                    if let Some(failed) = self.failed.remove(&(path, *plain)) {
                        self.absorb((path, *telling), failed);
                    }
                }
            }
        }
        // Weak words beside a strong one for the same path say nothing more.
        let blocked: Vec<Path> =
            self.failed.keys().filter(|(_, kind)| kind.verdict() == Verdict::Blocked).map(|(path, _)| *path).collect();
        for path in blocked {
            for weak in [Kind::NoAnswer, Kind::CaptureEdge] {
                if let Some(failed) = self.failed.remove(&(path, weak)) {
                    let into = Kind::ALL
                        .iter()
                        .find(|kind| kind.verdict() == Verdict::Blocked && self.failed.contains_key(&(path, **kind)));
                    if let Some(&into) = into {
                        self.absorb((path, into), failed);
                    }
                }
            }
        }
    }

    fn absorb(&mut self, key: (Path, Kind), other: Failed) {
        match self.failed.get_mut(&key) {
            Some(failed) => {
                failed.attempts += other.attempts;
                failed.tries += other.tries;
                failed.asked.join(&other.asked);
                failed.answered += other.answered;
                failed.first = failed.first.min(other.first);
                failed.last = failed.last.max(other.last);
            }
            None => {
                self.failed.insert(key, other);
            }
        }
    }
}

fn finding(path: Path, failed: Failed, context: &Context<'_>) -> Finding {
    let (client, server, transport, port) = path;
    let mut judgement = failed.judgement;
    let silence = matches!(
        judgement.kind,
        Kind::SynDropped | Kind::UdpBlocked | Kind::RpcDynamicPortBlocked | Kind::SynAckDropped
    );
    let lossy = context.loss.share();
    if silence && lossy > LOSS_THAT_MATTERS && failed.attempts < 2 {
        judgement
            .because
            .push(format!("the capture lost {:.1} % of the data, so one silent attempt proves nothing", lossy * 100.0));
        judgement.kind = Kind::NoAnswer;
        judgement.confidence = judgement.confidence.min(0.5);
    } else if silence && context.loss.unseen > 0 && lossy > LOSS_NOTED {
        judgement.confidence -= 0.05;
        judgement.because.push("the capture lost some packets, which makes silence a little less sure".to_owned());
    }
    if failed.attempts > 1 {
        judgement.because.push(match judgement.kind {
            Kind::MediaBlocked => format!("{} calls show it", failed.attempts),
            kind if kind.verdict() == Verdict::Altered => format!("{} connections show it", failed.attempts),
            _ => format!("{} attempts failed in this way", failed.attempts),
        });
        if judgement.kind.verdict() == Verdict::Blocked && judgement.confidence > SILENCE_ALONE {
            judgement.confidence = (judgement.confidence + 0.02).min(0.98);
        }
    }
    if let Some(latest) = failed.latest {
        judgement.evidence.extend(latest);
    }
    let mut seen = std::collections::BTreeSet::new();
    judgement.evidence.retain(|evidence| seen.insert(evidence.frame));
    judgement.evidence.truncate(MOST_EVIDENCE);
    let (client_port, (last_success, resolved)) = match failed.told {
        Some((port, last_success)) => (port, (last_success, false)),
        None => (None, successes(path, judgement.kind, (failed.first, failed.last), context)),
    };
    let role = |address| context.roster.role(address).to_owned();
    Finding {
        id: String::new(),
        severity: severity(context, client, server, judgement.kind),
        judgement,
        client: Some(Party { address: client, role: role(client) }),
        client_port,
        server: Some(Party { address: server, role: role(server) }),
        port: Some(port),
        transport: Some(transport),
        service: Some(failed.service),
        attempts: failed.attempts,
        first: Some(failed.first),
        last: Some(failed.last),
        last_success,
        resolved,
        incident: None,
    }
}

/// When the same client last reached the same port before the last failure, and whether it did after it.
/// An altered conversation reached the server too, and is no success.
fn successes(path: Path, kind: Kind, (first, last): (Time, Time), context: &Context<'_>) -> (Option<Time>, bool) {
    let (client, server, transport, port) = path;
    let altered = kind.verdict() == Verdict::Altered;
    let (mut success, mut resolved) = (None, false);
    for conversation in context.successes(client, Endpoint { address: server, port }, transport) {
        let flow = &conversation.flow;
        if flow.first.time > last {
            resolved = true;
        } else if altered && flow.last.time >= first {
            // The altered ones themselves, and what went on beside them.
        } else if success.is_none_or(|known| known < flow.first.time) {
            success = Some(flow.first.time);
        }
    }
    (success, resolved)
}

fn severity(context: &Context<'_>, client: IpAddr, server: IpAddr, kind: Kind) -> Severity {
    let ours = |address| {
        let mut roles = context.roster.roles(address);
        roles.any(|role| {
            !matches!(role, "unknown" | "client" | "outlook" | "relay" | "web-client" | "admin" | "monitor")
        })
    };
    match (kind.verdict(), ours(client), ours(server)) {
        (Verdict::Blocked, true, true) => Severity::Critical,
        (Verdict::Blocked, true, false) | (Verdict::Blocked, false, true) | (Verdict::Altered, true, true) => {
            Severity::High
        }
        (Verdict::Blocked, false, false) | (Verdict::Altered, _, _) => Severity::Medium,
        (Verdict::NotBlocked | Verdict::Inconclusive, _, _) if kind == Kind::CaptureEdge => Severity::Info,
        (Verdict::NotBlocked | Verdict::Inconclusive, _, _) => Severity::Low,
    }
}

/// Of findings in order, those beyond [`MOST_WEAK`] that say nothing grave are left out. Returns how many attempts
/// they are about.
pub(super) fn leave_out_weak(findings: &mut Vec<Finding>) -> u64 {
    let (mut weak, mut left_out) = (0, 0);
    findings.retain(|finding| {
        let grave = matches!(finding.judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered);
        if grave || finding.client.is_none() {
            return true;
        }
        weak += 1;
        left_out += if weak > MOST_WEAK { finding.attempts } else { 0 };
        weak <= MOST_WEAK
    });
    left_out
}

/// Blocks before the rest, then by severity, confidence and number of attempts; then in a fixed order.
pub(super) fn gravest_first(a: &Finding, b: &Finding) -> Ordering {
    let weight = |finding: &Finding| (finding.judgement.kind.verdict(), std::cmp::Reverse(finding.severity));
    let place = |finding: &Finding| {
        (finding.client.clone(), finding.server.clone(), finding.transport, finding.port, finding.judgement.kind)
    };
    weight(a)
        .cmp(&weight(b))
        .then_with(|| b.judgement.confidence.total_cmp(&a.judgement.confidence))
        .then_with(|| b.attempts.cmp(&a.attempts))
        .then_with(|| place(a).cmp(&place(b)))
        .then_with(|| a.first.cmp(&b.first))
}

/// Kinds that tell more, and the plain ones that say less of the same failure.
const TELLING: &[(Kind, &[Kind])] = &[
    (
        Kind::RpcDynamicPortBlocked,
        &[Kind::SynDropped, Kind::SynRejected, Kind::IcmpProhibited, Kind::SynAckDropped, Kind::NoAnswer],
    ),
    (Kind::TlsBlocked, &[Kind::MidstreamDrop, Kind::MidstreamReset]),
    (Kind::PmtuBlackHole, &[Kind::MidstreamDrop]),
    (Kind::IdleTimeout, &[Kind::MidstreamDrop]),
];
/// Paths with findings; a scan can touch every port of a network.
pub const MOST_FINDINGS: usize = crate::observe::MOST_TRIED;
/// Findings that say neither "blocked" nor "altered": more than that nobody reads.
const MOST_WEAK: usize = 1_000;
/// Tries of one path without which silence is not a block.
const FEWEST_TRIES: u64 = 3;
/// Tries of a port that the endpoint mapper has just named: it is surely there.
const FEWEST_TRIES_AFTER_MAPPER: u64 = 2;
/// What silence alone may reach (contract).
const SILENCE_ALONE: f64 = 0.7;
/// Frames named under one finding.
const MOST_EVIDENCE: usize = 12;
/// A capture that lost more data than this proves nothing by one attempt (signatures.md, n).
const LOSS_THAT_MATTERS: f64 = 0.01;
/// From here on loss is mentioned.
const LOSS_NOTED: f64 = 0.001;
