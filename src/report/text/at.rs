//! One moment: what was going on then, and shortly before and after.

use crate::report::at::{At, Coverage, Event, State, UnderWay};
use crate::report::harmless::harmless;
use crate::report::page::{Align, Page, Tone};
use crate::report::text::finding::{file_name, verdict};
use crate::report::text::{WIDE, beyond, count, moment};
use crate::report::{Report, brief, words};
use crate::time::Time;

/// The answer to "what happened at 14:03:10?".
pub(super) fn write(page: &mut Page, report: &Report<'_>, at: &At<'_>) {
    page.heading(&format!("AT {} UTC", asked(at)));
    if let Some(doubt) = outside(at) {
        page.paragraph(2, 2, &[(Tone::Doubt, &doubt)]);
    }
    findings(page, report, at);
    let [failing, connecting, one_sided, open] =
        [State::Failing, State::Connecting, State::OneSided, State::Open].map(|state| at.count(state));
    let under_way = match failing + connecting + one_sided + open {
        0 => "No conversation was under way.".to_owned(),
        all => {
            let all = count(all, "conversation was", "conversations were");
            let parts = [
                (failing, "failing"),
                (connecting, "not answered yet"),
                (one_sided, "seen in one direction only"),
                (open, "open"),
            ];
            let parts = parts.into_iter().filter(|(number, _)| *number > 0);
            let parts: Vec<String> = parts.map(|(number, word)| format!("{number} {word}")).collect();
            format!("{all} under way: {}.", parts.join(", "))
        }
    };
    page.gap();
    page.paragraph(2, 2, &[(Tone::Text, &under_way)]);
    let rows: Vec<Vec<String>> = at.under_way.iter().take(MOST_ROWS).map(|one| conversation(report, at, one)).collect();
    if !rows.is_empty() {
        let columns = [("then", Align::Left), ("since", Align::Left), ("between", Align::Left)];
        page.table(2, &columns, &rows);
    }
    beyond(page, 2, at.under_way.len().saturating_sub(MOST_ROWS), "conversations");
    around(page, report, at);
}

/// The moment with as many decimals as were typed.
fn asked(at: &At<'_>) -> String {
    let open = at.asked.1.since(at.asked.0).0;
    let digits = 9u32.saturating_sub(open.checked_ilog10().map_or(0, |digits| digits + 1));
    let digits = u8::try_from(digits).unwrap_or(9);
    at.asked.0.rfc3339(digits).replace('T', " ").trim_end_matches('Z').to_owned()
}

fn outside(at: &At<'_>) -> Option<String> {
    let moment = |time: Time| format!("{} UTC", moment(time));
    Some(match at.coverage {
        Coverage::Captured => return None,
        Coverage::Outside(Some(before), None) => {
            format!("Nothing was captured then: what was looked at ends at {}.", moment(before))
        }
        Coverage::Outside(None, Some(after)) => {
            format!("Nothing was captured then: what was looked at begins at {}.", moment(after))
        }
        Coverage::Outside(Some(before), Some(after)) => {
            format!("Nothing was captured then, between {} and {}.", moment(before), moment(after))
        }
        Coverage::Outside(None, None) => "Nothing was captured.".to_owned(),
    })
}

fn findings(page: &mut Page, report: &Report<'_>, at: &At<'_>) {
    if at.findings.is_empty() {
        page.paragraph(2, 2, &[(Tone::Text, "No finding covers that moment.")]);
    }
    for finding in at.findings.iter().take(MOST_FINDINGS) {
        let (tone, verdict) = verdict(finding.judgement.kind.verdict());
        let id = format!("{} covers it:", finding.id);
        let summary = words::summary(report, finding);
        page.paragraph(2, 4, &[(Tone::Strong, &id), (tone, verdict), (Tone::Text, &summary)]);
    }
    beyond(page, 2, at.findings.len().saturating_sub(MOST_FINDINGS), "findings that cover it");
}

fn conversation(report: &Report<'_>, at: &At<'_>, one: &UnderWay<'_>) -> Vec<String> {
    let since = one.since.time;
    let same_day = since.rfc3339(0).get(..DATE) == at.asked.0.rfc3339(0).get(..DATE);
    let since = if same_day { clock(since) } else { moment(since) };
    vec![one.state.word().to_owned(), since, brief::conversation(report, one.conversation)]
}

fn around(page: &mut Page, report: &Report<'_>, at: &At<'_>) {
    let around = &at.around;
    let began = format!(
        "From {} to {}, {}; {} answered, and {} not.",
        clock(around.from),
        clock(around.to),
        count(around.began, "conversation began", "conversations began"),
        match around.reached {
            1 => "1 was".to_owned(),
            reached => format!("{reached} were"),
        },
        around.failed
    );
    page.gap();
    page.paragraph(2, 2, &[(Tone::Text, &began)]);
    if around.events.is_empty() {
        page.paragraph(2, 2, &[(Tone::Text, "Nothing else stands out in that time.")]);
        return;
    }
    // The nearest ones, in order of time.
    let first = around.events.partition_point(|event| event.moment.time < at.asked.0);
    let first = first.saturating_sub(MOST_ROWS / 2).min(around.events.len().saturating_sub(MOST_ROWS));
    let rows = around.events.iter().skip(first).take(MOST_ROWS).map(|event| happened(report, at, event));
    if page.width() >= WIDE {
        let columns = ["time", "", "frame", "what", "between"].map(|title| (title, Align::Left));
        page.table(2, &columns, &rows.map(Vec::from).collect::<Vec<_>>());
    } else {
        let columns = ["time", "", "frame", "what"].map(|title| (title, Align::Left));
        let narrow = |[time, distance, frame, what, between]: [String; 5]| {
            vec![time, distance, frame, format!("{what}: {between}")]
        };
        page.table(2, &columns, &rows.map(narrow).collect::<Vec<_>>());
    }
    beyond(page, 2, (around.events.len() + around.left_out).saturating_sub(MOST_ROWS), "events of that minute");
}

fn happened(report: &Report<'_>, at: &At<'_>, event: &Event<'_>) -> [String; 5] {
    let time = event.moment.time;
    let distance = match time {
        time if time < at.asked.0 => format!("-{}", at.asked.0.since(time)),
        time if time > at.asked.1 => format!("+{}", time.since(at.asked.1)),
        _ => "then".to_owned(),
    };
    let captures = report.captures();
    let frame = event.moment.frame;
    let file = match captures.len() {
        0 | 1 => String::new(),
        _ => format!("{}: ", harmless(file_name(&captures, frame.capture()))),
    };
    [
        clock(time),
        distance,
        format!("{file}{}", frame.number()),
        harmless(&event.what).into_owned(),
        brief::conversation(report, event.conversation),
    ]
}

/// "06:00:00.000": the day is known by then.
pub(in crate::report) fn clock(time: Time) -> String {
    moment(time).split(' ').next_back().unwrap_or_default().to_owned()
}

/// Characters of a date.
const DATE: usize = 10;
/// Rows of each table.
const MOST_ROWS: usize = 20;
/// Findings named.
const MOST_FINDINGS: usize = 8;
