"""The lab's network: one namespace per host, one per switch, one for the firewall.

Everything lives in namespaces named with PREFIX and in one work directory, so that
`take_down` can remove all of it, whatever state a crash left behind.
"""

import contextlib
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

# Two labs with a prefix and a work directory each can record side by side.
PREFIX = os.environ.get("ANYANY_LAB_PREFIX", "aa-")
WORK = pathlib.Path(os.environ.get("ANYANY_LAB_DIR", "/tmp/anyany-lab"))
DOMAIN = "exlab.test"
FIREWALL = "fw"
DETOUR = "fw2"
SUBNETS = {"per": 1, "int": 2, "s2": 3, "br": 4, "out": 9}
SITES = {"per": "Paris", "int": "Paris", "s2": "Lyon", "br": "Brest"}
# This subnet hangs on the firewall by a long line (wan.py) instead of a cable.
FAR_SUBNET = "br"
LINE = "wan"
LINE_ENDS = ("wan-fw", "wan-br")


class LabError(Exception):
    """The lab cannot do what was asked; the text says why and what would help."""


@dataclass(frozen=True)
class Host:
    name: str
    subnet: str
    octet: int
    roles: tuple[str, ...]

    @property
    def v4(self) -> str:
        return f"10.10.{SUBNETS[self.subnet]}.{self.octet}"

    @property
    def v6(self) -> str:
        return f"fd10:10:{SUBNETS[self.subnet]}::{self.octet}"

    @property
    def mac(self) -> str:
        """In the range of a hypervisor's virtual adapters, stable from run to run."""
        return f"00:15:5d:0a:{SUBNETS[self.subnet]:02x}:{self.octet:02x}"


HOSTS = {
    host.name: host
    for host in (
        Host("cas-dmz", "per", 11, ("cas",)),
        Host("cas-win", "per", 12, ("cas",)),
        Host("edge1", "per", 25, ("edge",)),
        Host("dc1", "int", 10, ("dc", "gc", "dns")),
        Host("cas1", "int", 11, ("cas",)),
        Host("mbx1", "int", 21, ("mailbox",)),
        Host("hub1", "int", 31, ("hub", "witness")),
        Host("um1", "int", 41, ("um",)),
        Host("cas2", "s2", 11, ("cas",)),
        Host("mbx2", "s2", 21, ("mailbox",)),
        Host("cas3", "br", 11, ("cas",)),
        Host("cas-far", "br", 12, ("cas",)),
        Host("client1", "out", 50, ("outlook", "web-client")),
        Host("pbx1", "out", 60, ("telephony",)),
    )
}

# Windows-like where a capture shows it (TTL, no timestamps, dynamic port range that
# overlaps the RPC range), and short retry clocks so that a give-up fits in a scenario.
HOST_SYSCTLS = (
    "net.ipv4.ip_default_ttl=128",
    "net.ipv6.conf.all.hop_limit=128",
    "net.ipv6.conf.eth0.hop_limit=128",
    "net.ipv4.tcp_timestamps=0",
    "net.ipv4.tcp_syn_retries=3",
    "net.ipv4.tcp_synack_retries=3",
    "net.ipv4.tcp_retries2=5",
    "net.ipv4.ip_local_port_range=49152 65535",
    "net.ipv4.ip_unprivileged_port_start=0",
)
# Only in newer kernels, which otherwise send the first four SYNs a second apart.
OPTIONAL_HOST_SYSCTLS = ("net.ipv4.tcp_syn_linear_timeouts=0",)
QUIET_V6_SYSCTLS = (
    "net.ipv6.conf.{device}.accept_dad=0",
    "net.ipv6.conf.{device}.accept_ra=0",
    "net.ipv6.conf.{device}.router_solicitations=0",
)
FIREWALL_SYSCTLS = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.netfilter.nf_conntrack_acct=1",
)


# Hosts whose TCP is windows.py: their kernel must answer nothing.
OWN_STACKS = ("cas-win", "cas-far")
NO_KERNEL_TCP = (
    "add table inet own; add chain inet own input { type filter hook input priority 0; };"
    " add rule inet own input meta l4proto tcp drop"
)


def namespace(name: str) -> str:
    return PREFIX + name


