"""Whose certificate: proxies that make their own on the way, and everything that only looks like one."""

import network
import tls_proxy
from firewall import Policy
from network import WORK, run
from scenarios.web import STAND_IN as WEB
from stage import Stage
from story import ENDS, FOUR_PLACES, Scenario, clear, maybe, report, seen_from

STAND_IN = f"{WEB} The TLS proxy is a program on the firewall with an authority of its own."
HOSTS = ("cas1", "cas2")
SERVERS = ("web-cas1", "web-cas2")
LIFE = clear("cas1", "cas2", 444, because="not intercepted: the server's own certificate")


def _get(stage: Stage, port: int, host: str = "cas1", server: str = "cas2", *more: object):
    return stage.client(host, "https", server, port, "--name", "cas2.exlab.test", *more)


def _intercepted(issuer: str):
    def play(stage: Stage) -> None:
        with stage.device("tls_proxy.py", network.HOSTS["cas2"].v4, "cas2.exlab.test", issuer):
            stage.want("answered", _get(stage, 444))
            for _ in range(2):
                stage.want("answered", _get(stage, 443))
            stage.want("answered", _get(stage, 444))

    return play


def _issued(stage: Stage, issuer: str, *, name: str = "cas2", started: str | None = None) -> tuple[str, str]:
    """(key, certificate) of a server from an authority; `started` as openssl writes dates."""
    folder = WORK / "issued"
    folder.mkdir(exist_ok=True)
    path = {part: str(folder / part) for part in ("ca.key", "ca.pem", "key.pem", "csr.pem", "cert.pem")}
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes")
    run(*new, "-x509", "-days", "3650", "-subj", issuer, "-keyout", path["ca.key"], "-out", path["ca.pem"])
    run(*new, "-subj", f"/CN={name}.exlab.test", "-keyout", path["key.pem"], "-out", path["csr.pem"])
    begin = ("-not_before", started) if started else ()
    try:
        run(
            "openssl",
            "x509",
            "-req",
            "-in",
            path["csr.pem"],
            "-CA",
            path["ca.pem"],
            "-CAkey",
            path["ca.key"],
            "-CAcreateserial",
            "-days",
            "730",
            *begin,
            "-out",
            path["cert.pem"],
        )
    except network.LabError:
        if begin:  # older openssl cannot; a fresh one tells the story as well
            return _issued(stage, issuer, name=name)
        raise
    return path["key.pem"], path["cert.pem"]


def _serve(stage: Stage, host: str, port: int, key: str, certificate: str):
    return stage.serve(host, "https", port, "--key", key, "--certificate", certificate)


def _enterprise(stage: Stage) -> None:
    """443 with a certificate of the enterprise's authority, 444 self-signed: as Exchange 2013 and later have it."""
    _serve(stage, "cas1", 8443, *_issued(stage, "/DC=test/DC=exlab/CN=exlab-DC1-CA"))
    for _ in range(2):
        stage.want("answered", _get(stage, 8443, "cas2", "cas1"), _get(stage, 443, "cas2", "cas1"), _get(stage, 444))


def _renewed(stage: Stage) -> None:
    """Self-signed at first; then a certificate of the enterprise's authority is put in its place."""
    key, old = str(WORK / "web" / "cas1" / "key.pem"), str(WORK / "web" / "cas1" / "cert.pem")
    server = _serve(stage, "cas1", 8443, key, old)
    for host in ("cas2", "cas-dmz"):
        stage.want("answered", _get(stage, 8443, host, "cas1"))
    stage.stop(server)
    _serve(stage, "cas1", 8443, *_issued(stage, "/DC=test/DC=exlab/CN=exlab-DC1-CA", name="cas1"))
    for host in ("cas2", "cas-dmz", "cas2"):
        stage.want("answered", _get(stage, 8443, host, "cas1"))


def _balanced(stage: Stage) -> None:
    """A load balancer ends TLS with its own, publicly issued certificate and asks the servers anew."""
    _serve(stage, "edge1", 443, *_issued(stage, "/C=US/O=DigiCert Inc/CN=DigiCert SHA2 Secure Server CA", name="mail"))
    _serve(stage, "cas1", 8443, *_issued(stage, "/DC=test/DC=exlab/CN=exlab-DC1-CA", name="mail"))
    for host in ("client1", "cas2"):
        stage.want("answered", stage.client(host, "https", "edge1", 443, "--name", "mail.exlab.test"))
        stage.want("answered", stage.client(host, "https", "cas1", 8443, "--name", "mail.exlab.test"))


