//! A handshake between others, judged line by line.
//!
//! Owns which line answers for which check. The checks are those of `checks` and `client`, which stop
//! at the first fault; here all of them are made, and none stops anything. Knows nothing of where the
//! heads come from.

use super::client::{
    verify_accept, verify_connection_field, verify_status, verify_subprotocol, verify_upgrade_field,
};
use super::error::{Fault, HandshakeError};
use super::head::{Request, Response};
use super::headers::Headers;
use super::{Agreement, checks, key};
use crate::deflate::{DeflateParams, offer};
use crate::http::grammar::{Extension, extensions, trim};
use crate::http::reader::RawHead;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

/// What an observer makes of the two heads of a handshake.
///
/// ```
/// use polywire::handshake::{Review, Verdict};
///
/// let review = Review::new(
///     Some(b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
///         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
///         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
///     Some(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
///         Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
/// );
/// assert!(review.request.is_some_and(|head| head.is_faultless()));
/// let response = review.response.expect("it was given");
/// let Verdict::Bad(error) = &response.lines[3].verdict else { panic!("a wrong answer to the key") };
/// assert_eq!(error.fault.code(), "handshake.accept_mismatch");
/// assert_eq!(review.key.expect("the request has one").accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// The client's head.
    pub request: Option<HeadReview<Request>>,
    /// The server's head.
    pub response: Option<HeadReview<Response>>,
    /// What both do from then on, if the server agreed to the upgrade: also where something is wrong.
    pub agreement: Option<Agreement>,
    /// How the request's key is answered, if there is one.
    pub key: Option<KeyReview>,
}

/// A head, and what is to be said of its lines.
#[derive(Clone, Debug)]
pub struct HeadReview<Head> {
    /// The head, unless it is malformed.
    pub head: Option<Head>,
    /// The first line and the header lines.
    pub lines: Vec<LineReview>,
    /// What is broken by something that is not there, or by the head as a whole.
    pub absent: Vec<HandshakeError>,
}

/// One line of a head.
#[derive(Clone, Debug)]
pub struct LineReview {
    /// Its bytes in the head, without the line end.
    pub range: Range<usize>,
    /// The length of the field's name; 0 for the first line.
    pub name_len: usize,
    /// What is to be said of it.
    pub verdict: Verdict,
}

/// What is to be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The handshake takes no notice of it.
    Neutral,
    /// It is as the rule behind this fault wants it.
    Good(Fault),
    /// It breaks a rule.
    Bad(HandshakeError),
}

/// How the accept value comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReview {
    /// The value of `Sec-WebSocket-Key`.
    pub key: String,
    /// SHA-1 of the key with [`SUFFIX`](Self::SUFFIX) behind it.
    pub digest: [u8; 20],
    /// The digest in base64: what the server must answer.
    pub accept: String,
    /// What it answers.
    pub found: Option<String>,
}

impl KeyReview {
    /// What is appended to the key: RFC 6455 section 1.3.
    pub const SUFFIX: &str = key::SUFFIX;

    fn new(key: &[u8], response: Option<&Response>) -> Self {
        let found = response.and_then(|response| response.headers.first("Sec-WebSocket-Accept"));
        Self {
            key: text(key),
            digest: key::digest(key),
            accept: key::accept(key),
            found: found.map(|value| text(trim(value))),
        }
    }
}

/// One check of a head: which field answers for it (the first line, if it is empty), the rule, and
/// what finds out.
struct Check<'a, Head> {
    field: &'static str,
    rule: Fault,
    run: &'a dyn Fn(&Head) -> Result<(), HandshakeError>,
}

