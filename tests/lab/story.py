"""What a scenario is, and how it is written down beside its captures (story.toml).

The truth in a story comes from the firewall's rules and the servers' configuration.
No analyzer is asked.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pcap
from firewall import Line, Policy
from network import HOSTS, SITES

NEVER_HERE = "the device in front of this place lets none of it pass"
REAL = "recorded in the lab: real TCP/IP stacks in network namespaces behind a real nftables firewall"


@dataclass(frozen=True)
class Expect:
    """The truth about one conversation as one vantage point can know it."""

    # All None when the truth is about the capture as a whole.
    client: str | None
    server: str | None
    port: int | None
    transport: str = "tcp"
    kind: str | None = None
    or_kinds: tuple[str, ...] = ()
    must: str | None = None
    must_not: tuple[str, ...] = ()
    cleared_as: str | None = None
    outcome: str | None = None
    may: str | None = None
    attribution: str | None = None
    attribution_not: str | None = None
    confidence_at_most: float | None = None
    absent: bool = False
    because: str = ""

    def seen_as(self, outcome: str) -> "Expect":
        return replace(self, outcome=outcome)

    def not_the_network(self) -> "Expect":
        return replace(self, attribution_not="network")

    def or_the_host(self, beside_other_ports: bool = False) -> "Expect":
        """Only silence: whether anything filters at all, or the service is stopped, cannot be told. That the same
        two hosts talk on other ports raises it a little (contract)."""
        return replace(self, attribution_not="network", confidence_at_most=0.8 if beside_other_ports else 0.7)

    def by(self, attribution: str) -> "Expect":
        return replace(self, attribution=attribution)


def report(
    client: str, server: str, port: int, kind: str, *or_kinds: str, because: str, transport: str = "tcp"
) -> Expect:
    """This is blocked (or altered, or inconclusive), and a finding of that kind must say so."""
    return Expect(client, server, port, transport, kind, or_kinds, "report", because=because)


def clear(
    client: str, server: str, port: int, outcome: str | None = None, transport: str = "tcp", because: str = ""
) -> Expect:
    """Healthy: nothing here may be called blocked or altered."""
    return Expect(client, server, port, transport, must_not=("blocked", "altered"), outcome=outcome, because=because)


def cleared_as(client: str, server: str, port: int, kind: str, *, because: str, transport: str = "tcp") -> Expect:
    """It failed, but not because something filters: a `not-blocked` or `inconclusive` kind says why."""
    return Expect(client, server, port, transport, must_not=("blocked", "altered"), cleared_as=kind, because=because)


def maybe(
    client: str, server: str, port: int, kind: str, *, because: str, transport: str = "tcp", absent: bool = False
) -> Expect:
    """To report it is right, not to report it is right too: this capture decides neither."""
    return Expect(client, server, port, transport, may=kind, because=because, absent=absent)


def absent(client: str, server: str, port: int, transport: str = "tcp", because: str = NEVER_HERE) -> Expect:
    """No packet of the client to that port comes by here, so nothing can be said of it."""
    return Expect(client, server, port, transport, must_not=("blocked", "altered"), absent=True, because=because)


def beyond(near: tuple[Expect, ...]) -> tuple[Expect, ...]:
    """The truth behind a device that lets no packet of a blocked conversation pass."""
    return tuple(
        absent(e.client, e.server, e.port, e.transport) if e.client and (e.must or e.may) else e for e in near
    )


def capture_wide(kind: str) -> Expect:
    """Said of the capture as a whole, not of a conversation."""
    return Expect(None, None, None, kind=kind, must="report")


@dataclass(frozen=True)
class Capture:
    vantage: str
    on: str  # a host's name, or "fw"
    expects: tuple[Expect, ...]
    device: str = "eth0"
    options: tuple[str, ...] = ()
    late: bool = False  # the play itself begins it, in the middle of things
    remark: str = ""
    # Not recorded, but edited from another capture of the same play, and how.
    made_from: str | None = None
    edit: Callable | None = None

    @property
    def file(self) -> str:
        return f"{self.vantage}.pcap"


@dataclass(frozen=True)
class Scenario:
    area: str
    name: str
    title: str
    purpose: str
    servers: tuple[str, ...]
    captures: tuple[Capture, ...]
    play: Callable  # of a Stage
    hosts: tuple[str, ...]
    policy: Policy = field(default_factory=Policy)
    stand_ins: str = ""
    line: Line | None = None

    @property
    def path(self) -> str:
        return f"{self.area}/{self.name}"


def seen_from(
    client: str, server: str, near: tuple[Expect, ...], far: tuple[Expect, ...] | None = None,
    middle: tuple[Expect, ...] | None = None, places: str = "client fw-client-leg fw-server-leg server",
) -> tuple[Capture, ...]:
    """One play, captured at several places at once.

    `near` is the truth between client and firewall, `far` between firewall and server
    (without it, what the firewall reports against never comes there), `middle` on all
    devices of the firewall together.
    """
    far = beyond(near) if far is None else far
    if "fw" in places and HOSTS[client].subnet == HOSTS[server].subnet:
        raise ValueError(f"{client} and {server} do not meet at the firewall")
    legs = {name: f"fw-{HOSTS[host].subnet}" for name, host in (("fw-client-leg", client), ("fw-server-leg", server))}
    made = {
        "client": lambda: Capture("client", client, near),
        "fw-client-leg": lambda: Capture("fw-client-leg", "fw", near, device=legs["fw-client-leg"]),
        "fw-server-leg": lambda: Capture("fw-server-leg", "fw", far, device=legs["fw-server-leg"]),
        "server": lambda: Capture("server", server, far),
        "firewall": lambda: Capture("firewall", "fw", near if middle is None else middle, device="any",
                                    remark="All devices of the firewall (LINUX_SLL2): what passes is seen twice."),
    }  # fmt: skip
    return tuple(made[place]() for place in places.split())


def one_way(client: str, truth: tuple[Expect, ...]) -> tuple[Capture, ...]:
    """The client's capture cut into its two directions: in neither can anybody know that something is blocked."""
    blind = tuple(
        replace(clear(e.client, e.server, e.port, transport=e.transport), because="nothing can be known from one direction")
        for e in truth
    )
    mac = HOSTS[client].mac
    return (
        edited("sent", "client", pcap.only_from(mac), (capture_wide("one-way-capture"), *blind), f"Only what {client} sent."),
        edited("received", "client", pcap.only_to(mac),
               (capture_wide("one-way-capture"), *(e for e in blind if e.transport == "tcp")), f"Only what {client} received."),
    )  # fmt: skip


