//! The project's own commands: `cargo xtask COMMAND`.
//!
//! This file knows which commands exist. Each command is one module, knows the repository's layout and the
//! tools it calls, and nothing of the other commands unless it runs them as its steps.

mod bench;
mod conformance;
mod coverage;
mod fuzz;
mod house;
mod interop;
mod kotlin;
mod live;
mod no_std;
mod node;
mod packages;
mod page;
mod peers;
mod python;
mod quotes;
mod repository;
mod run;
mod rust_source;
mod setup;
mod sizes;
mod step;
mod swift;
mod test;
mod uniffi;
mod wasm;

use std::process::ExitCode;

/// What a command returns: the text of the error is printed as it is.
type Outcome = Result<(), String>;

struct Command {
    name: &'static str,
    arguments: &'static str,
    purpose: &'static str,
    run: fn(&[String]) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        arguments: "",
        purpose: "build the echo server and client and let them talk over loopback",
        run: run::main,
    },
    Command {
        name: "test",
        arguments: "[STEP...]",
        purpose: "every check of CI, or only the steps named",
        run: test::main,
    },
    Command {
        name: "setup",
        arguments: "[swift]",
        purpose: "install what the checks need, and say what is missing; swift: a toolchain, on Debian",
        run: setup::main,
    },
    Command {
        name: "bench",
        arguments: "[PROGRAM...] | inspect | mobile | node | page | python",
        purpose: "the measurements of benches/, in release mode",
        run: bench::main,
    },
    Command {
        name: "conformance",
        arguments: "rust [server|client] [--cases PATTERNS] [--fast]",
        purpose: "the Autobahn test suite, strictly: nothing but OK and INFORMATIONAL passes",
        run: conformance::main,
    },
    Command {
        name: "interop",
        arguments: "[--setup] [PEER...]",
        purpose: "talk to other implementations, both ways; --setup only installs them",
        run: interop::main,
    },
    Command {
        name: "coverage",
        arguments: "[--list]",
        purpose: "which requirements of the RFCs are cited, excepted or open",
        run: coverage::main,
    },
    Command {
        name: "fuzz",
        arguments: "[TARGET...] [--seconds N]",
        purpose: "the targets of fuzz/ in turn, 60 s each, from a corpus made of the vectors",
        run: fuzz::main,
    },
    Command {
        name: "house",
        arguments: "",
        purpose: "the rules of the house that a program can check",
        run: house::main,
    },
    Command {
        name: "no-std",
        arguments: "",
        purpose: "build the core without std and show that none slips in",
        run: no_std::main,
    },
    Command {
        name: "package",
        arguments: "wasm",
        purpose: "make the npm package in target/wasm/package",
        run: wasm::main,
    },
    Command {
        name: "sizes",
        arguments: "[--list]",
        purpose: "lines per file and per function of core/src",
        run: sizes::main,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", usage());
        return ExitCode::FAILURE;
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("no command `{name}`\n\n{}", usage());
        return ExitCode::FAILURE;
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("cargo xtask COMMAND\n\n");
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text.push_str(&format!("  {}\n      {}\n", call.trim_end(), command.purpose));
    }
    text
}
