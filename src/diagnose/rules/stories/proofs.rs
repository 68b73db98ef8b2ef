//! What proves each kind: a story that fires it, two or more that only look like it, a page that explains
//! it, and, where a lab could play it, a recorded scenario that shows it and one that only looks like it.
//!
//! A kind without its row fails, and so does a row whose stories are gone: they are run here.

use std::path::{Path, PathBuf};

use super::*;
use crate::reference::Reference;
use crate::report::explain::explanation;

/// The proofs of one kind.
struct Proof {
    kind: Kind,
    /// The claim of a story that fires it.
    fires: &'static str,
    /// Claims of stories that must not.
    alike: &'static [&'static str],
    /// A recorded scenario in which it is found, and one in which it is not. `None`: no server could play it.
    recorded: Option<(&'static str, &'static str)>,
}

/// A row for each kind of the contract, in its order.
const PROOFS: &[Proof] = &[
    Proof {
        kind: Kind::SynDropped,
        fires: "three SYNs into silence, while the same hosts talk on another port",
        alike: &[
            "a server that was last heard long before may have gone down",
            "Windows dials 445 and 139 at once, and 445 answers",
            "a SYN is not answered while two connections wait for a word of the program",
        ],
        recorded: Some(("mail/dropped", "slow/deaf-ports")),
    },
    Proof {
        kind: Kind::SynAckDropped,
        fires: "client and server both repeat themselves",
        alike: &[
            "a client that asks once and never completes (a scan, a flood)",
            "a handshake that completes at the second try",
        ],
        recorded: Some(("web/synack-dropped", "normal/port-check")),
    },
    Proof {
        kind: Kind::SynRejected,
        fires: "a RST to a SYN with another machine's TTL",
        alike: &[
            "a RST to a SYN with the host's own TTL",
            "a load balancer on this link serves one port, and a server behind it refuses another",
        ],
        recorded: Some(("rejects/rst-ttl-128", "between/balanced-two-kinds")),
    },
    Proof {
        kind: Kind::IcmpProhibited,
        fires: "a router says that it is prohibited, and the host is alive",
        alike: &["prohibited, but nothing shows that the host is alive", "time exceeded is a routing loop"],
        recorded: Some(("unreachable/port-3-1", "unreachable/dies")),
    },
    Proof {
        kind: Kind::RpcDynamicPortBlocked,
        fires: "135 answers, and the port it names is silent",
        alike: &[
            "the host refuses the port that it named before its service restarted",
            "the port that 135 named before is silent, and 135 names another one by now",
        ],
        recorded: Some(("mapper/listed-dropped", "mapper/restarted-stealth")),
    },
    Proof {
        kind: Kind::MidstreamReset,
        fires: "a RST in the server's name that has passed no router, as all its packets have",
        alike: &["a RST with the server's own TTL", "a RST when retransmissions run out is the victim's"],
        recorded: Some(("midflow/rule-resets-128", "midflow/killed")),
    },
    Proof {
        kind: Kind::MidstreamDrop,
        fires: "data repeated into silence while the same server talks on another port",
        alike: &[
            "the server is away for twenty seconds and comes back on all ports",
            "a client that was away while the server repeated itself says goodbye when it is back",
        ],
        recorded: Some(("midflow/failover", "midflow/dies-busy-silently")),
    },
    Proof {
        kind: Kind::IdleTimeout,
        fires: "an hour of pause, then silence; half an hour was survived",
        alike: &[
            "silence after a pause no longer than one that was survived",
            "a server that closes idle connections itself, with its own RST",
        ],
        recorded: Some(("idle/silent-10", "idle/server-ends-rst")),
    },
    Proof {
        kind: Kind::TlsBlocked,
        fires: "a ClientHello repeated into silence while another port works",
        alike: &[
            "a ClientHello answered by the server's own RST",
            "a ClientHello that the server acknowledges, and then nothing",
        ],
        recorded: Some(("web/tls-hello-dropped", "slow/tls-never")),
    },
    Proof {
        kind: Kind::UdpBlocked,
        fires: "queries without answers, while the server answers another client",
        alike: &["one query of many gets lost", "nothing shows that the host answers this service at all"],
        recorded: Some(("datagrams/cldap-alone", "datagrams/ignored-cldap")),
    },
    Proof {
        kind: Kind::MediaBlocked,
        fires: "the callee's sound flows, the caller's never comes",
        alike: &["a capture of nothing but the signalling", "the caller hangs up before anyone speaks"],
        recorded: Some(("calls/handed-over-deaf", "calls/hold")),
    },
    Proof {
        kind: Kind::HeartbeatBlocked,
        fires: "heartbeats go one way, and their receiver talks on other ports",
        alike: &["a member that is silent on every port is down", "heartbeats both ways"],
        recorded: Some(("cluster/beats-one-way", "cluster/rebooting")),
    },
    Proof {
        kind: Kind::PmtuBlackHole,
        fires: "a full packet is repeated, smaller ones pass, the receiver asks for it",
        alike: &["a full packet is repeated while others of that size pass", "packets of all sizes meet silence"],
        recorded: Some(("unreachable/bind-too-big", "unreachable/bind-fits")),
    },
    Proof {
        kind: Kind::ProxyBlocked,
        fires: "one Exchange server gets no answer from another on 443, and reaches a third",
        alike: &[
            "a port that has nothing to do with proxying is blocked between Exchange servers",
            "the other server answers that nothing listens",
        ],
        recorded: Some(("proxying/one-in-vain", "proxying/stopped")),
    },
    Proof {
        kind: Kind::FailoverBlocked,
        fires: "heartbeats and log shipping are blocked together",
        alike: &["log shipping alone is blocked", "heartbeats alone are blocked"],
        recorded: Some(("dag/failover-dropped", "cluster/logs-one-way")),
    },
    Proof {
        kind: Kind::SmtpInspection,
        fires: "only keywords are of X",
        alike: &[
            "STARTTLS is switched off on the server: absent, and nothing masked",
            "a frame of asterisks around the banner",
        ],
        recorded: Some(("smtp/asa-strict", "smtp/asterisks")),
    },
    Proof {
        kind: Kind::TlsInterception,
        fires: "a certificate that an interception product signed",
        alike: &[
            "a certificate is renewed by another authority",
            "a load balancer's old certificate, and another machine behind another port",
            "a firewall's own pages, with a certificate of its maker",
        ],
        recorded: Some(("tls/fortigate", "tls/two-behind-one")),
    },
    Proof {
        kind: Kind::RefusedByHost,
        fires: "a closed port of a host that is known",
        alike: &["a closed port refused in the host's name by a device", "139 refused while 445 works"],
        recorded: Some(("mapper/restarted", "rejects/rst-ttl-255")),
    },
    Proof {
        kind: Kind::HostUnreachable,
        fires: "the last router cannot find the host, of which nothing is heard",
        alike: &["a router that answers for a host which talks to the same client", "prohibited is not unreachable"],
        recorded: Some(("unreachable/nobody", "unreachable/port-3-1")),
    },
    Proof {
        kind: Kind::RpcNotRegistered,
        fires: "the endpoint mapper does not know the interface",
        alike: &[
            "the endpoint mapper knows the interface",
            "the service was only starting, and is known when asked again",
        ],
        recorded: Some(("rpc/not-registered", "mapper/listed")),
    },
    Proof {
        kind: Kind::ResetByHost,
        fires: "a server that cuts the connection while a question waits",
        alike: &["a server that hangs up after its answer", "a client that leaves while its question waits"],
        recorded: Some(("rpc/reset-by-server", "normal/linger-by-server")),
    },
    Proof {
        kind: Kind::ServiceSlow,
        fires: "a bind that is answered after twelve seconds",
        alike: &[
            "a bind that had to be sent again: the network took the time",
            "a question that waits by nature (a long poll)",
        ],
        recorded: Some(("slow/rpc-bind", "idle/long-polls")),
    },
    Proof {
        kind: Kind::HostOverloaded,
        fires: "two connections wait for a word of the program, and a third SYN is not answered",
        alike: &[
            "two connections wait, a SYN is not answered, and another client is served meanwhile",
            "a service that stops: taken before, refused after",
        ],
        recorded: Some(("slow/deaf-to-all", "normal/down-and-up")),
    },
    Proof {
        kind: Kind::NoAnswer,
        fires: "no answer from a host that was heard only long before",
        alike: &[
            "no answer while the host talks is more than no answer",
            "no answer from a host never heard is a silent host",
        ],
        recorded: Some(("mapper/restarted-stealth", "web/host-silent")),
    },
    Proof {
        kind: Kind::HostSilent,
        fires: "nothing was ever heard of the server",
        alike: &["the server is heard two minutes later", "the server is heard, though long before"],
        recorded: Some(("web/host-silent", "normal/host-dies")),
    },
    Proof {
        kind: Kind::OneWayCapture,
        fires: "the client acknowledges what was never captured",
        alike: &[
            "both directions were captured",
            "one stray acknowledgement among connections that were captured whole",
        ],
        recorded: Some(("vantage/one-direction", "vantage/both-legs")),
    },
    Proof {
        kind: Kind::CaptureLoss,
        fires: "data that was acknowledged and not captured, time and again",
        alike: &["data lost by the network is sent again", "acknowledgements captured before their data are no loss"],
        recorded: Some(("poor/hesitates", "far/lossy-8")),
    },
    Proof {
        kind: Kind::CaptureEdge,
        fires: "a SYN one second before the end",
        alike: &["a SYN long before the end", "a handshake that completes just before the end"],
        recorded: Some(("vantage/ends-early", "windows/dropped-old")),
    },
    Proof {
        kind: Kind::StartedMidway,
        fires: "connections that were under way when the capture began",
        alike: &[
            "one connection of three was under way",
            "connections of which one direction was captured are another matter",
        ],
        recorded: Some(("vantage/starts-midway", "vantage/one-direction")),
    },
    Proof {
        kind: Kind::DuplicatePackets,
        fires: "every packet is there twice",
        alike: &["retransmissions are no copies", "keep-alives are no copies"],
        recorded: Some(("vantage/healthy-edited", "far/lossy-8")),
    },
    Proof {
        kind: Kind::TruncatedPackets,
        fires: "most of the payload was cut off",
        alike: &["nothing was cut", "one packet of many was cut"],
        recorded: Some(("vantage/headers-only", "rpc/healthy")),
    },
    Proof {
        kind: Kind::ClockJump,
        fires: "the clock goes back an hour",
        alike: &["two queues of one interface are a little out of step", "an hour of silence is no jump"],
        recorded: Some(("vantage/dropped-edited", "far/reordered")),
    },
    Proof {
        kind: Kind::ExpectedNotSeen,
        fires: "two nodes ship logs for two minutes, and not one heartbeat is seen",
        alike: &["two nodes ship logs, and heartbeats are seen", "a capture of nothing but TCP shows no heartbeats"],
        recorded: None, // a lab's captures are too short to miss anything
    },
];