ALL_PLACES = "client fw-client-leg fw-server-leg server firewall"
FOUR_PLACES = "client fw-client-leg fw-server-leg server"
ENDS = "client server"
TWO_PLACES = "client fw-server-leg"
THREE_PLACES = "client fw-server-leg server"


def edited(vantage: str, source: str, edit: Callable, expects: tuple[Expect, ...], remark: str) -> Capture:
    """A capture made from another one by `edit` (pcap.py)."""
    return Capture(vantage, "", expects, made_from=source, edit=edit, remark=remark)


def write(scenario: Scenario) -> str:
    """The text of story.toml."""
    lines = [_pair("title", scenario.title), _pair("purpose", scenario.purpose)]
    provenance = f"{REAL}. {scenario.stand_ins or 'All servers are real.'}"
    if any(capture.made_from for capture in scenario.captures):
        provenance += " Captures with `made_from` are edited from a recording, as their remark says."
    lines.append(_pair("provenance", provenance))
    for host in (HOSTS[name] for name in scenario.hosts):
        lines += ["", "[[host]]", _pair("name", host.name)]
        lines += [_pair("addresses", [host.v4, host.v6]), _pair("roles", host.roles)]
    lines += ["", "[firewall]", _pair("did", scenario.policy.did)]
    if scenario.policy.rules():
        lines.append(f"rules = '''\n{scenario.policy.rules()}\n'''")
    if scenario.line:
        lines.append(_pair("line", scenario.line.words()))
    for capture in scenario.captures:
        lines += ["", "[[capture]]", _pair("file", capture.file), _pair("vantage", capture.vantage)]
        if capture.made_from:
            lines.append(_pair("made_from", f"{capture.made_from}.pcap"))
        else:
            lines.append(_pair("on", f"{capture.on} {capture.device}"))
        if capture.options:
            lines.append(_pair("options", capture.options))
        if capture.remark:
            lines.append(_pair("remark", capture.remark))
        lines.append("nothing_else_blocked = true")
        for expect in capture.expects:
            lines += ["", "[[capture.expect]]", *_expect(expect)]
    return "\n".join(lines) + "\n"


def address(name: str) -> str:
    """Of a host by name; anything else is an address already."""
    return HOSTS[name].v4 if name in HOSTS else name


def _expect(expect: Expect) -> list[str]:
    lines = []
    if expect.client and expect.server:
        lines += [_pair("client", address(expect.client)), _pair("server", address(expect.server))]
        lines += [_pair("port", expect.port), _pair("transport", expect.transport)]
    for key in ("kind", "or_kinds", "must", "must_not", "cleared_as", "outcome", "may",
                "attribution", "attribution_not", "confidence_at_most", "absent", "because"):  # fmt: skip
        value = getattr(expect, key)
        if value:
            lines.append(_pair(key, value))
    return lines


def _pair(key: str, value: object) -> str:
    # JSON's strings, numbers and arrays of strings are TOML's too.
    return f"{key} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}"


def topology() -> str:
    """Every host of the lab as a topology file, so that captures can be read with and without one."""
    lines = ["# The lab's hosts, for `--topology`. Written by `lab record`.", "[organization]"]
    lines += [_pair("name", "Exlab"), _pair("version", "2010")]
    for host in HOSTS.values():
        lines += ["", "[[host]]", _pair("name", host.name), _pair("addresses", [host.v4, host.v6])]
        lines.append(_pair("roles", host.roles))
        if host.subnet in SITES:
            lines.append(_pair("site", SITES[host.subnet]))
    return "\n".join(lines) + "\n"
