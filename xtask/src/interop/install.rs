//! The set-up of peers: in copies of their folders below `target/interop`, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::peer::Group;
use super::process::Program;
use crate::{packages, repository};

/// For one command. Registries can be slow.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Where a group's copy lies. Also holds the logs.
pub(crate) fn place(name: &str) -> PathBuf {
    repository::root().join("target/interop").join(name)
}

/// Install a group, unless it is there as it stands in the repository. Returns its place.
pub(crate) fn ready(group: &Group) -> Result<PathBuf, String> {
    if let Some(why) = missing(&group.needs, &group.hint) {
        return Err(why);
    }
    let name = group.folder.file_name().unwrap_or_default().to_string_lossy();
    let place = place(&name);
    let mut files = Vec::new();
    files_below(&group.folder, Path::new(""), &mut files).map_err(|error| error.to_string())?;
    // All that was installed from, so that whatever changes is seen.
    let stamp = format!("{files:?}");
    let stamp_file = place.join("installed");
    if fs::read_to_string(&stamp_file).is_ok_and(|installed| installed == stamp) {
        return Ok(place);
    }
    copy(&files, &place).map_err(|error| format!("{}: {error}", place.display()))?;
    for step in &group.setup {
        println!("{name}: {}", step.join(" "));
        let log = self::place("logs").join(format!("{name}-setup.log"));
        let mut program = Program::start(command(step, &place), &log)?;
        program
            .end(PATIENCE)
            .map_err(|error| format!("`{}`: {error}\n{}", step.join(" "), program.said()))?;
    }
    fs::write(&stamp_file, stamp).map_err(|error| error.to_string())?;
    Ok(place)
}

/// Why something cannot be run, when a program that it needs is not there and cannot be installed.
pub(crate) fn missing(needs: &[String], hint: &str) -> Option<String> {
    let missing: Vec<String> = needs
        .iter()
        .filter(|program| packages::install(program).is_err())
        .map(|name| format!("`{name}`"))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
    Some(format!("not found: {}{hint}", missing.join(", ")))
}

/// A command that runs in a place; a program with a slash lies in it.
pub(crate) fn command(words: &[String], place: &Path) -> Command {
    let (program, arguments) = words.split_first().expect("a command has a program");
    let mut command = if program.contains('/') {
        Command::new(place.join(program))
    } else {
        Command::new(program)
    };
    command.args(arguments).current_dir(place);
    command
}

/// Paths relative to `root`, with contents, sorted.
fn files_below(
    root: &Path,
    folder: &Path,
    files: &mut Vec<(PathBuf, Vec<u8>)>,
) -> std::io::Result<()> {
    for entry in root.join(folder).read_dir()? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files_below(root, &path, files)?;
        } else {
            files.push((path, fs::read(entry.path())?));
        }
    }
    files.sort();
    Ok(())
}

/// A fresh copy: what an older one left behind would still be built.
fn copy(files: &[(PathBuf, Vec<u8>)], place: &Path) -> std::io::Result<()> {
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    for (path, content) in files {
        let path = place.join(path);
        fs::create_dir_all(path.parent().unwrap_or(place))?;
        fs::write(path, content)?;
    }
    Ok(())
}
