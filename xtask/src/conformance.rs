//! `cargo xtask conformance`: the Autobahn test suite against the peers in `examples/`.
//!
//! Owns which peers there are and how they are started. The suite itself, its installation and what counts
//! as passed stand in `tests/interop/autobahn`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::peers::{Server, build, example};
use crate::{Outcome, kotlin, node, python, repository, swift, wasm};

/// A language, and its two programs.
struct Language {
    name: &'static str,
    /// Builds what the programs need.
    prepare: fn() -> Outcome,
    /// The echo server, called with an address; not every language has one.
    server: Option<fn() -> Vec<String>>,
    /// The client, called with a URL and the name of an agent.
    client: fn() -> Vec<String>,
}

const LANGUAGES: &[Language] = &[
    Language {
        name: "rust",
        prepare: || build(&["echo_server", "autobahn_client"]),
        server: Some(|| vec![example("echo_server").display().to_string()]),
        client: || vec![example("autobahn_client").display().to_string()],
    },
    Language {
        name: "node",
        prepare: || node::install_examples().map(drop),
        server: Some(|| node::example("echo_server.js")),
        client: || node::example("autobahn_client.js"),
    },
    Language {
        name: "python",
        prepare: python::install_examples,
        server: Some(|| python::example("echo_server.py")),
        client: || python::example("autobahn_client.py"),
    },
    Language {
        name: "kotlin",
        prepare: kotlin::build_only,
        server: None,
        client: || kotlin::autobahn("AutobahnClientKt"),
    },
    Language {
        name: "swift",
        prepare: swift::build_examples,
        server: None,
        client: || swift::autobahn("AutobahnClient"),
    },
    Language {
        name: "wasm",
        prepare: || wasm::install_examples().map(drop),
        server: None,
        client: || wasm::example("autobahn_client.mjs"),
    },
];

const USAGE: &str = "usage: cargo xtask conformance LANGUAGE [server|client] [--cases PATTERNS] \
                     [--without PATTERNS] [--quick] [--accept] [--jobs N]";

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let (name, rest) = arguments.split_first().ok_or(USAGE)?;
    let language = LANGUAGES.iter().find(|language| language.name == name).ok_or_else(|| {
        let names: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
        format!("no peers in `{name}`; there are: {}\n{USAGE}", names.join(", "))
    })?;
    let (roles, options) = match rest.split_first() {
        Some((role, options)) if matches!(role.as_str(), "server" | "client") => {
            (vec![role.as_str()], options)
        }
        _ if language.server.is_none() => (vec!["client"], rest),
        _ => (vec!["server", "client"], rest),
    };
    (language.prepare)()?;
    for role in roles {
        println!("\n=== {name} {role} ===");
        match (role, language.server) {
            ("client", _) => test_client(language, options)?,
            (_, Some(server)) => test_server(language, &server(), options)?,
            (_, None) => return Err(format!("there is no server in `{name}`\n{USAGE}")),
        }
    }
    Ok(())
}

/// Both roles of the Rust examples, without the cases that take long: a part of `cargo xtask test`.
pub(crate) fn quick() -> Outcome {
    main(&["rust", "--quick"].map(str::to_owned))
}

/// Why this machine cannot run the suite, if so. Installs it where it is not there yet.
pub(crate) fn lacking() -> Option<String> {
    let installed = Command::new(folder().join("install.sh")).stdout(Stdio::null()).status();
    match installed {
        Ok(status) if status.success() => None,
        Ok(_) => Some("the Autobahn suite could not be installed, see above".into()),
        Err(error) => Some(format!("the installer of the Autobahn suite did not start: {error}")),
    }
}

fn folder() -> PathBuf {
    repository::root().join("tests/interop/autobahn")
}

fn test_server(language: &Language, command: &[String], options: &[String]) -> Outcome {
    let server = Server::start(command, "127.0.0.1:0")?;
    suite(language, "server", &server.url, options)
}

fn test_client(language: &Language, options: &[String]) -> Outcome {
    // The suite splits the command at white space as a shell would.
    let words: Vec<String> = (language.client)().iter().map(|word| format!("'{word}'")).collect();
    suite(language, "client", &words.join(" "), options)
}

fn suite(language: &Language, role: &str, peer: &str, options: &[String]) -> Outcome {
    let name = language.name;
    let reports = repository::root().join("target/autobahn").join(format!("{name}-{role}"));
    let status = Command::new("python3")
        .arg(folder().join("run.py"))
        .args([role, peer, "--agent", &format!("polywire-{name}"), "--reports"])
        .arg(reports)
        .args(options)
        .status()
        .map_err(|error| format!("`python3` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the {role} in {name} does not conform")) }
}
