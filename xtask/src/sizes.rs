//! `cargo xtask sizes`: how long the files and functions of the core are.

use std::path::Path;

use crate::rust_source::{self, Function};
use crate::{Outcome, repository};

const SOURCES: &str = "core/src";

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let list = match arguments {
        [] => false,
        [flag] if flag == "--list" => true,
        _ => return Err("usage: cargo xtask sizes [--list]".into()),
    };
    let files = repository::rust_files(&repository::root().join(SOURCES))?;
    let mut lines = Vec::new();
    let mut functions = Vec::new();
    for path in &files {
        let text = repository::read(path)?;
        lines.push((text.lines().count(), repository::shown(path)));
        functions.extend(named_functions(path, &text));
    }
    // Tests may be as long as their tables.
    functions.retain(|(_, function)| !function.in_test);
    let functions = functions
        .into_iter()
        .map(|(file, function)| {
            (function.lines, format!("{file}:{} {}", function.line, function.name))
        })
        .collect();

    println!(
        "{SOURCES}: {} files, {} lines",
        files.len(),
        lines.iter().map(|(n, _)| n).sum::<usize>()
    );
    print_distribution("lines per file", lines, list);
    print_distribution("lines per function", functions, list);
    Ok(())
}

fn named_functions(path: &Path, text: &str) -> Vec<(String, Function)> {
    let file = repository::shown(path);
    rust_source::functions(text).into_iter().map(|function| (file.clone(), function)).collect()
}

fn print_distribution(title: &str, mut sizes: Vec<(usize, String)>, list: bool) {
    sizes.sort_by(|a, b| b.cmp(a));
    let Some((largest, where_)) = sizes.first() else { return };
    let rank = |share: usize| sizes[sizes.len() * (100 - share) / 100].0;
    println!(
        "{title:<20} {:>5} in all, median {:>4}, 90th percentile {:>4}, largest {largest:>4} ({where_})",
        sizes.len(),
        rank(50),
        rank(90),
    );
    let shown = if list { sizes.len() } else { 5 };
    for (size, name) in sizes.iter().take(shown) {
        println!("    {size:>5}  {name}");
    }
}