def _two_behind_one(stage: Stage) -> None:
    """Two servers behind one address in turn, one renewed just now by another authority."""
    turn = {"cas1": _issued(stage, "/DC=test/DC=exlab/CN=exlab-DC1-CA", name="mail")}
    kept = [WORK / "issued" / name for name in ("first.key", "first.pem")]
    for path, place in zip(turn["cas1"], kept, strict=True):
        run("cp", path, str(place))
    other = _issued(stage, "/O=Exlab/CN=Exlab Issuing CA 2", name="mail")
    for number in range(6):
        pair = tuple(map(str, kept)) if number % 2 == 0 else other
        server = _serve(stage, "cas1", 8443, *pair)
        stage.want(
            "answered",
            stage.client(("client1", "cas2")[number // 2 % 2], "https", "cas1", 8443, "--name", "mail.exlab.test"),
        )
        stage.stop(server)


def _client_certificates(stage: Stage) -> None:
    """Fresh, short-lived certificates of a public authority on all servers."""
    _serve(stage, "cas1", 8443, *_issued(stage, "/C=US/O=Let's Encrypt/CN=R3", name="cas1"))
    _serve(stage, "edge1", 8443, *_issued(stage, "/C=US/O=Let's Encrypt/CN=R3", name="edge1"))
    for server in ("cas1", "edge1", "cas1"):
        stage.want("answered", _get(stage, 8443, "cas2", server))


def _proxied(name: str, title: str, issuer: str, ttl: int, sure: bool, places: str = FOUR_PLACES) -> Scenario:
    why = f"the firewall's proxy answers in cas2's name with a certificate that {issuer} signed"
    seen = (
        report("cas1", "cas2", 443, "tls-interception", because=why)
        if sure
        else maybe("cas1", "cas2", 443, "tls-interception", because=f"{why}; nothing in its name says so")
    )
    return Scenario(
        "tls",
        name,
        title,
        "A device in the way ends TLS in the server's name and begins it anew towards the server.",
        SERVERS,
        seen_from(
            "cas1",
            "cas2",
            (seen, LIFE),
            (clear("cas1", "cas2", 443, because="here the server's own certificate is shown"), LIFE),
            places=places,
        ),
        _intercepted(issuer),
        HOSTS,
        Policy(
            "ended TLS of port 443 in a proxy of its own",
            more=(("aside", tls_proxy.RULES),),
            sysctls=(("net.ipv4.ip_default_ttl", str(ttl)),),
        ),
        STAND_IN,
    )


def _alike(name: str, title: str, purpose: str, near: tuple, far: tuple, play) -> Scenario:
    """`near` is what cas2 takes part in, `far` what cas1 does."""
    captures = seen_from("cas2", "cas1", near, far, places=ENDS)
    return Scenario("tls", name, title, purpose, SERVERS, captures, play, ("cas2", "cas1"), stand_ins=STAND_IN)


NEW_CERTIFICATE = clear("cas2", "cas1", 8443)


SCENARIOS = [
    _proxied(
        "zscaler",
        "TLS is intercepted, and the issuer says so",
        "/C=US/ST=California/O=Zscaler Inc./OU=Zscaler Inc./CN=Zscaler Intermediate Root CA (zscaler.net) (t)",
        64,
        True,
    ),
    _proxied(
        "fortigate",
        "TLS is intercepted by a firewall with its factory authority",
        "/C=US/ST=California/L=Sunnyvale/O=Fortinet/OU=Certificate Authority/CN=FGT60E4Q16000000/emailAddress=support@fortinet.com",
        255,
        True,
        ENDS,
    ),
    _proxied(
        "bluecoat",
        "TLS is intercepted by a proxy appliance",
        "/C=US/ST=California/O=Blue Coat SG210 Series/OU=4710092025/CN=172.16.90.110",
        64,
        True,
        ENDS,
    ),
    _proxied(
        "tmg",
        "TLS is intercepted by Forefront TMG",
        "/CN=Microsoft Forefront TMG HTTPS Inspection Certification Authority",
        128,
        True,
        ENDS,
    ),
    _proxied(
        "inspection",
        "TLS is intercepted under a name of the owner's choice",
        "/O=Exlab/OU=Network/CN=Exlab TLS Inspection CA",
        64,
        True,
        ENDS,
    ),
    _proxied(
        "nameless", "TLS is intercepted under a name that says nothing", "/O=Exlab/CN=Exlab Issuing CA 7", 64, False, ENDS
    ),
    _alike(
        "enterprise",
        "443 from the enterprise's authority, another port self-signed",
        "As Exchange 2013 and later have it: nothing is intercepted.",
        (NEW_CERTIFICATE, clear("cas2", "cas1", 443)),
        (NEW_CERTIFICATE, clear("cas2", "cas1", 443)),
        _enterprise,
    ),
    _alike(
        "renewed",
        "A certificate is renewed while we watch",
        "Self-signed at first, then from the enterprise's authority, for everybody.",
        (NEW_CERTIFICATE,),
        (NEW_CERTIFICATE, clear("cas-dmz", "cas1", 8443)),
        _renewed,
    ),
    _alike(
        "balanced",
        "A load balancer with a certificate of its own",
        "Its address, its certificate: it is the server.",
        (clear("cas2", "edge1", 443), NEW_CERTIFICATE),
        (NEW_CERTIFICATE, clear("client1", "cas1", 8443)),
        _balanced,
    ),
    _alike(
        "two-behind-one",
        "Two servers behind one address, with certificates of two authorities",
        "One of them was renewed a moment ago; each client meets both.",
        (NEW_CERTIFICATE,),
        (NEW_CERTIFICATE, clear("client1", "cas1", 8443)),
        _two_behind_one,
    ),
    _alike(
        "short-lived",
        "Fresh certificates of a public authority",
        "Made a moment ago, as automatic renewal does.",
        (NEW_CERTIFICATE, clear("cas2", "edge1", 8443)),
        (NEW_CERTIFICATE,),
        _client_certificates,
    ),
]
