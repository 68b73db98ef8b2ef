//! Which captures belong together, and how: following each other, side by side, or the same
//! packets seen from somewhere else.

use hashbrown::HashSet;

use crate::capture::Capture;
use crate::decode::{Decoded, Decoder, Payload};
use crate::time::{Span, Time};

/// How the inputs are to be read: traces, each a row of runs, each of captures that are read side
/// by side. The numbers are indexes among the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One diagnosis each.
    pub traces: Vec<Vec<Vec<u32>>>,
}

/// What a first look at a capture tells.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// Its earliest and latest packet. `None` without packets.
    pub span: Option<(Time, Time)>,
    /// Marks of its packets that a second vantage point would show too.
    marks: HashSet<u64>,
}

impl Glance {
    /// Looks through a capture. Costs about as much as counting its packets.
    pub fn of(capture: &mut Capture) -> Self {
        let (mut decoder, mut marks) = (Decoder::default(), HashSet::new());
        while let Some(frame) = capture.next() {
            if marks.len() < MOST_MARKS
                && let Decoded::Packet(packet) = decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, 0)
                && let Payload::Tcp(segment) = packet.payload
            {
                // What no router changes, and no two packets share: sequence numbers, but not the
                // TTL; addresses are left out, since NAT may lie between the vantage points.
                let numbers = u64::from(segment.sequence) << 32 | u64::from(segment.acknowledgement);
                let ports = u64::from(segment.source_port) << 16 | u64::from(segment.destination_port);
                let small = ports << 32 | u64::from(segment.control.0) << 24 | u64::from(segment.payload_len);
                let id = u64::from(packet.ip_id.unwrap_or(0));
                // Idle connections repeat themselves from file to file.
                if id == 0 && segment.payload_len <= 1 && !segment.control.syn() {
                    continue;
                }
                marks.insert(numbers.rotate_left(17) ^ small.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ id.rotate_left(48));
            }
        }
        let summary = capture.summary();
        Self { span: summary.first.zip(summary.last), marks }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self.span, other.span) {
            (Some(a), Some(b)) => a.0.max(b.0).plus(TOUCH) < a.1.min(b.1),
            _ => false,
        }
    }

    /// Whether both saw the same packets: more than the odd one that two captures in turn may share.
    ///
    /// Of two that follow each other, the first ends and the second begins with copies of one packet
    /// when the capture shows each packet twice, and a retransmission may look like a copy. Such are
    /// the same packets only when most of them are: two vantage points, whose clocks disagree.
    fn same_packets(&self, other: &Self) -> bool {
        let shared = self.marks.intersection(&other.marks).count();
        let fewer = self.marks.len().min(other.marks.len());
        if self.at_the_same_time(other) {
            shared >= 3 && shared * 20 >= fewer
        } else {
            shared >= 10 && shared * 4 >= fewer * 3 && self.is_apart(other)
        }
    }

    /// Whether the later of the two begins longer after the earlier one's end than copies come late: a capture of a
    /// trunk that is cut in the middle shows in its second piece what it showed in the first.
    fn is_apart(&self, other: &Self) -> bool {
        match (self.span, other.span) {
            (Some(a), Some(b)) => a.0.max(b.0).since(a.1.min(b.1)) >= LATEST_COPY,
            _ => false,
        }
    }

    fn at_the_same_time(&self, other: &Self) -> bool {
        match (self.span, other.span) {
            (Some(a), Some(b)) => a.0.max(b.0) < a.1.min(b.1),
            _ => false,
        }
    }
}

