//! What a client sends, and what it makes of the response: RFC 6455 section 4.1, one thing wrong at a
//! time.

use core::task::Poll;
use polywire::handshake::{
    Agreement, ClientHandshake, ClientOptions, Established, Fault, HandshakeError, Headers, Offer,
    Response, Url,
};
use polywire::{Config, Instant};

const NONCE: [u8; 16] = *b"the sample nonce";

const LINES: [&str; 4] = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

type Outcome = Poll<Result<Established<Response>, HandshakeError>>;

fn head(lines: &[&str]) -> Vec<u8> {
    [lines.join("\r\n").as_bytes(), b"\r\n\r\n"].concat()
}

fn with(index: usize, line: &str) -> Vec<u8> {
    let mut lines = LINES.to_vec();
    lines[index] = line;
    lines.retain(|line| !line.is_empty());
    head(&lines)
}

fn and(lines: &[&str]) -> Vec<u8> {
    head(&[&LINES[..], lines].concat())
}

fn options() -> ClientOptions {
    let subprotocols = vec!["chat".to_owned(), "superchat".to_owned()];
    ClientOptions { subprotocols, ..ClientOptions::default() }
}

fn client() -> ClientHandshake {
    let url = Url::parse("ws://server.example.com/chat").expect("valid");
    let config = Config { deflate: None, ..Config::default() };
    ClientHandshake::new(&url, &options(), &config, NONCE, Instant::ZERO).expect("valid").0
}

fn receive(bytes: &[u8]) -> Result<Agreement, Fault> {
    match client().receive(bytes, Instant::ZERO) {
        Poll::Ready(Ok(established)) => Ok(established.agreement),
        Poll::Ready(Err(error)) => Err(error.fault),
        Poll::Pending => panic!("not decided: {}", bytes.escape_ascii()),
    }
}

#[test]
fn the_request_has_what_the_rfc_demands() {
    let url = Url::parse("wss://u:p%20w@[::1]:8443/chat?x=y").expect("valid");
    let mut options = options();
    options.headers.push("Origin", b"http://example.com").expect("valid");
    let offer = Offer::new(&url, &options, None, NONCE).expect("valid");
    assert_eq!(
        String::from_utf8(offer.to_bytes()).expect("ASCII"),
        "GET /chat?x=y HTTP/1.1\r\n\
         Host: [::1]:8443\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\
         Authorization: Basic dTpwIHc=\r\n\
         Origin: http://example.com\r\n\r\n"
    );
    options.headers.push("authorization", b"Bearer x").expect("valid");
    let offer = Offer::new(&url, &options, None, NONCE).expect("valid");
    let authorizations: Vec<_> = offer.request().headers.all("Authorization").collect();
    assert_eq!(authorizations, [b"Bearer x"]);
}

#[test]
fn nothing_is_sent_that_could_be_another_request() {
    let url = Url::parse("ws://a/").expect("valid");
    let fault = |options: &ClientOptions| {
        Offer::new(&url, options, None, NONCE).map(drop).expect_err("refused").fault
    };
    for names in [&["a b"][..], &[""], &["a\r\nX: y"], &["a", "a"], &["é"], &["a,b"]] {
        let subprotocols = names.iter().map(|&name| name.to_owned()).collect();
        let options = ClientOptions { subprotocols, ..ClientOptions::default() };
        assert_eq!(fault(&options), Fault::OptionSubprotocol, "{names:?}");
    }
    for name in ["Host", "connection", "SEC-WEBSOCKET-KEY", "Content-Length", "Transfer-Encoding"] {
        let mut options = ClientOptions::default();
        options.headers.push(name, b"1").expect("a valid header");
        assert_eq!(fault(&options), Fault::OptionHeaderReserved);
    }
    let mut headers = Headers::new();
    for value in [&b"a\r\nX: y"[..], b"a\nb", b"a\0"] {
        assert!(headers.push("Cookie", value).is_err());
    }
}

#[test]
fn responses_that_agree() {
    let plain = Agreement::default();
    let chat = Agreement { subprotocol: Some("superchat".into()), ..plain.clone() };
    let cases = [
        (head(&LINES), &plain),
        (and(&["Sec-WebSocket-Protocol: superchat"]), &chat),
        (and(&["Set-Cookie: \u{e9}", "Date: x"]), &plain),
        (with(0, "HTTP/1.1 101"), &plain),
        (with(0, "HTTP/1.1 101 \u{dc}bergang"), &plain),
        (with(1, "UPGRADE: WebSocket"), &plain),
        (with(2, "connection: keep-alive, upgrade"), &plain),
        (with(3, "sec-websocket-accept: \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t "), &plain),
    ];
    for (bytes, agreement) in cases {
        assert_eq!(receive(&bytes).as_ref(), Ok(agreement), "{}", bytes.escape_ascii());
    }
}