impl Review {
    /// Judges the heads, each with its blank line, as far as they are there.
    pub fn new(request: Option<&[u8]>, response: Option<&[u8]>) -> Self {
        let request = request.map(|bytes| HeadReview::read(bytes, Request::parse, REQUEST));
        let asked = request.as_ref().and_then(|review| review.head.as_ref());
        let response = response.map(|bytes| {
            let accept = asked.and_then(|asked| asked.headers.first("Sec-WebSocket-Key"));
            let accept = accept.map(key::accept);
            let [accept, subprotocol, extension]: [&dyn Fn(&Response) -> _; 3] = [
                &|it: &Response| {
                    accept.as_ref().map_or(Ok(()), |it_is| verify_accept(it_is, &it.headers))
                },
                &|it: &Response| asked.map_or(Ok(()), |asked| subprotocol_fits(asked, it)),
                &|it: &Response| extensions_fit(asked, it),
            ];
            let check = |field, rule, run| Check { field, rule, run };
            let checks = [
                check("", Fault::Status, &verify_status),
                check("Upgrade", Fault::UpgradeMismatch, &|it| verify_upgrade_field(&it.headers)),
                check("Connection", Fault::ConnectionMismatch, &|it| {
                    verify_connection_field(&it.headers)
                }),
                check("Sec-WebSocket-Accept", Fault::AcceptMismatch, accept),
                check("Sec-WebSocket-Protocol", Fault::SubprotocolNotOffered, subprotocol),
                check("Sec-WebSocket-Extensions", Fault::ExtensionNotOffered, extension),
            ];
            HeadReview::read(bytes, Response::parse, &checks)
        });
        let answered = response.as_ref().and_then(|review| review.head.as_ref());
        let key = asked.and_then(|asked| asked.headers.first("Sec-WebSocket-Key"));
        let key = key.map(|key| KeyReview::new(key, answered));
        let agreement = answered.filter(|answered| answered.status == 101).map(agreement);
        Self { request, response, agreement, key }
    }
}

const REQUEST: &[Check<'static, Request>] = &[
    Check { field: "", rule: Fault::Method, run: &|it| request_line(it) },
    Check { field: "Host", rule: Fault::Host, run: &|it| checks::host(it).map(drop) },
    Check {
        field: "Upgrade",
        rule: Fault::UpgradeMissing,
        run: &|it| checks::upgrade(&it.headers),
    },
    Check {
        field: "Connection",
        rule: Fault::ConnectionMissing,
        run: &|it| checks::connection(&it.headers),
    },
    Check {
        field: "Transfer-Encoding",
        rule: Fault::Body,
        run: &|it| checks::no_body(&it.headers),
    },
    Check {
        field: "Sec-WebSocket-Version",
        rule: Fault::Version,
        run: &|it| checks::version(&it.headers),
    },
    Check {
        field: "Sec-WebSocket-Key",
        rule: Fault::Key,
        run: &|it| checks::the_key(&it.headers).map(drop),
    },
    Check {
        field: "Origin",
        rule: Fault::Origin,
        run: &|it| checks::origin_of(&it.headers).map(drop),
    },
    Check {
        field: "Sec-WebSocket-Protocol",
        rule: Fault::SubprotocolList,
        run: &|it| checks::subprotocols(&it.headers).map(drop),
    },
    Check {
        field: "Sec-WebSocket-Extensions",
        rule: Fault::ExtensionList,
        run: &|it| checks::extension_offers(&it.headers).map(drop),
    },
];

impl<Head> HeadReview<Head> {
    /// Whether no rule is broken.
    pub fn is_faultless(&self) -> bool {
        self.faults().next().is_none()
    }

    /// Every broken rule: of the lines in order, then the rest.
    pub fn faults(&self) -> impl Iterator<Item = &HandshakeError> {
        let bad = self.lines.iter().filter_map(|line| match &line.verdict {
            Verdict::Bad(error) => Some(error),
            Verdict::Neutral | Verdict::Good(_) => None,
        });
        bad.chain(&self.absent)
    }

