//! Hostile compressed messages: both engines accept and reject the same and read the same, with contexts
//! of either kind; an independent inflater reads nothing else; memory stays within its bound.

use crate::frames;
use crate::input::Input;
use crate::reference::Inflater;
use crate::settings::{DEDICATED, DEFLATE, MINIZ, START, Settings};
use crate::transcript::{Told, Transcript};
use polywire::{Role, Rule};

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;

struct Hostile {
    /// What a peer with the role `Client` sends.
    stream: Vec<u8>,
    /// The compressed messages in it.
    messages: Vec<Vec<u8>>,
}

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (flags, windows) = (input.byte() & !(DEDICATED | MINIZ) | DEFLATE, input.byte());
    let limit = input.one_of(&[1 << 16, 1 << 20, 1000, 100, 1]);
    let hostile = hostile(input);
    let run = |more: u8| {
        let mut settings = Settings::read(&mut Input::new(&[flags | more, windows, 0, 0]));
        settings.role = Role::Server;
        settings.config.limits.message_size = limit;
        run(&settings, &hostile.stream)
    };
    let folded = run(0);
    assert_same(&folded, &run(MINIZ));
    let dedicated = run(DEDICATED);
    assert_same(&dedicated, &run(DEDICATED | MINIZ));
    // What lies beyond the agreed window of the messages before is forgotten when contexts are folded.
    let forgot = folded.failure().is_some_and(|failure| failure.rule == Rule::DeflateInvalid);
    if !forgot {
        assert_same(&folded, &dedicated);
    }
    check_content(flags, &folded, &hostile.messages);
    check_content(flags, &dedicated, &hostile.messages);
}

fn hostile(mut input: Input<'_>) -> Hostile {
    let mut hostile = Hostile { stream: Vec::new(), messages: Vec::new() };
    while !input.is_empty() {
        let how = input.byte();
        let payload = if how & 1 == 0 { input.clone().rest() } else { input.chunk() };
        let kind = (1 + (how >> 1 & 1)) | COMPRESSED;
        let stream = &mut hostile.stream;
        if how & 4 == 0 {
            frames::write(Role::Client, kind | FIN, payload, stream);
        } else {
            let (first, second) = payload.split_at(payload.len() * usize::from(how >> 3) / 32);
            frames::write(Role::Client, kind, first, stream);
            frames::write(Role::Client, FIN, second, stream);
        }
        hostile.messages.push(payload.to_vec());
        if how & 1 == 0 {
            break;
        }
    }
    hostile
}

fn run(settings: &Settings, stream: &[u8]) -> Transcript {
    let mut connection = settings.connection();
    let mut transcript = Transcript::default();
    transcript.drain(connection.receive_in(&mut stream.to_vec(), START));
    let limit = settings.config.limits.message_size as usize;
    let held = connection.heap_bytes();
    // Text and bytes of one message, and a dedicated engine with its text.
    assert!(held <= 4 * limit + (256 << 10), "{held} bytes of heap with a limit of {limit}");
    transcript
}

/// Equal, but for the reason of a failure: where one engine sees that a message is broken, the other may
/// want more of it first, which is too long or no text.
fn assert_same(one: &Transcript, other: &Transcript) {
    let unsure = |told: &Told| match told {
        Told::Failed(violation) => {
            matches!(
                violation.rule,
                Rule::DeflateInvalid
                    | Rule::InflatedTooBig
                    | Rule::MessageTooBig
                    | Rule::TextNotUtf8
            )
        }
        _ => false,
    };
    if one.failure().is_some() && other.failure().is_some() {
        // How much of the broken message was told depends on when that was seen.
        let whole = |told: &&Told| !matches!(told, Told::Message { whole: false, .. });
        let ones: Vec<_> = one.told.iter().filter(whole).collect();
        let others: Vec<_> = other.told.iter().filter(whole).collect();
        let same = |(one, other): (&&Told, &&Told)| match (one, other) {
            (Told::Ended(_), Told::Ended(_)) => true,
            (one, other) => one == other || unsure(one) && unsure(other),
        };
        let told = ones.len() == others.len() && ones.iter().zip(&others).all(same);
        assert!(told, "{one:?}\nand\n{other:?}");
    } else {
        assert_eq!(one, other);
    }
}

/// Accepted content is what the data say: RFC 1951, with the largest window.
fn check_content(flags: u8, transcript: &Transcript, messages: &[Vec<u8>]) {
    let afresh = flags & crate::settings::CLIENT_AFRESH != 0;
    let mut reference = Inflater::new(15, afresh);
    for ((_, content), message) in transcript.messages().iter().zip(messages) {
        // It is stricter than need be about what lies behind a final block.
        let Ok(expected) = reference.message(message) else { return };
        assert_eq!(*content, expected);
    }
}
