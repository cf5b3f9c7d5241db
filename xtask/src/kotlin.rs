//! `cargo xtask test kotlin`: the Kotlin package, built by Maven as a jar, and its tests against that jar.
//!
//! Owns the way from the library to the jar. What is in the package, and what its tests are, is Maven's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peers::{Server, build, example};
use crate::{Outcome, packages, repository, step, uniffi};

/// The step of `cargo xtask test`.
pub(crate) fn test() -> Outcome {
    prepare()?;
    build(&["echo_server"])?;
    let echo = format!("-Dpolywire.echo={}", example("echo_server").display());
    maven(&["verify", &echo])?;
    ten_lines()
}

/// Build everything but run no test: for the programs in `examples/` and `benches/`.
pub(crate) fn build_only() -> Outcome {
    prepare()?;
    maven(&["verify", "-DskipTests"])
}

/// How to start a program that [`build_only`] built: the JVM, with everything on its class path.
pub(crate) fn program(module: &str, class: &str) -> Command {
    let mut command = jvm("java");
    let dependencies = repository::root().join(module).join("target/dependency/*");
    let classes = repository::root().join(module).join("target/classes");
    let separator = if cfg!(windows) { ";" } else { ":" };
    let path = format!("{}{separator}{}", classes.display(), dependencies.display());
    command.args(["-cp", &path, class]);
    command
}

/// The same, as a list of words.
pub(crate) fn autobahn(class: &str) -> Vec<String> {
    let command = program("examples/kotlin", class);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The example that the README shows runs as it stands.
fn ten_lines() -> Outcome {
    let server = Server::echo()?;
    let mut command = program("examples/kotlin", "TenLinesKt");
    let output = command.arg(&server.url).output().map_err(|error| format!("java: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && said.starts_with("hello\nround trip: ") {
        return Ok(());
    }
    Err(format!("TenLines said {said:?}, and {}", String::from_utf8_lossy(&output.stderr)))
}

/// The library and its Kotlin sources, where the Maven project looks for them.
fn prepare() -> Outcome {
    require("java", "-version", "a JDK of version 17 or newer")?;
    packages::install("mvn")?;
    require("mvn", "--version", "Maven 3.8 or newer")?;
    uniffi::build()?;
    let folder = folder();
    uniffi::generate("kotlin", &folder.join("generated"))?;
    let native = folder.join("native").join(uniffi::jna_platform());
    install_library(&native).map_err(|error| format!("{}: {error}", native.display()))
}

fn install_library(native: &Path) -> std::io::Result<()> {
    fs::create_dir_all(native)?;
    let library = uniffi::dynamic_library();
    let copy = native.join(library.file_name().expect("a library has a name"));
    fs::copy(library, &copy)?;
    // A jar without symbols is half as large. Where there is no `strip`, it is whole as well.
    let _ = Command::new("strip").args(["--strip-unneeded"]).arg(copy).status();
    Ok(())
}

/// Without the folder of libraries that cargo adds for its own programs: the JVM would take a library of the
/// same name from there, and not the one in the jar.
fn jvm(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_FALLBACK_LIBRARY_PATH");
    command
}

fn maven(arguments: &[&str]) -> Outcome {
    let folder = folder();
    println!("mvn {}", arguments.join(" "));
    step::finish(
        jvm("mvn")
            .args(["--batch-mode", "--quiet"])
            .arg(format!("-Dpolywire.generated={}", folder.join("generated").display()))
            .arg(format!("-Dpolywire.native={}", folder.join("native").display()))
            .args(arguments)
            .current_dir(repository::root().join("bindings-uniffi/kotlin")),
    )
}

fn folder() -> PathBuf {
    repository::root().join("target/kotlin")
}

fn require(program: &str, flag: &str, what: &str) -> Outcome {
    match Command::new(program).arg(flag).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("`{program}` is missing: the Kotlin package needs {what}")),
    }
}