    fn read(
        bytes: &[u8],
        parse: fn(&RawHead) -> Result<Head, HandshakeError>,
        checks: &[Check<'_, Head>],
    ) -> Self {
        let mut review = Self { head: None, lines: lines(bytes), absent: Vec::new() };
        match parse(&RawHead { bytes: bytes.to_vec(), lines: review.lines.len() }) {
            Ok(head) => {
                for check in checks {
                    let outcome = (check.run)(&head);
                    let refused = outcome.as_ref().is_err_and(|error| error.fault == Fault::Status);
                    review.judge(bytes, check, outcome);
                    // Nothing else is asked of a refusal.
                    if refused {
                        break;
                    }
                }
                review.head = Some(head);
            }
            Err(error) => review.absent.push(error),
        }
        review
    }

    /// Puts an outcome to the lines that answer for it: a good one to all of them, a fault to the last.
    fn judge(&mut self, head: &[u8], check: &Check<'_, Head>, outcome: Result<(), HandshakeError>) {
        let answers = |line: &LineReview| {
            let name = head.get(line.range.start..line.range.start + line.name_len);
            name.is_some_and(|name| name.eq_ignore_ascii_case(check.field.as_bytes()))
        };
        match outcome {
            Ok(()) => {
                for line in self.lines.iter_mut().filter(|line| answers(line)) {
                    line.verdict = Verdict::Good(check.rule);
                }
            }
            Err(error) => match self.lines.iter_mut().rfind(|line| answers(line)) {
                Some(line) => line.verdict = Verdict::Bad(error),
                None => self.absent.push(error),
            },
        }
    }
}

/// The lines of a head up to its blank line, not judged yet.
fn lines(head: &[u8]) -> Vec<LineReview> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            break;
        }
        let colon = text.iter().position(|&byte| byte == b':').filter(|_| !lines.is_empty());
        lines.push(LineReview {
            range: start..start + text.len(),
            name_len: colon.unwrap_or_default(),
            verdict: Verdict::Neutral,
        });
        start += line.len();
    }
    lines
}

/// A bad host is the fault of its own line.
fn request_line(request: &Request) -> Result<(), HandshakeError> {
    match checks::request_line(request) {
        Err(error) if error.fault != Fault::Host => Err(error),
        _ => Ok(()),
    }
}

fn subprotocol_fits(request: &Request, response: &Response) -> Result<(), HandshakeError> {
    let offered = checks::subprotocols(&request.headers).unwrap_or_default();
    verify_subprotocol(&offered, &response.headers).map(drop)
}

fn extensions_fit(request: Option<&Request>, response: &Response) -> Result<(), HandshakeError> {
    let listed = answered_extensions(response)?;
    let offers =
        request.map(|request| checks::extension_offers(&request.headers).unwrap_or_default());
    for (index, answer) in listed.iter().enumerate() {
        let name = answer.name.as_bytes();
        let Some(offers) = &offers else { continue };
        if !offers.iter().any(|offer| offer.name == answer.name) {
            return Err(HandshakeError::found(Fault::ExtensionNotOffered, name));
        }
        if listed.iter().take(index).any(|earlier| earlier.name == answer.name) {
            return Err(HandshakeError::found(Fault::ExtensionRepeated, name));
        }
        if answer.name == offer::NAME {
            let told =
                |found: &str| HandshakeError::told(Fault::DeflateParameters, found.to_string());
            match offer::observe(offers, answer) {
                Err(found) => return Err(told(found)),
                Ok((_, false)) => return Err(told("parameters that fit none of the offers")),
                Ok((_, true)) => {}
            }
        }
    }
    Ok(())
}

fn answered_extensions(response: &Response) -> Result<Vec<Extension<'_>>, HandshakeError> {
    let mut listed = Vec::new();
    for value in response.headers.all("Sec-WebSocket-Extensions") {
        extensions(value, &mut listed)
            .map_err(|_| HandshakeError::found(Fault::ExtensionList, value))?;
    }
    Ok(listed)
}

/// What the server's head says about what follows.
fn agreement(response: &Response) -> Agreement {
    let subprotocol = first_text(&response.headers, "Sec-WebSocket-Protocol");
    let listed = answered_extensions(response).unwrap_or_default();
    let answer = listed.iter().find(|answer| answer.name == offer::NAME);
    let deflate = answer.map(|answer| {
        offer::observe(&[], answer).map_or(
            // Whatever was meant: a window of 32 KiB reads it.
            DeflateParams {
                server_no_context_takeover: false,
                client_no_context_takeover: false,
                server_max_window_bits: 15,
                client_max_window_bits: 15,
            },
            |(params, _)| params,
        )
    });
    Agreement { subprotocol, deflate }
}

