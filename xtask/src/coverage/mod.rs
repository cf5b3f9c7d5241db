//! `cargo xtask coverage`: is every requirement of the RFCs kept by a line, or excepted with a reason?
//!
//! Owns the command and the folders it reads. What a requirement is stands in [`requirements`], how the
//! sources cite one in [`citations`], and what counts as covered in [`ledger`].

mod citations;
mod ledger;
mod report;
mod requirements;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, repository};
use ledger::Ledger;

/// The folders whose sources may keep a requirement; one that does not exist yet is passed over.
const SOURCES: &[&str] = &["core/src", "inspect/src"];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let list = match arguments {
        [] => false,
        [flag] if flag == "--list" => true,
        _ => return Err("usage: cargo xtask coverage [--list]".into()),
    };
    let ledger = read()?;
    print!("{}", report::table(&ledger));
    if list {
        print!("{}", report::every_sentence(&ledger));
    }
    let problems = report::problems(&ledger);
    if problems.is_empty() {
        return Ok(());
    }
    print!("{problems}");
    Err(report::verdict(&ledger))
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    main(&[])
}

fn read() -> Result<Ledger, String> {
    let folder = repository::root().join("docs/requirements");
    let mut sentences = Vec::new();
    for path in lists(&folder)? {
        sentences.extend(requirements::read_list(&path, &repository::read(&path)?)?);
    }
    let path = folder.join("exceptions.toml");
    let exceptions = requirements::read_exceptions(&repository::read(&path)?)?;

    let mut found = citations::Found::default();
    for source in SOURCES {
        for path in repository::rust_files(&repository::root().join(source))? {
            found.scan(&repository::shown(&path), &repository::read(&path)?);
        }
    }
    Ok(Ledger::new(sentences, exceptions, found))
}

/// The requirement lists: `rfcNNNN.toml`, in the order of their numbers.
fn lists(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error| format!("{}: {error}", folder.display());
    let mut lists = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if requirements::rfc_of(&path).is_some() {
            lists.push(path);
        }
    }
    lists.sort();
    Ok(lists)
}
