//! Reading Rust sources just well enough to count: code without comments and literals, and the length of
//! each function. Knows the lexical form of Rust, not its grammar.

/// A function and the lines from its `fn` to its closing brace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) lines: usize,
    pub(crate) in_test: bool,
}

/// The source with comments and the contents of literals replaced by spaces; line breaks stay.
pub(crate) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let skipped = match bytes[at] {
            b'/' => comment(&source[at..]),
            b'"' => string(&source[at..]),
            b'r' | b'b' | b'c' if !continues_word(bytes, at) => raw_or_prefixed(&source[at..]),
            b'\'' => character(&source[at..]),
            _ => 0,
        };
        let step = skipped.max(source[at..].chars().next().map_or(1, char::len_utf8));
        if skipped == 0 {
            code.push_str(&source[at..at + step]);
        } else {
            code.extend(source[at..at + step].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        at += step;
    }
    code
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// The length of the comment at the start of `text`, or 0. Block comments nest.
fn comment(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of the string at the start of `text`.
fn string(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"`, `br#"…"#`, `b"…"`, `b'…'` and their like, or 0 for an ordinary word.
fn raw_or_prefixed(text: &str) -> usize {
    let prefix = text.bytes().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let rest = &text[prefix..];
    if text[..prefix].contains('r') {
        let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
        if !rest[hashes..].starts_with('"') {
            return 0;
        }
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &rest[hashes + 1..];
        return body.find(&end).map_or(text.len(), |at| prefix + hashes + 1 + at + end.len());
    }
    match rest.bytes().next() {
        Some(b'"') => prefix + string(rest),
        Some(b'\'') => prefix + character(rest),
        _ => 0,
    }
}

/// The length of the character at the start of `text`, or 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => text.get(3..).and_then(|rest| rest.find('\'')).map_or(0, |at| at + 4),
        Some((at, first)) if text[at + first.len_utf8()..].starts_with('\'') => {
            at + first.len_utf8() + 1
        }
        _ => 0,
    }
}

/// The functions of a source, in the order of their starts; functions without a body are left out.
pub(crate) fn functions(source: &str) -> Vec<Function> {
    let code = code_only(source);
    let test_start =
        code.lines().position(|line| line == "#[cfg(test)]").map_or(usize::MAX, |at| at + 1);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if continues_word(code.as_bytes(), at) {
            continue;
        }
        let name: String =
            code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(length) = body_end(&code[at..]) else { continue };
        if name.is_empty() {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let lines = code[at..at + length].matches('\n').count() + 1;
        found.push(Function { name, line, lines, in_test: line > test_start });
    }
    found
}

/// The length of a function up to its closing brace; `None` when it ends with a semicolon.
fn body_end(code: &str) -> Option<usize> {
    let mut braces = 0_usize;
    let mut others = 0_usize;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => braces += 1,
            b'}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            b'(' | b'[' => others += 1,
            b')' | b']' => others = others.checked_sub(1)?,
            // A semicolon inside brackets belongs to an array's type.
            b';' if braces == 0 && others == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_go_and_lines_stay() {
        let source =
            "a(); // unsafe\n/* x /* y */ z\n*/ b(\"unsafe \\\" }\"); r#\"{\"# '{' '\\'' b'x' 'a";
        let code = code_only(source);
        assert!(!code.contains("unsafe") && !code.contains('{') && !code.contains('}'));
        assert!(code.contains("a();") && code.contains("b(") && code.ends_with("'a"));
        assert_eq!(code.matches('\n').count(), 2);
        assert_eq!(code.len(), source.len());
    }

    #[test]
    fn functions_have_their_lengths() {
        let source = "trait T {\n    fn none(&self) -> [u8; 4];\n}\n\
            fn one() {}\n\
            pub const fn four<'a>(a: [u8; 2]) -> &'a str\nwhere\n{\n    if true { \"}\" } else { \"\" }\n}\n\
            #[cfg(test)]\nmod tests {\n    fn t() {\n    }\n}\n";
        let found: Vec<_> =
            functions(source).into_iter().map(|f| (f.name, f.line, f.lines, f.in_test)).collect();
        let expected = [
            ("one".to_owned(), 4, 1, false),
            ("four".to_owned(), 5, 5, false),
            ("t".to_owned(), 12, 2, true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_unfinished_source_does_not_panic() {
        for source in ["\"", "'", "'\\", "r#\"", "/*", "fn a(", "fn a() {", "b'", "/* /", "\"\\"] {
            functions(source);
        }
    }
}
