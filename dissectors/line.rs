//! The lines that SMTP, HTTP, IMAP and POP3 are made of.
//!
//! What matters of a line stands at its front; its tail may be a ticket of many
//! kilobytes, or belong to somebody's mail. So a front of bounded length is
//! handed out, and the tail is passed over without being kept.

use crate::Stop;

/// Where one side's stream stands among its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// Inside a line whose front was handed out, or lost.
    in_tail: bool,
}

/// What stands at the front of a stream of lines.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A line without its ending, cut at the limit.
    Line {
        /// Its front.
        line: &'a [u8],
        /// Octets to step forward.
        length: usize,
    },
    /// So many octets of the tail of a line.
    Tail(usize),
}

impl Lines {
    /// The next line, of which at most `limit` octets are looked at.
    pub fn next<'a>(&mut self, octets: &'a [u8], limit: usize, field: &'static str) -> Result<Step<'a>, Stop> {
        if self.in_tail {
            let end = octets.iter().position(|&octet| octet == b'\n');
            self.in_tail = end.is_none();
            return Ok(Step::Tail(end.map_or(octets.len(), |end| end + 1)));
        }
        let front = octets.get(..limit).unwrap_or(octets);
        if let Some(end) = front.iter().position(|&octet| octet == b'\n') {
            let line = front.get(..end).unwrap_or_default();
            return Ok(Step::Line { line: line.strip_suffix(b"\r").unwrap_or(line), length: end + 1 });
        }
        if front.len() < limit {
            return Err(Stop::Incomplete { field, more: 1 });
        }
        self.in_tail = true;
        Ok(Step::Line { line: front, length: front.len() })
    }

    /// What comes next lies somewhere inside a line.
    pub fn lose(&mut self) {
        self.in_tail = true;
    }

    /// What comes next begins a line.
    pub fn begin(&mut self) {
        self.in_tail = false;
    }
}

/// Text that a line with a single dot ends (RFC 5321 §4.5.2, RFC 1939 §3), passed over unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dotted {
    /// At the start of a line, as before the first one.
    Start,
    /// Behind a dot that began a line.
    Dot,
    /// Behind a dot that began a line and a CR.
    DotCr,
    /// Within a line.
    Within,
    /// Behind a CR within a line.
    Cr,
}

impl Dotted {
    /// Passes over `octets` up to the end of the text; returns how many belong to it and whether it ended.
    pub fn pass(&mut self, octets: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(&octet) = octets.get(at) {
            if *self == Self::Within && octet != b'\r' {
                // Nearly all of it: nothing matters but the end of the line.
                let rest = octets.get(at..).unwrap_or_default();
                let Some(end) = find(rest, b'\r') else { break };
                at += end;
                continue;
            }
            at += 1;
            *self = match (*self, octet) {
                (Self::Start, b'.') => Self::Dot,
                (Self::Dot, b'\r') => Self::DotCr,
                (Self::DotCr, b'\n') => return (at, true),
                (Self::Cr, b'\n') => Self::Start,
                (_, b'\r') => Self::Cr,
                _ => Self::Within,
            };
        }
        (octets.len(), false)
    }
}

/// Where `octet` is first met. Looks at many octets at once, which a search for the position does not.
fn find(octets: &[u8], octet: u8) -> Option<usize> {
    let (chunks, _) = octets.as_chunks::<32>();
    let without = |chunk: &&[u8; 32]| chunk.iter().fold(0, |found, &other| found | u8::from(other == octet)) == 0;
    let from = chunks.iter().take_while(without).count() * 32;
    let rest = octets.get(from..).unwrap_or_default();
    rest.iter().position(|&other| other == octet).map(|at| from + at)
}

/// The first word of `line` and what follows the blanks behind it.
pub fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|&octet| octet == b' ' || octet == b'\t').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    (word, rest.trim_ascii())
}

/// Whether `octets` open a TLS handshake (RFC 8446 §5.1) where a line was due: the reply that
/// agreed on it was lost, or never captured.
pub fn is_tls(octets: &[u8]) -> bool {
    matches!(octets, [0x16, 3, 0..=4, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_shows_its_front_and_the_next_line_begins_behind_its_tail() {
        let mut lines = Lines::default();
        let octets = b"AUTH aaaaaaaaaaaa\r\nQUIT\r\n";
        assert_eq!(lines.next(octets, 8, "line"), Ok(Step::Line { line: b"AUTH aaa", length: 8 }));
        assert_eq!(lines.next(&octets[8..], 8, "line"), Ok(Step::Tail(11)));
        assert_eq!(lines.next(&octets[19..], 8, "line"), Ok(Step::Line { line: b"QUIT", length: 6 }));
    }

    #[test]
    fn only_a_line_of_one_dot_ends_the_text_wherever_it_is_cut() {
        let body = b"a\r\n..\r\n.b\r\n.\r\nQUIT";
        for cut in 0..body.len() {
            let mut dotted = Dotted::Start;
            let (mut at, mut ended) = dotted.pass(&body[..cut]);
            if !ended {
                let (more, end) = dotted.pass(&body[at..]);
                (at, ended) = (at + more, end);
            }
            assert_eq!((at, ended), (body.len() - 4, true), "cut at {cut}");
        }
    }

    #[test]
    fn an_octet_is_found_wherever_it_stands() {
        for len in [0, 1, 31, 32, 33, 64, 100] {
            for at in 0..len {
                let mut octets = vec![b'a'; len];
                octets[at] = b'\r';
                assert_eq!(find(&octets, b'\r'), Some(at), "of {len}");
            }
            assert_eq!(find(&vec![b'a'; len], b'\r'), None);
        }
    }

    #[test]
    fn an_empty_text_is_a_single_dot() {
        assert_eq!(Dotted::Start.pass(b".\r\nQUIT"), (3, true));
    }
}
