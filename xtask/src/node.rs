//! The Node package: built by napi-rs, packed by npm, installed into a fresh folder, and tested there.
//!
//! Owns the folder `target/node`. What the tests check stands in `bindings-node/test`, and which programs
//! there are in `examples/node`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, repository, step};

/// The oldest Node that is supported.
const OLDEST: u32 = 20;

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    let fresh = install_examples()?;
    copy_folder(&package().join("test"), &fresh.join("test"))?;
    run(&fresh.join("test"), "npx", &["--no-install", "tsc", "--project", "tsconfig.json"])?;
    let vectors = repository::root().join("tests/vectors");
    let mut tests = Command::new("node");
    tests.args(["--test", "--test-reporter=spec"]).args(test_files(&fresh.join("test"))?);
    tests.env("POLYWIRE_VECTORS", vectors);
    run_in(&fresh, tests)
}

/// The programs of `benches/node`, in a folder with the package and its rivals.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    install()?;
    let (source, place) =
        (repository::root().join("benches/node"), repository::root().join("target/node/bench"));
    install_into(&place, &source, &archives()?)?;
    copy_folder(&source, &place)?;
    let mut command = Command::new("node");
    command.arg("run.js").args(arguments);
    run_in(&place, command)
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".test.js") || name.ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What `npm pack` made: the package, and that of this platform.
fn archives() -> Result<Vec<PathBuf>, String> {
    let folder = repository::root().join("target/node");
    let fail = |error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(&folder).map_err(fail)?;
    let mut archives: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    archives.retain(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    Ok(archives)
}

/// Installs the package, with the examples beside it.
pub(crate) fn install_examples() -> Result<PathBuf, String> {
    let fresh = install()?;
    copy_folder(&repository::root().join("examples/node"), &fresh.join("examples"))?;
    Ok(fresh)
}

/// The command of an example.
pub(crate) fn example(name: &str) -> Vec<String> {
    let program = repository::root().join("target/node/fresh/examples").join(name);
    vec!["node".into(), program.display().to_string()]
}

/// Builds the package, and installs it into a fresh folder as its users do. Returns the folder.
pub(crate) fn install() -> Result<PathBuf, String> {
    require()?;
    let (root, package) = (repository::root(), package());
    let target = root.join("target/node");
    // The tool of napi-rs wants the packages of the platforms inside the package.
    let (build, npm, fresh) = (target.join("build"), package.join("npm"), target.join("fresh"));
    if !package.join("node_modules/.package-lock.json").is_file() {
        // Not `npm ci`: it wants the tool's parts for every platform in the lock file, and a mirror need not
        // have those of other platforms.
        let options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(&package, "npm", &[&["install"], &options[..]].concat())?;
    }
    empty(&build)?;
    empty(&npm)?;
    let build = build.display().to_string();
    run(
        &package,
        "npx",
        &[
            "--no-install",
            "napi",
            "build",
            "--platform",
            "--release",
            "--no-js",
            "--output-dir",
            &build,
        ],
    )?;
    run(&package, "npx", &["--no-install", "napi", "create-npm-dirs"])?;
    let platform = place_addon(Path::new(&build), &npm)?;
    for archive in archives()? {
        fs::remove_file(&archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    }
    pack(&package, &target)?;
    pack(&platform, &target)?;
    install_into(&fresh, &package.join("test"), &archives()?)?;
    Ok(fresh)
}

/// Makes a folder that has the packages that `manifests` depends on, and these archives, as `npm` installs
/// them for anybody.
fn install_into(folder: &Path, manifests: &Path, archives: &[PathBuf]) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for name in ["test", "examples"] {
        if folder.join(name).is_dir() {
            empty(&folder.join(name))?;
        }
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(manifests.join(name), folder.join(name))
            .map_err(|error| format!("{name}: {error}"))?;
    }
    run(folder, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-save", "--offline", "--no-audit", "--no-fund"]).args(archives);
    run_in(folder, install)
}

/// Puts the addon into the package of its platform; returns that package.
fn place_addon(build: &Path, npm: &Path) -> Result<PathBuf, String> {
    let fail = |error| format!("{}: {error}", build.display());
    for entry in fs::read_dir(build).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(platform) = name.strip_prefix("polywire.").and_then(|n| n.strip_suffix(".node"))
        else {
            continue;
        };
        let folder = npm.join(platform);
        fs::copy(&path, folder.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        return Ok(folder);
    }
    Err(format!("{}: no addon was built", build.display()))
}

/// `npm pack`, into `target`.
fn pack(package: &Path, target: &Path) -> Outcome {
    let target_text = target.display().to_string();
    let output = Command::new("npm")
        .args(["pack", "--silent", "--pack-destination", &target_text])
        .current_dir(package)
        .output()
        .map_err(|error| format!("`npm` could not be started: {error}"))?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || name.is_empty() {
        return Err(format!("npm pack: {}", String::from_utf8_lossy(&output.stderr)));
    }
    println!("npm pack: {name}");
    Ok(())
}

/// The package's folder.
pub(crate) fn package() -> PathBuf {
    repository::root().join("bindings-node")
}

fn require() -> Outcome {
    let version = Command::new("node").arg("--version").output();
    let version = version.map_err(|error| format!("Node {OLDEST} or later is needed: {error}"))?;
    let text = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let major =
        text.trim_start_matches('v').split('.').next().and_then(|part| part.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST => Ok(()),
        _ => Err(format!("Node {OLDEST} or later is needed, and this is {text}")),
    }
}

/// Runs a program in a folder, with what it prints shown.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command.args(arguments);
    run_in(folder, command)
}

pub(crate) fn run_in(folder: &Path, mut command: Command) -> Outcome {
    println!("{}: {command:?}", repository::shown(folder));
    step::finish(command.current_dir(folder))
}

fn empty(folder: &Path) -> Outcome {
    let fail = |error| format!("{}: {error}", folder.display());
    if folder.is_dir() {
        fs::remove_dir_all(folder).map_err(fail)?;
    }
    fs::create_dir_all(folder).map_err(fail)
}

/// Copies a folder; what tools have installed in it stays behind.
fn copy_folder(from: &Path, to: &Path) -> Outcome {
    let fail = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(fail)?;
    for entry in fs::read_dir(from).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let place = to.join(path.file_name().unwrap_or_default());
        if !path.is_dir() {
            fs::copy(&path, &place).map_err(fail)?;
        } else if !path.ends_with("node_modules") {
            copy_folder(&path, &place)?;
        }
    }
    Ok(())
}
