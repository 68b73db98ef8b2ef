//! A ladder as a drawing: narrow enough for a phone, so that its letters need not shrink.

use anyany_dissectors::Side;

use crate::diagnose::{Finding, Party};
use crate::report::html::Material;
use crate::report::html::ladder::packets::other;
use crate::report::html::ladder::{Act, Ladder, Rung, Way, anchor};
use crate::report::html::markup::{Html, tag};
use crate::report::text::{grouped, moment};
use crate::report::{brief, words};
use crate::time::{Span, Time};

/// Draws it, with the names of both ends above and what is not drawn below.
pub(super) fn write(html: &mut Html, material: &Material<'_>, finding: &Finding, ladder: &Ladder) {
    let Some((client, server)) = finding.client.as_ref().zip(finding.server.as_ref()) else { return };
    html.line().within(tag("figure").class("ladder"), |html| {
        html.within(tag("div").class("hosts"), |html| {
            end(html, material, client);
            end(html, material, server);
        });
        let begin = ladder.rungs.iter().find_map(|rung| rung.time);
        drawing(html, material, finding, ladder, begin);
        html.leaf(tag("figcaption"), &caption(ladder, begin, material.exhibits.is_some()));
    });
}

fn end(html: &mut Html, material: &Material<'_>, party: &Party) {
    let name = brief::host(material.report, party.address);
    html.within(tag("p"), |html| {
        html.leaf(tag("b"), &name);
        let address = party.address.to_string();
        let role = (party.role != "unknown").then_some(party.role.as_str());
        let beside = [(address != name).then_some(address.as_str()), role];
        html.leaf(tag("span"), &beside.into_iter().flatten().collect::<Vec<_>>().join(", "));
    });
}

fn caption(ladder: &Ladder, begin: Option<Time>, from_packets: bool) -> String {
    let mut says = Vec::new();
    if let Some(begin) = begin {
        says.push(format!("Left: seconds since {} UTC. Right: frame numbers.", moment(begin)));
    }
    if ladder.rungs.iter().any(|rung| rung.act == Act::NeverCame) {
        says.push("Dashed: never came while captured.".to_owned());
    }
    if ladder.rungs.iter().any(|rung| matches!(rung.way, Way::Between(_))) {
        says.push("A square: another machine, between the two.".to_owned());
    }
    if ladder.left_out > 0 {
        says.push(format!("{} more packets of these attempts are not drawn.", grouped(ladder.left_out as u64)));
    }
    if !from_packets {
        says.push("The capture could not be read twice, so only what its records hold is drawn.".to_owned());
    }
    says.join(" ")
}

fn drawing(html: &mut Html, material: &Material<'_>, finding: &Finding, ladder: &Ladder, begin: Option<Time>) {
    let lines = layout(&ladder.rungs);
    let height = lines.last().map_or(0, |line| line.top + line.height) + FOOT;
    let drawing = tag("svg")
        .set("viewBox", format_args!("0 0 {WIDTH} {height}"))
        .set("role", "img")
        .set("aria-label", told(material, finding, ladder, begin));
    html.within(drawing, |html| {
        for x in [CLIENT, SERVER] {
            html.empty(tag("line").class("life").set("x1", x).set("x2", x).set("y2", height));
        }
        for line in &lines {
            if let Some(pause) = line.pause {
                let y = line.top - PAUSE / 2 + 4;
                html.leaf(tag("text").class("pause").set("x", CENTRE).set("y", y), &format!("{pause} later"));
            }
            let id = line.rung.frame.map(|frame| anchor(finding, frame));
            html.within(tag("g").class(class(line.rung)).set_if("id", id), |html| {
                rung(html, material, line, begin);
            });
        }
    });
}

/// A rung and its place.
struct Line<'a> {
    rung: &'a Rung,
    /// The silence before it, where it is long.
    pause: Option<Span>,
    top: i32,
    height: i32,
}

fn layout(rungs: &[Rung]) -> Vec<Line<'_>> {
    let mut top = HEAD;
    let mut before: Option<Time> = None;
    let mut lines = Vec::with_capacity(rungs.len());
    for rung in rungs {
        let pause = before.zip(rung.time).map(|(before, time)| time.since(before)).filter(|pause| *pause >= LONG);
        top += if pause.is_some() { PAUSE } else { 0 };
        let height = if rung.note.is_some() { RUNG + NOTE } else { RUNG };
        lines.push(Line { rung, pause, top, height });
        top += height;
        before = rung.time.or(before);
    }
    lines
}

fn class(rung: &Rung) -> &'static str {
    match rung.act {
        Act::NeverCame => "ghost",
        Act::Refuses => "refusal",
        _ if rung.named => "named",
        _ => "plain",
    }
}

