"""What a scenario is, and how it is written down beside its captures (story.toml).

The truth in a story comes from the firewall's rules and the servers' configuration.
No analyzer is asked.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from firewall import Policy
from network import HOSTS

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
    because: str = ""

    def seen_as(self, outcome: str) -> "Expect":
        return replace(self, outcome=outcome)


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

    @property
    def path(self) -> str:
        return f"{self.area}/{self.name}"


def write(scenario: Scenario) -> str:
    """The text of story.toml."""
    lines = [_pair("title", scenario.title), _pair("purpose", scenario.purpose)]
    lines.append(_pair("provenance", f"{REAL}. {scenario.stand_ins or 'All servers are real.'}"))
    for host in (HOSTS[name] for name in scenario.hosts):
        lines += ["", "[[host]]", _pair("name", host.name)]
        lines += [_pair("addresses", [host.v4, host.v6]), _pair("roles", host.roles)]
    lines += ["", "[firewall]", _pair("did", scenario.policy.did)]
    if scenario.policy.rules():
        lines.append(f"rules = '''\n{scenario.policy.rules()}\n'''")
    for capture in scenario.captures:
        lines += ["", "[[capture]]", _pair("file", capture.file), _pair("vantage", capture.vantage)]
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
    for key in ("kind", "or_kinds", "must", "must_not", "cleared_as", "outcome", "because"):
        value = getattr(expect, key)
        if value:
            lines.append(_pair(key, value))
    return lines


def _pair(key: str, value: object) -> str:
    # JSON's strings, numbers and arrays of strings are TOML's too.
    return f"{key} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}"
