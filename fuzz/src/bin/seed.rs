//! Writes the inputs to start from: `seed FOLDER`, one folder below it for each target.
//!
//! Owns how the vectors look as inputs: the choices that the targets read first, then the bytes of the
//! vector. Nothing of it is committed.

#[expect(dead_code, reason = "the tests of the core use more of it")]
#[path = "../../../core/tests/support/data.rs"]
mod data;

use data::{bytes, id, list, string};
use polywire_fuzz::settings::{CLIENT, CLIENT_AFRESH, DEFLATE, SERVER_AFRESH, SILENT, STREAMED};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Beyond this a seed costs more time than it finds.
const LONGEST: usize = 8 << 10;

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: seed FOLDER"))?;
    let mut written = 0;
    for file in data::files() {
        for vector in &file.vectors {
            for (target, seed) in seeds(&file.kind, vector) {
                written += usize::from(write(&folder, target, id(vector), &seed)?);
            }
        }
    }
    for number in 0..64_u8 {
        for target in ["pair", "deflate_roundtrip", "connection"] {
            written +=
                usize::from(write(&folder, target, &format!("noise.{number}"), &noise(number))?);
        }
    }
    println!("{written} seeds in {}", folder.display());
    Ok(())
}

fn write(folder: &Path, target: &str, name: &str, seed: &[u8]) -> io::Result<bool> {
    if seed.len() > LONGEST {
        return Ok(false);
    }
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), seed).map(|()| true)
}

fn seeds(kind: &str, vector: &Value) -> Vec<(&'static str, Vec<u8>)> {
    match kind {
        "connection" => of_connection(vector),
        "server_handshake" if vector["request"].is_array() => {
            let head = latin1(&vector["request"]);
            // Policy, size, lines, deflate, cuts; two empty chunks for a header.
            vec![("handshake_server", [&[0; 7][..], &head].concat())]
        }
        "client_handshake" if vector["response"].is_array() => {
            let head = latin1(&vector["response"]);
            vec![("handshake_client", [&[0, 0, 0, 0, 0, 0, 0][..], &head].concat())]
        }
        "url" => {
            let url = string(&vector["url"]);
            let length = u8::try_from(url.len()).unwrap_or(0);
            vec![("handshake_client", [&[0, 0, 0, 0, length][..], url.as_bytes()].concat())]
        }
        "negotiation" => {
            let sides = ["offers", "answer"].map(|side| vector.get(side)).into_iter().flatten();
            let lines = sides.filter(|value| value.is_string()).map(latin1);
            lines.map(|line| ("extensions", [&[0; 4][..], &line].concat())).collect()
        }
        _ => Vec::new(),
    }
}

fn of_connection(vector: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let settings = settings(vector);
    let steps = list(&vector["steps"]);
    let received: Vec<Vec<u8>> =
        steps.iter().filter_map(|step| step.get("receive")).map(bytes).collect();
    let stream = received.concat();
    // No tap, no cuts, raw bytes.
    let mut seeds = vec![("decode", [&settings[..], &[0, 0, 1], &stream].concat())];
    if vector["role"] == "server" {
        seeds.push(("differential", [&[1][..], &stream].concat()));
        if vector["config"]["deflate"].is_object() {
            seeds.push(("inflate_hostile", hostile(settings, &stream)));
        }
    }
    let operations: Vec<u8> = steps.iter().flat_map(operations).collect();
    seeds.push(("connection", [&settings[..], &[0], &operations].concat()));
    seeds
}

/// Flags and windows; limits and timeouts stay the defaults.
fn settings(vector: &Value) -> [u8; 4] {
    let config = &vector["config"];
    let params = &config["deflate"]["params"];
    let flags = [
        (vector["role"] == "client", CLIENT),
        (config["delivery"] == "streamed", STREAMED),
        (config["deflate"].is_object(), DEFLATE),
        (config["answer_pings"] == false, SILENT),
        (params["server_no_context_takeover"] == true, SERVER_AFRESH),
        (params["client_no_context_takeover"] == true, CLIENT_AFRESH),
    ];
    let flags = flags.iter().filter(|(is, _)| *is).map(|(_, flag)| flag).sum();
    let window = |name: &str| 15 - params[name].as_u64().unwrap_or(15) as u8;
    let windows = window("server_max_window_bits") | window("client_max_window_bits") << 4;
    [flags, windows, 0, 0]
}

/// One operation of the `connection` target for each step.
fn operations(step: &Value) -> Vec<u8> {
    if let Some(input) = step.get("receive") {
        let chunk = |piece: &[u8]| [&[0, piece.len() as u8], piece, &[0]].concat();
        return bytes(input).chunks(199).flat_map(chunk).collect();
    }
    if let Some(millis) = step["advance"].as_u64() {
        return vec![10, u8::try_from(millis / 1000).unwrap_or(u8::MAX)];
    }
    let Some(command) = step["command"].as_object().and_then(|fields| fields.iter().next()) else {
        return vec![15, 0];
    };
    let chunk = |content: &[u8]| {
        let content = &content[..content.len().min(199)];
        [&[content.len() as u8], content].concat()
    };
    match (command.0.as_str(), command.1) {
        ("ping" | "pong", payload) => [&[7][..], &chunk(&bytes(payload))].concat(),
        ("close", close) => {
            let code = close["code"].as_u64().unwrap_or(0) as u16;
            [&[8][..], &code.to_be_bytes(), &chunk(string(&close["reason"]).as_bytes())].concat()
        }
        ("abort", _) => vec![15, 64],
        ("send_text", text) => [&[4, 0][..], &chunk(string(text).as_bytes())].concat(),
        ("send_binary", content) => [&[4, 2][..], &chunk(&bytes(content))].concat(),
        (_, content) => [&[4, 0x81][..], &chunk(content.to_string().as_bytes())].concat(),
    }
}

/// The payloads of compressed frames, as the messages that `inflate_hostile` sends.
fn hostile(settings: [u8; 4], stream: &[u8]) -> Vec<u8> {
    let mut seed = vec![settings[0], settings[1], 0];
    let frames = polywire_fuzz::frames::read_leniently(stream);
    for frame in frames.iter().filter(|frame| frame.opcode() < 8) {
        let payload = &frame.payload[..frame.payload.len().min(199)];
        seed.extend([1 | ((frame.opcode() & 2) ^ 2), payload.len() as u8]);
        seed.extend_from_slice(payload);
    }
    seed
}

/// Operations of every sort.
fn noise(number: u8) -> Vec<u8> {
    let mut state = u64::from(number) + 1;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(64 + usize::from(number) * 8).collect()
}

fn latin1(value: &Value) -> Vec<u8> {
    let byte = |character| u8::try_from(u32::from(character)).expect("a character below U+0100");
    string(value).chars().map(byte).collect()
}
