"""The firewall between the subnets: real nftables, everything passes unless a rule says not."""

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
}}
"""
DEFAULT_SYSCTLS = {
    "net.netfilter.nf_conntrack_tcp_timeout_established": "432000",
    "net.netfilter.nf_conntrack_tcp_loose": "1",
    "net.ipv4.ip_default_ttl": "64",
}


@dataclass(frozen=True)
class Policy:
    """What the firewall does in one scenario: in words, as rules, and as settings."""

    did: str = "let everything pass"
    forward: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()

    def rules(self) -> str:
        """The rules as the story shows them."""
        lines = [f"forward: {rule}" for rule in self.forward] + [f"output: {rule}" for rule in self.output]
        return "\n".join(lines + [f"sysctl {key}={value}" for key, value in self.sysctls])


def apply(policy: Policy) -> None:
    indent = "    "
    text = RULESET.format(
        forward="\n".join(indent + rule for rule in policy.forward),
        output="\n".join(indent + rule for rule in policy.output),
    )
    settings = DEFAULT_SYSCTLS | dict(policy.sysctls)
    run_in(FIREWALL, "sysctl", "-qw", *(f"{key}={value}" for key, value in settings.items()))
    run_in(FIREWALL, "nft", "-f", "-", feed=text)
