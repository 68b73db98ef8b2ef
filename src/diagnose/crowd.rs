//! Flows that a memory limit kept from being read: they may be what would clear a block.

use std::net::IpAddr;

use crate::diagnose::Context;
use crate::diagnose::path::Path;
use crate::flow::{Crowded, Endpoint, Transport};
use crate::time::{Span, Time};

impl Context<'_> {
    /// Whether flows that were only counted may show that a path is not blocked: that its server answered there,
    /// was overrun, or was away as a whole.
    pub(super) fn crowded(&self, (client, server, transport, port): Path, from: Time, to: Time) -> bool {
        let crowd = &self.trace.crowd;
        if crowd.is_empty() {
            return false;
        }
        let (from, to) = (from.minus(AROUND), to.plus(AROUND));
        if crowd.others.touches(from, to) {
            return true;
        }
        let of = |host: IpAddr| {
            let addresses = self.roster.addresses(host);
            addresses.into_iter().flat_map(|address| {
                let ports = Endpoint { address, port: 0 }..=Endpoint { address, port: u16::MAX };
                crowd.by_server.range(ports).filter(|(_, crowded)| crowded.touches(from, to))
            })
        };
        let unread = |(_, crowded): (&Endpoint, &Crowded)| crowded.unread > 0;
        let answered = |client: IpAddr, address: IpAddr, ports: (u16, u16)| {
            let path = |port| (client, Endpoint { address, port });
            let mut spans = crowd.answered.range(path(ports.0)..=path(ports.1));
            spans.any(|(_, &(first, last))| first <= to && from <= last)
        };
        let cleared = match transport {
            // Either end of media and heartbeats may count as the caller.
            Transport::Udp => answered(client, server, ANY) || answered(server, client, ANY),
            _ => answered(client, server, (port, port)),
        };
        if cleared {
            return true;
        }
        let overrun = |(at, crowded): (&Endpoint, &Crowded)| {
            crowded.unanswered > 0 && (at.port == port || crowded.answered > 0 || self.reached_at(*at).next().is_some())
        };
        of(client).any(unread) || of(server).any(|one| unread(one) || overrun(one))
    }
}

/// All ports.
const ANY: (u16, u16) = (0, u16::MAX);
/// What happens so shortly before or after an attempt may explain it.
const AROUND: Span = Span::seconds(60);
