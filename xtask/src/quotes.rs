//! Code on pages that the tests run: a block below `<!-- quoted from PATH -->` must stand in that file.
//!
//! So what a reader copies is what was tested. Blocks of Rust need no mark: rustdoc runs them.

use std::path::Path;

use crate::repository;

const MARK: &str = "<!-- quoted from ";

/// Languages whose blocks nothing else runs.
const QUOTED: &[&str] =
    &["python", "js", "javascript", "ts", "typescript", "html", "kotlin", "swift"];

/// Every fault of a page: a quote that does not hold, and code that is quoted from nowhere.
pub(crate) fn check(file: &str, text: &str, broken: &mut Vec<String>) {
    let mut lines = text.lines().zip(1..);
    let mut source = None;
    while let Some((line, number)) = lines.next() {
        if let Some(path) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) {
            source = Some(path);
            continue;
        }
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> =
                lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```").collect();
            match source {
                Some(path) => check_quote(&format!("{file}:{number}"), path, &block, broken),
                None if QUOTED.contains(&language) => {
                    broken.push(format!("{file}:{number}: {language} that is quoted from no file"));
                }
                None => {}
            }
        }
        if !line.is_empty() {
            source = None;
        }
    }
}

fn check_quote(place: &str, path: &str, block: &[&str], broken: &mut Vec<String>) {
    match repository::read(&repository::root().join(Path::new(path))) {
        Err(error) => broken.push(format!("{place}: {error}")),
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            if block.is_empty() || !lines.windows(block.len()).any(|window| window == block) {
                broken.push(format!("{place}: these lines do not stand so in {path}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(page: &str) -> usize {
        let mut broken = Vec::new();
        check("page.md", page, &mut broken);
        broken.len()
    }

    #[test]
    fn a_quote_must_stand_in_its_file() {
        let mark = "<!-- quoted from rustfmt.toml -->";
        let first =
            repository::read(&repository::root().join("rustfmt.toml")).expect("it is there");
        let first = first.lines().next().expect("it has a line");
        assert_eq!(faults(&format!("{mark}\n```toml\n{first}\n```\n")), 0);
        assert_eq!(faults(&format!("{mark}\n\n```toml\n{first}\n```\n")), 0);
        assert_eq!(faults(&format!("{mark}\n```toml\n{first} # changed\n```\n")), 1);
        assert_eq!(faults("<!-- quoted from none.py -->\n```python\npass\n```\n"), 1);
    }

    #[test]
    fn code_that_nothing_runs_is_a_fault() {
        assert_eq!(faults("```python\npass\n```\n```rust\nfn main() {}\n```\n```\nls\n```\n"), 1);
    }
}
