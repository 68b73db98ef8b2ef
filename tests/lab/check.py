"""Does a recording hold what its story says? tshark is asked, frame by frame.

This checks the recordings, not the analyzer: that every conversation of a story is in
its capture, and that a blocked one shows the wire signs of its kind.
"""

import pathlib
import subprocess
import tomllib
from dataclasses import dataclass

from network import LabError
from story import Scenario

# For a kind: (display filter within the conversation, least frames, most frames).
# {client}, {server} and {flow} are conditions on addresses and ports.
SYN = "tcp.flags.syn==1 && tcp.flags.ack==0"
# The lab's hosts begin with 128, and every other packet has passed the firewall: 127.
FOREIGN_RST = "tcp.flags.reset==1 && !(ip.ttl==127) && !(ipv6.hlim==127)"
AGAIN = "tcp.analysis.retransmission && tcp.len>0"
NOT_FIREWALL = "!(ip.ttl==64) && !(ipv6.hlim==64)"
FULL_SIZE_AGAIN = "(tcp.analysis.retransmission && (ip.len==1500 || ipv6.plen==1460))"
SIGNS = {
    "syn-dropped": ((f"{{client}} && {SYN}", 3, None),),
    "proxy-blocked": ((f"{{client}} && {SYN}", 3, None),),
    "rpc-dynamic-port-blocked": ((f"{{client}} && {SYN}", 2, None), ("{server} && tcp.flags.syn==1", 0, 0)),
    # The last of them; the port may have answered before.
    "no-answer": ((f"{{client}} && {SYN}", 1, None),),
    "synack-dropped": (("{server} && tcp.flags.syn==1 && tcp.flags.ack==1", 3, None),),
    # A RST that acknowledges the SYN and no more; other SYNs to that port may be answered.
    "syn-rejected": (("{server} && tcp.flags.reset==1 && tcp.ack==1", 1, None),),
    "icmp-prohibited": (("{flow} && (icmp.type==3 || icmpv6.type==1)", 1, None),),
    "midstream-reset": ((f"{{flow}} && {FOREIGN_RST}", 1, None), ("{flow} && tcp.len>0", 2, None)),
    "midstream-drop": ((f"{{flow}} && {AGAIN}", 3, None),),
    "idle-timeout": ((f"{{flow}} && (({AGAIN}) || ({FOREIGN_RST}))", 1, None),),
    "udp-blocked": (("{client} && udp", 2, None), ("{server} && udp", 0, 0)),
    "failover-blocked": ((f"{{client}} && {SYN}", 3, None), ("{server} && tcp", 0, 0)),
    "heartbeat-blocked": (("{client} && udp", 0, 0), ("{server} && udp", 5, None)),
    "tls-blocked": (("{flow} && tls.handshake.type==1", 1, None), ("{server} && tls", 0, 0)),
    "pmtu-black-hole": ((f"{{flow}} && ({FULL_SIZE_AGAIN} || tcp.analysis.lost_segment)", 1, None),),
    "media-blocked": (("{client} && udp && !icmp", 0, 0),),
    "smtp-inspection": (('{flow} && (tcp contains "220 ****" || tcp contains "SMTP/cmap" || tcp contains "XXXX")', 1, None),),
    "tls-interception": (("{server} && tls.handshake.type==11 && !(ip.ttl==127)", 1, None),),
    "service-slow": (("{client} && tcp.len>0", 1, None), (f"{{client}} && {AGAIN}", 0, 0)),
    "refused-by-host": ((f"{{server}} && tcp.flags.reset==1 && {NOT_FIREWALL}", 1, None),),
    "reset-by-host": ((f"{{server}} && tcp.flags.reset==1 && {NOT_FIREWALL}", 1, None),),
    "host-unreachable": (("{flow} && icmp.code==1", 1, None),),
    "host-silent": ((f"{{client}} && {SYN}", 3, None), ("{server} && tcp", 0, 0)),
    "rpc-not-registered": (("{server} && frame contains d6:a0:c9:16", 1, None),),
    "capture-edge": ((f"{{client}} && {SYN}", 1, 2), ("{server} && tcp", 0, 0)),
}


def doubts(scenario: Scenario, folder: pathlib.Path) -> list[str]:
    """What the recording does not bear out, in words; empty when all is well."""
    story = folder / "story.toml"
    if not story.exists():
        return ["not recorded yet"]
    found = []
    for capture in tomllib.loads(story.read_text())["capture"]:
        claims = [claim for expect in capture.get("expect", []) for claim in _claims(expect)]
        counts = _frames(folder / capture["file"], [claim.wanted for claim in claims])
        found += [
            f"{capture['file']}: {claim.name}: {count} frames of {claim.wanted}, wanted {claim.range()}"
            for claim, count in zip(claims, counts, strict=True)
            if count < claim.least or (claim.most is not None and count > claim.most)
        ]
    return found


@dataclass(frozen=True)
class Claim:
    """So many frames pass this display filter."""

    name: str
    wanted: str
    least: int
    most: int | None

    def range(self) -> str:
        return f"{self.least} to {'any' if self.most is None else self.most}"


def _claims(expect: dict) -> list[Claim]:
    if "server" not in expect:
        return []
    if expect.get("may"):
        return []
    kind = expect.get("kind") or expect.get("cleared_as")
    signs = SIGNS.get(kind, (("{flow}", 1, None),))
    if expect.get("absent"):
        signs = (("{client}", 0, 0),)
    conditions = _conditions(expect)
    return [Claim(kind or "clear", template.format(**conditions), least, most) for template, least, most in signs]


def _conditions(expect: dict) -> dict[str, str]:
    client, server, port, transport = (expect[key] for key in ("client", "server", "port", "transport"))
    ip = "ipv6" if ":" in server else "ip"
    ports = f"{transport}.port=={port}" if port else transport
    to_server = f"{ip}.src=={client} && {ip}.dst=={server}" + (f" && {transport}.dstport=={port}" if port else "")
    to_client = f"{ip}.src=={server} && {ip}.dst=={client}" + (f" && {transport}.srcport=={port}" if port else "")
    not_quoted = " && !icmp && !icmpv6"
    return {
        "client": f"({to_server}{not_quoted})",
        "server": f"({to_client}{not_quoted})",
        "flow": f"({ip}.addr=={client} && {ip}.addr=={server} && {ports})",
    }


def _frames(path: pathlib.Path, filters: list[str]) -> list[int]:
    """How many frames pass each display filter, all asked in one reading."""
    if not filters:
        return []
    command = ["tshark", "-q", "-r", str(path), "-z", ",".join(["io,stat,0", *filters])]
    done = subprocess.run(command, capture_output=True, text=True)
    row = next((line for line in done.stdout.splitlines() if "<>" in line), None)
    if done.returncode != 0 or row is None:
        raise LabError(f"tshark on {path}: {done.stderr.strip() or 'no counts'}")
    # | from <> to | frames | octets | frames | octets | ... | padding |
    cells = [int(cell) for cell in row.split("|")[2:] if cell.strip()]
    return cells[::2]
