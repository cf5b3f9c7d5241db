//! Citations in the sources: `//= URL#section-N` followed by lines of `//# quote`.
//!
//! Knows the form of a citation, nothing of what the RFCs say.

/// A quote of an RFC above the line that keeps it.
pub(super) struct Citation {
    pub(super) rfc: u32,
    pub(super) section: String,
    pub(super) quote: String,
    /// `file:line` of the `//=`.
    pub(super) place: String,
    /// In the tests of a file: checked against the RFC, but a test keeps no requirement.
    pub(super) in_test: bool,
}

/// What the sources say.
#[derive(Default)]
pub(super) struct Found {
    pub(super) citations: Vec<Citation>,
    /// Comments that look like a citation and are none, as `file:line: why`.
    pub(super) malformed: Vec<String>,
}

const URL: &str = "https://www.rfc-editor.org/rfc/rfc";

impl Found {
    /// Collect the citations of one file.
    pub(super) fn scan(&mut self, file: &str, text: &str) {
        let mut in_test = false;
        let mut lines = text.lines().zip(1..).peekable();
        while let Some((line, number)) = lines.next() {
            // By the house's habit the unit tests are the last item of a file.
            in_test |= line == "#[cfg(test)]";
            let place = format!("{file}:{number}");
            let line = line.trim();
            if line.starts_with("//#") {
                self.malformed.push(format!("{place}: a quote without its `//=` line"));
            }
            let Some(target) = line.strip_prefix("//=") else { continue };
            let mut quote = String::new();
            while let Some(part) =
                lines.peek().and_then(|(line, _)| line.trim().strip_prefix("//#"))
            {
                quote.push(' ');
                quote.push_str(part.trim());
                lines.next();
            }
            match parse_target(target.trim()) {
                None => {
                    self.malformed.push(format!("{place}: not `{URL}NNNN#section-N`: {target}"));
                }
                Some(_) if quote.trim().is_empty() => {
                    self.malformed.push(format!("{place}: a citation without a `//#` line"));
                }
                Some((rfc, section)) => {
                    let quote = quote.trim().to_owned();
                    self.citations.push(Citation { rfc, section, quote, place, in_test });
                }
            }
        }
    }
}

fn parse_target(target: &str) -> Option<(u32, String)> {
    let (number, section) = target.strip_prefix(URL)?.split_once("#section-")?;
    let valid = !section.is_empty() && section.chars().all(|c| c.is_ascii_digit() || c == '.');
    valid.then(|| Some((number.parse().ok()?, section.to_owned())))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Found {
        let mut found = Found::default();
        found.scan("a.rs", text);
        found
    }

    #[test]
    fn a_citation_spans_its_quote_lines() {
        let found = scan(
            "fn a() {\n    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5\n    //# All control frames\n    //# MUST NOT be fragmented.\n    b();\n}\n",
        );
        let citation = &found.citations[0];
        assert_eq!(citation.quote, "All control frames MUST NOT be fragmented.");
        assert_eq!((citation.rfc, citation.section.as_str()), (6455, "5.5"));
        assert_eq!((citation.place.as_str(), citation.in_test), ("a.rs:2", false));
    }

    #[test]
    fn two_citations_may_follow_each_other() {
        let one = "//= https://www.rfc-editor.org/rfc/rfc6455#section-5.5\n//# quote\n";
        assert_eq!(scan(&one.repeat(2)).citations.len(), 2);
    }

    #[test]
    fn citations_in_tests_are_marked() {
        let found = scan(
            "#[cfg(test)]\nmod tests {\n//= https://www.rfc-editor.org/rfc/rfc6455#section-5.5\n//# quote\n}",
        );
        assert!(found.citations[0].in_test);
    }

    #[test]
    fn what_only_looks_like_a_citation_is_reported() {
        assert_eq!(scan("//# a quote alone\n").malformed.len(), 1);
        assert_eq!(
            scan("//= https://www.rfc-editor.org/rfc/rfc6455#section-5.5\n").malformed.len(),
            1
        );
        assert_eq!(
            scan("//= https://tools.ietf.org/html/rfc6455#section-5.5\n//# quote\n")
                .malformed
                .len(),
            1
        );
        assert_eq!(
            scan("//= https://www.rfc-editor.org/rfc/rfc6455#page-5\n//# quote\n").malformed.len(),
            1
        );
    }
}
