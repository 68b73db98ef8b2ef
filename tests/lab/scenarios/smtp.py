"""SMTP servers of many makes, none of them inspected; and inspections of other makes than `mail` has."""

from firewall import Policy
from scenarios.mail import CARRIED_ASIDE, DOMAIN
from stage import Stage
from story import ENDS, Scenario, clear, report, seen_from

STAND_IN = "The mail server is a stand-in that greets and answers EHLO as the named makes do."
INSPECTED = STAND_IN + " The inspection is a stand-in that rewrites segments in place as the named product family does."
HOSTS = ("edge1", "cas1")


def _ask(stage: Stage, *more: str) -> None:
    people = ("--from", f"alice@{DOMAIN}", "--to", f"bob@{DOMAIN}", "--header", "Subject: lab", "--body", "From the lab.")
    stage.do("edge1", "swaks", "--server", "cas1", "--helo", f"edge1.{DOMAIN}", *people, *more, check=False)


def _makes(*makes: str):
    """One server after the other in one place, each asked once and given a message."""

    def play(stage: Stage) -> None:
        for make in makes:
            server = stage.serve("cas1", make, script="smtp_server.py")
            _ask(stage)
            stage.stop(server)
            stage.pause(0.3)

    return play


def _says(stage: Stage) -> None:
    words = ("EHLO edge1.exlab.test", "X-EXPS GSSAPI", "XEXCH50 1 1", "QUIT")
    said = [part for word in words for part in ("--say", word)]
    stage.want("answered", stage.client("edge1", "smtp", "cas1", 25, *said))


def _inspected(mode: str, make: str, talk=_ask):
    def play(stage: Stage) -> None:
        stage.serve("cas1", make, script="smtp_server.py")
        with stage.device("inspector.py", mode):
            for _ in range(2):
                talk(stage)
                stage.pause(0.5)

    return play


WHOLE = clear("edge1", "cas1", 25, because="the server's own words: no device touched them")


def _unmasked(name: str, title: str, purpose: str, *makes: str) -> Scenario:
    return Scenario(
        "smtp",
        name,
        title,
        purpose,
        (),
        seen_from("edge1", "cas1", (WHOLE,), (WHOLE,), places=ENDS),
        _makes(*makes),
        HOSTS,
        stand_ins=STAND_IN,
    )


def _masked(name: str, title: str, purpose: str, mode: str, make: str, near: tuple, far: tuple, talk=_ask) -> Scenario:
    return Scenario(
        "smtp",
        name,
        title,
        purpose,
        (),
        seen_from("edge1", "cas1", near, far),
        _inspected(mode, make, talk),
        HOSTS,
        Policy(f"carried TCP 25 through an inspection ({mode})", CARRIED_ASIDE),
        INSPECTED,
    )


def _seen(because: str):
    return report("edge1", "cas1", 25, "smtp-inspection", because=because)


SCENARIOS = [
    _unmasked(
        "exchange",
        "Exchange 2003 and 2010 greet",
        "What an unmasked server of either version offers.",
        "exchange-2003",
        "exchange-2010",
    ),
    _unmasked(
        "suppressed",
        "X-ANONYMOUSTLS is switched off for a WAN optimizer",
        "Absent, and nothing masked: the administrator's choice.",
        "suppressed",
    ),
    _unmasked(
        "other-makes",
        "Mail servers of other makes",
        "Few keywords or many, short banners or long ones: nothing is masked.",
        "sparse",
        "none",
        "domino",
        "sendmail",
        "appliance",
        "antivirus",
        "many-x",
    ),
    _unmasked(
        "asterisks",
        "Asterisks that a server's owner likes",
        "Ornaments, frames and warnings in the banner: nothing is masked.",
        "forbidding",
        "framed",
        "ruled",
        "starred",
        "redacted",
    ),
    _masked(
        "pix-exchange",
        "PIX in front of Exchange 2010",
        "The banner is masked, EHLO arrives as XXXX, the client falls back to HELO.",
        "pix",
        "exchange-2010",
        (_seen("a banner made of asterisks"),),
        (_seen("a verb made of X where a client says EHLO"),),
    ),
    _masked(
        "cmap",
        "An old PIX in front of Exchange 2003",
        "The banner reads SMTP/cmap, EHLO arrives as XXXX.",
        "cmap",
        "exchange-2003",
        (_seen("the banner of the older PIX: SMTP/cmap, underscores, read"),),
        (_seen("a verb made of X where a client says EHLO"),),
    ),
    _masked(
        "asa-strict",
        "ASA masks keywords and leaves the banner",
        "STARTTLS and Exchange's own keywords are X with a last letter.",
        "strict",
        "exchange-2010",
        (_seen("keywords made of X with a last letter where the server offered STARTTLS and others"),),
        (
            clear(
                "edge1",
                "cas1",
                25,
                because="here the server's own words are still whole, and the client sends what is allowed",
            ),
        ),
    ),
    _masked(
        "asa-command",
        "ASA masks a command",
        "A client that says X-EXPS and XEXCH50 all the same: its commands arrive as X.",
        "strict",
        "exchange-2010",
        (_seen("keywords made of X with a last letter"),),
        (_seen("a command made of X where the client said X-EXPS"),),
        _says,
    ),
    _masked(
        "stripped",
        "STARTTLS is taken out without a trace",
        "From one place nobody can tell it from a server without STARTTLS.",
        "strip",
        "exchange-2010",
        (WHOLE,),
        (WHOLE,),
    ),
]
