//! Tables to be pasted: for a terminal, as Markdown, as CSV.
//!
//! Cells may hold what others wrote, and each of the three formats has something that obeys it: a
//! terminal, a renderer that takes HTML, links and images, a spreadsheet that computes formulas.

use crate::report::harmless::escaped;
use crate::report::page::{Align, Page, Sheet, Tone};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns, or where the line is too short for them, each row under its first cell.
    Text,
    /// A table of GitHub Flavored Markdown (section 4.10).
    Markdown,
    /// Comma-separated values (RFC 4180) in UTF-8, with a line of titles; lines end in a line feed.
    Csv,
}

/// Titled columns, and rows of cells.
#[derive(Debug, Clone, Default)]
pub struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. Titles of up to ten letters keep the text in line.
    pub fn new(titles: &[&'static str]) -> Self {
        Self { titles: titles.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Cells that are missing at its end are empty, those beyond the titles are not shown.
    pub fn row(&mut self, mut cells: Vec<String>) {
        cells.resize(self.titles.len(), String::new());
        self.rows.push(cells);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes it. `sheet` is what [`Format::Text`] is laid out for.
    pub fn write(&self, format: Format, sheet: Sheet) -> String {
        match format {
            Format::Text => self.text(sheet),
            Format::Markdown => self.markdown(),
            Format::Csv => self.csv(),
        }
    }

    fn text(&self, sheet: Sheet) -> String {
        let mut page = Page::new(sheet);
        if self.columns() <= page.width() {
            let columns: Vec<_> = self.titles.iter().map(|title| (*title, Align::Left)).collect();
            page.table(0, &columns, &self.rows);
            return page.into_text();
        }
        for row in &self.rows {
            page.gap();
            let mut cells = self.titles.iter().zip(row);
            if let Some((_, first)) = cells.next() {
                page.paragraph(0, 4, &[(Tone::Strong, first)]);
            }
            for (title, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
                page.labelled(2, title, cell);
            }
        }
        page.into_text()
    }

    /// Columns of a terminal's line that the widest cells take.
    fn columns(&self) -> usize {
        let widest = |(at, title): (usize, &&str)| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| escaped(cell).chars().count());
            cells.max().unwrap_or_default().max(title.chars().count())
        };
        let widths: Vec<usize> = self.titles.iter().enumerate().map(widest).collect();
        widths.iter().sum::<usize>() + GUTTER * widths.len().saturating_sub(1)
    }

    fn markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let mut out = line(&mut self.titles.iter().map(|title| markdown(title)));
        out.push_str(&line(&mut self.titles.iter().map(|_| "---".to_owned())));
        for row in &self.rows {
            out.push_str(&line(&mut row.iter().map(|cell| markdown(cell))));
        }
        out
    }

    fn csv(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("{}\n", cells.collect::<Vec<_>>().join(","));
        let mut out = line(&mut self.titles.iter().map(|title| csv_cell(title)));
        for row in &self.rows {
            out.push_str(&line(&mut row.iter().map(|cell| csv_cell(cell))));
        }
        out
    }
}

/// Text that Markdown shows as it is: no table's edge, emphasis, code, link, image, entity or HTML
/// (CommonMark 2.4: any of these characters behind a backslash is itself).
pub(super) fn markdown(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for one in escaped(text).trim().chars() {
        if "\\|`*_[]<>&~$".contains(one) {
            cell.push('\\');
        }
        cell.push(one);
    }
    cell
}

/// One value that no spreadsheet computes. What begins like a formula is led by an apostrophe; a plain
/// number is one, whatever its sign. A semicolon is quoted, too: some countries' programs split there.
fn csv_cell(text: &str) -> String {
    let text = escaped(text);
    let lead = if is_formula(&text) { "'" } else { "" };
    if text.contains([',', ';', '"', '\n', '\r']) || text.trim().len() < text.len() {
        format!("\"{lead}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{lead}{text}")
    }
}

