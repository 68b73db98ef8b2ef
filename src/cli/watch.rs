//! `anyany watch`: the clock, the devices and the output of live monitoring.
#![allow(clippy::disallowed_methods, reason = "live monitoring alone knows what time it is")]

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::capture::Summary;
use crate::capture::device::Device;
use crate::cli::args::Watch as Options;
use crate::cli::{Failure, Outcome, inputs};
use crate::decode::Health;
use crate::diagnose::{Diagnosis, Verdict};
use crate::observe::Trace;
use crate::pipeline::live::{Input, Lost, listen};
use crate::reference::{Reference, Version};
use crate::report::harmless::escaped;
use crate::report::{Report, json as document, words};
use crate::time::{Span, Time};
use crate::topology::{File, Roster, roster};
use crate::watch::{Alerts, Change, Event, Watch};

/// Watches until told to stop.
pub(super) fn run(options: &Options) -> Result<Outcome, Failure> {
    let file = inputs::topology(options.topology.as_deref())?;
    let filter = options.filter.clone().or_else(|| file.as_ref().and_then(filter_of));
    let mut devices = Vec::new();
    let mut healths = Vec::new();
    for (index, name) in (0u32..).zip(&options.devices) {
        let device = Device::open(name, filter.as_deref(), SNAPLEN).map_err(|why| why.to_string())?;
        healths.push(Health::new(index, Summary::of_device(name, device.link(), device.precision())));
        devices.push(device);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))
        .map_err(|why| format!("cannot catch the signal to stop: {why}"))?;
    let window = Span::seconds(options.window.get().into());
    let mut session = Session {
        watch: Watch::new(inputs::settings(None).ports, healths, window),
        alerts: Alerts::default(),
        out: Out::open(options.json.as_deref())?,
        file,
        version: options.exchange.map(|version| Version::from(version).word()),
        lost: vec![Lost::default(); options.devices.len()],
        ended: 0,
        looked: Instant::now(),
        failed: None,
    };
    session.out.begin(&options.devices, filter.as_deref())?;
    let halt = Arc::clone(&stop);
    listen(devices, &stop, |input| {
        if session.take(input).is_err() {
            halt.store(true, Ordering::Relaxed);
        }
    });
    session.finish()
}

/// Everything of one run.
struct Session {
    watch: Watch,
    alerts: Alerts,
    out: Out,
    file: Option<File>,
    version: Option<&'static str>,
    lost: Vec<Lost>,
    ended: usize,
    looked: Instant,
    failed: Option<Failure>,
}

impl Session {
    fn take(&mut self, input: Input<'_>) -> Result<(), ()> {
        match input {
            Input::Frame(device, frame) => {
                self.watch.frame(device, &frame);
                return Ok(()); // judging waits for the end of the batch
            }
            Input::Lost(device, lost) => {
                self.watch.lost(device, lost.total());
                if let Some(known) = usize::try_from(device).ok().and_then(|at| self.lost.get_mut(at)) {
                    *known = lost;
                }
            }
            Input::Ended(device, why) => {
                self.ended += 1;
                eprintln!("anyany: device {device}: {why}");
            }
            Input::Pause => {}
        }
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        self.looked = Instant::now();
        self.look().map_err(|why| self.failed = Some(why))
    }

    fn look(&mut self) -> Result<(), Failure> {
        let now = now();
        let trace = self.watch.trace(now);
        let (roster, diagnosis) = self.judge(&trace);
        let changes = self.alerts.look(&diagnosis, &trace, now);
        if changes.is_empty() {
            return Ok(());
        }
        let report = report(&trace, &roster, &diagnosis);
        for change in &changes {
            self.out.change(&report, change, now)?;
        }
        Ok(self.out.flush()?)
    }

    fn judge(&self, trace: &Trace) -> (Roster, Diagnosis) {
        let traces = std::slice::from_ref(trace);
        let roster = roster(traces, self.file.as_ref(), self.version, Reference::embedded());
        let diagnosis = Watch::judge(trace, &roster);
        (roster, diagnosis)
    }

    /// Judges once more and says what there was.
    fn finish(mut self) -> Result<Outcome, Failure> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        self.look()?;
        let packets = self.watch.healths().iter().map(|health| health.summary.packets).sum();
        let lost = self.lost.iter().fold(Lost::default(), |sum, lost| Lost {
            kernel: sum.kernel + lost.kernel,
            interface: sum.interface + lost.interface,
            own: sum.own + lost.own,
        });
        self.out.summary(packets, lost, &self.alerts, self.watch.let_go())?;
        Ok(if self.ended > 0 { Outcome::Unusable } else { Outcome::Done })
    }
}

