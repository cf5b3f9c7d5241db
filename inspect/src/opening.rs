//! Opening handshakes in a capture.
//!
//! Owns what a head looks like from afar, and how the core's judgement of one becomes a connection's row
//! and its problems. Knows nothing of streams.

use crate::NONE;
use crate::connection::{Connection, Opening, Store};
use crate::problem::{Finding, Problem};
use polywire::DeflateParams;
use polywire::handshake::{HandshakeError, HeadReview, Review, Verdict};

/// How heads begin. A request with another method asks for no WebSocket.
const BEGINNINGS: [&[u8]; 10] = [
    b"GET ",
    b"HTTP/1.",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"OPTIONS ",
    b"DELETE ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
];

/// Whether bytes are the start of a head of HTTP/1; `None` while it cannot be told.
pub(crate) fn head_begins(bytes: &[u8]) -> Option<bool> {
    let mut open = false;
    for beginning in BEGINNINGS {
        if bytes.starts_with(beginning) {
            return Some(true);
        }
        open |= beginning.starts_with(bytes);
    }
    if open { None } else { Some(false) }
}

/// Whether a request is for a WebSocket, right or wrong.
pub(crate) fn asks_for_upgrade(head: &[u8]) -> bool {
    field(head, b"sec-websocket-key").is_some()
        || field(head, b"upgrade").is_some_and(names_websocket)
}

/// Whether a response is that of a WebSocket server.
pub(crate) fn agrees_to_upgrade(head: &[u8]) -> bool {
    field(head, b"sec-websocket-accept").is_some()
        || field(head, b"upgrade").is_some_and(names_websocket)
}

fn names_websocket(value: &[u8]) -> bool {
    value.to_ascii_lowercase().windows(9).any(|window| window == b"websocket")
}

/// The value of a field, in whatever shape the head is.
fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (field, rest) = line.split_at_checked(name.len())?;
        rest.strip_prefix(b":").filter(|_| field.eq_ignore_ascii_case(name)).map(<[u8]>::trim_ascii)
    })
}

/// The status of a response.
pub(crate) fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    core::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok()
}

/// The core's judgement of a connection's heads, as far as they are there.
pub(crate) fn review(connection: &Connection) -> Review {
    let [request, response] =
        connection.heads.each_ref().map(|head| Some(&head[..]).filter(|head| !head.is_empty()));
    Review::new(request, response)
}

/// Tells the URL that a request is for.
pub(crate) fn describe(number: u32, store: &mut Store) {
    let review = review(&store.connections[number as usize]);
    let Some(request) = review.request.and_then(|review| review.head) else { return };
    let host = request.headers.first("Host").map(String::from_utf8_lossy);
    let target = &request.target;
    store.change(number).url = Some(match host {
        Some(host) if target.starts_with('/') => format!("ws://{host}{target}"),
        _ => target.clone(),
    });
}

/// Judges a handshake whose response is there; what both ends agreed on.
pub(crate) fn judge(number: u32, time: f64, store: &mut Store) -> Option<DeflateParams> {
    let connection = store.change(number);
    let review = review(connection);
    connection.status = status(&connection.heads[1]).unwrap_or_default();
    let asked = review.request.as_ref().is_none_or(HeadReview::is_faultless);
    let answered = review.response.as_ref().is_some_and(HeadReview::is_faultless);
    connection.opening = match review.agreement {
        None => Opening::Refused,
        Some(_) if asked && answered => Opening::Accepted,
        Some(_) => Opening::Faulty,
    };
    let agreement = review.agreement.unwrap_or_default();
    connection.subprotocol = agreement.subprotocol;
    connection.deflate = agreement.deflate;
    // A refusal is no fault, only an answer.
    let refused = connection.opening == Opening::Refused;
    if let Some(request) = &review.request {
        tell(number, 0, time, faults(request), store);
    }
    if let Some(response) = review.response.as_ref().filter(|_| !refused) {
        tell(number, 1, time, faults(response), store);
    }
    agreement.deflate
}

/// The faults of a head, and where they are in it.
fn faults<Head>(review: &HeadReview<Head>) -> Vec<(usize, HandshakeError)> {
    let lines = review.lines.iter().filter_map(|line| match &line.verdict {
        Verdict::Bad(error) => Some((line.range.start, error.clone())),
        Verdict::Neutral | Verdict::Good(_) => None,
    });
    lines.chain(review.absent.iter().map(|error| (0, error.clone()))).collect()
}

fn tell(
    number: u32,
    direction: u8,
    time: f64,
    faults: Vec<(usize, HandshakeError)>,
    store: &mut Store,
) {
    for (offset, error) in faults {
        let finding = Finding::Handshake(error);
        let problem = Problem {
            rule: finding.rule(),
            connection: number,
            row: NONE,
            direction,
            time,
            offset: offset as f64,
            found: 0.0,
            certain: true,
        };
        store.problem(&finding, problem);
    }
}
