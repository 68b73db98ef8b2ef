//! A protocol's own fields, as one flow showed them.

use anyany_dissectors::Value;

/// One of the protocol's own fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detail {
    /// The latest value.
    One(Value),
    /// A list of different values, in the order of their first appearance.
    Many(Vec<Value>),
}

/// Fields by name, in order; bounded. A flow has a few, and there are many flows: a tree's node would take more
/// than all the rest of what was said.
#[derive(Debug, Clone, Default)]
pub struct Details(Vec<(&'static str, Detail)>);

impl Details {
    /// A field.
    pub fn get(&self, key: &str) -> Option<&Detail> {
        self.at(key).ok().and_then(|at| self.0.get(at)).map(|(_, detail)| detail)
    }

    /// All fields, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Detail)> {
        self.0.iter().map(|(key, detail)| (*key, detail))
    }

    /// Sets a field, whatever it was.
    pub fn insert(&mut self, key: &'static str, detail: Detail) {
        if let Some(place) = self.place(key) {
            *place = detail;
        }
    }

    /// Gives back the room for more fields.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// The place of a field, made for a list when it is new; `None` when there is no room for one more.
    pub(super) fn place(&mut self, key: &'static str) -> Option<&mut Detail> {
        let at = match self.at(key) {
            Ok(at) => at,
            Err(_) if self.0.len() >= MOST_DETAILS => return None,
            Err(at) => {
                // Nearly all flows have as many fields as others of their protocol: doubling wastes half.
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact(GROWTH);
                }
                self.0.insert(at, (key, Detail::Many(Vec::new())));
                at
            }
        };
        self.0.get_mut(at).map(|(_, detail)| detail)
    }

    fn at(&self, key: &str) -> Result<usize, usize> {
        // Each key stands once in a dissector, so that nearly always it is the very same one.
        match self.0.iter().position(|(known, _)| std::ptr::eq(*known, key)) {
            Some(at) => Ok(at),
            None => self.0.binary_search_by_key(&key, |(known, _)| known),
        }
    }
}

const MOST_DETAILS: usize = 48;
/// Fields for which room is made at once.
const GROWTH: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_order_and_are_bounded() {
        let mut details = Details::default();
        for key in ["server", "client", "port", "client"] {
            details.insert(key, Detail::One(key.into()));
        }
        assert_eq!(details.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["client", "port", "server"]);
        assert_eq!(details.get("port"), Some(&Detail::One("port".into())));
        assert_eq!(details.get("none"), None);
        let names: Vec<&'static str> = (0..100).map(|name| &*format!("{name:03}").leak()).collect();
        assert_eq!(names.iter().filter(|name| details.place(name).is_some()).count(), MOST_DETAILS - 3);
    }
}
