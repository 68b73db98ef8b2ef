"""The firewall between the subnets: real nftables, everything passes unless a rule says not.

Hosts have firewalls of their own where a scenario says so, and one subnet hangs on a long line.
"""

from dataclasses import dataclass

from network import FIREWALL, run_in

RULESET = """
flush ruleset
table inet lab {{
  chain forward {{
    type filter hook forward priority 0; policy accept;
{forward}
  }}
  chain output {{
    type filter hook output priority 0; policy accept;
{output}
  }}
{chains}
}}
"""
# Chains that few scenarios need: type, hook and priority. `early` comes before connection
# tracking puts fragments together.
CHAINS = {
    "early": "type filter hook prerouting priority -450",
    "untracked": "type filter hook prerouting priority -300",
    "longer": "type filter hook forward priority 10",
    "aside": "type filter hook prerouting priority -150",
    "translate": "type nat hook prerouting priority -100",
    "disguise": "type nat hook postrouting priority 100",
}
HOST_RULESET = """
flush ruleset
table inet lab {{
  chain input {{
    type filter hook input priority 0; policy accept;
{input}
  }}
}}
"""
DEFAULT_SYSCTLS = {
    "net.netfilter.nf_conntrack_tcp_timeout_established": "432000",
    "net.netfilter.nf_conntrack_tcp_loose": "1",
    "net.netfilter.nf_conntrack_udp_timeout": "30",
    "net.netfilter.nf_conntrack_udp_timeout_stream": "120",
    "net.ipv4.ip_default_ttl": "64",
    "net.ipv6.conf.all.hop_limit": "64",
}


@dataclass(frozen=True)
class Line:
    """What the long line does to each frame, in each direction."""

    milliseconds: float
    jitter: float = 0.0
    lost: float = 0.0  # share of the IP packets
    reordered: float = 0.0  # share of the frames that are overtaken by later ones

    def words(self) -> str:
        parts = [f"{self.milliseconds:g} ms each way"]
        if self.jitter:
            parts.append(f"up to {self.jitter:g} ms jitter")
        if self.lost:
            parts.append(f"{self.lost:.1%} of the packets lost")
        if self.reordered:
            parts.append(f"{self.reordered:.0%} of the packets overtaken")
        return ", ".join(parts)


@dataclass(frozen=True)
class Policy:
    """What the firewall does in one scenario: in words, as rules, and as settings."""

    did: str = "let everything pass"
    forward: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    # (chain of CHAINS, its rules)
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # (host, rules of its own input chain)
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def rules(self) -> str:
        """The rules as the story shows them."""
        lines = [f"forward: {rule}" for rule in self.forward] + [f"output: {rule}" for rule in self.output]
        lines += [f"{chain}: {rule}" for chain, rules in self.more for rule in rules]
        lines += [f"{host} input: {rule}" for host, rules in self.hosts for rule in rules]
        return "\n".join(lines + [f"sysctl {key}={value}" for key, value in self.sysctls])


def apply(policy: Policy) -> None:
    indent = "    "
    text = RULESET.format(
        forward="\n".join(indent + rule for rule in policy.forward),
        output="\n".join(indent + rule for rule in policy.output),
        chains="\n".join(
            f"  chain {chain} {{ {CHAINS[chain]}; {'; '.join(rules)}; }}" for chain, rules in policy.more
        ),
    )
    settings = DEFAULT_SYSCTLS | dict(policy.sysctls)
    run_in(FIREWALL, "sysctl", "-qw", *(f"{key}={value}" for key, value in settings.items()))
    run_in(FIREWALL, "nft", "-f", "-", feed=text)
    own = dict(policy.hosts)
    for host in {*own, *GUARDED}:
        rules = "\n".join(indent + rule for rule in own.get(host, ()))
        run_in(host, "nft", "-f", "-", feed=HOST_RULESET.format(input=rules))
    GUARDED.clear()
    GUARDED.update(own)


# Hosts whose own firewall has rules now.
GUARDED: set[str] = set()
