//! What a server makes of a request: RFC 6455 section 4.2, one thing wrong at a time.

extern crate alloc;

use alloc::sync::Arc;
use core::task::Poll;
use polywire::handshake::{
    Fault, Headers, OriginPolicy, Refusal, Response, ServerHandshake, ServerPolicy, Upgrade,
};
use polywire::{Config, Instant};

const LINES: [&str; 6] = [
    "GET /chat?room=1 HTTP/1.1",
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

fn head(lines: &[&str]) -> Vec<u8> {
    [lines.join("\r\n").as_bytes(), b"\r\n\r\n"].concat()
}

/// The valid request with the line at `index` replaced, or left out.
fn with(index: usize, line: &str) -> Vec<u8> {
    let mut lines = LINES.to_vec();
    lines[index] = line;
    lines.retain(|line| !line.is_empty());
    head(&lines)
}

/// The valid request with further lines.
fn and(lines: &[&str]) -> Vec<u8> {
    head(&[&LINES[..], lines].concat())
}

fn examine_with(policy: ServerPolicy, bytes: &[u8]) -> Result<Upgrade, Refusal> {
    let mut server = ServerHandshake::new(Arc::new(policy), plain(), Instant::ZERO);
    match server.receive(bytes, Instant::ZERO) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("not decided: {}", bytes.escape_ascii()),
    }
}

fn plain() -> Arc<Config> {
    Arc::new(Config { deflate: None, ..Config::default() })
}

fn examine(bytes: &[u8]) -> Result<Upgrade, Refusal> {
    examine_with(ServerPolicy::default(), bytes)
}

/// The refusal, after the checks that hold for each.
fn refused(bytes: &[u8]) -> Refusal {
    let refusal = examine(bytes).map(drop).expect_err(&bytes.escape_ascii().to_string());
    check(&refusal);
    refusal
}

