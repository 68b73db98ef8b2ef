//! The ports that a failover needs together: when several are blocked in one cluster, none of them is
//! the story alone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::Uuid;

use super::heartbeat::HEARTBEAT;
use crate::diagnose::context::LIFE;
use crate::diagnose::groups::Groups;
use crate::diagnose::path::{Blocked, Path, Paths};
use crate::diagnose::{Context, Evidence, Kind};
use crate::flow::Transport;
use crate::time::Time;

/// What a failover is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strand {
    Heartbeat,
    Replication,
    ClusterRpc,
    Witness,
}

/// One blocked port of a cluster.
#[derive(Debug)]
struct Part {
    strand: Strand,
    path: Path,
    kind: Kind,
    first: Time,
    last: Time,
    /// Its most telling frame.
    evidence: Option<Evidence>,
}

/// Where two strands or more of one cluster are blocked at one time, each becomes part of that story.
pub(super) fn retell(context: &Context<'_>, paths: &mut Paths) {
    let clusters = clusters(context);
    let mut stories: BTreeMap<IpAddr, Vec<Part>> = BTreeMap::new();
    for blocked in paths.blocked() {
        if let Some(strand) = between_members(&blocked) {
            stories.entry(clusters.of(node(context, blocked.path.0))).or_default().push(Part::new(strand, &blocked));
        }
    }
    for blocked in paths.blocked() {
        if let Some(cluster) = witness_of(context, &clusters, &stories, &blocked)
            && let Some(parts) = stories.get_mut(&cluster)
        {
            parts.push(Part::new(Strand::Witness, &blocked));
        }
    }
    for parts in stories.into_values() {
        let strands: BTreeSet<Strand> = parts.iter().map(|part| part.strand).collect();
        if strands.len() < 2 || !at_one_time(&parts) {
            continue;
        }
        for part in &parts {
            let others: Vec<&Part> = parts.iter().filter(|other| other.path != part.path).collect();
            paths.retell(part.path, part.kind, |judgement| told_with(judgement, &others));
        }
    }
}

fn told_with(mut judgement: crate::diagnose::Judgement, others: &[&Part]) -> crate::diagnose::Judgement {
    let named: Vec<String> = others.iter().take(MOST_NAMED).map(|part| part.name()).collect();
    judgement.because.insert(0, format!("blocked together with it: {}", named.join("; ")));
    let parts: Vec<Evidence> = others.iter().take(MOST_NAMED).filter_map(|part| part.evidence.clone()).collect();
    // Its own first frame stays in front; the parts of the story must not be cut off behind the rest.
    let rest = judgement.evidence.split_off(judgement.evidence.len().min(1));
    judgement.evidence.extend(parts);
    judgement.evidence.extend(rest);
    judgement.kind = Kind::FailoverBlocked;
    judgement.confidence = (judgement.confidence + CONFIRMED).min(0.97);
    judgement
}

impl Part {
    fn new(strand: Strand, blocked: &Blocked<'_>) -> Self {
        let mut part = Self {
            strand,
            path: blocked.path,
            kind: blocked.judgement.kind,
            first: blocked.first,
            last: blocked.last,
            evidence: None,
        };
        part.evidence = blocked
            .judgement
            .evidence
            .first()
            .map(|first| Evidence { frame: first.frame, note: format!("{}: {}", part.name(), first.note) });
        part
    }

    fn name(&self) -> String {
        let (client, server, transport, port) = self.path;
        let what = match self.strand {
            Strand::Heartbeat => "heartbeats",
            Strand::Replication => "log shipping",
            Strand::ClusterRpc => "cluster RPC",
            Strand::Witness => "SMB, as to a witness",
        };
        format!("{what} ({} {port}, {client} to {server})", transport.word().to_uppercase())
    }
}

/// What a blocked path between two members of a cluster is for.
fn between_members(blocked: &Blocked<'_>) -> Option<Strand> {
    let (_, _, transport, port) = blocked.path;
    match (transport, port) {
        (Transport::Udp, HEARTBEAT) => Some(Strand::Heartbeat),
        (Transport::Tcp, HEARTBEAT) => Some(Strand::ClusterRpc),
        (Transport::Tcp, _) if blocked.service == "dag-replication" => Some(Strand::Replication),
        (Transport::Tcp, _) if blocked.judgement.interface.is_some_and(is_cluster_interface) => {
            Some(Strand::ClusterRpc)
        }
        _ => None,
    }
}

/// The cluster to whose failover a blocked SMB path belongs: its client is a member, and the server is
/// another member, is known as a witness, or is dialled while two other strands of that very member are
/// blocked (a member's own file shares would still be a coincidence, the witness is none).
fn witness_of(
    context: &Context<'_>,
    clusters: &Groups,
    stories: &BTreeMap<IpAddr, Vec<Part>>,
    blocked: &Blocked<'_>,
) -> Option<IpAddr> {
    let (client, server, transport, port) = blocked.path;
    if (transport, port) != (Transport::Tcp, SMB) {
        return None;
    }
    let member = node(context, client);
    let cluster = clusters.of(member);
    let parts = stories.get(&cluster)?;
    let is_member = clusters.of(node(context, server)) == cluster;
    let is_witness = context.roster.roles(server).any(|role| role == "witness");
    let of_member: BTreeSet<Strand> = parts
        .iter()
        .filter(|part| [part.path.0, part.path.1].iter().any(|&end| node(context, end) == member))
        .map(|part| part.strand)
        .collect();
    (is_member || is_witness || of_member.len() >= 2).then_some(cluster)
}

/// Hosts that speak as members of one cluster, or try to.
fn clusters(context: &Context<'_>) -> Groups {
    let mut groups = Groups::default();
    for one in &context.trace.conversations {
        let flow = &one.flow;
        let ports = [flow.initiator.port, flow.responder.port];
        let member = match flow.key.transport {
            Transport::Udp => ports.contains(&HEARTBEAT),
            Transport::Tcp => {
                flow.responder.port == HEARTBEAT
                    || one.service == "dag-replication"
                    || context.trace.interface(one).is_some_and(is_cluster_interface)
            }
            Transport::Icmp => false,
        };
        if member {
            groups.join(node(context, flow.initiator.address), node(context, flow.responder.address));
        }
    }
    groups
}

/// One address for each host, whichever of its addresses it uses.
pub(super) fn node(context: &Context<'_>, address: IpAddr) -> IpAddr {
    context.roster.host(address).and_then(|host| host.addresses.first()).copied().unwrap_or(address)
}

/// Whether the parts lie within one window.
fn at_one_time(parts: &[Part]) -> bool {
    let begin = parts.iter().map(|part| part.first).max();
    let end = parts.iter().map(|part| part.last).min();
    begin.zip(end).is_some_and(|(begin, end)| begin.since(end) <= LIFE)
}

/// ClusAPI ([MS-CMRP]).
pub(super) fn is_cluster_interface(interface: Uuid) -> bool {
    interface == CLUSAPI
}

const CLUSAPI: Uuid = Uuid::from_u128(0xb97d_b8b2_4c63_11cf_bff6_0800_2be2_3f2f);
const SMB: u16 = 445;
/// What the other strands add to the confidence in each.
const CONFIRMED: f64 = 0.1;
/// Parts named under one finding.
const MOST_NAMED: usize = 5;