def run(*argv: str, feed: str | None = None, check: bool = True) -> str:
    """Run a command outside any lab namespace; its standard output."""
    done = subprocess.run(argv, input=feed, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def run_in(name: str, *argv: str, feed: str | None = None, check: bool = True) -> str:
    """Run a bare command (no private /run or /etc) in the namespace of `name`."""
    return run("ip", "netns", "exec", namespace(name), *argv, feed=feed, check=check)


def as_host(name: str, *argv: str) -> list[str]:
    """The command line that runs `argv` as if on that host: own /run, hosts and host name.

    `ip netns exec` gives a private mount namespace, so the bind mounts are seen by this
    process alone. Every step execs: the process id stays that of the command itself.
    """
    etc = WORK / "etc" / name
    script = (
        f"mount --bind {etc}/resolv.conf /etc/resolv.conf; mount --bind {etc}/hosts /etc/hosts;"
        f' mount --bind {etc}/run /run; hostname {name}; exec "$@"'
    )
    return ["ip", "netns", "exec", namespace(name), "unshare", "--uts", "sh", "-c", script, "sh", *argv]


def bring_up() -> None:
    """Build the whole network from nothing."""
    take_down()
    WORK.mkdir(mode=0o755, parents=True, exist_ok=True)
    _firewall_namespace()
    for subnet in SUBNETS:
        _switch(subnet)
    for host in HOSTS.values():
        _host(host)


def take_down() -> None:
    """Kill what runs in our namespaces, then delete them. Safe to repeat."""
    ours = existing_namespaces()
    for sig in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 3
        pids = _pids(ours)
        for pid in pids:
            _signal(pid, sig)
        while _pids(ours) and time.monotonic() < deadline:
            time.sleep(0.05)
    for name in ours:
        run("ip", "netns", "delete", name)


def forget_work() -> None:
    """Remove the work directory, with every server's state."""
    if WORK.exists():
        shutil.rmtree(WORK)


def existing_namespaces() -> list[str]:
    names = (line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.strip())
    return [name for name in names if name.startswith(PREFIX)]


def forget_connections() -> None:
    """Destroy live sockets and tracked connections, so that the retransmissions of one
    scenario do not appear in the capture of the next."""
    for name in HOSTS:
        for destination in ("10.10.0.0/16", "fd10:10::/32"):
            run_in(name, "ss", "-tK", "state", "connected", "dst", destination, check=False)
    run_in(FIREWALL, "conntrack", "-F", check=False)


def narrow(subnet: str, octets: int) -> None:
    """Set the MTU of the firewall's leg in a subnet (1500 is normal)."""
    run_in(FIREWALL, "ip", "link", "set", f"fw-{subnet}", "mtu", str(octets))


def unplug(name: str) -> None:
    """Take a host's cable out: no ARP answer any more."""
    host = HOSTS[name]
    run_in(f"sw-{host.subnet}", "ip", "link", "set", host.name, "down")
    run_in(FIREWALL, "ip", "neigh", "flush", "all")


def plug(name: str) -> None:
    host = HOSTS[name]
    run_in(f"sw-{host.subnet}", "ip", "link", "set", host.name, "up")
    run_in(FIREWALL, "ip", "neigh", "flush", "all")


@contextlib.contextmanager
def unplugged(name: str):
    unplug(name)
    try:
        yield
    finally:
        plug(name)


@contextlib.contextmanager
def setting(name: str, key: str, value: object):
    """A sysctl of a host for a while."""
    before = run_in(name, "sysctl", "-n", key).strip()
    run_in(name, "sysctl", "-qw", f"{key}={value}")
    try:
        yield
    finally:
        run_in(name, "sysctl", "-qw", f"{key}={before}")


@contextlib.contextmanager
def second_way(*routes: tuple[str, str]):
    """A second router, that keeps no state, between the internal network and the second site.

    `routes` are (host, network): that host sends there by the second router.
    """
    _add_namespace(DETOUR)
    run_in(DETOUR, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    for subnet in ("int", "s2"):
        number, device = SUBNETS[subnet], f"det-{subnet}"
        _pair(DETOUR, device, f"sw-{subnet}", device, f"00:15:5d:0a:{number:02x}:03")
        run_in(f"sw-{subnet}", "ip", "link", "set", device, "master", "br0", "up")
        run_in(DETOUR, "ip", "address", "add", f"10.10.{number}.2/24", "dev", device)
    for host, network in routes:
        run_in(host, "ip", "route", "add", network, "via", f"10.10.{SUBNETS[HOSTS[host].subnet]}.2")
    try:
        yield
    finally:
        for host, network in routes:
            run_in(host, "ip", "route", "del", network)
        run("ip", "netns", "delete", namespace(DETOUR))


@contextlib.contextmanager
def second_card(*addresses: tuple[str, str]):
    """(host, address/length) added for a while; the firewall gets the first address of each network."""
    for host, address in addresses:
        net = address.rpartition(".")[0]
        run_in(host, "ip", "address", "add", address, "dev", "eth0")
        run_in(FIREWALL, "ip", "address", "add", f"{net}.1/24", "dev", f"fw-{HOSTS[host].subnet}", check=False)
    try:
        yield
    finally:
        for host, address in addresses:
            net = address.rpartition(".")[0]
            run_in(host, "ip", "address", "del", address, "dev", "eth0")
            run_in(FIREWALL, "ip", "address", "del", f"{net}.1/24", "dev", f"fw-{HOSTS[host].subnet}", check=False)


@contextlib.contextmanager
def frozen(name: str, *commands: str):
    """Programs of a host stand still for a while: its kernel goes on acknowledging."""
    def each(sig: signal.Signals) -> None:
        for pid in _pids([namespace(name)]):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip().startswith(commands):
                    _signal(pid, sig)

    each(signal.SIGSTOP)
    try:
        yield
    finally:
        each(signal.SIGCONT)


def mute(name: str) -> None:
    """Nothing leaves a host any more, not even from its queues when it speaks again."""
    run_in(name, "nft", "add table inet mute; add chain inet mute output { type filter hook output priority 0; policy drop; }")


def unmute(name: str) -> None:
    run_in(name, "nft", "delete table inet mute")


def _pids(namespaces: list[str]) -> list[int]:
    return [int(pid) for name in namespaces for pid in run("ip", "netns", "pids", name, check=False).split()]


def _signal(pid: int, sig: signal.Signals) -> None:
    try:
        os.kill(pid, sig)
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise


def _add_namespace(name: str) -> None:
    run("ip", "netns", "add", namespace(name))
    run_in(name, "ip", "link", "set", "lo", "up")


def _firewall_namespace() -> None:
    _add_namespace(FIREWALL)
    run_in(FIREWALL, "nft", "add", "table", "inet", "lab")  # loads connection tracking
    run_in(FIREWALL, "nft", "add chain inet lab forward { type filter hook forward priority 0; }")
    run_in(FIREWALL, "nft", "add rule inet lab forward ct state invalid accept")
    run_in(FIREWALL, "sysctl", "-qw", *FIREWALL_SYSCTLS)


def _switch(subnet: str) -> None:
    """A bridge in its own namespace: inside the firewall's, bridged frames would pass
    through its forward hook."""
    name = f"sw-{subnet}"
    _add_namespace(name)
    run_in(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    run_in(name, "ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    run_in(name, "ip", "link", "set", "br0", "up")
    number = SUBNETS[subnet]
    device = f"fw-{subnet}"
    adapter = f"00:15:5d:0a:{number:02x}:01"
    if subnet == FAR_SUBNET:
        _line(device, name, adapter)
    else:
        _cable(FIREWALL, device, name, adapter)
    _address(FIREWALL, device, f"10.10.{number}.1", f"fd10:10:{number}::1")


def _host(host: Host) -> None:
    _add_namespace(host.name)
    _cable(host.name, "eth0", f"sw-{host.subnet}", host.mac)
    run_in(host.name, "sysctl", "-qw", *HOST_SYSCTLS)
    run_in(host.name, "sysctl", "-qw", *OPTIONAL_HOST_SYSCTLS, check=False)
    _address(host.name, "eth0", host.v4, host.v6)
    number = SUBNETS[host.subnet]
    run_in(host.name, "ip", "route", "add", "default", "via", f"10.10.{number}.1")
    run_in(host.name, "ip", "-6", "route", "add", "default", "via", f"fd10:10:{number}::1")
    if host.name in OWN_STACKS:
        run_in(host.name, "nft", NO_KERNEL_TCP)
    etc = WORK / "etc" / host.name
    (etc / "run").mkdir(parents=True, exist_ok=True)
    (etc / "resolv.conf").write_text(f"search {DOMAIN}\nnameserver {HOSTS['dc1'].v4}\n")
    known = "".join(f"{h.v4} {h.name}.{DOMAIN} {h.name}\n" for h in HOSTS.values())
    (etc / "hosts").write_text("127.0.0.1 localhost\n" + known)


def _cable(name: str, device: str, switch: str, mac: str) -> None:
    port = device if name == FIREWALL else name
    _pair(name, device, switch, port, mac)
    run_in(switch, "ip", "link", "set", port, "master", "br0", "up")


def _line(device: str, switch: str, mac: str) -> None:
    """Firewall and switch on the two ends of a namespace that carries nothing by itself."""
    _add_namespace(LINE)
    run_in(LINE, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    near, far = LINE_ENDS
    _pair(FIREWALL, device, LINE, near, mac)
    _pair(switch, "line", LINE, far, f"00:15:5d:0a:{SUBNETS[FAR_SUBNET]:02x}:02")
    run_in(switch, "ip", "link", "set", "line", "master", "br0")
    for end in LINE_ENDS:
        run_in(LINE, "ip", "link", "set", end, "up")


def _pair(name: str, device: str, other: str, port: str, mac: str) -> None:
    run(
        "ip", "link", "add", device, "address", mac, "netns", namespace(name),
        "type", "veth", "peer", "name", port, "netns", namespace(other),
    )  # fmt: skip
    for side, end in ((name, device), (other, port)):
        # Without this, captures hold frames of tens of kilobytes and unfinished checksums.
        offloads = [word for kind in ("tx", "rx", "tso", "gso", "gro", "sg") for word in (kind, "off")]
        run_in(side, "ethtool", "-K", end, *offloads, check=False)
    quiet = [sysctl.format(device=device) for sysctl in QUIET_V6_SYSCTLS]
    run_in(name, "sysctl", "-qw", *quiet, check=False)
    run_in(name, "ip", "link", "set", device, "up")


def _address(name: str, device: str, v4: str, v6: str) -> None:
    run_in(name, "ip", "address", "add", f"{v4}/24", "dev", device)
    run_in(name, "ip", "address", "add", f"{v6}/64", "dev", device, "nodad")
