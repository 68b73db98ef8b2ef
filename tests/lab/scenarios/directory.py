"""The directory: a real Active Directory domain controller (Samba) and what Exchange asks of it."""

from directory_server import PASSWORD, REALM, kerberos_config, member_config
from firewall import Policy
from network import DOMAIN, HOSTS
from stage import Stage
from story import ENDS, Capture, Scenario, clear, one_way, report, seen_from

STAND_IN = "The domain controller is Samba AD DC; the member is Samba's and MIT Kerberos' tools, not Windows."
DC1 = f"dc1.{DOMAIN}"
SERVERS = ("samba-dc1",)
INSIDE, OUTSIDE = ("cas1", "dc1"), ("cas-dmz", "dc1")
BASE = "dc=exlab,dc=test"


def _dig(stage: Stage, host: str, name: str, *more: str, check: bool = True) -> str:
    server = f"@{HOSTS['dc1'].v4}"
    return stage.do(host, "dig", "+noedns", "+tries=3", "+time=1", *more, server, name, check=check)


def _ldap(stage: Stage, host: str, url: str, *more: str):
    """A simple bind and a search; the exit code of ldapsearch decides."""
    bind = ("-x", "-D", f"administrator@{DOMAIN}", "-w", PASSWORD)
    env = ("env", "LDAPTLS_REQCERT=never", "LDAPSASL_NOCANON=on")
    what = ("-b", BASE, "(sAMAccountName=administrator)", "cn", "objectSid")
    return stage.start(host, *env, "ldapsearch", "-LLL", *bind, "-H", url, *more, *what)


def _ldap_works(stage: Stage, host: str, port: int, scheme: str = "ldap") -> None:
    if "dn: CN=Administrator" not in stage.finish(_ldap(stage, host, f"{scheme}://{DC1}:{port}")):
        stage.void(f"LDAP on {port} did not work")


def _ldap_fails(stage: Stage, host: str, port: int, *more: str) -> None:
    if "dn:" in stage.finish(_ldap(stage, host, f"ldap://{DC1}:{port}", *more)):
        stage.void(f"LDAP on {port} worked, but must not")


def _kinit(stage: Stage, host: str, udp_limit: int) -> None:
    env = ("env", f"KRB5_CONFIG={kerberos_config(host, udp_limit)}", "KRB5CCNAME=FILE:/run/krb5cc")
    login = f"echo {PASSWORD} | kinit administrator@{REALM} && kvno ldap/{DC1} >/dev/null && echo ticket"
    if "ticket" not in stage.do(host, *env, "sh", "-c", login, check=False):
        stage.void("no Kerberos ticket")


def _smb(stage: Stage, host: str) -> None:
    login = f"EXLAB/administrator%{PASSWORD}"
    stage.do(host, "smbclient", "-s", member_config(host), "-p", "445", "-U", login, f"//{DC1}/sysvol", "-c", "ls")


def _healthy(stage: Stage) -> None:
    config = kerberos_config("cas1", 32000)
    _dig(stage, "cas1", f"_ldap._tcp.dc._msdcs.{DOMAIN}", "-t", "srv")
    join = ("net", "ads", "join", "-s", member_config("cas1"), "-U", f"administrator%{PASSWORD}", "--no-dns-updates")
    stage.do("cas1", "env", f"KRB5_CONFIG={config}", *join)
    _kinit(stage, "cas1", 32000)
    for port, scheme in ((389, "ldap"), (3268, "ldap"), (636, "ldaps")):
        _ldap_works(stage, "cas1", port, scheme)


def _rpc(stage: Stage) -> None:
    _dig(stage, "cas1", DC1)
    _smb(stage, "cas1")
    for interface in ("drsuapi", "netlogon"):
        # Samba answers an unauthenticated nonsense call with a fault: a call and its answer all the same.
        stage.want("answered", stage.rpc("cas1", "dc1", interface, "--opnums", "0"))


def _ldap_rejected(stage: Stage) -> None:
    _kinit(stage, "cas-dmz", 32000)
    for _ in range(3):
        _ldap_fails(stage, "cas-dmz", 389)
        stage.pause(1)
    _ldap_works(stage, "cas-dmz", 3268)
    _dig(stage, "cas-dmz", DC1)


