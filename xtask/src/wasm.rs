//! The wasm binding: build the npm package, install it as a user would, run its tests under Node.
//!
//! Owns the folders below `target/wasm` and the limit on the modules' sizes. What the package holds stands in
//! `bindings-wasm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::setup::has_target;
use crate::step::{cargo, cargo_with};
use crate::{Outcome, repository, step};

const TARGET: &str = "wasm32-unknown-unknown";

/// The modules of the package, and the features that make them.
const MODULES: [(&str, &str); 2] = [("inspector", "inspect"), ("polywire", "connection")];

/// Each may have so many bytes after `gzip -9`.
const LARGEST: u64 = 150 * 1024;

/// Where the package is made.
pub(crate) fn package_folder() -> PathBuf {
    folder().join("package")
}

fn folder() -> PathBuf {
    repository::root().join("target/wasm")
}

/// `cargo xtask package wasm`.
pub(crate) fn main(arguments: &[String]) -> Outcome {
    if arguments != ["wasm"] {
        return Err("usage: cargo xtask package wasm".into());
    }
    package()?;
    size()?;
    println!("the package is in {}", repository::shown(&package_folder()));
    Ok(())
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    cargo(&["test", "--package", "polywire-inspect", "--lib", "--tests"])?;
    test(&install_examples()?)
}

/// Makes the package, checks its size, and installs it with the examples beside it.
pub(crate) fn install_examples() -> Result<PathBuf, String> {
    package()?;
    size()?;
    let installed = install()?;
    copy_files(&repository::root().join("examples/wasm"), &installed.join("examples"))?;
    Ok(installed)
}

/// The command of an example.
pub(crate) fn example(name: &str) -> Vec<String> {
    let program = folder().join("install/examples").join(name);
    vec!["node".into(), program.display().to_string()]
}

/// `cargo xtask bench inspect`: how long captures take to be opened, in Node. In the browser the page measures it.
pub(crate) fn bench() -> Outcome {
    let installed = install_examples()?;
    copy_files(&repository::root().join("benches/wasm"), &installed.join("bench"))?;
    let make = [
        "run",
        "--release",
        "--quiet",
        "--package",
        "polywire-inspect",
        "--example",
        "make_capture",
        "--",
    ];
    for (name, arguments) in CAPTURES {
        let file = folder().join(name);
        if !file.is_file() {
            let file = file.display().to_string();
            cargo(&[&make[..], &[&file], arguments].concat())?;
        }
        let file = file.display().to_string();
        let read = [
            "run",
            "--release",
            "--quiet",
            "--package",
            "polywire-inspect",
            "--example",
            "read_capture",
        ];
        cargo(&[&read[..], &["--", &file]].concat())?;
        run(&installed.join("bench"), "node", &["open.mjs", &file])?;
    }
    Ok(())
}

/// What is opened: a million small frames, which are about 100 MB, then fewer that are compressed.
const CAPTURES: [(&str, &[&str]); 2] = [
    ("million.pcapng", &[]),
    ("deflate.pcapng", &["--frames", "200000", "--payload", "500", "--deflate"]),
];

/// Makes the package in [`package_folder`]: the module, its glue, and the JavaScript around them.
pub(crate) fn package() -> Outcome {
    if !has_target(TARGET) {
        return Err(format!(
            "the target {TARGET} is not installed: `cargo xtask setup` installs it"
        ));
    }
    let root = repository::root();
    let rustflags = rustflags(&root);
    let package = package_folder();
    copy_files(&root.join("bindings-wasm/js"), &package)?;
    let module = root.join("target").join(TARGET).join("wasm/polywire_wasm.wasm");
    for (name, feature) in MODULES {
        let build =
            ["build", "--package", "polywire-wasm", "--profile", "wasm", "--target", TARGET];
        let features = ["--no-default-features", "--features", feature];
        cargo_with(&[&build[..], &features].concat(), &[("RUSTFLAGS", &rustflags)])?;
        let paths =
            [&folder().join("tool"), &module, &package].map(|path| path.display().to_string());
        let [target, module, package] = paths.each_ref().map(String::as_str);
        let tool = ["run", "--quiet", "--manifest-path", "bindings-wasm/tool/Cargo.toml"];
        cargo(&[&tool[..], &["--target-dir", target, "--", module, package, name]].concat())?;
    }
    let binding = root.join("bindings-wasm");
    for (from, to) in [
        ("package.json", "package.json"),
        ("README.md", "README.md"),
        ("page/src/engine.d.ts", "inspect.d.ts"),
        ("../LICENSE-APACHE", "LICENSE-APACHE"),
        ("../LICENSE-MIT", "LICENSE-MIT"),
    ] {
        copy(&binding.join(from), &package.join(to))?;
    }
    Ok(())
}