/// Whether a spreadsheet would compute a cell with this text.
pub(super) fn is_formula(text: &str) -> bool {
    let first = text.trim_start().chars().next();
    first.is_some_and(|first| FORMULA.contains(first)) && text.parse::<f64>().is_err()
}

/// What a formula begins with, also in the wide letters that East Asian programs take for the same.
const FORMULA: &str = "=+-@＝＋－＠";
/// Columns between two columns of [`Page::table`].
const GUTTER: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::harmless::is_harmful;
    use crate::report::page::Paint;

    fn sheet(width: usize) -> Sheet {
        Sheet { width, paint: Paint::Plain }
    }

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(&["Host", "Role", "Because"]);
        for row in rows {
            table.row(row.iter().map(|cell| (*cell).to_owned()).collect());
        }
        table
    }

    #[test]
    fn a_long_line_takes_columns_and_a_short_one_a_row_under_the_other() {
        let table = table(&[["mbx1", "mailbox", "it serves EMSMDB on the port that 135 named"], ["dc1", "dc", ""]]);
        assert_eq!(
            table.write(Format::Text, sheet(80)),
            "Host  Role     Because\nmbx1  mailbox  it serves EMSMDB on the port that 135 named\ndc1   dc\n"
        );
        assert_eq!(
            table.write(Format::Text, sheet(44)),
            "mbx1\n  Role       mailbox\n  Because    it serves EMSMDB on the port\n             that 135 named\n\ndc1\n  Role       dc\n"
        );
    }

    #[test]
    fn markdown_shows_what_was_written_and_renders_none_of_it() {
        let table = table(&[["a|b", "<img src=x>", "![x](http://a) `c` &lt; *d*\n"]]);
        assert_eq!(
            table.write(Format::Markdown, sheet(80)),
            "| Host | Role | Because |\n| --- | --- | --- |\n\
             | a\\|b | \\<img src=x\\> | !\\[x\\](http://a) \\`c\\` \\&lt; \\*d\\*\\\\u{a} |\n"
        );
    }

    #[test]
    fn csv_quotes_what_would_split_and_disarms_what_would_be_computed() {
        let table =
            table(&[["a,b", "say \"no\"", "c;d"], ["=1+1", " @x", "\t-2"], ["-2.5", "+cmd|' /C calc'!A0", "－1"]]);
        assert_eq!(
            table.write(Format::Csv, sheet(80)),
            "Host,Role,Because\n\"a,b\",\"say \"\"no\"\"\",\"c;d\"\n'=1+1,\"' @x\",\\u{9}-2\n-2.5,'+cmd|' /C calc'!A0,'－1\n"
        );
    }

    #[test]
    fn rows_have_as_many_cells_as_there_are_titles() {
        let mut table = Table::new(&["a", "b"]);
        assert!(table.is_empty());
        table.row(vec!["1".to_owned()]);
        table.row(["1", "2", "3"].map(str::to_owned).to_vec());
        assert_eq!(table.write(Format::Csv, sheet(80)), "a,b\n1,\n1,2\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn whatever_the_cells_hold_a_row_is_a_line_and_none_is_a_command(cells in prop::collection::vec("\\PC{0,20}|[=+@|,\"\\\\\u{0}-\u{1f}\u{202e}<-]{0,12}", 9)) {
            let mut table = Table::new(&["a", "b", "c"]);
            for row in cells.chunks(3) {
                table.row(row.to_vec());
            }
            for format in [Format::Text, Format::Markdown, Format::Csv] {
                let out = table.write(format, sheet(80));
                let harmful = |one: char| one != '\n' && is_harmful(one);
                prop_assert!(!out.contains(harmful), "{out:?}");
                if format != Format::Text {
                    prop_assert_eq!(out.lines().count(), if format == Format::Csv { 4 } else { 5 });
                }
                if format == Format::Markdown {
                    let edges = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
                    prop_assert!(out.lines().all(|line| edges(line) == 4), "{out}");
                }
            }
        }
    }
}
