//! The extended CONNECT of RFC 8441, through the same negotiation.

use polywire::handshake::{
    ClientOptions, Fault, HttpVersion, Offer, OriginPolicy, Refusal, Request, Response,
    ServerPolicy, Upgrade, Url,
};

const FIELDS: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/chat"),
    (":authority", "server.example.com"),
    ("sec-websocket-version", "13"),
];

fn examine(fields: &[(&str, &str)]) -> Result<Upgrade, Refusal> {
    let fields = fields.iter().map(|&(name, value)| (name, value.as_bytes()));
    let request = Request::from_fields(fields).expect("fields");
    Upgrade::examine(request, &ServerPolicy::default(), None)
}

fn with(index: usize, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut fields = FIELDS.to_vec();
    fields[index].1 = value;
    fields
}

#[test]
fn client_and_server_agree() {
    let url = Url::parse("wss://server.example.com/chat?x").expect("valid");
    let mut options = ClientOptions { subprotocols: vec!["a".into()], ..ClientOptions::default() };
    options.headers.push("Origin", b"https://server.example.com").expect("valid");
    let offer = Offer::extended_connect(&url, &options, None).expect("valid");
    let fields: Vec<_> = offer.request().fields().collect();
    let shown: Vec<_> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.escape_ascii())).collect();
    assert_eq!(
        shown,
        [
            ":method=CONNECT",
            ":protocol=websocket",
            ":scheme=https",
            ":path=/chat?x",
            ":authority=server.example.com",
            "sec-websocket-version=13",
            "sec-websocket-protocol=a",
            "origin=https://server.example.com",
        ]
    );

    let request = Request::from_fields(fields.iter().map(|(name, value)| (&name[..], *value)))
        .expect("fields");
    assert_eq!(request.target, "/chat?x");
    let policy = ServerPolicy { subprotocols: vec!["a".into()], origins: OriginPolicy::SameOrigin };
    let (response, agreement) = Upgrade::examine(request, &policy, None).expect("valid").accept();
    assert_eq!((response.status, response.headers.len()), (200, 1));
    assert_eq!(offer.verify(&response), Ok(agreement));
}

#[test]
fn each_wrong_field_is_refused() {
    use Fault::*;
    let plus = |name, value| [&FIELDS[..], &[(name, value)]].concat();
    let cases = [
        (with(0, "GET"), ExtendedConnect, 400),
        (with(1, ""), ExtendedConnect, 400),
        (with(1, "connect-udp"), Protocol, 501),
        (with(2, "ftp"), ExtendedConnect, 400),
        (with(3, ""), Target, 400),
        (with(3, "chat"), Target, 400),
        (with(3, "https://server.example.com/"), Target, 400),
        (with(3, "/\r\n"), Target, 400),
        (with(4, ""), Host, 400),
        (with(4, "a b"), Host, 400),
        (with(5, "8"), Version, 400),
        (plus("connection", "Upgrade"), ExtendedConnect, 400),
        (plus("upgrade", "websocket"), ExtendedConnect, 400),
        (plus("origin", "https://evil.example"), Origin, 403),
        (plus("sec-websocket-version", "13"), VersionRepeated, 400),
    ];
    for (fields, fault, status) in cases {
        let refusal = examine(&fields).map(drop).expect_err(&format!("{fields:?}"));
        assert_eq!((refusal.error.fault, refusal.response.status), (fault, status), "{fields:?}");
        assert!(
            refusal.response.fields().all(|(name, _)| name != "connection" && name != "upgrade")
        );
    }
    let refusal = examine(&with(5, "8")).map(drop).expect_err("another version");
    assert_eq!(refusal.response.headers.first("sec-websocket-version"), Some(&b"13"[..]));
}

#[test]
fn header_blocks_that_are_none() {
    for fields in [
        &[(":method", &b"CONNECT"[..]), (":method", b"CONNECT")][..],
        &[(":path", b"\xff")],
        &[(":unknown", b"x")],
        &[("a b", b"x")],
        &[("a", b"x\r\ny: z")],
    ] {
        let error = Request::from_fields(fields.iter().copied()).expect_err("malformed");
        assert_eq!(error.fault, Fault::ExtendedConnect);
    }
}

#[test]
fn the_client_takes_any_success_and_nothing_else() {
    let url = Url::parse("wss://a/").expect("valid");
    let offer = Offer::extended_connect(&url, &ClientOptions::default(), None).expect("valid");
    let fault = |status| {
        let response = Response { version: HttpVersion::Http2, status, ..Response::default() };
        offer.verify(&response).map_err(|error| error.fault)
    };
    assert!(fault(200).is_ok());
    for status in [101, 302, 401, 501] {
        assert_eq!(fault(status), Err(Fault::Status));
    }
}
