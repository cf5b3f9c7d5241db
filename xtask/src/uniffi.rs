//! What the Kotlin and Swift steps share: the library of `bindings-uniffi`, built, and the sources that are
//! read out of it. Owns where they lie; knows no package.

use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX, OS};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, repository, step};

/// Build the library as it is shipped, and the tool that writes the sources, which is quicker to build than
/// to optimise.
pub(crate) fn build() -> Outcome {
    step::cargo(&["build", "--release", "--package", "polywire-uniffi"])?;
    step::cargo(&["build", "--package", "polywire-bindgen"])
}

/// Write the sources of `language` into `folder`, anew.
pub(crate) fn generate(language: &str, folder: &Path) -> Outcome {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let tool = products("debug").join(format!("polywire-bindgen{EXE_SUFFIX}"));
    // The library must not be stripped before this: what it says about itself lies in its symbols.
    step::finish(
        Command::new(tool)
            .arg("generate")
            .arg(dynamic_library())
            .args(["--language", language, "--no-format", "--out-dir"])
            .arg(folder)
            .current_dir(repository::root()),
    )
}

pub(crate) fn dynamic_library() -> PathBuf {
    products("release").join(format!("{DLL_PREFIX}polywire_uniffi{DLL_SUFFIX}"))
}

pub(crate) fn static_library() -> PathBuf {
    products("release").join("libpolywire_uniffi.a")
}

/// The folder of this platform in a jar, as JNA calls it.
pub(crate) fn jna_platform() -> String {
    let os = match OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let arch = if ARCH == "x86_64" { "x86-64" } else { ARCH };
    format!("{os}-{arch}")
}

fn products(profile: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository::root().join(target).join(profile)
}