/// Sorts captures into traces. Those that overlap in time and hold the same packets come from
/// different vantage points and are never mixed; those that overlap and do not are read side by
/// side; the rest follow each other in the order in which they begin.
pub fn plan(glances: &[Glance]) -> Plan {
    let mut order: Vec<usize> = (0..glances.len()).collect();
    order.sort_by_key(|&at| (glances.get(at).and_then(|glance| glance.span), at));
    let mut traces: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let Some(glance) = glances.get(at) else { continue };
        let mine = |trace: &&mut Vec<usize>| {
            trace.iter().filter_map(|&other| glances.get(other)).all(|other| !glance.same_packets(other))
        };
        match traces.iter_mut().find(mine) {
            Some(trace) => trace.push(at),
            None => traces.push(vec![at]),
        }
    }
    Plan { traces: traces.iter().map(|trace| runs(trace, glances)).collect() }
}

fn runs(trace: &[usize], glances: &[Glance]) -> Vec<Vec<u32>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for &at in trace {
        let overlaps = |run: &Vec<usize>| {
            run.iter().any(|&other| match (glances.get(at), glances.get(other)) {
                (Some(one), Some(other)) => one.overlaps(other),
                _ => false,
            })
        };
        match runs.last_mut() {
            Some(run) if overlaps(run) => run.push(at),
            _ => runs.push(vec![at]),
        }
    }
    runs.into_iter().map(|run| run.into_iter().filter_map(|at| u32::try_from(at).ok()).collect()).collect()
}

/// Files of a ring touch: a packet stamped a little late may stand in the next file.
const TOUCH: Span = Span::seconds(2);
/// No mirror port is further behind another one.
const LATEST_COPY: Span = Span::seconds(1);
/// Enough packets to know a second vantage point by.
const MOST_MARKS: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(from: i64, to: i64, marks: std::ops::Range<u64>) -> Glance {
        Glance { span: Some((Time(Span::seconds(from).0), Time(Span::seconds(to).0))), marks: marks.collect() }
    }

    #[test]
    fn files_that_follow_each_other_are_one_trace_in_time_order() {
        let plan = plan(&[glance(20, 30, 200..300), glance(0, 10, 0..100), glance(10, 20, 100..200)]);
        assert_eq!(plan.traces, [vec![vec![1], vec![2], vec![0]]]);
    }

    #[test]
    fn the_same_packets_from_two_vantage_points_are_two_traces() {
        let plan =
            plan(&[glance(0, 10, 0..100), glance(0, 10, 0..90), glance(10, 20, 100..200), glance(10, 20, 100..190)]);
        assert_eq!(plan.traces, [vec![vec![0], vec![2]], vec![vec![1], vec![3]]]);
    }

    #[test]
    fn files_in_turn_may_share_the_packets_at_their_edge() {
        let plan = plan(&[glance(0, 10, 0..20), glance(10, 20, 10..30)]);
        assert_eq!(plan.traces, [vec![vec![0], vec![1]]]);
    }

    #[test]
    fn the_same_packets_under_another_clock_are_another_vantage_point() {
        let plan = plan(&[glance(0, 10, 0..100), glance(3600, 3610, 0..90)]);
        assert_eq!(plan.traces, [vec![vec![0]], vec![vec![1]]]);
    }

    #[test]
    fn a_piece_that_holds_only_late_copies_of_the_piece_before_it_goes_on_with_that_one() {
        let glance = |from: i64, to: i64| Glance {
            span: Some((Time(Span::millis(from).0), Time(Span::millis(to).0))),
            marks: (0..20).collect(),
        };
        assert_eq!(plan(&[glance(0, 200), glance(200, 320)]).traces, [vec![vec![0], vec![1]]]);
        assert_eq!(plan(&[glance(0, 200), glance(204, 1_900)]).traces, [vec![vec![0], vec![1]]], "and a pause");
        assert_eq!(plan(&[glance(0, 200), glance(5_200, 5_320)]).traces.len(), 2);
    }

    #[test]
    fn other_packets_of_the_same_time_are_read_side_by_side() {
        let plan = plan(&[glance(0, 10, 0..100), glance(5, 15, 100..200)]);
        assert_eq!(plan.traces, [vec![vec![0, 1]]]);
    }
}