fn first_text(headers: &Headers, name: &str) -> Option<String> {
    headers.first(name).map(|value| text(trim(value)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "GET /a HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\nX-Other: c\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n\r\n";
    const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
        Sec-WebSocket-Protocol: chat\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n";

    fn codes(request: &str, response: &str) -> Vec<(&'static str, usize)> {
        let review = Review::new(Some(request.as_bytes()), Some(response.as_bytes()));
        let (request, response) = (review.request.unwrap(), review.response.unwrap());
        let of = |lines: &[LineReview], absent: &[HandshakeError]| {
            let bad = lines.iter().enumerate().filter_map(|(at, line)| match &line.verdict {
                Verdict::Bad(error) => Some((error.fault.code(), at)),
                _ => None,
            });
            bad.chain(absent.iter().map(|error| (error.fault.code(), usize::MAX)))
                .collect::<Vec<_>>()
        };
        [of(&request.lines, &request.absent), of(&response.lines, &response.absent)].concat()
    }

    #[test]
    fn a_good_handshake_has_good_and_neutral_lines() {
        let review = Review::new(Some(REQUEST.as_bytes()), Some(RESPONSE.as_bytes()));
        let request = review.request.unwrap();
        assert!(request.is_faultless());
        for (at, line) in request.lines.iter().enumerate() {
            assert_eq!(line.verdict == Verdict::Neutral, at == 3, "{line:?}");
        }
        let host = &request.lines[1];
        assert_eq!((&REQUEST[host.range.clone()], host.name_len), ("Host: b", 4));
        assert!(
            review
                .response
                .unwrap()
                .lines
                .iter()
                .all(|line| matches!(line.verdict, Verdict::Good(_)))
        );
        let agreement = review.agreement.unwrap();
        assert_eq!(agreement.subprotocol.as_deref(), Some("chat"));
        assert_eq!(agreement.deflate.unwrap().server_max_window_bits, 10);
        let key = review.key.unwrap();
        assert_eq!(Some(&key.accept), key.found.as_ref());
    }

    #[test]
    fn every_fault_is_told_at_its_line() {
        let request = REQUEST
            .replace("GET", "POST")
            .replace("Version: 13", "Version: 8")
            .replace("Host: b\r\n", "")
            .replace("chat", "chat, chat");
        let response =
            RESPONSE.replace("xOo=", "xOa=").replace("=10", "=13").replace("chat", "talk");
        assert_eq!(
            codes(&request, &response),
            [
                ("handshake.method", 0),
                ("handshake.version", 4),
                ("handshake.subprotocol_list", 6),
                ("handshake.host", usize::MAX),
                ("handshake.accept_mismatch", 3),
                ("handshake.subprotocol_not_offered", 4),
                ("handshake.deflate_parameters", 5),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_one_fault() {
        let review = Review::new(Some(b"GET /a\r\n\r\n"), None);
        let request = review.request.unwrap();
        assert_eq!(request.absent[0].fault, Fault::HeadMalformed);
        assert_eq!(request.lines.len(), 1);
    }

    #[test]
    fn a_refusal_is_one_fault() {
        assert_eq!(codes(REQUEST, "HTTP/1.1 404 Not Found\r\n\r\n"), [("handshake.status", 0)]);
    }

    #[test]
    fn a_response_alone_says_what_was_agreed() {
        let review = Review::new(None, Some(RESPONSE.as_bytes()));
        assert!(review.response.unwrap().is_faultless());
        assert!(review.agreement.unwrap().deflate.is_some());
    }

    #[test]
    fn an_answer_may_not_limit_a_client_that_did_not_offer_it() {
        let response = RESPONSE.replace("=10", "=10; client_max_window_bits=9");
        assert_eq!(codes(REQUEST, &response), [("handshake.deflate_parameters", 5)]);
        let request = REQUEST.replace("=12", "=12; client_max_window_bits");
        assert_eq!(codes(&request, &response), []);
    }
}
