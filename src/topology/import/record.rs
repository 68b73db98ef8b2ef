//! What PowerShell exports: objects with properties, whatever the file is written in.

/// One object.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Record {
    /// The line on which it begins, or its number among the objects; "line 3", "object 2".
    pub at: String,
    /// In the order of the file. A property that holds a list has several values.
    properties: Vec<(String, Vec<String>)>,
}

impl Record {
    pub(super) fn new(at: String) -> Self {
        Self { at, properties: Vec::new() }
    }

    pub(super) fn set(&mut self, property: &str, values: Vec<String>) {
        self.properties.push((property.to_owned(), values));
    }

    /// Whether it has such a property, filled or not.
    pub(super) fn has(&self, property: &str) -> bool {
        self.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(property))
    }

    /// The values of a property. The case of letters in its name does not matter.
    pub(super) fn all(&self, property: &str) -> impl Iterator<Item = &str> {
        let own = self.properties.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(property));
        own.flat_map(|(_, values)| values).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first of them.
    pub(super) fn one(&self, property: &str) -> Option<&str> {
        self.all(property).next()
    }

    /// Whether it is said to be so.
    pub(super) fn is(&self, property: &str) -> bool {
        self.one(property).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A list, whether it is one or was written in one value: `{MBX1, MBX2}`, `MBX1;MBX2`, `MBX1 MBX2`.
    pub(super) fn list(&self, property: &str) -> impl Iterator<Item = &str> {
        let apart = |letter: char| letter.is_whitespace() || ",;{}".contains(letter);
        self.all(property).flat_map(move |value| value.split(apart)).filter(|value| !value.is_empty())
    }
}
