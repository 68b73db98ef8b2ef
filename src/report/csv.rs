//! Findings for a spreadsheet: a row for each, in the order of the report.

use crate::diagnose::{Finding, Party};
use crate::flow::Transport;
use crate::report::page::{Paint, Sheet};
use crate::report::table::{Format, Table};
use crate::report::{Report, words};
use crate::time::Time;

/// The findings as CSV (RFC 4180, lines end in CR LF). But for names of others it is ASCII: spreadsheets
/// take a file without a byte order mark for their own code page, and scripts stumble over the mark.
pub fn csv(report: &Report<'_>) -> String {
    let mut table = Table::new(COLUMNS);
    for finding in &report.diagnosis.findings {
        table.row(row(report, finding));
    }
    // No cell holds a line end.
    table.write(Format::Csv, Sheet { width: 0, paint: Paint::Plain }).replace('\n', "\r\n")
}

fn row(report: &Report<'_>, finding: &Finding) -> Vec<String> {
    let judgement = &finding.judgement;
    let digits = judgement.evidence.first().map_or(6, |evidence| report.precision(evidence.frame.capture()));
    let time = |time: Option<Time>| time.map(|time| time.rfc3339(digits)).unwrap_or_default();
    let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
    let [client, client_name, client_role] = party(report, finding.client.as_ref());
    let [server, server_name, server_role] = party(report, finding.server.as_ref());
    let interface = judgement.interface.map(|uuid| {
        let known = report.reference.interface(uuid);
        known.map_or_else(|| uuid.to_string(), crate::reference::Interface::short_name)
    });
    let cells = vec![
        finding.id.clone(),
        finding.incident.clone().unwrap_or_default(),
        judgement.kind.verdict().word().to_owned(),
        judgement.kind.word().to_owned(),
        format!("{:.2}", judgement.confidence),
        judgement.attribution.word().to_owned(),
        finding.severity.word().to_owned(),
        client,
        client_name,
        client_role,
        port(finding.client_port),
        server,
        server_name,
        server_role,
        port(finding.port),
        finding.transport.map(Transport::word).unwrap_or_default().to_owned(),
        finding.service.unwrap_or_default().to_owned(),
        interface.unwrap_or_default(),
        finding.attempts.to_string(),
        time(finding.first),
        time(finding.last),
        time(finding.last_success),
        if finding.resolved { "yes" } else { "no" }.to_owned(),
        words::support(report, finding).word().to_owned(),
        words::summary(report, finding),
        judgement.because.join("; "),
        words::symptom(report, finding).unwrap_or_default(),
        words::next_step(report, finding),
        words::display_filter(finding).unwrap_or_default(),
        frames(report, finding),
    ];
    cells.into_iter().map(|cell| cell.replace('→', "->")).collect()
}

/// Address, name, role.
fn party(report: &Report<'_>, party: Option<&Party>) -> [String; 3] {
    let Some(party) = party else { return Default::default() };
    let name = report.roster.host(party.address).and_then(|host| host.names.first());
    [party.address.to_string(), name.cloned().unwrap_or_default(), party.role.clone()]
}

/// "client.pcap: 29 33 71; server.pcap: 4".
fn frames(report: &Report<'_>, finding: &Finding) -> String {
    let captures = report.captures().into_iter().filter_map(|health| {
        let here = finding.judgement.evidence.iter().filter(|evidence| evidence.frame.capture() == health.index);
        let numbers: Vec<String> = here.map(|evidence| evidence.frame.number().to_string()).collect();
        (!numbers.is_empty()).then(|| format!("{}: {}", health.summary.path, numbers.join(" ")))
    });
    captures.collect::<Vec<_>>().join("; ")
}

const COLUMNS: &[&str] = &[
    "id",
    "incident",
    "verdict",
    "kind",
    "confidence",
    "attribution",
    "severity",
    "client",
    "client_name",
    "client_role",
    "client_port",
    "server",
    "server_name",
    "server_role",
    "server_port",
    "transport",
    "service",
    "interface",
    "attempts",
    "first",
    "last",
    "last_success",
    "resolved",
    "support",
    "summary",
    "because",
    "symptom",
    "next_step",
    "display_filter",
    "frames",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::recorded::{Judged, cas_and_mailbox};
    use crate::topology::Roster;

    /// RFC 4180, section 2.
    fn parse(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
        let mut quoted = false;
        let mut rest = text.chars().peekable();
        while let Some(one) = rest.next() {
            match one {
                '"' if quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
                '"' => quoted = !quoted,
                one if quoted => cell.push(one),
                ',' => row.push(std::mem::take(&mut cell)),
                '\r' => {
                    assert_eq!(rest.next(), Some('\n'));
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                one => cell.push(one),
            }
        }
        assert!(!quoted && row.is_empty() && cell.is_empty(), "the last line ends, too");
        rows
    }

    fn table(name: &str) -> (String, Vec<Vec<String>>) {
        let judged = Judged::new("rpc/dynamic-dropped/client.pcap", cas_and_mailbox(name));
        let text = csv(&judged.report());
        let rows = parse(&text);
        assert_eq!(rows.len(), 1 + judged.diagnosis.findings.len());
        assert!(rows.iter().all(|row| row.len() == COLUMNS.len()));
        (text, rows)
    }

    #[test]
    fn a_finding_is_a_row_with_all_that_matters() {
        let (text, rows) = table("cas-dmz");
        let cell = |title: &str| rows[1][COLUMNS.iter().position(|column| *column == title).unwrap()].as_str();
        assert_eq!(rows[0], COLUMNS);
        assert_eq!((cell("id"), cell("verdict"), cell("kind")), ("F1", "blocked", "rpc-dynamic-port-blocked"));
        assert_eq!((cell("client"), cell("client_name"), cell("client_role")), ("10.10.1.11", "cas-dmz", "cas"));
        assert_eq!((cell("server_port"), cell("transport"), cell("interface")), ("59531", "tcp", "EMSMDB"));
        assert_eq!((cell("confidence"), cell("attempts"), cell("resolved")), ("0.95", "2", "no"));
        assert!(cell("first").starts_with("2026-11-21T10:27:32.309") && cell("last_success").is_empty());
        assert!(cell("summary").contains("cas-dmz (10.10.1.11, cas) -> mbx1") && cell("because").contains("; "));
        assert!(cell("frames").contains("client.pcap: 29 33 "), "{}", cell("frames"));
        assert_eq!(cell("display_filter"), "ip.addr==10.10.1.11 && ip.addr==10.10.2.21 && tcp.port==59531");
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn a_host_that_is_called_like_a_formula_is_not_computed() {
        for name in ["=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "+1+1", "-2+3", "＝1+1"] {
            let (text, rows) = table(name);
            let at = COLUMNS.iter().position(|column| *column == "client_name").unwrap();
            assert_eq!(rows[1][at], format!("'{name}"));
            let begins = |row: &Vec<String>| row.iter().any(|cell| cell.starts_with(['=', '+', '-', '@', '＝']));
            assert!(!rows.iter().any(begins), "{text}");
        }
    }

    #[test]
    fn without_findings_there_is_the_line_of_titles() {
        let judged = Judged::new("web/healthy/cas1.pcap", Roster::default());
        assert_eq!(csv(&judged.report()), format!("{}\r\n", COLUMNS.join(",")));
    }
}
