//! The requirement lists and the exceptions: what `docs/requirements/*.toml` says.
//!
//! Knows the form of those files and the key words of RFC 2119. Knows nothing of the sources.

use std::ops::Range;
use std::path::Path;

use toml::{Table, Value};

/// One sentence of an RFC.
pub(super) struct Sentence {
    pub(super) rfc: u32,
    pub(super) section: String,
    /// `MUST`, `MUST NOT`, `SHOULD`, `SHOULD NOT`, or `TEXT` for a sentence that may be cited and need not be.
    pub(super) level: String,
    pub(super) text: String,
    /// The places of its key words in the squeezed text; empty for `TEXT`.
    pub(super) keywords: Vec<Range<usize>>,
}

/// A requirement that the project does not keep itself, and why.
pub(super) struct Exception {
    pub(super) rfc: u32,
    pub(super) section: String,
    pub(super) quote: String,
    pub(super) reason: String,
}

const KEYWORDS: &[&str] = &[
    // The longer one first: a key word is read whole.
    "MUST NOT",
    "MUST",
    "SHALL NOT",
    "SHALL",
    "REQUIRED",
    "SHOULD NOT",
    "SHOULD",
    "NOT RECOMMENDED",
    "RECOMMENDED",
];

pub(super) const LEVELS: &[&str] = &["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "TEXT"];

/// The number in `rfcNNNN.toml`.
pub(super) fn rfc_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("rfc")?.strip_suffix(".toml")?.parse().ok()
}

/// The text without white space, so that a quote matches however its lines are broken.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Read one requirement list.
pub(super) fn read_list(path: &Path, text: &str) -> Result<Vec<Sentence>, String> {
    let rfc = rfc_of(path).ok_or_else(|| format!("{}: not a requirement list", path.display()))?;
    let mut sentences = Vec::new();
    for entry in
        entries(text, "sentence").map_err(|error| format!("{}: {error}", path.display()))?
    {
        let sentence = Sentence::new(rfc, entry)?;
        sentences.push(sentence);
    }
    Ok(sentences)
}

/// Read the exceptions.
pub(super) fn read_exceptions(text: &str) -> Result<Vec<Exception>, String> {
    let mut exceptions = Vec::new();
    for entry in entries(text, "exception").map_err(|error| format!("exceptions.toml: {error}"))? {
        let rfc = entry.get("rfc").and_then(Value::as_integer).unwrap_or_default();
        exceptions.push(Exception {
            rfc: u32::try_from(rfc).map_err(|_| format!("no RFC has the number {rfc}"))?,
            section: string(&entry, "section")?,
            quote: string(&entry, "quote")?,
            reason: string(&entry, "reason")?,
        });
    }
    Ok(exceptions)
}

impl Sentence {
    fn new(rfc: u32, entry: Table) -> Result<Self, String> {
        let section = string(&entry, "section")?;
        let level = string(&entry, "level")?;
        let text = string(&entry, "text")?;
        let keywords = keywords(&text);
        if !LEVELS.contains(&level.as_str()) {
            return Err(format!("RFC {rfc} section {section}: `{level}` is not a level"));
        }
        if (level == "TEXT") != keywords.is_empty() {
            return Err(format!(
                "RFC {rfc} section {section}: the level `{level}` contradicts: {text}"
            ));
        }
        Ok(Self { rfc, section, level, text, keywords })
    }
}

fn entries(text: &str, name: &str) -> Result<Vec<Table>, String> {
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    match table.remove(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries
            .into_iter()
            .map(|entry| match entry {
                Value::Table(table) => Ok(table),
                _ => Err(format!("`{name}` is not a list of tables")),
            })
            .collect(),
        Some(_) => Err(format!("`{name}` is not a list of tables")),
    }
}

fn string(entry: &Table, key: &str) -> Result<String, String> {
    match entry.get(key).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(format!("an entry has no `{key}`: {entry:?}")),
    }
}

/// Where the key words of a text stand, counted in its squeezed form.
pub(super) fn keywords(text: &str) -> Vec<Range<usize>> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut squeezed = 0;
    let mut at = 0;
    let mut after_letter = false;
    while let Some(next) = text[at..].chars().next() {
        let keyword = KEYWORDS.iter().find(|keyword| {
            text[at..]
                .strip_prefix(**keyword)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        });
        if let (false, Some(keyword)) = (after_letter, keyword) {
            let length = squeeze(keyword).len();
            found.push(squeezed..squeezed + length);
            squeezed += length;
            at += keyword.len();
            after_letter = true;
            continue;
        }
        after_letter = next.is_alphanumeric();
        at += next.len_utf8();
        if next != ' ' {
            squeezed += next.len_utf8();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_whole_words_in_squeezed_places() {
        assert_eq!(keywords("It MUST NOT be, and SHOULD."), vec![2..9, 15..21]);
        assert_eq!(keywords("MUSTARD and a must"), Vec::<Range<usize>>::new());
        assert_eq!(keywords("as REQUIRED"), vec![2..10]);
    }

    #[test]
    fn a_list_is_read_and_its_levels_are_held_against_the_text() {
        let entry = |level: &str, text: &str| {
            format!("[[sentence]]\nsection = \"5.5\"\nlevel = \"{level}\"\ntext = \"{text}\"\n")
        };
        let path = Path::new("docs/rfc6455.toml");
        let list = read_list(path, &entry("MUST NOT", "One MUST NOT.")).expect("a valid list");
        assert_eq!((list[0].rfc, list[0].section.as_str()), (6455, "5.5"));
        assert!(read_list(path, &entry("TEXT", "One MUST NOT.")).is_err());
        assert!(read_list(path, &entry("MUST", "Nothing at all.")).is_err());
        assert!(read_list(path, &entry("MAY", "One MUST.")).is_err());
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let without = "[[exception]]\nrfc = 6455\nsection = \"3\"\nquote = \"MUST\"\n";
        assert!(read_exceptions(without).is_err());
        let exceptions =
            read_exceptions(&format!("{without}reason = \"sockets\"\n")).expect("valid");
        assert_eq!(exceptions[0].rfc, 6455);
    }
}
