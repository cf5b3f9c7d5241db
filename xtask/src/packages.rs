//! Programs that no language's own tool installs: a browser, proxies and Maven, from Debian's packages.
//!
//! Owns the list of them. A machine without Debian's tools is told what to install itself.

use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;

/// A program, the package of Debian that brings it, and who calls it.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("chromium", "chromium", "the tests of the inspector page, `cargo xtask interop chromium`"),
    ("mvn", "maven", "the tests of the Kotlin package"),
    ("nginx", "nginx-light", "`cargo xtask interop nginx`"),
    ("haproxy", "haproxy", "`cargo xtask interop haproxy`"),
];

/// Install what is missing of all of them, and say what cannot be had and who will miss it.
pub(crate) fn install_all() {
    for (program, _, user) in PACKAGES {
        match install(program) {
            Ok(()) => println!("{program:<24} ready"),
            Err(error) => println!("{program:<24} MISSING, needed by {user}: {error}"),
        }
    }
}

/// Make sure that a program of the list is there.
pub(crate) fn install(program: &str) -> Outcome {
    if is_there(program) {
        return Ok(());
    }
    let Some((_, package, _)) = PACKAGES.iter().find(|(name, ..)| *name == program) else {
        return Err(format!(
            "`{program}` was not found, and is none that can be installed from here"
        ));
    };
    if !is_there("apt-get") {
        return Err(format!("`{program}` was not found; install it with this system's own tools"));
    }
    println!("apt-get install {package}");
    apt(&["update"])
        .and_then(|()| apt(&["install", "--no-install-recommends", package]))
        .map_err(|error| format!("{error}; as root: apt-get install {package}"))?;
    if is_there(program) {
        Ok(())
    } else {
        Err(format!("the package {package} brought no `{program}`"))
    }
}

/// Where a program is: on the path, or where Debian puts those of the administrator.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn is_there(program: &str) -> bool {
    find(program).is_some()
}

fn apt(arguments: &[&str]) -> Outcome {
    let status = Command::new("apt-get")
        .args(["--quiet", "--quiet", "--yes"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`apt-get {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("`apt-get` could not be started: {error}")),
    }
}
