"""The servers of the lab. Each is started when a scenario first needs it and runs until
the lab goes down; `take_down` finds it through its namespace."""

import pathlib
import sys
from collections.abc import Callable

import directory_server
import mail_server
from daemons import launch, runs
from network import DOMAIN, HOSTS, WORK, run

HERE = pathlib.Path(__file__).resolve().parent
EMSMDB_PORT, ADDRESS_BOOK_PORT, STALE_PORT = 59531, 59532, 59777


def ensure(name: str) -> None:
    """Start a server unless it runs."""
    if not runs(name):
        SERVERS[name]()


def _exchange(host: str, *argv: str) -> Callable[[], None]:
    def start() -> None:
        command = [sys.executable, "-B", str(HERE / "exchange_rpc.py"), "serve", *argv]
        launch(f"exchange-{host}", host, command, tcp=(135, EMSMDB_PORT))

    return start


NGINX = """daemon off; pid {dir}/pid; error_log {dir}/error.log; worker_processes 1; user root;
events {{}}
http {{
  access_log off; server_tokens off; keepalive_timeout 60;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5; default_type text/html;
  server {{
    {listen}
    ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
    ssl_protocols {protocols}; add_header X-FEServer {host};
    root {dir}/pages; location = /owa/ {{ return 200 "{body}"; }}
  }}
}}
"""


def _web(host: str, ports: tuple[int, ...], protocols: str = "TLSv1.2") -> Callable[[], None]:
    """nginx with a self-signed certificate, as an Exchange server's own is."""

    def start() -> None:
        folder = WORK / "web" / host
        folder.mkdir(parents=True, exist_ok=True)
        run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1825",
            "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host},DNS:{host}.{DOMAIN}",
            "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
        )  # fmt: skip
        (folder / "pages").mkdir(exist_ok=True)
        (folder / "pages" / "book.oab").write_bytes(bytes(range(256)) * 48)
        listen = " ".join(f"listen {port} ssl; listen [::]:{port} ssl;" for port in ports)
        body = "<html><body>Outlook Web App stand-in</body></html>" * 20
        (folder / "nginx.conf").write_text(
            NGINX.format(dir=folder, host=host, listen=listen, protocols=protocols, body=body)
        )
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        launch(f"web-{host}", host, command, tcp=ports)

    return start


WITNESS_CONF = """[global]
  server role = standalone server
  netbios name = HUB1
  map to guest = Bad User
  disable netbios = yes
  smb ports = 445
  lock directory = {dir}
  state directory = {dir}
  cache directory = {dir}
  private dir = {dir}
  log file = {dir}/log
[witness]
  path = {dir}/share
  guest ok = yes
  read only = no
"""


def _witness(host: str) -> Callable[[], None]:
    """A plain smbd with one share, as a file share witness needs no more."""

    def start() -> None:
        folder = WORK / "witness" / host
        (folder / "share").mkdir(parents=True, exist_ok=True)
        (folder / "share").chmod(0o777)
        (folder / "share" / "witness.log").write_text("witness\n")
        (WORK / "etc" / host / "run" / "samba").mkdir(exist_ok=True)
        (folder / "smb.conf").write_text(WITNESS_CONF.format(dir=folder))
        launch(f"witness-{host}", host, ["smbd", "-F", "--no-process-group", "-s", str(folder / "smb.conf")], tcp=(445,))

    return start


def _dag(host: str) -> Callable[[], None]:
    def start() -> None:
        command = [sys.executable, "-B", str(HERE / "dag_member.py"), "serve", HOSTS[host].v4]
        launch(f"dag-{host}", host, command, tcp=(64327,))

    return start


SERVERS: dict[str, Callable[[], None]] = {
    "exchange-mbx1": _exchange(
        "mbx1",
        f"emsmdb={EMSMDB_PORT}", f"asyncemsmdb={EMSMDB_PORT}", f"store={EMSMDB_PORT}",
        f"nspi={ADDRESS_BOOK_PORT}", f"rfr={ADDRESS_BOOK_PORT}",
    ),
    "exchange-mbx2": _exchange("mbx2", f"emsmdb={EMSMDB_PORT}", "--stale", f"rfr={STALE_PORT}"),
    "dag-mbx1": _dag("mbx1"),
    "dag-mbx2": _dag("mbx2"),
    "witness-hub1": _witness("hub1"),
    "samba-dc1": directory_server.start,
    "mail-hub1": mail_server.start_hub,
    "mail-edge1": mail_server.start_edge,
    "web-cas1": _web("cas1", (443,)),
    "web-cas2": _web("cas2", (443, 444)),
    "web-mbx1": _web("mbx1", (444,)),
    "edgesync-edge1": _web("edge1", (50636,)),
    "web-mbx2": _web("mbx2", (444,), "TLSv1.3"),
}  # fmt: skip
