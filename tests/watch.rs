//! `anyany watch` on a real device, with a real firewall rule that comes and goes.
//!
//! Needs root, iproute2, nftables and python3, to make two network namespaces; says so where it cannot.
#![allow(clippy::disallowed_methods)] // a real clock for a real wire
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails
#![cfg(feature = "live")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

const CLIENT: &str = "aa-watch-client";
const SERVER: &str = "aa-watch-server";
/// A port that stays open beside the one that is blocked: the server's sign of life.
const OPEN: u16 = 8080;
const BLOCKED: u16 = 59531;

/// Everything that was started and made, taken down however the test ends.
struct Lab {
    children: Vec<Child>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for namespace in [CLIENT, SERVER] {
            let _ = run(&format!("ip netns del {namespace}"));
        }
    }
}

/// Runs a command; `Err` holds what it said.
fn run(command: &str) -> Result<(), String> {
    let words: Vec<_> = command.split_whitespace().collect();
    let output = Command::new(words[0]).args(&words[1..]).output().map_err(|why| format!("{command}: {why}"))?;
    let said = || format!("{command}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(()).ok_or_else(said)
}

fn inside(namespace: &str, command: &[&str]) -> Command {
    let mut inside = Command::new("ip");
    inside.args(["netns", "exec", namespace]).args(command).stdin(Stdio::null());
    inside
}

impl Lab {
    /// Two hosts on one wire.
    fn new() -> Result<Self, String> {
        for namespace in [CLIENT, SERVER] {
            let _ = run(&format!("ip netns del {namespace}")); // left behind by a run that was killed
        }
        let lab = Self { children: Vec::new() };
        run("python3 --version")?;
        run("nft --version")?;
        for namespace in [CLIENT, SERVER] {
            run(&format!("ip netns add {namespace}"))?;
        }
        run(&format!("ip link add wire netns {CLIENT} type veth peer name wire netns {SERVER}"))?;
        for (namespace, address) in [(CLIENT, "10.99.7.1"), (SERVER, "10.99.7.2")] {
            run(&format!("ip -n {namespace} address add {address}/24 dev wire"))?;
            run(&format!("ip -n {namespace} link set wire up"))?;
            run(&format!("ip -n {namespace} link set lo up"))?;
        }
        run(&format!("ip netns exec {SERVER} nft add table inet wall"))?;
        run(&format!(
            "ip netns exec {SERVER} nft add chain inet wall input {{ type filter hook input priority 0 ; }}"
        ))?;
        Ok(lab)
    }

    fn start(&mut self, mut command: Command) {
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        self.children.push(quiet.spawn().unwrap());
    }
}

/// Answers on both ports.
const SERVE: &str = "
import socketserver, sys, threading
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(100))
socketserver.ThreadingTCPServer.allow_reuse_address = True
servers = [socketserver.ThreadingTCPServer(('10.99.7.2', int(port)), Answer) for port in sys.argv[1:]]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
";

/// Dials a port again and again, waiting up to nine seconds for each answer.
const DIAL: &str = "
import socket, sys, time
while True:
    try:
        with socket.create_connection(('10.99.7.2', int(sys.argv[1])), timeout=9) as wire:
            wire.sendall(b'hello')
            wire.recv(100)
    except OSError:
        pass
    time.sleep(0.5)
";

/// Waits for an event about the blocked port.
fn event(log: &Path, wanted: &str, within: Duration) -> Option<Value> {
    let begun = Instant::now();
    while begun.elapsed() < within {
        for line in fs::read_to_string(log).unwrap_or_default().lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if line["event"] == wanted && line["server"]["port"] == BLOCKED {
                return Some(line);
            }
        }
        sleep(Duration::from_millis(200));
    }
    None
}

#[test]
fn a_rule_that_comes_opens_a_finding_and_one_that_goes_resolves_it() {
    let mut lab = match Lab::new() {
        Ok(lab) => lab,
        Err(why) => {
            println!("skipped: network namespaces cannot be made here ({})", why.trim());
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    lab.start(inside(SERVER, &["python3", "-c", SERVE, &OPEN.to_string(), &BLOCKED.to_string()]));
    sleep(Duration::from_secs(1));
    let anyany = env!("CARGO_BIN_EXE_anyany");
    lab.start(inside(CLIENT, &[anyany, "watch", "-i", "wire", "--json", log.to_str().unwrap()]));
    let watching = lab.children.len() - 1;
    for port in [OPEN, BLOCKED] {
        lab.start(inside(CLIENT, &["python3", "-c", DIAL, &port.to_string()]));
    }
    sleep(Duration::from_secs(4));
    assert!(event(&log, "opened", Duration::ZERO).is_none(), "nothing is blocked yet");

    run(&format!("ip netns exec {SERVER} nft add rule inet wall input tcp dport {BLOCKED} drop")).unwrap();
    let opened = event(&log, "opened", Duration::from_secs(15)).expect("the block is told within 15 s");
    assert_eq!((&opened["kind"], &opened["verdict"]), (&"syn-dropped".into(), &"blocked".into()));
    assert_eq!(opened["server"]["address"], "10.99.7.2");
    assert_eq!(opened["client"]["address"], "10.99.7.1");

    run(&format!("ip netns exec {SERVER} nft flush chain inet wall input")).unwrap();
    let resolved = event(&log, "resolved", Duration::from_secs(20)).expect("it works again, and that is told");
    assert_eq!((&resolved["id"], &resolved["resolved"]), (&opened["id"], &true.into()));

    // Told to stop, it stops by itself and says what there was.
    let watch = &mut lab.children[watching];
    run(&format!("kill -INT {}", watch.id())).unwrap();
    let status = watch.wait().unwrap();
    assert!(status.success(), "{status}");
    let told = fs::read_to_string(&log).unwrap();
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["still_open"]), (&"stopped".into(), &0.into()));
    assert_eq!(last["lost"]["by_anyany"], 0);
}
