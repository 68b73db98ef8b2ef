"""Questions by UDP: dropped, ignored by their server, asked of the wrong one, or too big for the path."""

from firewall import Policy
from network import HOSTS as EVERY
from scenarios.directory import DC1, STAND_IN, _dig, _kinit, _ldap_works
from stage import Stage
from story import ENDS, TWO_PLACES, Capture, Scenario, clear, maybe, report, seen_from

SERVERS, HOSTS = ("samba-dc1",), ("cas-dmz", "dc1")
V6, FROM_V6 = EVERY["dc1"].v6, EVERY["cas-dmz"].v6
LDAP = clear("cas-dmz", "dc1", 389)
QUIET_HOST = "cas1's own firewall drops what nobody listens for"
STEALTH = (("cas1", ("udp dport != 68 ct state new drop", "tcp dport != { 80, 443 } ct state new drop")),)
NOBODY_SAYS = Policy(
    "let everything pass, but never sent ICMP unreachable", output=("icmp type destination-unreachable drop",)
)


def _ask(stage: Stage, job: str, server: str, port: int, *more: object, client: str = "cas-dmz"):
    return stage.client(client, job, server, port, *more)


def _no_tcp(job: str, port: int, times: int = 3, word: str = "silent"):
    """Asked by UDP alone; LDAP shows that the server is well."""

    def play(stage: Stage) -> None:
        _ldap_works(stage, "cas-dmz", 389)
        for _ in range(times):
            stage.want(word, _ask(stage, job, "dc1", port, "--repeat", 3))
        _ldap_works(stage, "cas-dmz", 389)

    return play


def _two_clients(stage: Stage) -> None:
    """One client is not answered, the other is, at the same time."""
    _ldap_works(stage, "cas-dmz", 389)
    for _ in range(2):
        stage.want("silent", _ask(stage, "udp", "dc1", 53, "--repeat", 3))
        stage.want("answered", _ask(stage, "udp", "dc1", 53, client="edge1"))
    _ldap_works(stage, "cas-dmz", 389)


def _kerberos(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    _kinit(stage, "cas-dmz", 32000)
    _ldap_works(stage, "cas-dmz", 389)


def _ignored(job: str, port: int):
    """A program reads the questions and answers none."""

    def play(stage: Stage) -> None:
        stage.serve("cas1", "http", 80)
        stage.serve("cas1", "ignore", port)
        stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
        for _ in range(3):
            stage.want("silent", _ask(stage, job, "cas1", port, "--repeat", 3))
        stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))

    return play


def _wrong_server(stage: Stage) -> None:
    """A client set up with the address of a server that is no name server, domain controller or time server."""
    stage.serve("cas1", "http", 80)
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    for job, port in (("udp", 53), ("cldap", 389), ("ntp", 123), ("netbios", 137)):
        stage.want("silent", _ask(stage, job, "cas1", port, "--repeat", 3))
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))


def _wrong_domain(stage: Stage) -> None:
    """A locator's ping for a domain that the controller does not have."""
    _ldap_works(stage, "cas-dmz", 389)
    for _ in range(3):
        stage.want("silent|answered", _ask(stage, "cldap", "dc1", 389, "--repeat", 2, "--name", "elsewhere.test"))
    stage.want("answered", _ask(stage, "cldap", "dc1", 389))
    _ldap_works(stage, "cas-dmz", 389)


def _ntp(word: str):
    def play(stage: Stage) -> None:
        stage.serve("dc1", "ntp", 123)
        _ldap_works(stage, "cas-dmz", 389)
        for _ in range(3):
            stage.want(word, _ask(stage, "ntp", "dc1", 123, "--repeat", 2))
            stage.pause(1)
        _ldap_works(stage, "cas-dmz", 389)

    return play


def _no_ntp(stage: Stage) -> None:
    """No time service runs there, and its host says nothing."""
    stage.serve("cas1", "http", 80)
    for _ in range(3):
        stage.want("silent", _ask(stage, "ntp", "cas1", 123, "--repeat", 2))
        stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))


