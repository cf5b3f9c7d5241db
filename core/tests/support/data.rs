//! The files of `tests/vectors`, and the few notations in them.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// A file of vectors.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) vectors: Vec<Value>,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// Every file of vectors, in the order of their names.
pub(crate) fn files() -> Vec<File> {
    let mut paths: Vec<_> = fs::read_dir(directory())
        .expect("tests/vectors is there")
        .map(|entry| entry.expect("a readable directory").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths.iter().map(read).collect()
}

fn read(path: &PathBuf) -> File {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let bytes = fs::read(path).expect("a readable file");
    let mut file: Value =
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    File {
        kind: file["kind"].as_str().unwrap_or_default().to_owned(),
        vectors: file["vectors"].as_array_mut().map(std::mem::take).unwrap_or_default(),
        name,
    }
}

/// The vectors of one kind, with the names of the files that they come from.
pub(crate) fn vectors(kind: &str) -> Vec<(String, Value)> {
    let of_kind = files().into_iter().filter(|file| file.kind == kind);
    of_kind
        .flat_map(|file| file.vectors.into_iter().map(move |vector| (file.name.clone(), vector)))
        .collect()
}

pub(crate) fn id(vector: &Value) -> &str {
    vector["id"].as_str().expect("every vector has an id")
}

/// A list in which `{"repeat": [item, n]}` stands for `n` times `item`.
pub(crate) fn list(value: &Value) -> Vec<Value> {
    let mut items = Vec::new();
    for item in value.as_array().map_or(&[][..], Vec::as_slice) {
        match repeat(item) {
            Some((item, count)) => items.extend(std::iter::repeat_n(item.clone(), count)),
            None => items.push(item.clone()),
        }
    }
    items
}

fn repeat(item: &Value) -> Option<(&Value, usize)> {
    let pair = item.get("repeat")?;
    Some((&pair[0], usize::try_from(pair[1].as_u64()?).ok()?))
}

/// A string, or the pieces of one.
pub(crate) fn string(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => list(value).iter().map(string).collect(),
        other => panic!("expected a string or a list of its pieces, found {other}"),
    }
}

/// Bytes in hexadecimal, in one string or in pieces.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let digits = string(value);
    assert!(digits.len().is_multiple_of(2), "an odd number of hexadecimal digits");
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    (0..digits.len()).step_by(2).map(pair).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// Joins the pieces of strings inside an expected event.
pub(crate) fn joined(value: &Value) -> Value {
    match value {
        Value::Array(_) => Value::String(string(value)),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), joined(field))).collect()
        }
        other => other.clone(),
    }
}

/// Where `found` lacks something of `expected`: every field that `expected` names must be equal.
pub(crate) fn difference(expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().find_map(|(name, value)| {
                let other = found.get(name).unwrap_or(&Value::Null);
                difference(value, other).map(|inside| format!("{name}: {inside}"))
            })
        }
        _ if expected == found => None,
        _ => Some(format!("expected {}, found {}", short(expected), short(found))),
    }
}

/// A value, cut to what a person reads.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text,
    }
}
