//! Where things are: the root of the repository, its tracked files, the sources of a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask/ lies in the repository's root").to_path_buf()
}

/// The text of a file, with its name in the error.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A path as it is printed: relative to the root, with forward slashes.
pub(crate) fn shown(path: &Path) -> String {
    let relative = path.strip_prefix(root()).unwrap_or(path);
    relative.display().to_string().replace('\\', "/")
}

/// All `.rs` files below `folder`, sorted; none when the folder does not exist.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = if folder.is_dir() { files_below(folder)? } else { Vec::new() };
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    Ok(files)
}

/// The files git tracks, and those it would track: a new file is checked before its first commit. Without
/// git, as in an unpacked archive, all files.
pub(crate) fn tracked_files() -> Result<Vec<PathBuf>, String> {
    let root = root();
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .output();
    let mut files = match listing {
        Ok(listing) if listing.status.success() => {
            let names = String::from_utf8_lossy(&listing.stdout);
            names.split_terminator('\0').map(|name| root.join(name)).collect()
        }
        _ => files_below(&root)?,
    };
    // A file that was deleted and not yet committed is still listed.
    files.retain(|path| path.is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// All files below `folder`, but for hidden folders and those that tools fill.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !entry.path().is_dir() {
            files.push(entry.path());
        } else if !name.starts_with('.')
            && !matches!(&*name, "target" | "node_modules" | "__pycache__")
        {
            files.extend(files_below(&entry.path())?);
        }
    }
    Ok(files)
}
