//! `cargo xtask no-std`: build the core without std, and show that none slips in.
//!
//! Three proofs. On a bare-metal target there is no std, so a build is proof enough. On wasm there is one,
//! so the core is linked into a library that brings its own panic handler: std would bring a second. The
//! linked module must import nothing either: no clock, no randomness, no function of a host; where there is
//! a node, the module also runs. Last, the same build with the core's feature `std` must fail, or the second
//! proof would prove nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{Outcome, repository, setup, step};

const WASM: &str = "wasm32-unknown-unknown";
const BARE_METAL: &str = "thumbv7em-none-eabihf";
const LIBRARY: &str = include_str!("../no_std_check/lib.rs");

pub(crate) fn main(arguments: &[String]) -> Outcome {
    if arguments.is_empty() { check() } else { Err("usage: cargo xtask no-std".into()) }
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Outcome {
    for target in [BARE_METAL, WASM] {
        if !setup::has_target(target) {
            return Err(format!("the target {target} is not installed: cargo xtask setup"));
        }
    }
    let package = Package::generate()?;
    package.must_build(BARE_METAL, "staticlib")?;
    println!("{BARE_METAL}: builds, and there is no std for it");
    package.must_build(WASM, "cdylib")?;
    if let Some(import) = first_import_of(&package.wasm_module())? {
        return Err(format!("{WASM}: the module imports {import}"));
    }
    println!("{WASM}: links without std, and imports nothing");
    run(&package.wasm_module())?;
    package.must_not_link_with_std()?;
    println!("{WASM}: with the feature `std` it does not link, as it should not");
    Ok(())
}

/// The library as a package of its own, below `target/`: a workspace could not hold it, since its panic
/// handler and std's exclude each other.
struct Package {
    folder: PathBuf,
}

impl Package {
    fn generate() -> Result<Self, String> {
        let root = repository::root();
        let folder = root.join("target/no-std-check");
        let manifest = format!(
            "[package]\nname = \"no-std-check\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
             [dependencies]\npolywire = {{ path = '{}', default-features = false }}\n\n\
             [features]\nstd = [\"polywire/std\"]\n\n\
             [profile.dev]\npanic = \"abort\"\n\n[workspace]\n",
            root.join("core").display()
        );
        let fail = |error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(fail)?;
        std::fs::write(folder.join("Cargo.toml"), manifest).map_err(fail)?;
        std::fs::write(folder.join("lib.rs"), LIBRARY).map_err(fail)?;
        // The same versions as everywhere else.
        std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).map_err(fail)?;
        Ok(Self { folder })
    }

    fn must_build(&self, target: &str, kind: &str) -> Outcome {
        let output = self.build(target, kind, &[])?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("the core does not build without std for {target}\n{said}"))
    }

    fn must_not_link_with_std(&self) -> Outcome {
        let output = self.build(WASM, "cdylib", &["--features", "std"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && said.contains("panic_impl") {
            return Ok(());
        }
        Err(format!("the check is blind: std was linked beside a panic handler of our own\n{said}"))
    }

    fn build(&self, target: &str, kind: &str, more: &[&str]) -> Result<Output, String> {
        Command::new(step::cargo_program())
            .args(["rustc", "--target", target, "--crate-type", kind])
            .args(more)
            .args(["--target-dir", "build"])
            .current_dir(&self.folder)
            .output()
            .map_err(|error| format!("`cargo` could not be started: {error}"))
    }

    fn wasm_module(&self) -> PathBuf {
        self.folder.join("build").join(WASM).join("debug/no_std_check.wasm")
    }
}

/// Let the linked client and server talk, inside node but with nothing of it.
fn run(module: &Path) -> Outcome {
    const SCRIPT: &str =
        "const module = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));
        const { polywire_no_std_check } = new WebAssembly.Instance(module, {}).exports;
        process.exit(polywire_no_std_check() === 1 ? 0 : 1);";
    match Command::new("node").args(["-e", SCRIPT]).arg(module).status() {
        Ok(status) if status.success() => println!("{WASM}: client and server talk to each other"),
        Ok(_) => return Err(format!("{WASM}: client and server do not understand each other")),
        Err(_) => println!("{WASM}: NOT RUN, since there is no node"),
    }
    Ok(())
}

/// The first thing a wasm module imports, as `module.name`.
fn first_import_of(path: &Path) -> Result<Option<String>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    first_import(&bytes).ok_or_else(|| format!("{}: not a wasm module", path.display()))
}

/// The import section is number 2: a count, then per import two names and what is imported.
fn first_import(bytes: &[u8]) -> Option<Option<String>> {
    let mut rest = bytes.strip_prefix(b"\0asm\x01\0\0\0")?;
    while let Some((id, after)) = rest.split_first() {
        rest = after;
        let size = usize::try_from(leb128(&mut rest)?).ok()?;
        let (mut section, after) = rest.split_at_checked(size)?;
        rest = after;
        if *id == 2 && leb128(&mut section)? > 0 {
            return Some(Some(format!("{}.{}", name(&mut section)?, name(&mut section)?)));
        }
    }
    Some(None)
}

fn name(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(leb128(bytes)?).ok()?;
    let (name, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(name.to_vec()).ok()
}

fn leb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_seen() {
        let head = b"\0asm\x01\0\0\0";
        let types = [1, 4, 1, 0x60, 0, 0];
        let import = [2, 9, 1, 3, b'e', b'n', b'v', 1, b'f', 0, 0];
        let without = [head.as_slice(), &types].concat();
        let with = [head.as_slice(), &types, &import].concat();
        assert_eq!(first_import(&without), Some(None));
        assert_eq!(first_import(&with), Some(Some("env.f".to_owned())));
        assert_eq!(first_import(&with[..with.len() - 4]), None);
        assert_eq!(first_import(b"\x7fELF"), None);
    }
}
