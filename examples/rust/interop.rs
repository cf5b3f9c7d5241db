//! Both ends of the interop talk: `interop server MODE`, `interop client MODE URL`. The mode is `plain`,
//! `deflate` as it is by default, or `wide`: deflate with windows of 32 KiB.
//!
//! Owns the Rust side of `tests/interop/README.md`, where the talk is described. Knows nothing of the
//! peers on the other end.

mod host;

use host::Host;
use polywire::handshake::{OriginPolicy, ServerPolicy};
use polywire::{Cause, CloseCode, Config, DeflateConfig, Event, Sender, UsageError};
use std::collections::VecDeque;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

const SIZES: [usize; 7] = [0, 1, 125, 126, 65_535, 65_536, 1 << 20];
const PING: &[u8] = b"are you there?";
const ASK_TO_CLOSE: &str = "please close";
const CLIENT_CLOSES: (CloseCode, &str) = (CloseCode(4000), "all done ✓");
const SERVER_CLOSES: (CloseCode, &str) = (CloseCode(4321), "as you wish ✓");

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["server", mode @ ("plain" | "deflate" | "wide")] => serve(config(mode)),
        ["client", mode @ ("plain" | "deflate" | "wide"), url] => {
            talk(url, mode, full_talk())?;
            talk(url, mode, vec![Step::AskToClose])?;
            println!("ok");
            Ok(())
        }
        _ => {
            eprintln!(
                "usage: interop server plain|deflate|wide\n       interop client plain|deflate|wide URL"
            );
            std::process::exit(2);
        }
    }
}

fn config(mode: &str) -> Arc<Config> {
    let wide = DeflateConfig {
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        ..DeflateConfig::default()
    };
    let deflate = match mode {
        "plain" => None,
        "wide" => Some(wide),
        _ => Some(DeflateConfig::default()),
    };
    Arc::new(Config { deflate, ..Config::default() })
}

