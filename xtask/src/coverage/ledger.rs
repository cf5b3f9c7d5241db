//! The ledger: which key words of which sentences lie inside a citation or an exception.
//!
//! A sentence is covered when each of its key words is. A quote counts where it stands word for word in
//! the cited section, and only when it stands there once: a quote as short as "the client MUST" could
//! otherwise cover sentences nobody thought of.

use std::collections::BTreeMap;
use std::ops::Range;

use super::citations::{Citation, Found};
use super::requirements::{Exception, Sentence, squeeze};

pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
    /// Citations and exceptions that do not hold, and comments that only look like citations.
    pub(super) stale: Vec<String>,
}

/// A sentence and what covers it.
pub(super) struct Entry {
    pub(super) sentence: Sentence,
    /// For each key word of the sentence, the places that cite it.
    pub(super) cited: Vec<Vec<String>>,
    /// For each key word of the sentence, the reason of its exception.
    pub(super) excepted: Vec<Option<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Every key word is cited or excepted, and one at least is cited.
    Cited,
    Excepted,
    Open,
    /// A sentence without a key word.
    Optional,
}

impl Entry {
    fn new(sentence: Sentence) -> Self {
        let count = sentence.keywords.len();
        Self { sentence, cited: vec![Vec::new(); count], excepted: vec![None; count] }
    }

    pub(super) fn status(&self) -> Status {
        let covered = |(cited, excepted): (&Vec<String>, &Option<String>)| {
            !cited.is_empty() || excepted.is_some()
        };
        if self.cited.is_empty() {
            Status::Optional
        } else if !self.cited.iter().zip(&self.excepted).all(covered) {
            Status::Open
        } else if self.cited.iter().all(Vec::is_empty) {
            Status::Excepted
        } else {
            Status::Cited
        }
    }

