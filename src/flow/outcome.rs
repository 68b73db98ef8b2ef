//! How a flow ended: the contract's word and Zeek's.

use anyany_dissectors::Side;

use crate::flow::{Flow, IcmpReport, Reset, Transport};

/// What became of a flow; the words are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Ended by FIN from both sides, or by RST after a FIN.
    Closed,
    /// Still going when the capture ended.
    Open,
    /// Nothing but SYNs or requests, never an answer.
    Unanswered,
    /// SYN answered by RST.
    Refused,
    /// Answered by an ICMP error only.
    IcmpRejected,
    /// Cut off by an RST in the initiator's name.
    ResetByClient,
    /// Cut off by an RST in the responder's name.
    ResetByServer,
    /// Established, then one side retransmits into silence.
    Stalled,
    /// SYN and SYN-ACK, and no more from the initiator.
    HalfOpen,
    /// One direction only, with data or acknowledgements.
    OneSided,
    /// UDP or echo, both ways.
    Datagrams,
}

impl Outcome {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::IcmpRejected => "icmp-rejected",
            Self::ResetByClient => "reset-by-client",
            Self::ResetByServer => "reset-by-server",
            Self::Stalled => "stalled",
            Self::HalfOpen => "half-open",
            Self::OneSided => "one-sided",
            Self::Datagrams => "datagrams",
        }
    }

    /// Whether both sides understood each other at least once.
    pub fn reached(self) -> bool {
        !matches!(self, Self::Unanswered | Self::Refused | Self::IcmpRejected | Self::HalfOpen | Self::OneSided)
    }
}

/// Zeek's connection states (scripts/base/protocols/conn/main.zeek).
pub type ConnState = &'static str;

impl Flow {
    /// The contract's word for how it ended. `asks` says whether a datagram of this flow asks for an
    /// answer (a request) or does not (media, heartbeats, notifications).
    pub fn outcome(&self, asks: bool) -> Outcome {
        match self.key.transport {
            Transport::Tcp => self.tcp_outcome(),
            Transport::Udp | Transport::Icmp => {
                let [initiator, responder] = self.halves.each_ref().map(|half| half.packets > 0);
                match (initiator, responder) {
                    (true, true) => Outcome::Datagrams,
                    // Someone complains of an answer: it was sent, and the capture has not got it.
                    (true, false) if self.icmp.iter().any(|report| report.about == Side::Responder) => {
                        Outcome::OneSided
                    }
                    _ if self.rejected_by_icmp() => Outcome::IcmpRejected,
                    (true, false) if asks => Outcome::Unanswered,
                    _ => Outcome::OneSided,
                }
            }
        }
    }

    fn tcp_outcome(&self) -> Outcome {
        let (initiator, responder) = (self.half(Side::Initiator), self.half(Side::Responder));
        if responder.packets == 0 {
            // A SYN may carry data (RFC 7413). An RST behind it answers a SYN-ACK: stacks that give up say nothing.
            let only_syns = initiator.fin.is_none() && initiator.packets == u64::from(self.tries.count);
            return match only_syns {
                true if self.rejected_by_icmp() => Outcome::IcmpRejected,
                true => Outcome::Unanswered,
                false => Outcome::OneSided,
            };
        }
        if initiator.packets == 0 {
            return Outcome::OneSided;
        }
        if self.tries.count > 0 && self.answers.count == 0 && self.established.is_none() {
            let refused = self.resets.iter().any(|reset| reset.side == Side::Responder);
            let silent = responder.data_packets == 0 && !self.history.has(Side::Responder, b'A');
            if refused && silent {
                return Outcome::Refused;
            }
        }
        if self.answers.count > 1 && self.is_reset_unfinished() {
            return Outcome::HalfOpen;
        }
        if let Some(reset) = self.cut() {
            return match reset.side {
                _ if reset.after_fin => Outcome::Closed,
                side if self.gave_up(side) => Outcome::Stalled,
                Side::Initiator => Outcome::ResetByClient,
                Side::Responder => Outcome::ResetByServer,
            };
        }
        if self.halves.iter().all(|half| half.fin.is_some()) {
            return Outcome::Closed;
        }
        if self.answers.count > 0 && self.established.is_none() {
            return Outcome::HalfOpen;
        }
        if self.halves.iter().any(|half| half.tail_retransmissions >= INTO_SILENCE) {
            return Outcome::Stalled;
        }
        Outcome::Open
    }

