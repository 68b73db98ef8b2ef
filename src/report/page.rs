//! A page of text for a terminal or a mail: paragraphs, labelled lines and columns, wrapped to its
//! width. Everything that is put on it passes through [`escaped`], so that no text of others can
//! reach a terminal as a command.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::report::harmless::escaped;

/// What a page is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    /// Columns of a line.
    pub width: usize,
    /// Whether it may use colour.
    pub paint: Paint,
}

/// Whether a page uses colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Characters only.
    Plain,
    /// With escape sequences of a terminal. Colour repeats what words say, never more.
    Colour,
}

/// How much a piece of text wants to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Running text.
    Text,
    /// A heading, a name to find again.
    Strong,
    /// Something is blocked.
    Alarm,
    /// It is in order, or the firewall is cleared.
    Good,
    /// Not known.
    Doubt,
}

impl Tone {
    /// Red and cyan, not red and green: the pair that most people tell apart.
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
        match self {
            Self::Text => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Alarm => colour(AnsiColor::Red),
            Self::Good => colour(AnsiColor::Cyan),
            Self::Doubt => colour(AnsiColor::Yellow),
        }
    }
}

/// On which side a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A page being written.
#[derive(Debug)]
pub struct Page {
    sheet: Sheet,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(sheet: Sheet) -> Self {
        Self { sheet: Sheet { width: sheet.width.clamp(NARROWEST, WIDEST), ..sheet }, text: String::new() }
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Columns of a line.
    pub fn width(&self) -> usize {
        self.sheet.width
    }

    /// An empty line; never two, and none at the top.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The title of a section.
    pub fn heading(&mut self, title: &str) {
        self.gap();
        self.line(0, &[(Tone::Strong, title)]);
    }

    /// One line that is never wrapped: what people copy.
    pub fn line(&mut self, indent: usize, pieces: &[(Tone, &str)]) {
        self.spaces(indent);
        for (tone, text) in pieces {
            self.put(*tone, &escaped(text));
        }
        self.text.push('\n');
    }

    /// Wrapped text. The first line begins at `indent`, the others at `hang`.
    pub fn paragraph(&mut self, indent: usize, hang: usize, pieces: &[(Tone, &str)]) {
        self.spaces(indent);
        self.flow(indent, hang, pieces);
    }

    /// A label in its column, and wrapped text beside it. Without a label the text goes on beside nothing.
    pub fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        let hang = indent + LABEL;
        let label = format!("{label:<LABEL$}");
        self.spaces(indent);
        self.put(Tone::Text, &escaped(&label));
        self.beside(hang, text);
    }

    /// A label, and beside or under it text that is never wrapped.
    pub fn verbatim(&mut self, indent: usize, label: &str, text: &str) {
        if indent + LABEL + text.chars().count() <= self.sheet.width {
            self.line(indent, &[(Tone::Text, &format!("{label:<LABEL$}{text}"))]);
        } else {
            self.line(indent, &[(Tone::Text, label)]);
            self.line(indent + 2, &[(Tone::Text, text)]);
        }
    }

    /// A point of a list in the column beside labels.
    pub fn point(&mut self, indent: usize, label: &str, text: &str) {
        self.spaces(indent);
        self.put(Tone::Text, &escaped(&format!("{label:<LABEL$}")));
        self.put(Tone::Text, "- ");
        self.beside(indent + LABEL + 2, text);
    }

    /// Wraps text from `column`, where the line is, to lines that begin at `hang`.
    fn flow(&mut self, mut column: usize, hang: usize, pieces: &[(Tone, &str)]) {
        let width = self.sheet.width.min(READABLE + hang);
        let mut first = true;
        for (tone, text) in pieces {
            let shown = escaped(text);
            for word in shown.split(' ').filter(|word| !word.is_empty()) {
                let length = word.chars().count();
                if !first && column + 1 + length > width {
                    self.text.push('\n');
                    self.spaces(hang);
                    column = hang;
                } else if !first {
                    self.text.push(' ');
                    column += 1;
                }
                self.put(*tone, word);
                column += length;
                first = false;
            }
        }
        self.text.push('\n');
    }

    /// Wraps text from the present column on, and keeps to it.
    fn beside(&mut self, column: usize, text: &str) {
        self.flow(column, column, &[(Tone::Text, text)]);
    }