/// Vectors of 128 bits, which all browsers have since 2023, and no paths of this machine in the module.
fn rustflags(root: &Path) -> String {
    let mut flags = String::from("-C target-feature=+simd128");
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let crates = home.map(|home| home.join("registry/src"));
    let sources =
        crates.and_then(|crates| fs::read_dir(crates).ok()).into_iter().flatten().flatten();
    for path in sources.map(|entry| entry.path()).chain([root.to_path_buf()]) {
        flags.push_str(&format!(" --remap-path-prefix={}=", path.display()));
    }
    flags
}

/// Prints the sizes of the modules, which are limited: it is what a page must load before it can do anything.
fn size() -> Outcome {
    let script = "const { gzipSync } = require('zlib'); \
        process.stdout.write(String(gzipSync(require('fs').readFileSync(process.argv[1]), { level: 9 }).length))";
    for (name, _) in MODULES {
        let file = format!("{name}_bg.wasm");
        let output =
            Command::new("node").args(["-e", script]).arg(package_folder().join(&file)).output();
        let output = output.map_err(|error| format!("`node` could not be started: {error}"))?;
        let size: u64 = String::from_utf8_lossy(&output.stdout)
            .parse()
            .map_err(|_| format!("{file}: {}", String::from_utf8_lossy(&output.stderr)))?;
        println!("{file}: {size} bytes after gzip -9, at most {LARGEST}");
        if size > LARGEST {
            return Err(format!("{file} is too large"));
        }
    }
    Ok(())
}

/// Packs the package and installs it; the folder that it is installed in.
pub(crate) fn install() -> Result<PathBuf, String> {
    let installed = folder().join("install");
    remove(&installed)?;
    fs::create_dir_all(&installed).map_err(|error| format!("{}: {error}", installed.display()))?;
    let write = |name: &str, text: &str| {
        fs::write(installed.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    write("package.json", "{ \"private\": true, \"type\": \"module\" }\n")?;
    let package = package_folder().display().to_string();
    let target = installed.display().to_string();
    run(&installed, "npm", &["pack", "--silent", "--pack-destination", &target, &package])?;
    let packed = fs::read_dir(&installed).map_err(|error| error.to_string())?.flatten();
    let packed = packed
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|it| it == "tgz"));
    let packed = packed.ok_or("`npm pack` made no package")?.display().to_string();
    run(
        &installed,
        "npm",
        &["install", "--offline", "--no-audit", "--no-fund", "--silent", &packed],
    )?;
    Ok(installed)
}

/// Runs the tests beside the installed package: so they find it as a user's program does.
fn test(installed: &Path) -> Outcome {
    let root = repository::root();
    let tests = installed.join("test");
    copy_files(&root.join("bindings-wasm/test"), &tests)?;
    let vectors = root.join("tests/vectors").display().to_string();
    let mut files: Vec<String> = fs::read_dir(&tests)
        .map_err(|error| error.to_string())?
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .filter(|path| path.ends_with(".test.mjs"))
        .collect();
    files.sort();
    let arguments: Vec<&str> =
        ["--test"].into_iter().chain(files.iter().map(String::as_str)).collect();
    println!("node {}", arguments.join(" "));
    let status = Command::new("node")
        .args(&arguments)
        .current_dir(installed)
        .env("POLYWIRE_VECTORS", vectors)
        .status()
        .map_err(|error| format!("`node` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err("tests of the wasm package fail".into()) }
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Outcome {
    println!("{program} {}", arguments.join(" "));
    step::finish(Command::new(program).args(arguments).current_dir(folder))
}

/// The files of a folder, into a fresh one.
fn copy_files(from: &Path, to: &Path) -> Outcome {
    remove(to)?;
    fs::create_dir_all(to).map_err(|error| format!("{}: {error}", to.display()))?;
    let entries = fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

fn remove(folder: &Path) -> Outcome {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}
