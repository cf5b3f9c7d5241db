//! The Python package: built by maturin, installed into a fresh virtual environment, and tested there.
//!
//! Owns the folder `target/python`. What the tests check stands in `bindings-python/tests`, and which
//! programs there are in `examples/python`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node::run_in;
use crate::{Outcome, repository};

/// The oldest Python that is supported.
const OLDEST: (u32, u32) = (3, 11);
const MATURIN: &str = "maturin==1.16.0";

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    let tests = repository::root().join("bindings-python/tests");
    let wheel = build()?;
    let venv = install("venv", &wheel, &tests.join("requirements.txt"))?;
    let python = |arguments: &[&str]| {
        let mut command = Command::new(program(&venv, "python"));
        // Nothing is left beside the sources.
        command.arg("-B").args(arguments);
        run_in(&tests, command)
    };
    // Away from the sources of the package: what is imported is what is installed.
    python(&["-m", "pytest", "-q", "-p", "no:cacheprovider", "."])?;
    python(&["-m", "mypy.stubtest", "polywire._polywire"])?;
    let cache = format!("--cache-dir={}", place("mypy").display());
    python(&["-m", "mypy", "--strict", &cache, "-p", "polywire"])
}

/// The programs of `benches/python`, beside rivals.
pub(crate) fn bench(arguments: &[String]) -> Outcome {
    let folder = repository::root().join("benches/python");
    let venv = install("bench", &build()?, &folder.join("requirements.txt"))?;
    let mut command = Command::new(program(&venv, "python"));
    command.args(["-B", "bench.py"]).args(arguments);
    run_in(&folder, command)
}

/// Installs the package alone, for the examples.
pub(crate) fn install_examples() -> Outcome {
    let wheel = build()?;
    let venv = fresh("examples")?;
    pip(&venv, &["--no-deps", &wheel.display().to_string()])
}

/// The command of an example.
pub(crate) fn example(name: &str) -> Vec<String> {
    let interpreter = program(&place("examples"), "python");
    let script = repository::root().join("examples/python").join(name);
    [interpreter, script].map(|path| path.display().to_string()).into()
}

/// Builds the wheel, as maturin does for anybody.
fn build() -> Result<PathBuf, String> {
    require()?;
    let tools = place("tools");
    let installed = tools.join(MATURIN);
    if !installed.is_file() {
        fresh("tools")?;
        pip(&tools, &[MATURIN])?;
        fs::write(&installed, "").map_err(|error| format!("{}: {error}", installed.display()))?;
    }
    let wheels = place("wheels");
    if wheels.is_dir() {
        fs::remove_dir_all(&wheels).map_err(|error| format!("{}: {error}", wheels.display()))?;
    }
    let mut maturin = Command::new(program(&tools, "maturin"));
    maturin.args(["build", "--release", "--locked", "--out"]).arg(&wheels);
    maturin.arg("--interpreter").arg(program(&tools, "python"));
    run_in(&repository::root().join("bindings-python"), maturin)?;
    let entries = wheels.read_dir().map_err(|error| format!("{}: {error}", wheels.display()))?;
    let wheel = entries.flatten().map(|entry| entry.path()).next();
    wheel.ok_or_else(|| format!("{}: no wheel was built", wheels.display()))
}

/// A fresh environment with the package and what `requirements` names.
fn install(name: &str, wheel: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let venv = fresh(name)?;
    let requirements = requirements.display().to_string();
    pip(&venv, &["--requirement", &requirements, &wheel.display().to_string()])?;
    Ok(venv)
}

fn fresh(name: &str) -> Result<PathBuf, String> {
    let venv = place(name);
    let mut command = Command::new("python3");
    command.args(["-m", "venv", "--clear"]).arg(&venv);
    run_in(&repository::root(), command)?;
    Ok(venv)
}

fn pip(venv: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program(venv, "python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    command.args(arguments);
    run_in(&repository::root(), command)
}

fn place(name: &str) -> PathBuf {
    repository::root().join("target/python").join(name)
}

fn program(venv: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    venv.join(folder).join(name)
}

fn require() -> Outcome {
    let (major, minor) = OLDEST;
    let need = format!("Python {major}.{minor} or later with `venv` is needed");
    let told = Command::new("python3")
        .args(["-c", "import sys, venv, ensurepip; print(*sys.version_info[:2])"])
        .output()
        .map_err(|error| format!("{need}: `python3` could not be started: {error}"))?;
    let text = String::from_utf8_lossy(&told.stdout);
    let found: Vec<u32> = text.split_whitespace().filter_map(|part| part.parse().ok()).collect();
    match found[..] {
        [found_major, found_minor] if (found_major, found_minor) >= OLDEST => Ok(()),
        [found_major, found_minor] => {
            Err(format!("{need}, and this is {found_major}.{found_minor}"))
        }
        _ => Err(format!("{need}: {}", String::from_utf8_lossy(&told.stderr).trim())),
    }
}