    /// The distinct places that cite the sentence.
    pub(super) fn places(&self) -> Vec<&str> {
        let mut places: Vec<&str> = self.cited.iter().flatten().map(String::as_str).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Ledger {
    pub(super) fn new(sentences: Vec<Sentence>, exceptions: Vec<Exception>, found: Found) -> Self {
        let mut ledger = Self {
            entries: sentences.into_iter().map(Entry::new).collect(),
            stale: found.malformed,
        };
        let sections = Sections::new(&ledger.entries);
        for citation in &found.citations {
            ledger.cite(&sections, citation);
        }
        for exception in &exceptions {
            ledger.except(&sections, exception);
        }
        ledger
    }

    fn cite(&mut self, sections: &Sections, citation: &Citation) {
        match sections.find(citation.rfc, &citation.section, &citation.quote) {
            Err(why) => self.stale.push(format!("{}: {why}: {}", citation.place, citation.quote)),
            Ok(_) if citation.in_test => {}
            Ok(hits) => {
                for (entry, keyword) in hits {
                    self.entries[entry].cited[keyword].push(citation.place.clone());
                }
            }
        }
    }

    fn except(&mut self, sections: &Sections, exception: &Exception) {
        if let Err(why) = self.try_except(sections, exception) {
            let Exception { rfc, section, quote, .. } = exception;
            self.stale
                .push(format!("exceptions.toml: RFC {rfc} section {section}: {why}: {quote}"));
        }
    }

    fn try_except(&mut self, sections: &Sections, exception: &Exception) -> Result<(), String> {
        let hits = sections.find(exception.rfc, &exception.section, &exception.quote)?;
        if hits.is_empty() {
            return Err("the quote holds no key word".into());
        }
        for (entry, keyword) in hits {
            let entry = &mut self.entries[entry];
            if let Some(place) = entry.cited[keyword].first() {
                return Err(format!("excepted, yet cited at {place}"));
            }
            if entry.excepted[keyword].replace(exception.reason.clone()).is_some() {
                return Err("excepted twice".into());
            }
        }
        Ok(())
    }
}

/// The squeezed text of each section, and where its key words stand.
struct Sections {
    by_name: BTreeMap<(u32, String), Section>,
}

#[derive(Default)]
struct Section {
    text: String,
    /// Place in `text`, index of the entry, index of the key word in it.
    keywords: Vec<(Range<usize>, usize, usize)>,
}

impl Sections {
    fn new(entries: &[Entry]) -> Self {
        let mut by_name: BTreeMap<(u32, String), Section> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let sentence = &entry.sentence;
            let section = by_name.entry((sentence.rfc, sentence.section.clone())).or_default();
            let start = section.text.len();
            section.text.push_str(&squeeze(&sentence.text));
            for (number, keyword) in sentence.keywords.iter().enumerate() {
                section.keywords.push((start + keyword.start..start + keyword.end, index, number));
            }
        }
        Self { by_name }
    }

    /// The key words inside the one place where the quote stands, as (entry, key word).
    fn find(
        &self,
        rfc: u32,
        section: &str,
        quote: &str,
    ) -> Result<Vec<(usize, usize)>, &'static str> {
        let section = self
            .by_name
            .get(&(rfc, section.to_owned()))
            .ok_or("no list has this RFC and section")?;
        let quote = squeeze(quote);
        let mut places = section.text.match_indices(&quote);
        let (start, _) = places.next().ok_or("not in this section, word for word")?;
        if places.next().is_some() {
            return Err("stands more than once in this section; quote more of the sentence");
        }
        let hits = section
            .keywords
            .iter()
            .filter(|(place, ..)| start <= place.start && place.end <= start + quote.len());
        Ok(hits.map(|&(_, entry, keyword)| (entry, keyword)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::requirements::{read_exceptions, read_list};
    use super::*;

    const LIST: &str = r#"
[[sentence]]
section = "5.5"
level = "MUST"
text = "All frames MUST be short and MUST NOT be fragmented."
[[sentence]]
section = "5.5"
level = "SHOULD"
text = "It SHOULD do so soon."
[[sentence]]
section = "5.6"
level = "TEXT"
text = "A pong must be identical."
"#;

    fn ledger(quotes: &[(&str, &str)], exceptions: &str) -> Ledger {
        let mut found = Found::default();
        for (section, quote) in quotes {
            let url = "https://www.rfc-editor.org/rfc/rfc6455";
            found.scan("a.rs", &format!("//= {url}#section-{section}\n//# {quote}\n"));
        }
        let sentences = read_list(Path::new("rfc6455.toml"), LIST).expect("a valid list");
        Ledger::new(sentences, read_exceptions(exceptions).expect("valid exceptions"), found)
    }

    fn exception(quote: &str) -> String {
        format!(
            "[[exception]]\nrfc = 6455\nsection = \"5.5\"\nquote = \"{quote}\"\nreason = \"r\"\n"
        )
    }

    #[test]
    fn a_part_covers_the_key_words_inside_it_and_no_others() {
        let ledger = ledger(&[("5.5", "frames MUST be short")], "");
        assert!(ledger.entries[0].status() == Status::Open);
        assert_eq!(ledger.entries[0].places(), ["a.rs:1"]);
        assert!(ledger.stale.is_empty());
    }

    #[test]
    fn parts_and_exceptions_add_up() {
        let parts = [("5.5", "frames MUST be short"), ("5.5", "and MUST NOT be\n//# fragmented.")];
        let both = ledger(&parts, &exception("It SHOULD do so"));
        assert!(both.entries[0].status() == Status::Cited);
        assert!(both.entries[1].status() == Status::Excepted);
        let mixed = ledger(&parts[..1], &exception("MUST NOT be fragmented"));
        assert!(mixed.entries[0].status() == Status::Cited);
        assert!(both.stale.is_empty() && mixed.stale.is_empty());
    }

    #[test]
    fn a_quote_that_cuts_a_key_word_does_not_cover_it() {
        let ledger = ledger(&[("5.5", "be short and MUST")], "");
        assert!(ledger.entries[0].cited[1].is_empty());
    }

    #[test]
    fn quotes_that_do_not_hold_are_stale() {
        let quotes =
            [("5.5", "All frames MUST be long"), ("5.6", "All frames MUST be short"), ("9", "x")];
        assert_eq!(ledger(&quotes, "").stale.len(), 3);
        assert_eq!(ledger(&[("5.5", "MUST")], "").stale.len(), 1, "ambiguous");
    }

    #[test]
    fn exceptions_that_do_not_hold_are_stale() {
        assert_eq!(ledger(&[], &exception("nowhere MUST")).stale.len(), 1);
        assert_eq!(ledger(&[], &exception("do so soon")).stale.len(), 1, "no key word");
        assert_eq!(ledger(&[], &exception("It SHOULD").repeat(2)).stale.len(), 1, "twice");
        assert_eq!(
            ledger(&[("5.5", "It SHOULD do")], &exception("It SHOULD")).stale.len(),
            1,
            "cited"
        );
    }

    #[test]
    fn sentences_without_a_key_word_may_be_cited() {
        let ledger = ledger(&[("5.6", "A pong must be identical.")], "");
        assert!(ledger.stale.is_empty() && ledger.entries[2].status() == Status::Optional);
    }
}