fn rung(html: &mut Html, material: &Material<'_>, line: &Line<'_>, begin: Option<Time>) {
    let Line { rung, top, height, .. } = line;
    html.empty(tag("rect").class("row").set("y", top).set("width", WIDTH).set("height", height));
    let (text, arrow) = (top + 13, top + 20);
    if let Some((time, begin)) = rung.time.zip(begin) {
        html.leaf(tag("text").class("time").set("x", TIME).set("y", arrow + 4), &seconds(time.since(begin)));
    }
    if let Some(frame) = rung.frame {
        html.leaf(tag("text").class("frame").set("x", FRAME).set("y", arrow + 4), &material.frame(frame));
    }
    let (from, to) = span(rung.way);
    let middle = if rung.way == Way::Unknown { CENTRE } else { i32::midpoint(from, to) };
    html.within(tag("text").class("what").set("x", middle).set("y", text), |html| {
        html.text(&cut(&rung.what, LETTERS));
        if let Some(port) = rung.port {
            html.leaf(tag("tspan"), &format!(" port {port}"));
        }
    });
    if rung.way != Way::Unknown {
        html.empty(tag("line").class("arrow").set("x1", from).set("x2", to).set("y1", arrow).set("y2", arrow));
        let (back, up, down) = (if to > from { to - 8 } else { to + 8 }, arrow - 4, arrow + 4);
        html.empty(tag("path").class("head").set("d", format_args!("M{to} {arrow}L{back} {up}V{down}z")));
    }
    if matches!(rung.way, Way::Between(_)) {
        let device = tag("rect").class("device").set("x", from - 5).set("y", arrow - 5);
        html.empty(device.set("width", 10).set("height", 10));
    }
    if let Some(note) = &rung.note {
        html.leaf(tag("text").class("note").set("x", CENTRE).set("y", arrow + 15), &cut(note, NOTE_LETTERS));
    }
}

/// Where an arrow begins and ends.
fn span(way: Way) -> (i32, i32) {
    match way {
        Way::From(Side::Initiator) | Way::Unknown => (CLIENT, SERVER),
        Way::From(Side::Responder) => (SERVER, CLIENT),
        Way::Between(Side::Initiator) => (CENTRE, CLIENT),
        Way::Between(Side::Responder) => (CENTRE, SERVER),
        Way::Aside(Side::Initiator) => (CLIENT, CLIENT + STUB),
        Way::Aside(Side::Responder) => (SERVER, SERVER - STUB),
    }
}

/// The same in words, for who cannot see it.
fn told(material: &Material<'_>, finding: &Finding, ladder: &Ladder, begin: Option<Time>) -> String {
    let name = |side: Side| {
        let party = if side == Side::Initiator { &finding.client } else { &finding.server };
        party.as_ref().map(|party| brief::host(material.report, party.address)).unwrap_or_default()
    };
    let one = |rung: &Rung| {
        let when = rung.time.zip(begin).map(|(time, begin)| format!("at {} s ", seconds(time.since(begin))));
        let frame = rung.frame.map(|frame| format!(" (frame {})", material.frame(frame)));
        let way = match rung.way {
            Way::From(side) => format!("{} to {}: ", name(side), name(other(side))),
            Way::Between(side) => format!("another machine to {}: ", name(side)),
            Way::Aside(side) => format!("{} and another host: ", name(side)),
            Way::Unknown => String::new(),
        };
        format!("{}{way}{}{}", when.unwrap_or_default(), rung.what, frame.unwrap_or_default())
    };
    let rungs: Vec<String> = ladder.rungs.iter().map(one).collect();
    format!("Ladder of {}: {}", words::path(material.report, finding), rungs.join("; "))
}

/// Seconds as they stand in the left margin.
fn seconds(span: Span) -> String {
    let seconds = span.as_seconds();
    if seconds.abs() < 100.0 { format!("{seconds:.3}") } else { format!("{seconds:.1}") }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// In the drawing's own units, of which a phone shows about as many as it has pixels.
const WIDTH: i32 = 420;
const CLIENT: i32 = 76;
const SERVER: i32 = 352;
const CENTRE: i32 = i32::midpoint(CLIENT, SERVER);
/// The right edge of times.
const TIME: i32 = 60;
/// The left edge of frame numbers.
const FRAME: i32 = 368;
/// How far arrows to other hosts reach.
const STUB: i32 = 130;
const HEAD: i32 = 6;
const FOOT: i32 = 10;
const RUNG: i32 = 28;
/// What a note adds to its rung.
const NOTE: i32 = 14;
/// What a pause takes.
const PAUSE: i32 = 20;
/// A silence worth a word.
const LONG: Span = Span::millis(900);
/// Letters that fit between the lines.
const LETTERS: usize = 34;
/// The same of the smaller letters of notes.
const NOTE_LETTERS: usize = 58;
