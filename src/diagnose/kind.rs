//! The kinds of finding, in the contract's words.

use std::fmt;

/// Whether something filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Something filters: PortQry's FILTERED.
    Blocked,
    /// It passes, and a device rewrites it.
    Altered,
    /// The host answered, or is down, or it is normal.
    NotBlocked,
    /// The packets cannot tell.
    Inconclusive,
}

/// Where it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribution {
    /// A device between the hosts.
    Network,
    /// One of the two hosts.
    Endpoint,
    /// This vantage point cannot tell a network device from the server's own firewall.
    NetworkOrEndpoint,
    /// The capture itself.
    Capture,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal $verdict:ident;)*) => {
        /// A kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The contract's word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it means for the question whether something filters.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }
        }
    };
}

kinds! {
    /// Heartbeats, log shipping, the witness or cluster RPC of one failover are blocked together.
    FailoverBlocked "failover-blocked" Blocked;
    /// An Exchange server cannot hand a client's request to another one.
    ProxyBlocked "proxy-blocked" Blocked;
    /// Cluster heartbeats are missing, and the pair goes on talking.
    HeartbeatBlocked "heartbeat-blocked" Blocked;
    /// A call was answered, and media that it promised never come.
    MediaBlocked "media-blocked" Blocked;
    /// The endpoint mapper named a port, and that port is blocked.
    RpcDynamicPortBlocked "rpc-dynamic-port-blocked" Blocked;
    /// SYNs get no answer from a host that is alive.
    SynDropped "syn-dropped" Blocked;
    /// The server's SYN-ACK never arrives.
    SynAckDropped "synack-dropped" Blocked;
    /// SYNs are answered by an RST that the host did not send.
    SynRejected "syn-rejected" Blocked;
    /// ICMP says that a device or the host forbids it.
    IcmpProhibited "icmp-prohibited" Blocked;
    /// An established connection is cut by an RST that the host did not send.
    MidstreamReset "midstream-reset" Blocked;
    /// An established connection falls silent: one side repeats itself and nothing is acknowledged.
    MidstreamDrop "midstream-drop" Blocked;
    /// A device forgot a connection that was idle.
    IdleTimeout "idle-timeout" Blocked;
    /// TCP passes, TLS does not.
    TlsBlocked "tls-blocked" Blocked;
    /// Large packets are lost, small ones pass.
    PmtuBlackHole "pmtu-black-hole" Blocked;
    /// Datagrams that ask for an answer get none, while the server answers others.
    UdpBlocked "udp-blocked" Blocked;
    /// A device on the path masks what SMTP says.
    SmtpInspection "smtp-inspection" Altered;
    /// A device on the path answers TLS with a certificate of its own.
    TlsInterception "tls-interception" Altered;
    /// The host itself refused the connection: nothing listens on that port.
    RefusedByHost "refused-by-host" NotBlocked;
    /// The last router says that the host cannot be reached.
    HostUnreachable "host-unreachable" NotBlocked;
    /// The endpoint mapper answered that the interface is not registered.
    RpcNotRegistered "rpc-not-registered" NotBlocked;
    /// The host itself cut an established connection.
    ResetByHost "reset-by-host" NotBlocked;
    /// The network delivered the question, the service took its time.
    ServiceSlow "service-slow" NotBlocked;
    /// The listener takes some connections and ignores or refuses others at the same time.
    HostOverloaded "host-overloaded" NotBlocked;
    /// No answer, and not enough evidence to say why.
    NoAnswer "no-answer" Inconclusive;
    /// No answer from a host that was never heard.
    HostSilent "host-silent" Inconclusive;
    /// Only one direction was captured.
    OneWayCapture "one-way-capture" Inconclusive;
    /// The capture ended too soon after the attempt began.
    CaptureEdge "capture-edge" Inconclusive;
    /// The capture did not keep up: packets are missing from it.
    CaptureLoss "capture-loss" Inconclusive;
    /// The capture holds packets twice.
    DuplicatePackets "duplicate-packets" Inconclusive;
    /// The snap length cut the packets' payload away.
    TruncatedPackets "truncated-packets" Inconclusive;
    /// The capture's clock went back.
    ClockJump "clock-jump" Inconclusive;
    /// Connections were under way before the capture began.
    StartedMidway "started-midway" Inconclusive;
    /// What two hosts need of each other was never seen, where it would have been.
    ExpectedNotSeen "expected-not-seen" Inconclusive;
}

impl Kind {
    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Verdict {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Altered => "altered",
            Self::NotBlocked => "not-blocked",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl Attribution {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Endpoint => "endpoint",
            Self::NetworkOrEndpoint => "network-or-endpoint",
            Self::Capture => "capture",
        }
    }
}
