//! Idle timers that devices come with (signatures.md e), to name the likely owner of one that was measured.

use crate::time::Span;

/// A product and the idle time after which it forgets a TCP connection, unless told otherwise.
pub(super) struct Timer {
    /// Products with this default.
    pub products: &'static str,
    /// The default.
    pub span: Span,
}

/// Names of timers that lie in `above..=upto`, the longest first; devices look every few seconds only,
/// so a connection may outlive its timer a little.
pub(super) fn between(above: Span, upto: Span) -> impl Iterator<Item = &'static Timer> {
    let fits = move |timer: &&Timer| timer.span.0 > above.0 - above.0 / SLACK && timer.span <= upto;
    TIMERS.iter().filter(fits)
}

/// Defaults, with their sources.
const TIMERS: &[Timer] = &[
    // VMware NSX-T documentation, "TCP established" of distributed firewall profiles.
    Timer { products: "VMware NSX distributed firewall", span: Span::seconds(43_200) },
    // VMware NSX-T documentation, gateway firewall profiles.
    Timer { products: "VMware NSX gateway firewall", span: Span::seconds(7_200) },
    // Cisco ASA and FTD guides ("timeout conn", 1:00:00); FortiOS "session-ttl" 3600; Check Point and
    // Palo Alto defaults by their administration guides.
    Timer { products: "Cisco ASA/FTD, FortiGate, Check Point, Palo Alto", span: Span::seconds(3_600) },
    // Forefront TMG and ISA Server.
    Timer { products: "Microsoft TMG/ISA", span: Span::seconds(1_800) },
    // AWS documentation, Network Load Balancer, "connection idle timeout".
    Timer { products: "AWS Network Load Balancer", span: Span::seconds(350) },
    // F5 manual, TCP profile "idle timeout".
    Timer { products: "F5 BIG-IP", span: Span::seconds(300) },
    // Microsoft documentation, Azure Load Balancer, "TCP idle timeout".
    Timer { products: "Azure Load Balancer", span: Span::seconds(240) },
];
/// One in so many parts: two per cent.
const SLACK: i64 = 50;