    /// Rows in columns, each as wide as its widest cell. The last column is wrapped where the line ends.
    pub fn table(&mut self, indent: usize, columns: &[(&str, Align)], rows: &[Vec<String>]) {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| escaped(cell).into_owned()).collect()).collect();
        let length = |text: &String| text.chars().count();
        let widths: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(at, (title, _))| {
                let cells = rows.iter().filter_map(|row| row.get(at)).map(length);
                cells.max().unwrap_or(0).max(title.chars().count())
            })
            .collect();
        if columns.iter().any(|(title, _)| !title.is_empty()) {
            let titles: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
            self.row(indent, columns, &widths, &titles);
        }
        for row in &rows {
            self.row(indent, columns, &widths, row);
        }
    }

    /// Rows in columns of which each wraps, with an empty line between rows. The columns share the line by weight.
    pub fn grid(&mut self, columns: &[(&str, usize)], rows: &[Vec<String>]) {
        let weights: usize = columns.iter().map(|(_, weight)| weight).sum::<usize>().max(1);
        let room = self.sheet.width.saturating_sub(GUTTER * columns.len().saturating_sub(1));
        let widths: Vec<usize> = columns.iter().map(|(_, weight)| (room * weight / weights).max(4)).collect();
        let titles: Vec<String> = columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        self.grid_row(Tone::Strong, &widths, &titles);
        for row in rows {
            self.gap();
            self.grid_row(Tone::Text, &widths, row);
        }
    }

    fn grid_row(&mut self, tone: Tone, widths: &[usize], cells: &[String]) {
        let wrapped: Vec<Vec<String>> =
            cells.iter().zip(widths).map(|(cell, width)| wrap(&escaped(cell), *width)).collect();
        for at in 0..wrapped.iter().map(Vec::len).max().unwrap_or(0) {
            let cells = wrapped.iter().zip(widths).map(|(lines, width)| {
                let cell = lines.get(at).map_or("", String::as_str);
                format!("{cell:<width$}")
            });
            let line = cells.collect::<Vec<_>>().join(&" ".repeat(GUTTER));
            self.put(tone, line.trim_end());
            self.text.push('\n');
        }
    }

    fn row(&mut self, indent: usize, columns: &[(&str, Align)], widths: &[usize], cells: &[String]) {
        let mut line = " ".repeat(indent);
        let (last, fixed) = match cells.split_last() {
            Some((last, fixed)) if columns.last().is_some_and(|(_, align)| *align == Align::Left) => {
                (last.as_str(), fixed)
            }
            _ => ("", cells),
        };
        for ((cell, width), (_, align)) in fixed.iter().zip(widths).zip(columns) {
            let cell = match align {
                Align::Left => format!("{cell:<width$}  "),
                Align::Right => format!("{cell:>width$}  "),
            };
            line.push_str(&cell);
        }
        let column = line.chars().count();
        self.text.push_str(&line);
        if last.is_empty() {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        } else {
            self.beside(column, last);
        }
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    /// The only place where styles are written. `text` is harmless.
    fn put(&mut self, tone: Tone, text: &str) {
        if self.sheet.paint == Paint::Plain || tone == Tone::Text {
            self.text.push_str(text);
        } else {
            let style = tone.style();
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
    }
}

/// Text in lines of at most `width` characters, but for words that are longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Columns between the columns of a grid.
const GUTTER: usize = 2;
/// Columns of labels.
const LABEL: usize = 11;
/// Longer lines than this are hard to read, however wide the terminal.
const READABLE: usize = 100;
/// Narrower than this nothing can be laid out.
const NARROWEST: usize = 40;
/// Wider than this no line needs to be.
const WIDEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: usize) -> Page {
        Page::new(Sheet { width, paint: Paint::Plain })
    }

    #[test]
    fn paragraphs_wrap_between_words_and_hang() {
        let mut page = plain(40);
        page.paragraph(2, 6, &[(Tone::Strong, "BLOCKED:"), (Tone::Text, "nothing of what was asked came back to us")]);
        assert_eq!(page.into_text(), "  BLOCKED: nothing of what was asked\n      came back to us\n");
    }

    #[test]
    fn labels_stand_in_one_column() {
        let mut page = plain(40);
        page.labelled(2, "When", "from the morning to the evening of it");
        page.point(2, "", "one");
        assert_eq!(
            page.into_text(),
            "  When       from the morning to the\n             evening of it\n             - one\n"
        );
    }

    #[test]
    fn numbers_stand_right_and_the_last_column_wraps() {
        let mut page = plain(40);
        let columns = [("port", Align::Left), ("flows", Align::Right), ("what", Align::Left)];
        let row = |port: &str, flows: &str, what: &str| vec![port.to_owned(), flows.to_owned(), what.to_owned()];
        page.table(
            0,
            &columns,
            &[row("tcp 25", "7", "mail"), row("tcp 135", "1234", "the endpoint mapper of all RPC")],
        );
        assert_eq!(
            page.into_text(),
            "port     flows  what\ntcp 25       7  mail\ntcp 135   1234  the endpoint mapper of\n                all RPC\n"
        );
    }

    #[test]
    fn what_people_copy_is_never_wrapped() {
        let mut page = plain(40);
        let filter = "ip.addr==10.10.1.11 && ip.addr==10.10.2.21 && tcp.port==59531";
        page.verbatim(2, "Wireshark", filter);
        assert!(page.into_text().contains(filter));
    }

    #[test]
    fn commands_of_others_never_reach_the_page() {
        let mut page = Page::new(Sheet { width: 80, paint: Paint::Colour });
        page.line(0, &[(Tone::Alarm, "a\x1b[31mb")]);
        page.table(0, &[("", Align::Left)], &[vec!["\x1b]0;x\x07".to_owned()]]);
        page.verbatim(0, "\x1bl", "\x1bt");
        let text = page.into_text();
        assert_eq!(text.matches('\x1b').count(), text.matches("\x1b[").count());
        assert!(!text.contains("\x1b[31mb") && !text.contains('\x07'));
    }
}