fn serve(config: Arc<Config>) -> io::Result<()> {
    // The browser's page comes from another port.
    let policy = Arc::new(ServerPolicy { origins: OriginPolicy::Any, ..ServerPolicy::default() });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, config, policy) = (stream?, Arc::clone(&config), Arc::clone(&policy));
        thread::spawn(move || {
            if let Err(error) = answer(stream, config, policy) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn answer(stream: TcpStream, config: Arc<Config>, policy: Arc<ServerPolicy>) -> io::Result<()> {
    let ended = Host::accept_under(stream, config, policy)?.run(|event, sender| {
        let sent = match event {
            Event::Text(ASK_TO_CLOSE) => sender.close(Some(SERVER_CLOSES.0), SERVER_CLOSES.1),
            Event::Text(text) => echo_text(text, sender),
            Event::Binary(bytes) => echo_binary(bytes, sender),
            Event::Close { code, reason } => {
                println!("closed {} {reason}", code.unwrap_or(CloseCode::NO_STATUS));
                Ok(())
            }
            Event::Failed(violation) => {
                eprintln!("{violation}");
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = sent {
            eprintln!("{error}");
        }
    })?;
    if ended.cause != Cause::Closed {
        eprintln!("ended: {:?} {}", ended.cause, ended.code);
    }
    Ok(())
}

/// Long messages go back in two fragments, so that the other end has to put them together.
fn echo_text(text: &str, sender: &mut Sender) -> Result<(), UsageError> {
    let cut = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if text.len() < 1000 {
        return sender.send(text);
    }
    sender.send_part(&text[..cut], false)?;
    sender.send_part(&text[cut..], true)
}

fn echo_binary(bytes: &[u8], sender: &mut Sender) -> Result<(), UsageError> {
    if bytes.len() < 1000 {
        return sender.send(bytes);
    }
    let (first, last) = bytes.split_at(bytes.len() / 2);
    sender.send_part(first, false)?;
    sender.send_part(last, true)
}

/// One thing the client does, after which it waits for the answer.
#[derive(Debug)]
enum Step {
    /// In so many parts.
    Text(Vec<String>),
    Binary(Vec<u8>),
    Ping,
    Close,
    AskToClose,
}

fn full_talk() -> Vec<Step> {
    let mut steps = Vec::new();
    for size in SIZES {
        steps.push(Step::Text(vec![text(size)]));
        steps.push(Step::Binary(noise(size)));
    }
    steps.push(Step::Text(["añ", "", "€😀", "fin"].map(str::to_owned).into()));
    steps.push(Step::Ping);
    steps.push(Step::Close);
    steps
}

/// Text of so many bytes with characters of every length.
fn text(size: usize) -> String {
    "añ€😀".repeat(size / 10) + &"x".repeat(size % 10)
}

/// Bytes that do not compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(|_| next()).collect()
}

fn talk(url: &str, mode: &str, steps: Vec<Step>) -> io::Result<()> {
    let mut host = Host::connect(url, config(mode))?;
    if host.compresses() == (mode == "plain") {
        return Err(io::Error::other(format!("{mode}, but compressed is {}", host.compresses())));
    }
    let mut talk = Talk { steps: steps.into() };
    talk.start(host.sender()).map_err(io::Error::other)?;
    let mut failure = None;
    let ended = host.run(|event, sender| {
        if let Err(error) = talk.hear(event, sender) {
            failure.get_or_insert(error);
            sender.abort();
        }
    })?;
    match failure {
        Some(error) => Err(io::Error::other(error)),
        None if ended.cause != Cause::Closed || !talk.steps.is_empty() => {
            let left = talk.steps.len();
            let message = format!("ended: {:?} {}, {left} steps left", ended.cause, ended.code);
            Err(io::Error::other(message))
        }
        None => Ok(()),
    }
}

/// The first step is the one whose answer is awaited.
struct Talk {
    steps: VecDeque<Step>,
}

impl Talk {
    fn start(&self, sender: &mut Sender) -> Result<(), UsageError> {
        match self.steps.front() {
            None => Ok(()),
            Some(Step::Text(parts)) => match &parts[..] {
                [whole] => sender.send(whole),
                parts => {
                    let last = parts.len() - 1;
                    let mut parts = parts.iter().enumerate();
                    parts.try_for_each(|(at, part)| sender.send_part(part, at == last))
                }
            },
            Some(Step::Binary(bytes)) => sender.send(bytes),
            Some(Step::Ping) => sender.ping(PING),
            Some(Step::Close) => sender.close(Some(CLIENT_CLOSES.0), CLIENT_CLOSES.1),
            Some(Step::AskToClose) => sender.send(ASK_TO_CLOSE),
        }
    }

    fn hear(&mut self, event: Event<'_>, sender: &mut Sender) -> Result<(), String> {
        let answered = match (event, self.steps.front()) {
            // A peer may ping on its own, and the end is looked at when it has come.
            (Event::Ping(_) | Event::Ended(_), _) => return Ok(()),
            (Event::Text(heard), Some(Step::Text(parts))) => heard == parts.concat(),
            (Event::Binary(heard), Some(Step::Binary(sent))) => heard == sent,
            (Event::Pong { payload, rtt: Some(_) }, Some(Step::Ping)) => payload == PING,
            (Event::Close { code, .. }, Some(Step::Close)) => code == Some(CLIENT_CLOSES.0),
            (Event::Close { code, reason }, Some(Step::AskToClose)) => {
                (code, reason) == (Some(SERVER_CLOSES.0), SERVER_CLOSES.1)
            }
            _ => false,
        };
        if !answered {
            let (event, step) = (format!("{event:?}"), format!("{:?}", self.steps.front()));
            return Err(format!("{event:.200} as the answer to {step:.200}"));
        }
        self.steps.pop_front();
        self.start(sender).map_err(|error| error.to_string())
    }
}