#[test]
fn each_wrong_line_fails_the_connection() {
    use Fault::*;
    let cases = [
        (with(0, "HTTP/1.0 101 Switching Protocols"), HttpVersion),
        (with(0, "HTTP/2.0 101 Switching Protocols"), HttpVersion),
        (with(0, "HTTP/1.1 1O1 Switching Protocols"), HeadMalformed),
        (with(0, "ICY 200 OK"), HttpVersion),
        (with(1, ""), UpgradeMismatch),
        (with(1, "Upgrade: h2c"), UpgradeMismatch),
        (with(1, "Upgrade: websocket, h2c"), UpgradeMismatch),
        (with(1, "Upgrade: websocket\r\nUpgrade: websocket"), UpgradeMismatch),
        (with(1, "Upgrade: \u{ff}"), UpgradeMismatch),
        (with(2, ""), ConnectionMismatch),
        (with(2, "Connection: close"), ConnectionMismatch),
        (with(2, "Connection: \u{ff}"), ConnectionMismatch),
        (with(3, ""), AcceptMissing),
        (with(3, "Sec-WebSocket-Accept:"), AcceptMismatch),
        (with(3, "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="), AcceptMismatch),
        (with(3, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo"), AcceptMismatch),
        (with(3, "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ=="), AcceptMismatch),
        (with(3, "Sec-WebSocket-Accept: \u{ff}\u{fe}"), AcceptMismatch),
        (and(&[LINES[3]]), AcceptRepeated),
        (and(&["Sec-WebSocket-Protocol: Chat"]), SubprotocolNotOffered),
        (and(&["Sec-WebSocket-Protocol: chat, superchat"]), SubprotocolNotOffered),
        (and(&["Sec-WebSocket-Protocol:"]), SubprotocolNotOffered),
        (and(&["Sec-WebSocket-Protocol: \u{ff}"]), SubprotocolNotOffered),
        (
            and(&["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"]),
            SubprotocolRepeated,
        ),
        (and(&["Sec-WebSocket-Extensions: permessage-deflate"]), ExtensionNotOffered),
        (and(&["Sec-WebSocket-Extensions: constructor"]), ExtensionNotOffered),
        (and(&["Sec-WebSocket-Extensions:"]), ExtensionList),
        (and(&["Sec-WebSocket-Extensions: a;"]), ExtensionList),
        (and(&["Sec-WebSocket-Extensions: \u{ff}"]), ExtensionList),
        (and(&["A : b"]), HeadMalformed),
        (b"\x81\x05Hello".to_vec(), HeadMalformed),
    ];
    for (bytes, fault) in cases {
        assert_eq!(receive(&bytes), Err(fault), "{}", bytes.escape_ascii());
    }
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    assert_eq!(receive(&[early, &head(&LINES)[..]].concat()), Ok(Agreement::default()));
    assert_eq!(
        receive(&b"HTTP/1.1 102 Processing\r\n\r\n".repeat(1000)),
        Err(Fault::HeadTooManyLines)
    );
}

fn error(outcome: Outcome) -> HandshakeError {
    match outcome {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(_)) => panic!("established"),
        Poll::Pending => panic!("not decided"),
    }
}

#[test]
fn refusals_keep_status_headers_and_the_start_of_the_body() {
    let bytes = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\
                  Content-Length: 4\r\n\r\nwho?ignored";
    let refused = error(client().receive(bytes, Instant::ZERO));
    assert_eq!(refused.fault, Fault::Status);
    assert_eq!(
        refused.to_string(),
        "handshake.status: expected status 101, or 200 for an extended CONNECT, \
         found 401 Unauthorized (RFC 6455 section 4.1)"
    );
    let response = refused.response.expect("kept");
    assert_eq!((response.status, &response.reason[..]), (401, "Unauthorized"));
    assert_eq!(response.headers.first("www-authenticate"), Some(&b"Basic realm=\"x\""[..]));
    assert_eq!(response.body, b"who?");

    let bytes =
        b"HTTP/1.1 302 Found\r\nLocation: wss://b/\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    let response = error(client().receive(bytes, Instant::ZERO)).response.expect("kept");
    assert_eq!(response.headers.first("location"), Some(&b"wss://b/"[..]));
    assert_eq!(response.body, b"");
}

#[test]
fn a_body_ends_with_its_limit_the_stream_or_the_deadline() {
    let head = b"HTTP/1.1 500 Oops\r\n\r\n";
    let long = [&head[..], &[b'x'; 10_000]].concat();
    let response = error(client().receive(&long, Instant::ZERO)).response.expect("kept");
    assert_eq!(response.body, [b'x'; 4096]);

    let part = [&head[..], b"oops"].concat();
    let mut at_end = client();
    assert!(at_end.receive(&part, Instant::ZERO).is_pending());
    let refused = error(at_end.receive_eof());
    assert_eq!(
        (refused.fault, refused.response.expect("kept").body),
        (Fault::Status, b"oops".to_vec())
    );

    let mut late = client();
    assert!(late.receive(&part, Instant::ZERO).is_pending());
    let deadline = late.deadline().expect("the default");
    let refused = error(late.handle_timeout(deadline));
    assert_eq!(
        (refused.fault, refused.response.expect("kept").body),
        (Fault::Status, b"oops".to_vec())
    );
    assert!(late.deadline().is_none() && late.receive_eof().is_pending());
}
