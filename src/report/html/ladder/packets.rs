//! Rungs from packets: which of those that were kept are worth a line.

use anyany_dissectors::Side;

use crate::decode::{Packet, Payload};
use crate::diagnose::{Attribution, Finding};
use crate::flow::{Endpoint, FlowKey, Transport};
use crate::proof::{Exhibit, Exhibits, Part, Role};
use crate::report::html::ladder::{Act, Ladder, Lane, Rung, Way, ghost};

/// The first attempt from its first packet to its last, and of all others the frames that the finding names.
pub(super) fn ladder(exhibits: &Exhibits, finding: &Finding) -> Ladder {
    let kept: Vec<(&Exhibit, &Role)> =
        exhibits.of(&finding.id).filter(|(_, role)| matches!(role.part, Part::Named | Part::Attempt)).collect();
    let mut lanes: Vec<FlowKey> = Vec::new();
    for (exhibit, _) in &kept {
        if let Some(key) = exhibit.packet.as_ref().and_then(FlowKey::of).filter(|key| is_own(finding, key))
            && !lanes.contains(&key)
        {
            lanes.push(key);
        }
    }
    let lane = |exhibit: &Exhibit| -> Option<Lane> {
        let key = FlowKey::of(exhibit.packet.as_ref()?)?;
        Lane::try_from(lanes.iter().position(|lane| *lane == key)?).ok()
    };
    let told: Option<Lane> =
        kept.iter().filter(|(_, role)| role.part == Part::Named).find_map(|(exhibit, _)| lane(exhibit));
    let chosen: Vec<&(&Exhibit, &Role)> = kept
        .iter()
        .filter(|(exhibit, role)| role.part == Part::Named || (told.is_some() && lane(exhibit) == told))
        .collect();
    let shown = ends(&chosen);
    let mut rungs: Vec<Rung> =
        shown.iter().map(|(exhibit, role)| rung(finding, exhibit, role, lane(exhibit))).collect();
    ghost::add(finding, &mut rungs, |one| {
        let of_lane = kept.iter().filter(|(exhibit, _)| lane(exhibit) == Some(one));
        of_lane.map(|(exhibit, role)| rung(finding, exhibit, role, Some(one))).collect()
    });
    Ladder { left_out: kept.len() - shown.len(), rungs }
}

/// The first and the last ones, and between them those that the finding names.
fn ends<'a>(chosen: &[&'a (&'a Exhibit, &'a Role)]) -> Vec<&'a (&'a Exhibit, &'a Role)> {
    let back = chosen.len().saturating_sub(BACK);
    let mut room = MOST_RUNGS.saturating_sub(FRONT + BACK);
    let mut take = |at: usize, role: &Role| {
        let between = at >= FRONT && at < back;
        if between && role.part == Part::Named && room > 0 {
            room -= 1;
            return true;
        }
        !between
    };
    chosen.iter().enumerate().filter(|(at, one)| take(*at, one.1)).map(|(_, one)| *one).collect()
}

fn is_own(finding: &Finding, key: &FlowKey) -> bool {
    let (Some(client), Some(server), Some(port)) = (&finding.client, &finding.server, finding.port) else {
        return false;
    };
    let server = Endpoint { address: server.address, port };
    let other = if key.low == server { key.high } else { key.low };
    finding.transport == Some(key.transport)
        && (key.low == server || key.high == server)
        && other.address == client.address
}

fn rung(finding: &Finding, exhibit: &Exhibit, role: &Role, lane: Option<Lane>) -> Rung {
    let (act, what) =
        exhibit.packet.as_ref().map_or_else(|| (Act::Goes, "ARP, or a fragment".to_owned()), |packet| what(packet));
    Rung {
        time: Some(exhibit.time),
        frame: Some(exhibit.frame),
        way: way(finding, exhibit, role, act),
        named: role.part == Part::Named,
        port: exhibit.packet.as_ref().and_then(|packet| server_port(finding, packet)),
        note: (role.part == Part::Named && role.note != what).then(|| role.note.clone()),
        what,
        act,
        lane,
    }
}

