//! `cargo xtask interop`: our client and server talk to those of other implementations.
//!
//! Owns which end meets which, and what counts as passed. What a peer is and how it is installed stands in
//! its folder below `tests/interop/peers`; the talk itself is described in `tests/interop/README.md`.

mod install;
mod peer;
mod process;
mod report;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::peers::{build, example};
use peer::{Group, Mode, Peer, Role};
use process::Program;
use report::{Report, Verdict};

const START: Duration = Duration::from_secs(30);
const TALK: Duration = Duration::from_secs(60);
/// For the server to say what the client's close frame carried, when the client is done already.
const LAST_WORDS: Duration = Duration::from_secs(5);
const CLOSED: &str = "closed 4000 all done ✓";

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let groups = peer::all()?;
    let names: Vec<&str> =
        groups.iter().flat_map(|group| &group.peers).map(|peer| &*peer.name).collect();
    let (options, chosen): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with('-'));
    if options.iter().any(|option| *option != "--setup")
        || chosen.iter().any(|name| !names.contains(&name.as_str()))
    {
        return Err(format!(
            "usage: cargo xtask interop [--setup] [PEER...]\npeers: {}",
            names.join(", ")
        ));
    }
    build(&["interop"])?;
    let mut report = Report::default();
    for group in &groups {
        let is_chosen =
            |peer: &&Peer| chosen.is_empty() || chosen.iter().any(|name| **name == peer.name);
        let peers: Vec<&Peer> = group.peers.iter().filter(is_chosen).collect();
        if !peers.is_empty() {
            test_group(group, &peers, options.is_empty(), &mut report);
        }
    }
    print!("{report}");
    // Who names a peer wants to see it pass.
    report.outcome(chosen.is_empty())
}

fn test_group(group: &Group, peers: &[&Peer], with_talks: bool, report: &mut Report) {
    let place = match install::ready(group) {
        Ok(place) => place,
        Err(why) => {
            peers.iter().for_each(|peer| report.skip(&peer.name, &why));
            return;
        }
    };
    for peer in peers {
        if let Some(why) = install::missing(&peer.needs, &group.hint) {
            report.skip(&peer.name, &why);
            continue;
        }
        let version = version(peer, &place).unwrap_or_else(|error| {
            println!("{error}");
            "unknown".into()
        });
        report.add(&peer.name, &version);
        for role in peer.roles.iter().filter(|_| with_talks) {
            for mode in &peer.modes {
                report.verdict(*role, *mode, test(peer, &place, *role, *mode));
            }
        }
    }
}

fn version(peer: &Peer, place: &Path) -> Result<String, String> {
    let mut program = Program::start(theirs(peer, place, &["version"]), &log(peer, "version"))?;
    let version = program.line(START)?;
    program.end(START)?;
    Ok(version)
}

fn test(peer: &Peer, place: &Path, role: Role, mode: Mode) -> Verdict {
    let start = Instant::now();
    print!("{:<14} {:<6} {:<8}", peer.name, role.name(), mode.name());
    let met = meet(peer, place, role, mode);
    let known = peer.known.iter().find(|known| (known.role, known.mode) == (role, mode));
    match (met, known) {
        (Ok(()), None) => {
            println!("ok {:>7.1} s", start.elapsed().as_secs_f64());
            Verdict::Passed
        }
        (Err(message), Some(known)) if message.contains(&known.error) => {
            println!("fails as known: {}", known.because);
            Verdict::Known
        }
        (Ok(()), Some(known)) => {
            println!("FAILED\npasses, but was known to fail: {}\n", known.because);
            Verdict::Failed
        }
        (Err(message), _) => {
            println!("FAILED\n{message}\n");
            Verdict::Failed
        }
    }
}

/// One client and one server, and perhaps a proxy between them.
fn meet(peer: &Peer, place: &Path, role: Role, mode: Mode) -> Outcome {
    let (our_mode, their_mode) = (mode.name(), mode.name_for_peers());
    let log = |end: &str| log(peer, &format!("{}-{our_mode}-{end}", role.name()));
    let server = match role {
        Role::Server => theirs(peer, place, &["server", their_mode]),
        Role::Client | Role::Proxy => ours(&["server", our_mode]),
    };
    let mut server = Program::start(server, &log("server"))?;
    let mut url = listening(&mut server)?;
    let mut proxy = None;
    if role == Role::Proxy {
        let command = theirs(peer, place, &["proxy", &url]);
        url = listening(proxy.insert(Program::start(command, &log("proxy"))?))?;
    }
    let client = match role {
        Role::Client => theirs(peer, place, &["client", their_mode, &url]),
        Role::Server | Role::Proxy => ours(&["client", our_mode, &url]),
    };
    let mut client = Program::start(client, &log("client"))?;
    let talked = client.end(TALK).and_then(|()| {
        server.expect(CLOSED, LAST_WORDS).map_err(|error| format!("the server: {error}"))
    });
    talked.map_err(|error| {
        let ends = [Some(&client), Some(&server), proxy.as_ref()];
        let said: Vec<String> = ends.into_iter().flatten().map(Program::said).collect();
        format!("{error}\n{}", said.concat())
    })
}

fn listening(program: &mut Program) -> Result<String, String> {
    let line = program.line(START).map_err(|error| format!("{error}\n{}", program.said()))?;
    match line.strip_prefix("listening on ") {
        Some(url) => Ok(url.to_owned()),
        None => Err(format!("a server should say where it listens, but said: {line}")),
    }
}

fn ours(arguments: &[&str]) -> Command {
    let mut command = Command::new(example("interop"));
    command.args(arguments);
    command
}

fn theirs(peer: &Peer, place: &Path, arguments: &[&str]) -> Command {
    let mut command = install::command(&peer.run, place);
    command.args(arguments);
    command
}

fn log(peer: &Peer, what: &str) -> std::path::PathBuf {
    install::place("logs").join(format!("{}-{what}.log", peer.name))
}