def _answers_lost(stage: Stage) -> None:
    """The questions arrive, the answers do not come back."""
    _no_tcp("udp", 53)(stage)


def _fragments(stage: Stage) -> None:
    """A big answer by UDP comes in fragments, of which only the first passes."""
    stage.serve("cas1", "http", 80)
    stage.serve("cas1", "big-answer", 53)
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    for _ in range(2):
        stage.want("silent", _ask(stage, "udp", "cas1", 53, "--repeat", 2))
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))


def _busy(stage: Stage) -> None:
    """Many questions, one in six unanswered because its server is busy: UDP promises no more."""
    for _ in range(14):
        _dig(stage, "cas-dmz", DC1, check=False)
    _ldap_works(stage, "cas-dmz", 389)


def _told(port: int, because: str, *or_kinds: str):
    """Who does not know that this host is a domain controller sees only questions that nobody answers."""
    return report("cas-dmz", "dc1", port, "udp-blocked", *or_kinds, transport="udp", because=because)


def _of_dc(
    name: str, title: str, purpose: str, near: tuple, far: tuple, play, policy: Policy, places: str = TWO_PLACES + " server"
) -> Scenario:
    return Scenario(
        "datagrams",
        name,
        title,
        purpose,
        SERVERS,
        seen_from("cas-dmz", "dc1", near, far, places=places),
        play,
        HOSTS,
        policy,
        STAND_IN,
    )


def _of_cas(name: str, title: str, purpose: str, ports: tuple, play, policy: Policy = Policy()) -> Scenario:
    truth = (*(clear("cas-dmz", "cas1", port, transport="udp") for port in ports), clear("cas-dmz", "cas1", 80))
    return Scenario(
        "datagrams",
        name,
        title,
        purpose,
        (),
        seen_from("cas-dmz", "cas1", truth, truth, places=ENDS),
        play,
        ("cas-dmz", "cas1"),
        policy,
        "Servers are small programs.",
    )


def _udp(port: int, **more):
    return clear("cas-dmz", "dc1", port, transport="udp", **more)


def _lost(port: int, name: str) -> Policy:
    return Policy(f"dropped UDP {port} ({name}), silently", (f"udp dport {port} drop",))