def _gc_dropped(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    lost = _ldap(stage, "cas-dmz", f"ldap://{DC1}:3268")
    stage.pause(8)
    _ldap_works(stage, "cas-dmz", 389)
    if "dn:" in stage.finish(lost):
        stage.void("the global catalog answered, but must not")
    _ldap_works(stage, "cas-dmz", 389)


def _udp_dns(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    for _ in range(2):
        _dig(stage, "cas-dmz", DC1, check=False)
    _dig(stage, "cas-dmz", DC1, "+tcp")
    _ldap_works(stage, "cas-dmz", 389)


def _udp_kerberos(stage: Stage) -> None:
    _dig(stage, "cas-dmz", DC1)
    for _ in range(2):
        _kinit(stage, "cas-dmz", 32000)
    _ldap_works(stage, "cas-dmz", 389)


def _smb_dropped(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    lost = [stage.client("cas-dmz", "tcp", "dc1", 445) for _ in range(2)]
    stage.pause(8)
    _ldap_works(stage, "cas-dmz", 389)
    stage.want("silent", *lost)
    _dig(stage, "cas-dmz", DC1)


def _gc_rejected(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    for _ in range(3):
        _ldap_fails(stage, "cas-dmz", 3268)
        stage.pause(1)
    _ldap_works(stage, "cas-dmz", 389)


def _cldap(stage: Stage, word: str) -> None:
    stage.want(word, stage.client("cas-dmz", "cldap", "dc1", 389, "--repeat", 4))


def _cldap_dropped(stage: Stage) -> None:
    for _ in range(2):
        _ldap_works(stage, "cas-dmz", 389)
        _cldap(stage, "silent")
    _ldap_works(stage, "cas-dmz", 389)


def _cldap_answered(stage: Stage) -> None:
    for _ in range(3):
        _cldap(stage, "answered")
    _ldap_works(stage, "cas-dmz", 389)


def _udp_dns_v4(stage: Stage) -> None:
    """IPv4 by UDP is silent; IPv6 by UDP and IPv4 by TCP are answered."""
    for _ in range(2):
        _dig(stage, "cas-dmz", DC1, check=False)
        stage.do("cas-dmz", "dig", "+noedns", f"@{HOSTS['dc1'].v6}", DC1)
        _dig(stage, "cas-dmz", DC1, "+tcp")


def _kerberos_tcp_dropped(stage: Stage) -> None:
    """The controller answers by UDP: too big, come by TCP. There nobody answers."""
    _dig(stage, "cas-dmz", DC1)
    env = ("env", f"KRB5_CONFIG={kerberos_config('cas-dmz', 32000)}", "KRB5CCNAME=FILE:/run/krb5cc-none")
    lost = [stage.start("cas-dmz", *env, "sh", "-c", f"echo {PASSWORD} | kinit administrator@{REALM}; echo $?")]
    direct = stage.client("cas-dmz", "tcp", "dc1", 88)
    stage.pause(8)
    _ldap_works(stage, "cas-dmz", 389)
    stage.want("silent", direct)
    for process in lost:
        if stage.finish(process).endswith("\n0"):
            stage.void("a Kerberos ticket, but TCP 88 is dropped")
    _dig(stage, "cas-dmz", DC1)


def _ldaps_dropped(stage: Stage) -> None:
    _ldap_works(stage, "cas-dmz", 389)
    stuck = [stage.client("cas-dmz", "tcp", "dc1", port) for port in (636, 3269)]
    stage.pause(8)
    _ldap_works(stage, "cas-dmz", 389)
    stage.want("silent", *stuck)
    _ldap_works(stage, "cas-dmz", 3268)


def _all(client: str, *ports: int) -> tuple:
    return tuple(clear(client, "dc1", port) for port in ports)


# The client prefers IPv6 once DNS has told it of an AAAA record.
KERBEROS_V6 = clear(HOSTS["cas-dmz"].v6, HOSTS["dc1"].v6, 88, "datagrams", "udp")
DNS = clear("cas-dmz", "dc1", 53, "datagrams", "udp")
KERBEROS_LIFE = "the firewall drops UDP 88; TCP 88 and DNS of the same server answer in the same seconds"
SCENARIOS = [
    Scenario(
        "directory", "healthy",
        "A server joins the domain and uses it",
        "The measure of normal: DNS, CLDAP, Kerberos by UDP and TCP, LDAP, GC, LDAPS, SMB with its pipes.",
        SERVERS,
        (
            Capture("client", "cas1", (
                clear("cas1", "dc1", 53, "datagrams", "udp"), clear("cas1", "dc1", 88, transport="udp"),
                clear("cas1", "dc1", 389, transport="udp", because="the locator's CLDAP ping"),
                *_all("cas1", 88, 389, 445, 636, 3268),
            )),
        ),
        _healthy, INSIDE, stand_ins=STAND_IN,
    ),
    Scenario(
        "directory", "healthy-rpc",
        "RPC and SMB with a domain controller",
        "Endpoint mapper, DRSUAPI and Netlogon on dynamic ports, and a share, all answered.",
        SERVERS,
        (*seen_from("cas1", "dc1", (clear("cas1", "dc1", 53, "datagrams", "udp"), *_all("cas1", 135, 445)), places=ENDS),),
        _rpc, INSIDE, stand_ins=STAND_IN,
    ),
    Scenario(
        "directory", "ldap-rejected-rst",
        "The firewall rejects LDAP with RST",
        "389 is refused in the controller's name by another sender, while its other ports work.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 389, "syn-rejected",
                       because="the RST carries the firewall's TTL (64), everything else of dc1 127; its 389 does listen"),
                *_all("cas-dmz", 3268), DNS, KERBEROS_V6,
            )),
        ),
        _ldap_rejected, OUTSIDE,
        Policy("rejected TCP 389 with RST in the controller's name",
               ("ip daddr 10.10.2.10 tcp dport 389 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "ldap-rejected-icmp",
        "The firewall rejects LDAP with ICMP",
        "389 is answered with 'communication administratively prohibited' (3/13) by the firewall itself.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 389, "icmp-prohibited",
                       because="ICMP 3/13 from the firewall, quoting the SYN").seen_as("icmp-rejected"),
                *_all("cas-dmz", 3268), DNS, KERBEROS_V6,
            )),
        ),
        _ldap_rejected, OUTSIDE,
        Policy("rejected TCP 389 with ICMP 3/13",
               ("ip daddr 10.10.2.10 tcp dport 389 reject with icmp type admin-prohibited",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "gc-dropped",
        "The global catalog is dropped, LDAP is not",
        "The port that is forgotten in a rule set made for plain LDAP.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 3268, "syn-dropped",
                       because="the firewall drops it; 389 answers before, during and after"),
                *_all("cas-dmz", 389),
            )),
        ),
        _gc_dropped, OUTSIDE,
        Policy("dropped TCP 3268 and 3269, silently", ("ip daddr 10.10.2.10 tcp dport { 3268, 3269 } drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "smb-dropped",
        "SMB to the controller is dropped",
        "Group Policy and pipes fail, while LDAP and DNS work.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 445, "syn-dropped",
                       because="the firewall drops it; 389 answers before, during and after"),
                *_all("cas-dmz", 389), DNS,
            )),
        ),
        _smb_dropped, OUTSIDE,
        Policy("dropped TCP 445 and 139, silently", ("ip daddr 10.10.2.10 tcp dport { 139, 445 } drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "udp-dns-dropped",
        "DNS by UDP is dropped, by TCP it works",
        "Queries repeated without an answer, then the same question answered over TCP 53.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 53, "udp-blocked", transport="udp",
                       because="the firewall drops UDP 53; TCP 53 and 389 of the same server answer in the same seconds"),
                *_all("cas-dmz", 53, 389),
            )),
            *one_way("cas-dmz", (DNS, *_all("cas-dmz", 53, 389))),
        ),
        _udp_dns, OUTSIDE,
        Policy("dropped UDP 53, silently", ("ip daddr 10.10.2.10 udp dport 53 drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "udp-kerberos-dropped",
        "Kerberos by UDP is dropped, by TCP it works",
        "Logons are slow but succeed: the client falls back to TCP 88.",
        SERVERS,
        (
            *seen_from("cas-dmz", "dc1", (
                report("cas-dmz", "dc1", 88, "udp-blocked", transport="udp", because=KERBEROS_LIFE),
                report(HOSTS["cas-dmz"].v6, HOSTS["dc1"].v6, 88, "udp-blocked", transport="udp",
                       because=KERBEROS_LIFE),
                clear(HOSTS["cas-dmz"].v6, HOSTS["dc1"].v6, 88), *_all("cas-dmz", 389), DNS,
            ), places=ENDS),
        ),
        _udp_kerberos, OUTSIDE,
        Policy("dropped UDP 88 of IPv4 and IPv6, silently", ("udp dport 88 drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "gc-rejected-rst",
        "The global catalog is rejected with RST, LDAP is not",
        "3268 is refused in the controller's name by another sender.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (
            report("cas-dmz", "dc1", 3268, "syn-rejected",
                   because="the RST carries the firewall's TTL (64), everything else of dc1 127; its 3268 does listen"),
            *_all("cas-dmz", 389),
        )),
        _gc_rejected, OUTSIDE,
        Policy("rejected TCP 3268 with RST", ("ip daddr 10.10.2.10 tcp dport 3268 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "cldap-dropped",
        "The locator's ping by UDP 389 is dropped",
        "LDAP by TCP works on the same port number, so the port looks open to those who test it.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (
            report("cas-dmz", "dc1", 389, "udp-blocked", transport="udp",
                   because="the firewall drops UDP 389; TCP 389 of the same server answers in the same seconds"),
            *_all("cas-dmz", 389),
        )),
        _cldap_dropped, OUTSIDE,
        Policy("dropped UDP 389, silently", ("udp dport 389 drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "cldap-answered",
        "The locator's ping by UDP 389 is answered",
        "The measure of normal for CLDAP.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (clear("cas-dmz", "dc1", 389, "datagrams", "udp"), *_all("cas-dmz", 389))),
        _cldap_answered, OUTSIDE, stand_ins=STAND_IN,
    ),
    Scenario(
        "directory", "udp-dns-dropped-v4",
        "DNS by UDP is dropped over IPv4 only",
        "The same question is answered over IPv6 by UDP and over IPv4 by TCP.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (
            report("cas-dmz", "dc1", 53, "udp-blocked", transport="udp",
                   because="the firewall drops UDP 53 of IPv4; the same server answers by TCP and over IPv6"),
            *_all("cas-dmz", 53), clear(HOSTS["cas-dmz"].v6, HOSTS["dc1"].v6, 53, "datagrams", "udp"),
        )),
        _udp_dns_v4, OUTSIDE,
        Policy("dropped UDP 53 of IPv4, silently", ("meta nfproto ipv4 udp dport 53 drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "kerberos-tcp-dropped",
        "Kerberos by TCP is dropped, by UDP it says 'too big'",
        "A rule set with UDP 88 only: answers that do not fit a datagram can never be fetched.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (
            report("cas-dmz", "dc1", 88, "syn-dropped",
                   because="the firewall drops TCP 88; UDP 88, DNS and LDAP of the same server answer in the same seconds"),
            report(HOSTS["cas-dmz"].v6, HOSTS["dc1"].v6, 88, "syn-dropped",
                   because="dropped over IPv6, too, where UDP 88 is answered"),
            KERBEROS_V6, *_all("cas-dmz", 389), DNS,
        )),
        _kerberos_tcp_dropped, OUTSIDE,
        Policy("dropped TCP 88, silently", ("tcp dport 88 drop",)),
        STAND_IN,
    ),
    Scenario(
        "directory", "ldaps-dropped",
        "LDAP over TLS is dropped, plain LDAP is not",
        "636 and 3269 are silent while 389 and 3268 serve.",
        SERVERS,
        seen_from("cas-dmz", "dc1", (
            *(report("cas-dmz", "dc1", port, "syn-dropped",
                     because="the firewall drops it; 389 and 3268 answer in the same seconds") for port in (636, 3269)),
            *_all("cas-dmz", 389, 3268),
        )),
        _ldaps_dropped, OUTSIDE,
        Policy("dropped TCP 636 and 3269, silently", ("tcp dport { 636, 3269 } drop",)),
        STAND_IN,
    ),
]  # fmt: skip