    /// The RST that cut the flow off. One that came before the handshake was complete did not: the client
    /// tried again, and was let in.
    pub fn cut(&self) -> Option<&Reset> {
        self.resets.iter().find(|reset| self.established.is_none() || reset.mid_stream)
    }

    /// Whether the responder gave up a handshake that the initiator never completed.
    fn is_reset_unfinished(&self) -> bool {
        self.established.is_none() && self.cut().is_some_and(|reset| reset.side == Side::Responder)
    }

    /// Whether `side` reset the flow because its retransmissions ran out: that RST is the victim's.
    fn gave_up(&self, side: Side) -> bool {
        self.half(side).tail_retransmissions >= INTO_SILENCE
    }

    /// Whether an ICMP error says that the initiator's packets do not arrive. "Fragmentation needed"
    /// asks for smaller ones, and "time exceeded" is a routing loop; neither rejects the flow.
    pub fn rejected_by_icmp(&self) -> bool {
        self.icmp.iter().any(|report| report.about == Side::Initiator && report.is_undeliverable())
    }

    /// Zeek's word for how it ended. Where Zeek calls a lone RST `RSTOS0` or `RSTRH` although there
    /// never was a SYN (zeek/zeek#1164), this is `OTH`.
    pub fn conn_state(&self) -> ConnState {
        let (initiator, responder) = (self.half(Side::Initiator), self.half(Side::Responder));
        if self.key.transport == Transport::Icmp {
            return "OTH";
        }
        if self.key.transport == Transport::Udp {
            return match (initiator.packets > 0, responder.packets > 0) {
                (true, true) => "SF",
                (true, false) => "S0",
                (false, true) => "SHR",
                (false, false) => "OTH",
            };
        }
        let reset_by = self.cut().map(|reset| reset.side);
        let (syn, answered) = (self.tries.count > 0, self.answers.count > 0);
        let spoke = answered || responder.data_packets > 0 || self.history.has(Side::Responder, b'A');
        match (reset_by, initiator.fin.is_some(), responder.fin.is_some()) {
            (Some(_), _, _) if !syn && !answered => "OTH",
            (Some(Side::Responder), _, _) if syn && !spoke => "REJ",
            (Some(Side::Responder), _, _) if !syn => "RSTRH",
            (Some(Side::Responder), _, _) => "RSTR",
            (Some(Side::Initiator), _, _) if !spoke => "RSTOS0",
            (Some(Side::Initiator), _, _) => "RSTO",
            (None, true, true) => "SF",
            (None, true, false) if syn && !spoke => "SH",
            (None, true, false) if syn => "S2",
            (None, false, true) if answered && !syn => "SHR",
            (None, false, true) if syn => "S3",
            (None, false, false) if syn && !spoke => "S0",
            (None, false, false) if syn && answered => "S1",
            _ => "OTH",
        }
    }
}

impl IcmpReport {
    /// Whether it says that the packet does not arrive, whatever its size.
    pub fn is_undeliverable(&self) -> bool {
        unreachable(self.error.v6, self.error.kind, self.error.code)
    }
}

/// Whether an ICMP error says "does not arrive" (RFC 792, RFC 4443).
fn unreachable(v6: bool, kind: u8, code: u8) -> bool {
    match (v6, kind) {
        (false, 3) => code != 4,
        (true, 1) => true,
        _ => false,
    }
}

/// Repeating this often without hearing anything is silence, not loss.
const INTO_SILENCE: u32 = 3;
