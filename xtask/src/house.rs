//! `cargo xtask house`: the rules of the house that a program can check.
//!
//! Owns those rules. The style of single lines belongs to rustfmt and clippy, and what the core may import to
//! `cargo xtask no-std`.

use std::path::Path;

use crate::{Outcome, quotes, repository, rust_source};

/// Longest file and longest function, tests not counted.
const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 60;

/// Where unsafe code may be: the kernels, the border to C of a binding, and what stands outside the product
/// (allocators that count, or that stand in for one, and the engines of other libraries).
const UNSAFE_PLACES: &[&str] = &[
    "core/src/kernels/",
    "core/tests/counting/",
    "benches/src/",
    "bindings-node/src/raw.rs",
    "xtask/no_std_check/",
    // The border to CPython: types with slots of their own, methods without PyO3, what the global lock guards,
    // memory that Python writes, a borrowed socket.
    "bindings-python/src/aio/attached.rs",
    "bindings-python/src/aio/awaitable.rs",
    "bindings-python/src/aio/calls.rs",
    "bindings-python/src/aio/methods.rs",
    "bindings-python/src/aio/shared.rs",
    "bindings-python/src/aio/ticket.rs",
    "bindings-python/src/aio/wire.rs",
    // The traits of uniffi, and the one function of the C ABI.
    "bindings-uniffi/src/bytes.rs",
    "bindings-uniffi/src/direct.rs",
];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    if arguments.is_empty() { check() } else { Err("usage: cargo xtask house".into()) }
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    let mut broken = Vec::new();
    for path in repository::tracked_files()? {
        // What is not text has none of the faults looked for.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let file = repository::shown(&path);
        check_file(&file, &text, &mut broken);
    }
    if broken.is_empty() {
        println!("the rules of the house hold");
        return Ok(());
    }
    for line in &broken {
        println!("{line}");
    }
    Err(format!("house: {} faults", broken.len()))
}

fn check_file(file: &str, text: &str, broken: &mut Vec<String>) {
    check_places(file, text, broken);
    check_leftovers(file, text, broken);
    if file.ends_with("README.md") {
        quotes::check(file, text, broken);
    }
    if file.ends_with("Cargo.lock") {
        check_lock(file, text, broken);
    }
    if Path::new(file).extension().is_some_and(|extension| extension == "rs") {
        check_sizes(file, text, broken);
        check_unsafe(file, text, broken);
        check_head(file, text, broken);
    }
}

/// Paths that exist on one machine only.
fn check_places(file: &str, text: &str, broken: &mut Vec<String>) {
    // Written in two parts, so that this file does not hold what it looks for.
    let places =
        [["/ro", "ot/"], ["/ho", "me/"], ["/wo", "rk/"], ["/Us", "ers/"], ["C:\\Us", "ers\\"]];
    for (line, number) in text.lines().zip(1..) {
        for place in places.map(|parts| parts.concat()) {
            let Some(at) = line.find(&place) else { continue };
            // `https://host/home/` and `a/work/b` are no absolute paths.
            let before = line[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~')) {
                broken.push(format!("{file}:{number}: a path of one machine: {place}"));
            }
        }
    }
}

/// Work that was put off. Pages may speak of the words; sources may not hold them.
fn check_leftovers(file: &str, text: &str, broken: &mut Vec<String>) {
    if file.ends_with(".md") {
        return;
    }
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["unimplem", "ented!"], ["to", "do!("]];
    for (line, number) in text.lines().zip(1..) {
        for word in words.map(|parts| parts.concat()) {
            let mut places = line.match_indices(&word);
            if places.any(|(at, _)| is_word(line, at, word.len())) {
                broken.push(format!("{file}:{number}: {word}"));
            }
        }
    }
}

fn is_word(line: &str, at: usize, length: usize) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    !line[..at].ends_with(letter) && !line[at + length..].starts_with(letter)
}

fn check_lock(file: &str, text: &str, broken: &mut Vec<String>) {
    const CRATES_IO: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    for (line, number) in text.lines().zip(1..) {
        if line.starts_with("source = ") && line != CRATES_IO {
            broken.push(format!("{file}:{number}: not from crates.io: {line}"));
        }
    }
}

fn check_sizes(file: &str, text: &str, broken: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > FILE_LINES {
        broken.push(format!("{file}: {lines} lines, more than {FILE_LINES}"));
    }
    // A test may be as long as its table.
    let is_test = file.contains("/tests/");
    for function in rust_source::functions(text) {
        if function.lines > FUNCTION_LINES && !function.in_test && !is_test {
            broken.push(format!(
                "{file}:{}: `{}` has {} lines, more than {FUNCTION_LINES}",
                function.line, function.name, function.lines
            ));
        }
    }
}

fn check_unsafe(file: &str, text: &str, broken: &mut Vec<String>) {
    if UNSAFE_PLACES.iter().any(|place| file.starts_with(place)) {
        return;
    }
    for (line, number) in rust_source::code_only(text).lines().zip(1..) {
        if line.match_indices("unsafe").any(|(at, word)| is_word(line, at, word.len())) {
            broken.push(format!("{file}:{number}: unsafe outside core/src/kernels"));
        }
    }
}

fn check_head(file: &str, text: &str, broken: &mut Vec<String>) {
    if !text.trim_start().starts_with("//!") {
        broken.push(format!(
            "{file}:1: does not start with `//!`: what it owns and what it must not know"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(file: &str, text: &str) -> usize {
        let mut broken = Vec::new();
        check_file(file, text, &mut broken);
        broken.len()
    }

    #[test]
    fn a_decent_file_has_no_faults() {
        let text = "//! Owns nothing.\n\n/// See https://example.org/home/.\nfn a() -> &'static str {\n    \"unsafe\"\n}\n";
        assert_eq!(faults("core/src/a.rs", text), 0);
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let head = "//! Owns it.\n";
        let long_function = format!("{head}fn a() {{\n{}}}\n", "    b();\n".repeat(FUNCTION_LINES));
        let cases = [
            ("core/src/a.rs", "fn a() {}\n".to_owned()),
            ("core/src/a.rs", format!("{head}fn a() {{ unsafe {{ b() }} }}\n")),
            ("core/src/a.rs", format!("{head}{}", "\n".repeat(FILE_LINES))),
            ("core/src/a.rs", long_function),
            ("cli/a.sh", format!("# {}: later\n", ["TO", "DO"].concat())),
            ("docs/a.md", format!("see {}x/y\n", ["/ho", "me/"].concat())),
            ("Cargo.lock", "source = \"git+https://example.org/a\"\n".to_owned()),
        ];
        for (file, text) in cases {
            assert_eq!(faults(file, &text), 1, "{file}: {text:.60}");
        }
    }

    #[test]
    fn kernels_may_be_unsafe() {
        assert_eq!(faults("core/src/kernels/a.rs", "//! K.\nfn a() { unsafe { b() } }\n"), 0);
    }
}
