//! `Export-Csv`: a line of titles, then an object a line (RFC 4180); other delimiters with `-UseCulture`.

use super::record::Record;

/// Objects of the file.
pub(super) fn records(text: &str) -> Result<Vec<Record>, String> {
    // Windows PowerShell begins with the type: `#TYPE Microsoft...ExchangeServer`.
    let typed = text.trim_start().starts_with("#TYPE");
    let skipped = if typed { text.find('\n').map_or(text.len(), |at| at + 1) } else { 0 };
    let body = text.get(skipped..).unwrap_or_default();
    let delimiter = body.lines().find(|line| !line.trim().is_empty()).map_or(b',', delimiter);
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(body.as_bytes());
    let titles = reader.headers().map_err(|why| format!("its line of titles cannot be read: {why}"))?.clone();
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|why| format!("cannot be read as comma-separated values: {why}"))?;
        let line = row.position().map_or(0, |at| line(text, skipped + usize::try_from(at.byte()).unwrap_or_default()));
        let mut record = Record::new(format!("line {line}"));
        for (title, value) in titles.iter().zip(&row) {
            record.set(title.trim(), vec![value.to_owned()]);
        }
        records.push(record);
    }
    Ok(records)
}

/// The line of what stands behind `at`, where the end of the line before may not be read to its end.
fn line(text: &str, at: usize) -> usize {
    text.bytes().zip(0..=at).filter(|(octet, _)| *octet == b'\n').count() + 1
}

/// Whether a line is one of titles: the names of properties, at least two.
pub(super) fn is_heading(line: &str) -> bool {
    let titles: Vec<&str> =
        line.split(char::from(delimiter(line))).map(|title| title.trim().trim_matches('"')).collect();
    let plain = |title: &&str| {
        !title.is_empty() && title.chars().all(|letter| letter.is_alphanumeric() || "_ -".contains(letter))
    };
    titles.len() > 1 && titles.iter().all(plain)
}

fn delimiter(titles: &str) -> u8 {
    let count = |delimiter: &u8| titles.bytes().filter(|octet| octet == delimiter).count();
    // Of equals the last one counts.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
