"""Postfix as hub transport (hub1, relays to edge1) and as edge transport (edge1, discards)."""

import pathlib
import shutil

from daemons import launch
from network import DOMAIN, HOSTS, WORK, run

MAIN_CF = """compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {work}
myhostname = {host}.{domain}
mydomain = {domain}
mydestination =
mynetworks = 127.0.0.0/8 10.10.0.0/16
inet_interfaces = all
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
smtputf8_enable = no
biff = no
alias_maps =
local_recipient_maps =
smtpd_peername_lookup = no
smtpd_tls_cert_file = {dir}/cert.pem
smtpd_tls_key_file = {dir}/key.pem
smtpd_tls_security_level = may
{more}
"""
# Retry soon, so that one scenario's failed delivery does not postpone the next one's; no
# workaround for inspecting firewalls, which would hide the inspected EHLO.
HUB = """smtp_tls_security_level = may
relayhost = [{edge}]:25
smtp_pix_workarounds =
smtp_connect_timeout = 20s
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s"""
EDGE = """relay_domains = {domain}
relay_transport = discard:
default_transport = discard:
local_transport = discard:"""
MASTER_CF_DIST = pathlib.Path("/usr/share/postfix/master.cf.dist")


def start_hub() -> None:
    _start("hub1", HUB.format(edge=HOSTS["edge1"].v4))


def start_edge() -> None:
    _start("edge1", EDGE.format(domain=DOMAIN))


def _start(host: str, more: str) -> None:
    folder = WORK / "mail" / host
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir(mode=0o755, parents=True)
    shutil.chown(folder / "data", "postfix")
    (folder / "data").chmod(0o700)
    run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1825", "-subj", f"/CN={host}.{DOMAIN}",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
    )  # fmt: skip
    main = MAIN_CF.format(dir=folder, work=WORK, host=host, domain=DOMAIN, more=more)
    (folder / "etc" / "main.cf").write_text(main)
    (folder / "etc" / "master.cf").write_text(_master())
    launch(f"mail-{host}", host, ["postfix", "-c", str(folder / "etc"), "start-fg"], tcp=(25,))


def _master() -> str:
    """The distribution's services, none of them in a chroot."""
    lines = []
    for line in MASTER_CF_DIST.read_text().splitlines():
        words = line.split()
        if line[:1].isalnum() and len(words) >= 8:
            words[4] = "n"
            line = " ".join(words)
        lines.append(line)
    if not any(line.startswith("postlog") for line in lines):
        lines.append("postlog unix-dgram n - n - 1 postlogd")
    return "\n".join(lines) + "\n"
