//! permessage-deflate as part of the opening handshake: RFC 6455 section 9.1, RFC 7692 section 7.1.

extern crate alloc;

use alloc::sync::Arc;
use core::task::Poll;
use polywire::handshake::{
    ClientHandshake, ClientOptions, Fault, Offer, Response, ServerHandshake, Upgrade, Url,
};
use polywire::{Config, DeflateConfig, Instant};

fn config(server_max_window_bits: u8) -> Config {
    let deflate = DeflateConfig { server_max_window_bits, ..DeflateConfig::default() };
    Config { deflate: Some(deflate), ..Config::default() }
}

fn url() -> Url {
    Url::parse("ws://a/").expect("valid")
}

fn upgrade(server: &Config, request: &[u8]) -> Result<(ServerHandshake, Upgrade), Fault> {
    let mut server = ServerHandshake::new(Arc::default(), Arc::new(server.clone()), Instant::ZERO);
    match server.receive(request, Instant::ZERO) {
        Poll::Ready(Ok(upgrade)) => Ok((server, upgrade)),
        Poll::Ready(Err(refusal)) => Err(refusal.error.fault),
        Poll::Pending => panic!("not decided"),
    }
}

#[test]
fn both_ends_come_to_the_same_parameters() {
    for bits in 8..=15 {
        let options = ClientOptions::default();
        let (mut client, request) =
            ClientHandshake::new(&url(), &options, &config(15), [1; 16], Instant::ZERO)
                .expect("valid");
        let (server, upgrade) = upgrade(&config(bits), &request).expect("valid");
        let (response, at_server) = server.accept(upgrade).expect("no early data");
        let Poll::Ready(Ok(at_client)) = client.receive(&response.to_bytes(), Instant::ZERO) else {
            panic!("not established");
        };
        assert_eq!(at_client.agreement, at_server.agreement);
        assert_eq!(at_client.agreement.deflate.expect("agreed").server_max_window_bits, bits);
    }
}

#[test]
fn either_end_may_do_without() {
    let plain = Config { deflate: None, ..Config::default() };
    for (at_client, at_server) in [(&plain, &config(12)), (&config(12), &plain)] {
        let options = ClientOptions::default();
        let (mut client, request) =
            ClientHandshake::new(&url(), &options, at_client, [1; 16], Instant::ZERO)
                .expect("valid");
        let (server, upgrade) = upgrade(at_server, &request).expect("valid");
        let response = server.accept(upgrade).expect("no early data").0;
        assert_eq!(response.headers.first("Sec-WebSocket-Extensions"), None);
        let outcome = client.receive(&response.to_bytes(), Instant::ZERO);
        assert!(
            matches!(outcome, Poll::Ready(Ok(established)) if established.agreement.deflate.is_none())
        );
    }
}

#[test]
fn offers_may_be_split_across_lines_and_stand_among_unknown_ones() {
    let request = |extensions: &str| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
        )
    };
    for (extensions, agreed) in [
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", true),
        (
            "Sec-WebSocket-Extensions: foo\r\nSec-WebSocket-Extensions: bar, permessage-deflate\r\n",
            true,
        ),
        ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\"\r\n", true),
        ("Sec-WebSocket-Extensions: permessage-deflate; x, permessage-deflate\r\n", true),
        ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=08\r\n", false),
        ("Sec-WebSocket-Extensions: constructor, __proto__;x\r\n", false),
        ("", false),
    ] {
        let (_, upgrade) = upgrade(&config(12), request(extensions).as_bytes()).expect("valid");
        assert_eq!(upgrade.accept().1.deflate.is_some(), agreed, "{extensions}");
    }
    let malformed = request("Sec-WebSocket-Extensions: permessage-deflate;\r\n");
    let fault = upgrade(&config(12), malformed.as_bytes()).map(drop);
    assert_eq!(fault, Err(Fault::ExtensionList));
}

#[test]
fn answers_that_do_not_fit_the_offer_fail_the_connection() {
    let config = config(15);
    let offer = Offer::new(
        &url(),
        &ClientOptions::default(),
        config.deflate.as_ref(),
        *b"the sample nonce",
    )
    .expect("valid");
    let verify = |values: &[&str]| {
        let mut response = Response { status: 101, ..Response::default() };
        let headers = &mut response.headers;
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        for (name, value) in
            [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]
        {
            headers.push(name, value.as_bytes()).expect("valid");
        }
        for value in values {
            headers.push("Sec-WebSocket-Extensions", value.as_bytes()).expect("valid");
        }
        offer
            .verify(&response)
            .map(|agreement| agreement.deflate.is_some())
            .map_err(|error| error.fault)
    };
    assert_eq!(verify(&[]), Ok(false));
    assert_eq!(verify(&["permessage-deflate"]), Ok(true));
    for bits in ["0", "7", "16", "08", "-1", "x", "\"\""] {
        let answer = format!("permessage-deflate; server_max_window_bits={bits}");
        assert!(verify(&[&answer]).is_err(), "{bits}");
    }
    use Fault::{DeflateParameters, ExtensionNotOffered, ExtensionRepeated};
    assert_eq!(verify(&["permessage-deflate; x"]), Err(DeflateParameters));
    assert_eq!(verify(&["permessage-deflate; server_max_window_bits"]), Err(DeflateParameters));
    assert_eq!(verify(&["permessage-deflate, permessage-deflate"]), Err(ExtensionRepeated));
    assert_eq!(verify(&["permessage-deflate", "permessage-deflate"]), Err(ExtensionRepeated));
    assert_eq!(verify(&["permessage-deflate, foo"]), Err(ExtensionNotOffered));
    assert_eq!(verify(&["Permessage-Deflate"]), Err(ExtensionNotOffered));
}
