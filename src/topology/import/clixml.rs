//! `Export-Clixml` (PSRP §2.2.5): objects with their properties, and references to those that came before.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::record::Record;

/// Objects of the file.
pub(super) fn records(text: &str) -> Result<Vec<Record>, String> {
    let document = Document::parse(text).map_err(|why| format!("cannot be read as XML: {why}"))?;
    let mut known = HashMap::new();
    for object in document.descendants().filter(|node| node.has_tag_name_in("Obj")) {
        if let Some(id) = object.attribute("RefId") {
            known.insert(id, object);
        }
    }
    let outer = document.root_element().children().filter(|node| node.has_tag_name_in("Obj"));
    // An export of one list holds a list of objects.
    let objects = outer.flat_map(|object| if has_properties(object) { vec![object] } else { items(object).collect() });
    let objects = objects.filter(|object| object.has_tag_name_in("Obj")).enumerate();
    Ok(objects.map(|(at, object)| record(at, object, &known)).collect())
}

fn record<'a>(at: usize, object: Node<'a, 'a>, known: &HashMap<&'a str, Node<'a, 'a>>) -> Record {
    let mut record = Record::new(format!("object {}", at + 1));
    let properties = object.children().filter(|node| node.has_tag_name_in("Props") || node.has_tag_name_in("MS"));
    for property in properties.flat_map(|properties| properties.children()).filter(Node::is_element) {
        if let Some(name) = property.attribute("N") {
            record.set(&unescaped(name), values(property, known));
        }
    }
    record
}

/// A value as the list of texts that it stands for.
fn values<'a>(node: Node<'a, 'a>, known: &HashMap<&'a str, Node<'a, 'a>>) -> Vec<String> {
    let node = match node.tag_name().name() {
        "Nil" => return Vec::new(),
        "Ref" => match node.attribute("RefId").and_then(|id| known.get(id)) {
            Some(object) => *object,
            None => return Vec::new(),
        },
        _ => node,
    };
    if !node.has_tag_name_in("Obj") {
        return vec![unescaped(node.text().unwrap_or_default())];
    }
    let listed: Vec<_> = items(node).collect();
    if listed.is_empty() {
        let told = node.children().find(|child| child.has_tag_name_in("ToString"));
        return told.and_then(|told| told.text()).map(unescaped).into_iter().collect();
    }
    // Lists hold plain values and objects; what is nested deeper tells nothing.
    let item = |item: Node<'a, 'a>| match item.children().find(|child| child.has_tag_name_in("ToString")) {
        Some(told) => told.text().map(unescaped),
        None => item.text().map(unescaped),
    };
    listed.into_iter().filter_map(item).collect()
}

fn has_properties(object: Node<'_, '_>) -> bool {
    object.children().any(|child| child.has_tag_name_in("Props") || child.has_tag_name_in("MS"))
}

/// What a list, stack, queue or enumeration holds.
fn items<'a>(object: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    let lists =
        object.children().filter(|child| ["LST", "IE", "STK", "QUE"].iter().any(|tag| child.has_tag_name_in(tag)));
    lists.flat_map(|list| list.children()).filter(Node::is_element)
}

/// Letters that XML does not take are written `_x000D_`.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code =
            rest.get(at + 2..at + 6).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        let (Some(letter), Some("_")) = (code, rest.get(at + 6..at + 7)) else {
            plain.push_str(rest.get(..at + 2).unwrap_or_default());
            rest = rest.get(at + 2..).unwrap_or_default();
            continue;
        };
        plain.push_str(rest.get(..at).unwrap_or_default());
        plain.push(letter);
        rest = rest.get(at + 7..).unwrap_or_default();
    }
    plain + rest
}

/// Tags by their local name: exports of some tools lack the namespace.
trait Tagged {
    fn has_tag_name_in(&self, name: &str) -> bool;
}

impl Tagged for Node<'_, '_> {
    fn has_tag_name_in(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}