/// Between whom a packet went. An RST in the server's name that is said to be another machine's comes
/// from between the two.
fn way(finding: &Finding, exhibit: &Exhibit, role: &Role, act: Act) -> Way {
    let (Some(client), Some(server)) = (&finding.client, &finding.server) else { return Way::Unknown };
    let foreign = finding.judgement.attribution == Attribution::Network && role.part == Part::Named;
    match (exhibit.side(finding), exhibit.packet.as_ref()) {
        (Some(side), _) if act == Act::Refuses && foreign => Way::Between(other(side)),
        (Some(side), _) => Way::From(side),
        (None, Some(packet)) => {
            let is_error = matches!(packet.payload, Payload::IcmpError(_));
            match (packet.source, packet.destination) {
                (_, to) if to == client.address && is_error => Way::Between(Side::Initiator),
                (_, to) if to == server.address && is_error => Way::Between(Side::Responder),
                (from, to) if from == server.address || to == server.address => Way::Aside(Side::Responder),
                (from, to) if from == client.address || to == client.address => Way::Aside(Side::Initiator),
                _ => Way::Unknown,
            }
        }
        (None, None) => Way::Unknown,
    }
}

pub(super) fn other(side: Side) -> Side {
    match side {
        Side::Initiator => Side::Responder,
        Side::Responder => Side::Initiator,
    }
}

/// What a packet does, and the same in a word or two.
fn what(packet: &Packet<'_>) -> (Act, String) {
    match &packet.payload {
        Payload::Tcp(segment) => {
            let control = segment.control;
            match (control.syn(), control.rst(), control.fin(), octets(segment.payload_len)) {
                (true, ..) if control.ack() => (Act::Agrees, "SYN-ACK".to_owned()),
                (true, ..) => (Act::Asks, "SYN".to_owned()),
                (_, true, ..) => (Act::Refuses, "RST".to_owned()),
                (_, _, true, None) => (Act::Goes, "FIN".to_owned()),
                (_, _, true, Some(octets)) => (Act::Speaks, format!("{octets}, FIN")),
                (_, _, _, Some(octets)) => (Act::Speaks, octets),
                (_, _, _, None) => (Act::Goes, "ACK".to_owned()),
            }
        }
        Payload::Udp(datagram) => {
            (Act::Speaks, octets(datagram.payload_len).unwrap_or_else(|| "empty datagram".to_owned()))
        }
        Payload::IcmpError(error) => {
            let name = if error.v6 { "ICMPv6" } else { "ICMP" };
            (Act::Refuses, format!("{name} {}/{}", error.kind, error.code))
        }
        Payload::Echo { request: true, .. } => (Act::Speaks, "ping".to_owned()),
        Payload::Echo { request: false, .. } => (Act::Speaks, "answer to a ping".to_owned()),
        Payload::Other(protocol) => (Act::Goes, format!("IP protocol {protocol}")),
    }
}

fn octets(length: u32) -> Option<String> {
    match length {
        0 => None,
        1 => Some("1 octet".to_owned()),
        length => Some(format!("{length} octets")),
    }
}

/// The port of the end that is the finding's server.
fn server_port(finding: &Finding, packet: &Packet<'_>) -> Option<u16> {
    let server = finding.server.as_ref()?.address;
    let key = FlowKey::of(packet).filter(|key| key.transport != Transport::Icmp)?;
    let end = [key.low, key.high].into_iter().find(|end| end.address == server)?;
    Some(end.port)
}

/// Rungs of one ladder: what fits a reader's eye.
const MOST_RUNGS: usize = 24;
/// Of these, the first ones.
const FRONT: usize = 8;
/// And the last ones.
const BACK: usize = 8;