fn check(refusal: &Refusal) {
    let Response { headers, body, status, .. } = &*refusal.response;
    assert_ne!(*status, 101);
    assert!(headers.first("connection").is_some_and(|value| value.starts_with(b"close")));
    assert_eq!(headers.first("content-length"), Some(body.len().to_string().as_bytes()));
    let bytes = refusal.response.to_bytes();
    assert!(bytes.starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
    assert!(bytes.ends_with(body));
}

#[test]
fn the_example_of_the_rfc() {
    let mut lines = LINES.to_vec();
    lines.extend([
        "Origin: http://server.example.com",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Cookie: a=b",
    ]);
    let policy = ServerPolicy { subprotocols: vec!["chat".into()], ..ServerPolicy::default() };
    let upgrade = examine_with(policy, &head(&lines)).expect("valid");
    assert_eq!(upgrade.request().target, "/chat?room=1");
    assert_eq!(upgrade.request().headers.first("cookie"), Some(&b"a=b"[..]));
    assert_eq!(upgrade.origin(), Some("http://server.example.com"));
    assert_eq!(upgrade.subprotocols(), ["chat", "superchat"]);
    let (response, agreement) = upgrade.accept();
    assert_eq!(
        String::from_utf8(response.to_bytes()).expect("ASCII"),
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         Sec-WebSocket-Protocol: chat\r\n\r\n"
    );
    assert_eq!(agreement.subprotocol.as_deref(), Some("chat"));
}

#[test]
fn variants_that_are_valid() {
    let cases = [
        and(&["Origin: http://SERVER.example.com:80"]),
        and(&["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b, ,c,"]),
        and(&["Sec-WebSocket-Extensions: constructor, __proto__;x"]),
        and(&["Content-Length: 0"]),
        and(&["X: \u{e9}"]),
        with(0, "GET / HTTP/1.1"),
        with(0, "GET http://server.example.com/chat HTTP/1.1"),
        with(0, "GET HTTPS://Server.Example.Com:443/ HTTP/1.1"),
        with(0, "\r\nGET / HTTP/1.1"),
        with(1, "HOST: [::1]:8080"),
        with(2, "upgrade: WebSocket"),
        with(2, "Upgrade: h2c, websocket"),
        with(3, "Connection: keep-alive, Upgrade"),
        with(3, "connection:\tkeep-alive\t,\tUPGRADE\t"),
        with(3, "Connection: keep-alive\r\nConnection: upgrade"),
        with(4, "sec-websocket-key:AQIDBAUGBwgJCgsMDQ4PEC=="),
    ];
    for case in cases {
        let upgrade = examine(&case);
        assert!(upgrade.is_ok(), "{:?} {}", upgrade.err(), case.escape_ascii());
    }
}

#[test]
fn each_wrong_line_is_refused_with_its_own_status() {
    use Fault::*;
    let cases = [
        (with(0, "POST /chat HTTP/1.1"), Method, 405),
        (with(0, "get /chat HTTP/1.1"), Method, 405),
        (with(0, "GET /chat HTTP/1.0"), HttpVersion, 400),
        (with(0, "GET /chat HTTP/2.0"), HttpVersion, 400),
        (with(0, "GET /chat"), HeadMalformed, 400),
        (with(0, "GET  /chat HTTP/1.1"), HeadMalformed, 400),
        (with(0, "GET chat HTTP/1.1"), Target, 400),
        (with(0, "GET * HTTP/1.1"), Target, 400),
        (with(0, "GET /chat#x HTTP/1.1"), Target, 400),
        (with(0, "GET /ch\u{e4}t HTTP/1.1"), Target, 400),
        (with(0, "GET http://evil.example/chat HTTP/1.1"), Target, 400),
        (with(0, "GET http://server.example.com:8080/ HTTP/1.1"), Target, 400),
        (with(0, "GET http://u@server.example.com/ HTTP/1.1"), Target, 400),
        (with(0, "GET http://server.example.com?x HTTP/1.1"), Target, 400),
        (with(0, "GET ws://server.example.com/ HTTP/1.1"), Target, 400),
        (with(0, "GET file:///etc/passwd HTTP/1.1"), Target, 400),
        (with(1, ""), Host, 400),
        (with(1, "Host:"), Host, 400),
        (with(1, "Host: a b"), Host, 400),
        (with(1, "Host: a:b"), Host, 400),
        (with(1, "Host: u@a"), Host, 400),
        (with(1, "Host: \u{ff}"), Host, 400),
        (and(&["Host: server.example.com"]), Host, 400),
        (with(2, ""), UpgradeMissing, 426),
        (with(2, "Upgrade: h2c"), UpgradeMissing, 426),
        (with(2, "Upgrade: websockets"), UpgradeMissing, 426),
        (with(2, "Upgrade: \u{ff}websocket"), UpgradeMissing, 426),
        (with(3, ""), ConnectionMissing, 400),
        (with(3, "Connection: keep-alive"), ConnectionMissing, 400),
        (with(3, "Connection: \u{ff}Upgrade"), ConnectionMissing, 400),
        (with(4, ""), Key, 400),
        (with(4, "Sec-WebSocket-Key:"), Key, 400),
        (with(4, "Sec-WebSocket-Key: c2hvcnQ="), Key, 400),
        (with(4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE="), Key, 400),
        (with(4, "Sec-WebSocket-Key: \u{ff}\u{fe}\u{80}"), Key, 400),
        (and(&[LINES[4]]), KeyRepeated, 400),
        (with(5, ""), Version, 426),
        (with(5, "Sec-WebSocket-Version: 8"), Version, 426),
        (with(5, "Sec-WebSocket-Version: 0"), Version, 426),
        (with(5, "Sec-WebSocket-Version: 013"), Version, 426),
        (with(5, "Sec-WebSocket-Version: 13, 8"), Version, 426),
        (with(5, "Sec-WebSocket-Version: \u{ff}"), Version, 426),
        (and(&[LINES[5]]), VersionRepeated, 400),
        (and(&["Sec-WebSocket-Protocol:"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Protocol: ,"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Protocol: a b"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Protocol: a, b, a"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Protocol: \u{ff}\u{fe}\u{80}"]), SubprotocolList, 400),
        (and(&["Sec-WebSocket-Extensions: a; b=\"\\c\\c\\c"]), ExtensionList, 400),
        (and(&["Sec-WebSocket-Extensions:"]), ExtensionList, 400),
        (and(&["Sec-WebSocket-Extensions: \u{ff}\u{fe}\u{80}"]), ExtensionList, 400),
        (and(&["Origin: https://evil.example"]), Origin, 403),
        (and(&["Origin: http://a:b"]), Origin, 403),
        (and(&["Origin: null"]), Origin, 403),
        (and(&["Origin:"]), Origin, 403),
        (and(&["Origin: \u{ff}\u{fe}\u{80}"]), Origin, 403),
        (and(&["Origin: http://server.example.com", "Origin: https://evil.example"]), Origin, 403),
        (and(&["Content-Length: 5"]), Body, 400),
        (and(&["Content-Length: 0", "Content-Length: 5"]), Body, 400),
        (and(&["Content-Length: -0"]), Body, 400),
        (and(&["Transfer-Encoding: chunked"]), Body, 400),
        (and(&["No colon"]), HeadMalformed, 400),
        (and(&["Space : before colon"]), HeadMalformed, 400),
        (and(&["Fold: a", " b"]), HeadMalformed, 400),
        (and(&["Nul: a\0"]), HeadMalformed, 400),
        (b"\x16\x03\x01\x02\x00\x01\x00".to_vec(), HeadMalformed, 400),
        (b"GET / HTTP/1.1\nHost: a\n\n".to_vec(), HeadMalformed, 400),
    ];
    for (bytes, fault, status) in cases {
        let refusal = refused(&bytes);
        let shown = bytes.escape_ascii();
        assert_eq!((refusal.error.fault, refusal.response.status), (fault, status), "{shown}");
    }
}

#[test]
fn raw_high_bytes_never_panic() {
    for (index, original) in LINES.iter().enumerate() {
        for high in [&b"\xff\xfe\x80"[..], b"\xc3", b"\xe2\x82"] {
            let (name, value) = original.split_once(": ").unwrap_or((original, ""));
            for position in 0..=value.len() {
                let (before, after) = value.split_at(position);
                let mangled =
                    [name.as_bytes(), b": ", before.as_bytes(), high, after.as_bytes()].concat();
                let mut lines = LINES.map(|line| line.as_bytes().to_vec());
                lines[index] = mangled;
                let bytes = [lines.join(&b"\r\n"[..]), b"\r\n\r\n".to_vec()].concat();
                check(&examine(&bytes).expect_err("mangled"));
            }
        }
    }
}

#[test]
fn refusals_tell_what_the_rfc_wants_told() {
    let header = |bytes: &[u8], name| {
        refused(bytes).response.headers.first(name).map(|value| value.escape_ascii().to_string())
    };
    let version = with(5, "Sec-WebSocket-Version: 8");
    assert_eq!(header(&version, "Sec-WebSocket-Version").as_deref(), Some("13"));
    assert_eq!(header(&version, "Upgrade").as_deref(), Some("websocket"));
    assert_eq!(header(&with(5, ""), "Sec-WebSocket-Version").as_deref(), Some("13"));
    assert_eq!(header(&with(2, ""), "Upgrade").as_deref(), Some("websocket"));
    assert_eq!(header(&with(0, "POST / HTTP/1.1"), "Allow").as_deref(), Some("GET"));
    // What the client sent is for the log, not for whoever reads the answer.
    let refusal = refused(&and(&["Origin: https://<script>"]));
    assert!(refusal.to_string().contains("https://<script>"));
    assert!(!refusal.response.body.escape_ascii().to_string().contains("script"));
}

#[test]
fn origin_policies() {
    let allows = |origins: OriginPolicy, origin: &str| {
        let policy = ServerPolicy { origins, ..ServerPolicy::default() };
        examine_with(policy, &and(&[&format!("Origin: {origin}")])).is_ok()
    };
    let list = || OriginPolicy::List(vec!["https://good.example".into()]);
    assert!(allows(OriginPolicy::Any, "https://evil.example"));
    assert!(!allows(OriginPolicy::Any, "https://a b"));
    assert!(allows(list(), "https://good.example"));
    assert!(!allows(list(), "https://evil.example"));
    assert!(!allows(list(), "http://server.example.com"));
    let policy = ServerPolicy { origins: list(), ..ServerPolicy::default() };
    assert!(examine_with(policy, &head(&LINES)).is_ok_and(|upgrade| upgrade.origin().is_none()));
}

#[test]
fn the_subprotocol_is_the_servers_first_choice_or_the_applications() {
    let request = and(&["Sec-WebSocket-Protocol: a, b, c"]);
    let policy = |names: &[&str]| ServerPolicy {
        subprotocols: names.iter().map(|&name| name.to_owned()).collect(),
        ..ServerPolicy::default()
    };
    for (known, chosen) in [
        (&["c", "a"][..], Some("c")),
        (&["x", "b"], Some("b")),
        (&["x"], None),
        (&[], None),
        (&["A"], None),
    ] {
        let upgrade = examine_with(policy(known), &request).expect("valid");
        assert_eq!(upgrade.subprotocol(), chosen);
        let (response, agreement) = upgrade.accept();
        assert_eq!(response.headers.first("Sec-WebSocket-Protocol"), chosen.map(str::as_bytes));
        assert_eq!(agreement.subprotocol.as_deref(), chosen);
    }
    let mut upgrade = examine_with(policy(&["a"]), &request).expect("valid");
    assert_eq!(upgrade.choose(Some("c")), Ok(()));
    assert_eq!(upgrade.subprotocol(), Some("c"));
    let error = upgrade.choose(Some("d")).expect_err("not offered");
    assert_eq!(error.fault, Fault::OptionSubprotocolNotOffered);
    assert_eq!(upgrade.choose(None), Ok(()));
    assert_eq!(upgrade.accept().1.subprotocol, None);
}

#[test]
fn headers_of_the_application_cannot_break_the_response() {
    let mut upgrade = examine(&head(&LINES)).expect("valid");
    assert_eq!(upgrade.add_header("Set-Cookie", b"a=b"), Ok(()));
    assert_eq!(upgrade.accept().0.headers.first("set-cookie"), Some(&b"a=b"[..]));
    for (name, value) in [("X", &b"a\r\nb: c"[..]), ("X\r\nY", b"a"), ("X", b"\0"), ("", b"a")] {
        let error = upgrade.add_header(name, value).expect_err("injection");
        assert_eq!(error.fault, Fault::OptionHeader);
    }
    for name in ["upgrade", "Sec-WebSocket-Accept", "CONTENT-LENGTH", "Sec-WebSocket-Extensions"] {
        let error = upgrade.add_header(name, b"1").expect_err("reserved");
        assert_eq!(error.fault, Fault::OptionHeaderReserved);
    }
    let length = upgrade.accept().0.headers.len();
    assert_eq!(length, 4);
}

#[test]
fn the_application_refuses_with_its_own_words() {
    let mut headers = Headers::new();
    headers.push("WWW-Authenticate", b"Basic realm=\"chat\"").expect("valid");
    let response = Response::refusal(401, headers.clone(), b"who are you?").expect("valid");
    assert_eq!(
        String::from_utf8(response.to_bytes()).expect("ASCII"),
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"chat\"\r\n\
         Connection: close\r\nContent-Length: 12\r\n\r\nwho are you?"
    );
    for status in [0, 100, 101, 199, 600, 999] {
        let error = Response::refusal(status, headers.clone(), b"").expect_err("not a refusal");
        assert_eq!(error.fault, Fault::OptionStatus);
    }
    headers.push("content-length", b"5").expect("valid");
    let error = Response::refusal(404, headers, b"").expect_err("reserved");
    assert_eq!(error.fault, Fault::OptionHeaderReserved);
}

#[test]
fn a_refusal_keeps_the_request_for_hosts_that_answer_plain_http() {
    let refusal = refused(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(refusal.error.fault, Fault::UpgradeMissing);
    assert_eq!(refusal.request.expect("read").target, "/health");
    let response = Response::refusal(200, Headers::new(), b"OK\n").expect("valid");
    assert!(response.to_bytes().starts_with(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"));
    assert_eq!(refused(b"GET /health\r\n\r\n").request, None);
}

#[test]
fn absolute_targets_are_reduced_to_their_path() {
    for (target, path) in [
        ("http://server.example.com", "/"),
        ("https://SERVER.example.com:443/a?b=http://c", "/a?b=http://c"),
        ("/http://evil.example/", "/http://evil.example/"),
    ] {
        let upgrade = examine(&with(0, &format!("GET {target} HTTP/1.1"))).expect("valid");
        assert_eq!(upgrade.request().target, path);
    }
}