SCENARIOS = [
    _of_dc(
        "dns-alone",
        "DNS is dropped, and nobody tries TCP",
        "A domain controller whose LDAP answers in the same seconds.",
        (_told(53, "the firewall drops UDP 53; the domain controller answers LDAP", "no-answer"), LDAP),
        (LDAP,),
        _no_tcp("udp", 53),
        _lost(53, "DNS"),
    ),
    Scenario(
        "datagrams",
        "dns-one-client",
        "DNS is dropped for one client, and answered for another",
        "A rule with one address too few.",
        SERVERS,
        (
            Capture("client", "cas-dmz", (_told(53, "the firewall drops UDP 53 of this client", "no-answer"), LDAP)),
            Capture(
                "fw-client-leg",
                "fw",
                (
                    _told(53, "the firewall drops UDP 53 of this client; another one is answered at that time"),
                    clear("edge1", "dc1", 53, transport="udp"),
                    LDAP,
                ),
                device="fw-per",
            ),
        ),
        _two_clients,
        ("cas-dmz", "edge1", "dc1"),
        Policy("dropped UDP 53 of 10.10.1.11, silently", ("ip saddr 10.10.1.11 udp dport 53 drop",)),
        STAND_IN,
    ),
    _of_dc(
        "kerberos-v6",
        "Kerberos by UDP is dropped over both families, and goes on by TCP",
        "Slow logons that work in the end.",
        (
            maybe("cas-dmz", "dc1", 88, "udp-blocked", transport="udp", because="the firewall drops UDP 88"),
            maybe(FROM_V6, V6, 88, "udp-blocked", transport="udp", because="the firewall drops UDP 88"),
            LDAP,
        ),
        (LDAP,),
        _kerberos,
        _lost(88, "Kerberos"),
        "client",
    ),
    _of_dc(
        "cldap-alone",
        "The locator's pings are dropped",
        "LDAP by TCP answers; the domain controller seems not to be one.",
        (_told(389, "the firewall drops UDP 389; TCP 389 answers"), LDAP),
        (LDAP,),
        _no_tcp("cldap", 389),
        _lost(389, "CLDAP"),
    ),
    _of_dc(
        "dns-answers-lost",
        "The answers of DNS are dropped",
        "At the server each question is answered; at the client no answer comes.",
        (_told(53, "no answer comes here, though the server sends them; LDAP answers", "no-answer"), LDAP),
        (_udp(53), LDAP),
        _answers_lost,
        Policy("dropped what comes from UDP 53, silently", ("udp sport 53 drop",)),
    ),
    _of_dc(
        "ntp-dropped",
        "Time is dropped",
        "NTP is slow by design; whether to report its silence is open.",
        (maybe("cas-dmz", "dc1", 123, "udp-blocked", transport="udp", because="the firewall drops UDP 123"), LDAP),
        (LDAP,),
        _ntp("silent"),
        _lost(123, "NTP"),
        "client",
    ),
    _of_dc(
        "ntp",
        "Time is answered",
        "The measure of normal.",
        (_udp(123), LDAP),
        (_udp(123), LDAP),
        _ntp("answered"),
        Policy(),
        ENDS,
    ),
    _of_dc(
        "wrong-domain",
        "A controller is asked for a domain that it does not have",
        "It says nothing, or little: nobody blocks.",
        (_udp(389), LDAP),
        (_udp(389), LDAP),
        _wrong_domain,
        Policy(),
        ENDS,
    ),
    _of_dc(
        "busy",
        "A name server that answers five of six questions",
        "Loss, and no rule.",
        (_udp(53), LDAP),
        (_udp(53), LDAP),
        _busy,
        Policy(
            "let everything pass; dc1 itself loses one in six questions",
            hosts=(("dc1", ("udp dport 53 numgen inc mod 6 == 3 drop",)),),
        ),
        ENDS,
    ),
    Scenario(
        "datagrams",
        "fragments",
        "Fragments are dropped",
        "The first fragment of a big answer passes, the rest does not.",
        (),
        seen_from(
            "cas-dmz",
            "cas1",
            (
                maybe(
                    "cas-dmz",
                    "cas1",
                    53,
                    "udp-blocked",
                    transport="udp",
                    because="the answers' later fragments are dropped",
                ),
                clear("cas-dmz", "cas1", 80),
            ),
            (clear("cas-dmz", "cas1", 53, transport="udp"), clear("cas-dmz", "cas1", 80)),
            places=ENDS,
        ),
        _fragments,
        ("cas-dmz", "cas1"),
        Policy("dropped every fragment but the first, silently", more=(("early", ("ip frag-off & 0x1fff != 0 drop",)),)),
        "Servers are small programs.",
    ),
    _of_cas(
        "ignored", "A program reads questions of DNS and answers none", "Reached, and mute.", (53,), _ignored("udp", 53)
    ),
    _of_cas(
        "ignored-cldap",
        "A program reads the locator's pings and answers none",
        "Reached, and mute.",
        (389,),
        _ignored("cldap", 389),
    ),
    _of_cas(
        "wrong-server",
        "The wrong server is asked, and its host says nothing",
        "Nothing listens, behind a silent host firewall.",
        (53, 389, 123, 137),
        _wrong_server,
        Policy(f"let everything pass; {QUIET_HOST}", hosts=STEALTH),
    ),
    _of_cas(
        "wrong-server-says-so",
        "The wrong server is asked, and its host says so",
        "ICMP port unreachable from the host itself.",
        (53, 389),
        lambda stage: [
            stage.serve("cas1", "http", 80),
            stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now")),
            stage.want("refused", _ask(stage, "udp", "cas1", 53), _ask(stage, "cldap", "cas1", 389)),
        ],
    ),
    _of_cas(
        "no-time-service",
        "No time service, and its host says nothing",
        "Nothing listens, behind a silent host firewall.",
        (123,),
        _no_ntp,
        Policy(f"let everything pass; {QUIET_HOST}", hosts=STEALTH),
    ),
]
