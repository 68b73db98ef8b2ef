//! `ConvertTo-Json`: an object, or a list of them.

use serde_json::Value;

use super::record::Record;

/// Objects of the file.
pub(super) fn records(text: &str) -> Result<Vec<Record>, String> {
    let value: Value = serde_json::from_str(text).map_err(|why| format!("cannot be read as JSON: {why}"))?;
    let objects = match value {
        Value::Array(objects) => objects,
        // Windows PowerShell 5 wraps lists: {"value": [...], "Count": 2}.
        Value::Object(mut wrapped) if wrapped.get("value").is_some_and(Value::is_array) => {
            match wrapped.remove("value") {
                Some(Value::Array(objects)) => objects,
                _ => Vec::new(),
            }
        }
        one => vec![one],
    };
    let record = |(at, object): (usize, Value)| {
        let mut record = Record::new(format!("object {}", at + 1));
        for (property, value) in object.as_object().into_iter().flatten() {
            record.set(property, values(value));
        }
        record
    };
    Ok(objects.into_iter().enumerate().map(record).collect())
}

/// A value as the list of texts that it stands for.
fn values(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(values).collect(),
        Value::Object(object) => {
            let number = |key: &str| object.get(key).and_then(Value::as_u64);
            // System.Version, and Exchange's ServerVersion.
            if let (Some(major), Some(minor), Some(build)) = (number("Major"), number("Minor"), number("Build")) {
                return vec![format!("Version {major}.{minor} (Build {build})")];
            }
            let telling = ["Name", "name", "Value", "value", "IPAddressToString", "DistinguishedName"];
            telling.iter().find_map(|key| object.get(*key)).map(values).unwrap_or_default()
        }
        plain => vec![plain.to_string()],
    }
}
