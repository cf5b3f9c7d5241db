//! The negotiation of permessage-deflate: what our server makes of any offer stays within it, and what
//! our client offers is understood by our server and its answer by our client.

use crate::input::Input;
use polywire::handshake::{
    Agreement, ClientOptions, HttpVersion, Offer, Request, Response, ServerPolicy, Upgrade, Url,
};
use polywire::{DeflateConfig, DeflateParams};

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (ours, theirs) = (config(&mut input), config(&mut input));
    let text = input.rest();
    check_ourselves(&ours, &theirs);
    check_server(&ours, text);
    check_client(&ours, text);
}

fn config(input: &mut Input<'_>) -> DeflateConfig {
    let (flags, windows) = (input.byte(), input.byte());
    DeflateConfig {
        server_no_context_takeover: flags & 1 != 0,
        client_no_context_takeover: flags & 2 != 0,
        server_max_window_bits: 15 - (windows & 7),
        client_max_window_bits: 15 - (windows >> 4 & 7),
        ..DeflateConfig::default()
    }
}

/// A client of ours and a server of ours always agree, and on the same.
fn check_ourselves(client: &DeflateConfig, server: &DeflateConfig) {
    let offer = offer(client);
    let line = offer.request().headers.first("Sec-WebSocket-Extensions").expect("an offer");
    let (response, at_server) = answer(server, line).expect("our own offer is valid");
    let at_client = offer.verify(&response).expect("our own answer is valid");
    assert_eq!(at_client, at_server);
    let params = at_server.deflate.expect("our own offer is accepted");
    assert!(within(&params, client) && within(&params, server), "{params:?}");
}

/// Memory is what the configuration bounds: by a window, or by starting afresh.
fn within(params: &DeflateParams, config: &DeflateConfig) -> bool {
    let server = params.server_max_window_bits <= config.server_max_window_bits;
    let client = params.client_max_window_bits <= config.client_max_window_bits;
    (server || params.server_no_context_takeover)
        && (client || params.client_no_context_takeover)
        && (params.server_no_context_takeover || !config.server_no_context_takeover)
        && (params.client_no_context_takeover || !config.client_no_context_takeover)
}

/// Any offer: the answer is well-formed, and within what was offered.
fn check_server(config: &DeflateConfig, offers: &[u8]) {
    let Some((response, agreement)) = answer(config, offers) else { return };
    let answers: Vec<_> = response.headers.all("sec-websocket-extensions").collect();
    let Some(params) = agreement.deflate else {
        assert!(answers.is_empty(), "{answers:?} without an agreement");
        return;
    };
    assert_eq!(answers.len(), 1);
    assert!(within(&params, config), "{params:?}");
    let answered = parameters(answers[0]);
    check_said(&answered, &params);
    let offered = elements(offers);
    assert!(
        offered.iter().any(|offer| accepts(offer, &answered)),
        "{answered:?} answers none of {offered:?}"
    );
}

/// The answer says what was agreed; silence means 15 bits.
fn check_said(answered: &[Parameter], params: &DeflateParams) {
    let find = |name: &str| answered.iter().find(|(other, _)| other == name);
    let bits = |name: &str| {
        find(name).map_or(15, |(_, value)| {
            value.as_ref().and_then(|value| value.parse().ok()).expect("an answer has a value")
        })
    };
    let said = DeflateParams {
        server_no_context_takeover: find("server_no_context_takeover").is_some(),
        client_no_context_takeover: find("client_no_context_takeover").is_some(),
        server_max_window_bits: bits("server_max_window_bits"),
        client_max_window_bits: bits("client_max_window_bits"),
    };
    assert_eq!(said, *params);
}

/// Whether a client that made `offer` may get this answer: RFC 7692 section 7.1.
fn accepts(offer: &[Parameter], answer: &[Parameter]) -> bool {
    let find = |list: &'_ [Parameter], name: &str| {
        list.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let number = |value: Option<String>| value.and_then(|value| value.parse::<u8>().ok());
    let afresh = find(offer, "server_no_context_takeover").is_none()
        || find(answer, "server_no_context_takeover").is_some();
    let server =
        match (find(offer, "server_max_window_bits"), find(answer, "server_max_window_bits")) {
            (Some(offered), Some(answered)) => number(answered) <= number(offered),
            (Some(_), None) => false,
            (None, _) => true,
        };
    let client = find(answer, "client_max_window_bits").is_none()
        || find(offer, "client_max_window_bits").is_some();
    afresh && server && client
}

/// Any answer to our offer: what is accepted is within our limits.
fn check_client(config: &DeflateConfig, answers: &[u8]) {
    let mut response = Response { status: 200, version: HttpVersion::Http2, ..Response::default() };
    if response.headers.push("sec-websocket-extensions", answers).is_err() {
        return;
    }
    if let Ok(Agreement { deflate: Some(params), .. }) = offer(config).verify(&response) {
        assert!((8..=15).contains(&params.server_max_window_bits));
        // The last of our offers asks for no window of the server: an answer to it may leave it at 15 bits.
        let unlimited = DeflateConfig { server_max_window_bits: 15, ..config.clone() };
        assert!(within(&params, &unlimited), "{params:?}");
    }
}

fn offer(config: &DeflateConfig) -> Offer {
    let url = Url::parse("wss://example.com/").expect("a URL");
    Offer::extended_connect(&url, &ClientOptions::default(), Some(config)).expect("nothing special")
}

/// Our server's answer to an offer, unless the request is not valid.
fn answer(config: &DeflateConfig, offers: &[u8]) -> Option<(Response, Agreement)> {
    let fields = [
        (":method", &b"CONNECT"[..]),
        (":protocol", b"websocket"),
        (":scheme", b"https"),
        (":path", b"/"),
        (":authority", b"example.com"),
        ("sec-websocket-version", b"13"),
        ("sec-websocket-extensions", offers),
    ];
    let request = Request::from_fields(fields).ok()?;
    let upgrade = Upgrade::examine(request, &ServerPolicy::default(), Some(config)).ok()?;
    Some(upgrade.accept())
}

type Parameter = (String, Option<String>);

/// The offers of permessage-deflate in a value that our server found well-formed.
fn elements(value: &[u8]) -> Vec<Vec<Parameter>> {
    let mut elements = vec![Vec::new()];
    let mut quoted = false;
    let mut escaped = false;
    for &byte in value {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => {
                escaped = true;
                continue;
            }
            b'"' => {
                quoted = !quoted;
                continue;
            }
            b',' if !quoted => {
                elements.push(Vec::new());
                continue;
            }
            _ => {}
        }
        elements.last_mut().expect("never empty").push(byte);
    }
    elements
        .iter()
        .filter(|element| {
            let name = element.split(|&byte| byte == b';').next().unwrap_or_default();
            name.trim_ascii() == b"permessage-deflate"
        })
        .map(|element| parameters(element))
        .collect()
}

/// The parameters of one element. No value of this extension holds a semicolon.
fn parameters(element: &[u8]) -> Vec<Parameter> {
    let text = String::from_utf8_lossy(element);
    let parameter = |text: &str| match text.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
        None => (text.trim().to_owned(), None),
    };
    text.split(';').skip(1).map(parameter).collect()
}
