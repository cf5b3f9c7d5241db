//! The inspector page: put together, checked, and driven in a browser.
//!
//! Owns `target/page`: the folder that is served, what npm installs for the tests, the screenshots. What the page
//! holds stands in `bindings-wasm/page`; the engine beside it comes from the wasm package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, packages, repository, step, wasm};

/// What is served, as it stands in the source. The page has no build step.
const SERVED: &[&str] = &["index.html", "icon.svg", "src", "style"];

/// Programs that can stand for the browser, the first that is there.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Makes the folder that a server of the page serves, and returns it.
pub(crate) fn build() -> Result<PathBuf, String> {
    wasm::package()?;
    let (source, site) = (source(), folder().join("site"));
    if site.exists() {
        fs::remove_dir_all(&site).map_err(|error| format!("{}: {error}", site.display()))?;
    }
    for name in SERVED {
        copy(&source.join(name), &site.join(name))?;
    }
    copy(&wasm::package_folder(), &site.join("package"))?;
    println!("the page is in {}", repository::shown(&site));
    Ok(site)
}

/// The step of `cargo xtask test`: types, then behaviour in a browser.
pub(crate) fn check() -> Outcome {
    let site = build()?;
    let tools = tools()?;
    node(&tools, &site, &["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"])?;
    // One at a time: browsers that compete for the processor are slow in ways no user's is.
    node(&tools, &site, &["--test", "--test-concurrency=1", "test/"])
}

/// `cargo xtask bench page`: a million frames, opened and scrolled through.
pub(crate) fn bench() -> Outcome {
    let site = build()?;
    node(&tools()?, &site, &["bench/million.js"])
}

/// Installs what the tests need, beside a copy of them.
fn tools() -> Result<PathBuf, String> {
    let tools = folder().join("tests");
    for stale in ["test", "bench", "support"] {
        let _ = fs::remove_dir_all(tools.join(stale));
    }
    copy(&source().join("tests"), &tools)?;
    copy(&repository::root().join("benches/page"), &tools.join("bench"))?;
    let lock = repository::read(&tools.join("package-lock.json"))?;
    let stamp = tools.join("node_modules/.polywire");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(tools);
    }
    let install = ["ci", "--no-audit", "--no-fund", "--silent"];
    step::finish(Command::new("npm").args(install).current_dir(&tools))?;
    fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(tools)
}

fn node(tools: &Path, site: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("node");
    command.args(arguments).env("PAGE_SITE", site).env("PAGE_BROWSER", browser()?);
    step::finish(command.env("PAGE_SHOTS", folder()).current_dir(tools))
}

/// The browser: the one that `PAGE_BROWSER` names, one that is installed, or Debian's, which is then installed.
fn browser() -> Result<String, String> {
    if let Ok(named) = std::env::var("PAGE_BROWSER") {
        return Ok(named);
    }
    if let Some(found) = BROWSERS.iter().find_map(|program| packages::find(program)) {
        return Ok(found.display().to_string());
    }
    packages::install(BROWSERS[0]).map_err(|error| {
        format!("the page is tested in Chromium; PAGE_BROWSER can name a Chrome that is elsewhere: {error}")
    })?;
    let found = packages::find(BROWSERS[0]);
    found
        .map(|file| file.display().to_string())
        .ok_or_else(|| format!("`{}` is not in the PATH", BROWSERS[0]))
}

fn source() -> PathBuf {
    repository::root().join("bindings-wasm/page")
}

fn folder() -> PathBuf {
    repository::root().join("target/page")
}

/// A file, or a folder with all that is in it but what npm fills.
fn copy(from: &Path, to: &Path) -> Outcome {
    let fail = |error: std::io::Error| format!("{}: {error}", from.display());
    if from.is_file() {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        return fs::copy(from, to).map(drop).map_err(fail);
    }
    for entry in fs::read_dir(from).map_err(fail)?.flatten() {
        if entry.file_name() != "node_modules" {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