#[test]
fn every_kind_has_its_row_and_only_one() {
    for &kind in Kind::ALL {
        let rows = PROOFS.iter().filter(|proof| proof.kind == kind).count();
        assert_eq!(rows, 1, "{kind}: rows in the table of proofs");
    }
    assert_eq!(PROOFS.len(), Kind::ALL.len());
}

#[test]
fn every_kind_is_fired_by_its_story_and_not_by_those_that_look_like_it() {
    for proof in PROOFS {
        assert!(finds(proof.fires, proof.kind), "{}: {}", proof.kind, proof.fires);
        assert!(proof.alike.len() >= 2, "{}: two stories that only look like it", proof.kind);
        for alike in proof.alike {
            assert!(!finds(alike, proof.kind), "{}: {alike}", proof.kind);
        }
    }
}

#[test]
fn every_kind_is_found_in_its_recording_and_not_in_the_one_that_looks_like_it() {
    for proof in PROOFS {
        let Some((shows, alike)) = proof.recorded else { continue };
        assert!(recorded(shows).contains(&proof.kind), "{}: {shows}", proof.kind);
        assert!(!recorded(alike).contains(&proof.kind), "{}: {alike}", proof.kind);
    }
}

#[test]
fn every_kind_is_explained_with_what_else_it_could_be_and_what_to_do() {
    for proof in PROOFS {
        let page = explanation(proof.kind);
        let said = [page.phrase, page.seen, page.means].iter().all(|text| text.len() > 10);
        assert!(said && !page.otherwise.is_empty() && !page.advice.is_empty(), "{}", proof.kind);
    }
}