fn report<'a>(trace: &'a Trace, roster: &'a Roster, diagnosis: &'a Diagnosis) -> Report<'a> {
    let traces = std::slice::from_ref(trace);
    Report { traces, unusable: &[], roster, diagnosis, reference: Reference::embedded() }
}

/// Where changes are told: to people, or as JSON lines.
struct Out {
    to: Box<dyn Write>,
    json: bool,
}

impl Out {
    fn open(json: Option<&Path>) -> Result<Self, Failure> {
        let to: Box<dyn Write> = match json {
            None => Box::new(io::stdout()),
            Some(path) if path == Path::new("-") => Box::new(io::stdout()),
            Some(path) => {
                let file = std::fs::File::create(path)
                    .map_err(|why| format!("{}: cannot be written: {why}", path.display()))?;
                Box::new(file)
            }
        };
        Ok(Self { to: Box::new(io::BufWriter::new(to)), json: json.is_some() })
    }

    fn begin(&mut self, devices: &[String], filter: Option<&str>) -> io::Result<()> {
        if !self.json {
            let filter = filter.map(|filter| format!(", filter: {filter}")).unwrap_or_default();
            writeln!(self.to, "watching {}{}; end with Ctrl-C", devices.join(", "), escaped(&filter))?;
        }
        self.flush()
    }

    fn change(&mut self, report: &Report<'_>, change: &Change, now: Time) -> io::Result<()> {
        let finding = &change.finding;
        if self.json {
            let mut line = document::finding(report, finding);
            if let Some(line) = line.as_object_mut() {
                line.insert("schema".to_owned(), document::SCHEMA.into());
                line.insert("event".to_owned(), change.event.word().into());
                line.insert("time".to_owned(), now.rfc3339(3).into());
            }
            serde_json::to_writer(&mut self.to, &line)?;
            return writeln!(self.to);
        }
        let judgement = &finding.judgement;
        let sure = format!("{:.0} %", judgement.confidence * 100.0);
        let word = judgement.kind.verdict().word().to_uppercase();
        let summary = words::summary(report, finding);
        let id = &finding.id;
        match change.event {
            Event::Opened => {
                writeln!(
                    self.to,
                    "{} {id} opened   {word} ({}, {sure}) {}",
                    now.rfc3339(0),
                    judgement.kind,
                    escaped(&summary)
                )?;
                for reason in &judgement.because {
                    writeln!(self.to, "    because {}", escaped(reason))?;
                }
                if matches!(judgement.kind.verdict(), Verdict::Blocked | Verdict::Altered) {
                    writeln!(self.to, "    next    {}", escaped(&words::next_step(report, finding)))?;
                }
                Ok(())
            }
            Event::Updated => {
                writeln!(self.to, "{} {id} goes on   {} attempts by now", now.rfc3339(0), finding.attempts)
            }
            Event::Resolved => {
                let how = if change.works_again { "works again" } else { "not tried any more" };
                writeln!(self.to, "{} {id} resolved {how}: {}", now.rfc3339(0), escaped(&summary))
            }
        }
    }

    fn summary(&mut self, packets: u64, lost: Lost, alerts: &Alerts, let_go: u64) -> io::Result<()> {
        let open = alerts.open().count();
        if self.json {
            let line = json!({"schema": document::SCHEMA, "event": "stopped", "packets": packets,
                "lost": {"by_kernel": lost.kernel, "by_interface": lost.interface, "by_anyany": lost.own},
                "opened": alerts.opened(), "still_open": open, "kept_out": alerts.kept_out(), "let_go": let_go});
            writeln!(self.to, "{line}")?;
        } else {
            writeln!(
                self.to,
                "{packets} packets; lost: {} by the kernel, {} by the interface, {} by anyany itself; {} findings opened, {open} still open",
                lost.kernel,
                lost.interface,
                lost.own,
                alerts.opened()
            )?;
            if let_go > 0 || alerts.kept_out() > 0 {
                writeln!(
                    self.to,
                    "too much for the window: {let_go} conversations and {} findings were left out",
                    alerts.kept_out()
                )?;
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A filter for the hosts of a topology file, with and without VLAN tags. `None` where there are too
/// many for a kernel filter, or networks whose hosts matter too.
fn filter_of(file: &File) -> Option<String> {
    let hosts = file.addresses()?;
    if hosts.is_empty() || hosts.len() > MOST_FILTERED {
        return None;
    }
    let hosts: Vec<_> = hosts.iter().map(|address| format!("host {address}")).collect();
    let hosts = hosts.join(" or ");
    Some(format!("({hosts}) or (vlan and ({hosts}))"))
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::new(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos())
}

/// How often what was seen is judged.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Whole frames, also where the interface joins them before we see them.
const SNAPLEN: u32 = 262_144;
/// Hosts in a filter; a kernel's program has 4,096 instructions.
const MOST_FILTERED: usize = 200;
