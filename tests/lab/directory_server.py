"""dc1: a Samba Active Directory domain controller (DNS, Kerberos, LDAP, GC, SMB, RPC)."""

import shutil

from daemons import launch
from network import DOMAIN, HOSTS, WORK, as_host, run

REALM = DOMAIN.upper()
SHORT = "EXLAB"
# Protects nothing: the domain lives for one recording, in a namespace.
PASSWORD = "Passw0rd.Lab"
STATE = WORK / "samba-dc1"
PORTS = (53, 88, 135, 389, 445, 464, 636, 3268, 3269)
SMB_CONF = """[global]
  realm = {realm}
  workgroup = {short}
  netbios name = DC1
  server role = active directory domain controller
  interfaces = lo eth0
  bind interfaces only = yes
  ldap server require strong auth = no
  dns forwarder =
  log level = 1
  lock directory = {state}/state
  state directory = {state}/state
  cache directory = {state}/cache
  private dir = {state}/private
  binddns dir = {state}/bind-dns
  ntp signd socket directory = {state}/run/ntp_signd
  log file = {state}/log
[sysvol]
  path = {state}/state/sysvol
  read only = no
"""
KRB5_CONF = """[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = true
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  udp_preference_limit = {udp_limit}
[domain_realm]
  .{domain} = {realm}
"""
MEMBER_CONF = """[global]
  realm = {realm}
  workgroup = {short}
  security = ads
  netbios name = {name}
  kerberos method = secrets only
  lock directory = {state}
  state directory = {state}
  cache directory = {state}
  private dir = {state}
  pid directory = {state}
  log file = {state}/log
"""


def start() -> None:
    """Provision once per work directory (some 12 s), then start."""
    if not (STATE / "provisioned").exists():
        _provision()
    config = STATE / "smb.conf"
    # libwbclient looks for winbind there and nowhere else; /run is private to the host.
    (WORK / "etc" / "dc1" / "run" / "samba").mkdir(exist_ok=True)
    launch("samba-dc1", "dc1", ["samba", "-F", "--no-process-group", "-s", str(config)], tcp=PORTS, seconds=40)


def _provision() -> None:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(mode=0o755, parents=True)
    dc1 = HOSTS["dc1"]
    run(
        *as_host(
            "dc1", "samba-tool", "domain", "provision", f"--targetdir={STATE}", f"--realm={REALM}", f"--domain={SHORT}",
            "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", f"--adminpass={PASSWORD}", "--host-name=dc1",
            f"--host-ip={dc1.v4}", f"--host-ip6={dc1.v6}", "--use-rfc2307",
            "--option=interfaces=lo eth0", "--option=bind interfaces only=yes",
        )
    )  # fmt: skip
    for name in ("run", "cache", "bind-dns"):
        (STATE / name).mkdir(mode=0o755, exist_ok=True)
    (STATE / "smb.conf").write_text(SMB_CONF.format(realm=REALM, short=SHORT, state=STATE))
    (STATE / "provisioned").touch()


def kerberos_config(host: str, udp_limit: int) -> str:
    """A krb5.conf: `udp_limit` 1 forces TCP, 32000 asks by UDP first."""
    path = WORK / "etc" / host / f"krb5-{udp_limit}.conf"
    path.write_text(KRB5_CONF.format(realm=REALM, domain=DOMAIN, udp_limit=udp_limit))
    return str(path)


def member_config(host: str) -> str:
    """An smb.conf for `net ads` and `smbclient` on a member server."""
    state = WORK / "member" / host
    state.mkdir(parents=True, exist_ok=True)
    path = state / "smb.conf"
    name = host.replace("-", "").upper()
    path.write_text(MEMBER_CONF.format(realm=REALM, short=SHORT, name=name, state=state))
    return str(path)