/// Whether the story with this claim gives a finding of this kind.
#[track_caller]
fn finds(claim: &str, kind: Kind) -> bool {
    let mut with_claim = stories().filter(|(story, _)| story.claim == claim);
    let (story, roster) = with_claim.next().unwrap_or_else(|| panic!("no story claims: {claim}"));
    assert!(with_claim.next().is_none(), "two stories claim: {claim}");
    known(&tell(&(story.told)()), &roster).iter().any(|finding| finding.judgement.kind == kind)
}

/// The kinds found in any capture of a recorded scenario, roles inferred.
fn recorded(scenario: &str) -> BTreeSet<Kind> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(scenario);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let captures: Vec<_> =
        files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "pcap")).collect();
    assert!(!captures.is_empty(), "{}", folder.display());
    captures.into_iter().flat_map(|file| kinds_in(file)).collect()
}

fn kinds_in(file: &Path) -> Vec<Kind> {
    let reference = Reference::embedded();
    let settings = Settings::new(1, reference.known_tcp_ports(), reference.known_udp_ports());
    let traces = [read(vec![vec![(0, Capture::open(file).unwrap())]], &settings, &|_| true)];
    let roster = crate::topology::roster(&traces, None, None, reference);
    kinds(&diagnose(&traces, &roster).findings)
}
