//! Negotiation, with every parameter in every combination.

use super::super::DeflateParams;
use super::super::offer::{accept, answer, offer};
use super::*;
use crate::http::grammar::Extension;

/// A plain reader of what this end writes and of the cases below; the real one is `http::grammar`.
fn elements(value: &str) -> Vec<Extension<'_>> {
    value
        .split(',')
        .map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let name = parts.next().expect("a name");
            let params = parts
                .map(|part| match part.split_once('=') {
                    Some((name, value)) => (name, Some(value.trim_matches('"').into())),
                    None => (part, None),
                })
                .collect();
            Extension { name, params }
        })
        .collect()
}

fn choose(config: &DeflateConfig, offers: &str) -> Option<String> {
    answer(config, &elements(offers)).map(|(_, value)| value)
}

fn check(config: &DeflateConfig, answer: &str) -> Result<DeflateParams, &'static str> {
    accept(config, &elements(answer)[0])
}

fn bits(server_max_window_bits: u8, client_max_window_bits: u8) -> DeflateConfig {
    DeflateConfig { server_max_window_bits, client_max_window_bits, ..DeflateConfig::default() }
}

#[test]
fn what_is_offered() {
    assert_eq!(
        offer(&DeflateConfig::default()),
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, \
         permessage-deflate; server_no_context_takeover; client_max_window_bits=12, \
         permessage-deflate; client_max_window_bits=12"
    );
    assert_eq!(offer(&bits(15, 15)), "permessage-deflate; client_max_window_bits");
    let fresh = DeflateConfig {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..bits(8, 9)
    };
    assert_eq!(
        offer(&fresh),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=8; client_max_window_bits=9"
    );
    // Settings out of range are taken as the nearest that is in it.
    assert_eq!(offer(&bits(99, 99)), offer(&bits(15, 15)));
    assert_eq!(offer(&bits(0, 0)), offer(&bits(8, 8)));
}

#[test]
fn what_is_answered() {
    let cases = [
        // Chrome, Firefox, and what the default configuration makes of them.
        (
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
        ),
        (
            "permessage-deflate",
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits=15; server_max_window_bits=15",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
        ),
        (
            "permessage-deflate; server_max_window_bits=\"10\"; client_max_window_bits=\"8\"",
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=8",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=12",
        ),
        // The first that is valid.
        (
            "x-other; a=b, permessage-deflate; unknown, permessage-deflate; client_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9",
        ),
    ];
    for (offers, expected) in cases {
        let chosen = choose(&DeflateConfig::default(), offers);
        assert_eq!(chosen.as_deref(), Some(expected), "{offers}");
    }
    let wide = bits(15, 15);
    assert_eq!(choose(&wide, "permessage-deflate").as_deref(), Some("permessage-deflate"));
    assert_eq!(
        choose(&wide, "permessage-deflate; client_max_window_bits; server_max_window_bits=15")
            .as_deref(),
        Some("permessage-deflate; server_max_window_bits=15")
    );
}

const INVALID: [&str; 21] = [
    "permessage-deflate; unknown",
    "permessage-deflate; Server_no_context_takeover",
    "permessage-deflate; server_no_context_takeover=true",
    "permessage-deflate; server_no_context_takeover=\"\"",
    "permessage-deflate; client_no_context_takeover=1",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=\"\"",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=08",
    "permessage-deflate; server_max_window_bits=+8",
    "permessage-deflate; server_max_window_bits=8.0",
    "permessage-deflate; server_max_window_bits=265",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=16",
    "permessage-deflate; client_max_window_bits=010",
    "permessage-deflate; client_max_window_bits=ten",
];

#[test]
fn what_is_invalid_is_declined_and_failed() {
    for element in INVALID {
        for config in [DeflateConfig::default(), bits(15, 15)] {
            assert_eq!(choose(&config, element), None, "{element}");
            assert!(check(&config, element).is_err(), "{element}");
        }
    }
    assert_eq!(choose(&DeflateConfig::default(), "Permessage-Deflate"), None);
    assert_eq!(
        choose(
            &DeflateConfig::default(),
            "permessage-deflate; client_max_window_bits; client_max_window_bits=9"
        ),
        None
    );
}

#[test]
fn what_is_accepted() {
    let limited = DeflateConfig::default();
    let params = |server_fresh, client_fresh, server_bits, client_bits| DeflateParams {
        server_no_context_takeover: server_fresh,
        client_no_context_takeover: client_fresh,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
    };
    let cases = [
        ("; server_max_window_bits=12", Ok(params(false, false, 12, 12))),
        ("; server_max_window_bits=8; client_max_window_bits=9", Ok(params(false, false, 8, 9))),
        (
            "; server_max_window_bits=12; client_no_context_takeover",
            Ok(params(false, true, 12, 12)),
        ),
        // A larger limit than the hint is no limit.
        (
            "; server_max_window_bits=12; client_max_window_bits=15",
            Ok(params(false, false, 12, 12)),
        ),
        // The second choice: a window of 15 bits that is forgotten.
        ("; server_no_context_takeover", Ok(params(true, false, 15, 12))),
        (
            "; server_no_context_takeover; server_max_window_bits=14",
            Ok(params(true, false, 14, 12)),
        ),
        // The third: whatever window the server has.
        ("", Ok(params(false, false, 15, 12))),
        ("; server_max_window_bits=13", Ok(params(false, false, 13, 12))),
        (
            "; server_max_window_bits=12; client_max_window_bits",
            Err("client_max_window_bits without a value in an answer"),
        ),
    ];
    for (answer, expected) in cases {
        assert_eq!(check(&limited, &format!("permessage-deflate{answer}")), expected, "{answer}");
    }
    let wide = bits(15, 15);
    assert_eq!(check(&wide, "permessage-deflate"), Ok(params(false, false, 15, 15)));
    let fresh = DeflateConfig { server_no_context_takeover: true, ..wide };
    assert!(check(&fresh, "permessage-deflate").is_err());
    assert!(check(&limited, "x-other").is_err());
}

/// Every configuration of a client with every one of a server: they agree, on something that both
/// allow, and see the same parameters.
#[test]
fn every_combination_agrees() {
    for client in every_config() {
        let offers = offer(&client);
        for server in every_config() {
            let (params, value) = answer(&server, &elements(&offers)).expect("a valid offer");
            let seen = check(&client, &value).expect("a valid answer");
            assert_eq!(params, seen, "{offers} -> {value}");
            let either = |one: bool, other: bool| one || other;
            assert_eq!(
                params.server_no_context_takeover,
                either(client.server_no_context_takeover, server.server_no_context_takeover)
            );
            assert_eq!(
                params.client_no_context_takeover,
                either(client.client_no_context_takeover, server.client_no_context_takeover)
            );
            assert_eq!(
                params.server_max_window_bits,
                client.server_max_window_bits.min(server.server_max_window_bits)
            );
            assert_eq!(
                params.client_max_window_bits,
                client.client_max_window_bits.min(server.client_max_window_bits)
            );
        }
    }
}

fn every_config() -> Vec<DeflateConfig> {
    let mut all = Vec::new();
    for server_bits in 8..=15 {
        for client_bits in 8..=15 {
            for flags in 0..4 {
                all.push(DeflateConfig {
                    server_no_context_takeover: flags & 1 != 0,
                    client_no_context_takeover: flags & 2 != 0,
                    ..bits(server_bits, client_bits)
                });
            }
        }
    }
    all
}
