//! `ws://` and `wss://` URLs: RFC 6455 section 3, and where redirects lead.

use polywire::handshake::{Fault, Url};

fn parse(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn urls_are_taken_apart() {
    let cases: &[(&str, bool, &str, u16, &str, &str)] = &[
        ("ws://example.com", false, "example.com", 80, "example.com", "/"),
        ("wss://example.com/", true, "example.com", 443, "example.com", "/"),
        ("WSS://Example.COM:443/A", true, "example.com", 443, "example.com", "/A"),
        ("ws://example.com:443", false, "example.com", 443, "example.com:443", "/"),
        ("ws://example.com:/x", false, "example.com", 80, "example.com", "/x"),
        ("ws://example.com?", false, "example.com", 80, "example.com", "/"),
        ("ws://example.com/a?", false, "example.com", 80, "example.com", "/a"),
        ("ws://example.com?a=b", false, "example.com", 80, "example.com", "/?a=b"),
        ("ws://example.com/a??", false, "example.com", 80, "example.com", "/a??"),
        ("ws://example.com/a%20b?c=/d?e", false, "example.com", 80, "example.com", "/a%20b?c=/d?e"),
        ("wss://127.0.0.1:8080//x", true, "127.0.0.1", 8080, "127.0.0.1:8080", "//x"),
        ("ws://[::1]", false, "::1", 80, "[::1]", "/"),
        ("ws://[2001:DB8::1]:8080/", false, "2001:db8::1", 8080, "[2001:db8::1]:8080", "/"),
        (
            "ws://a/ä?\u{1f600}&b[]={c d}|",
            false,
            "a",
            80,
            "a",
            "/%C3%A4?%F0%9F%98%80&b%5B%5D=%7Bc%20d%7D%7C",
        ),
        ("ws://a/?next=ws://b@c/", false, "a", 80, "a", "/?next=ws://b@c/"),
    ];
    for &(text, secure, host, port, authority, target) in cases {
        let url = parse(text);
        assert_eq!((url.is_secure(), url.host(), url.port()), (secure, host, port), "{text}");
        assert_eq!((&url.authority()[..], url.target()), (authority, target), "{text}");
        assert_eq!(url.credentials(), None);
        assert_eq!(parse(&url.to_string()), url);
    }
}

#[test]
fn credentials_are_decoded_and_never_shown() {
    for (text, user, password) in [
        ("wss://user:pw@a", "user", "pw"),
        ("wss://user@a", "user", ""),
        ("wss://u%40s%3fr:p:w%25@a", "u@s?r", "p:w%"),
        ("wss://a@b:c@d", "a@b", "c"),
        ("wss://:@a", "", ""),
        ("wss://\u{e4}:%C3%A4@a", "\u{e4}", "\u{e4}"),
    ] {
        let url = parse(text);
        assert_eq!(url.credentials(), Some((user, password)), "{text}");
        assert!(!format!("{url} {url:?}").contains('@'));
    }
}

#[test]
fn each_invalid_url_is_named() {
    use Fault::*;
    let cases = [
        ("", UrlScheme),
        ("example.com", UrlScheme),
        ("/chat", UrlScheme),
        ("http://a", UrlScheme),
        ("https://a", UrlScheme),
        ("ws:/a", UrlScheme),
        (" ws://a", UrlScheme),
        ("wsss://a", UrlScheme),
        ("ws://a#", UrlFragment),
        ("ws://a/b#c", UrlFragment),
        ("ws://", UrlHost),
        ("ws:///a", UrlHost),
        ("ws://:80", UrlHost),
        ("ws://u@", UrlHost),
        ("ws://a b", UrlHost),
        ("ws://ä", UrlHost),
        ("ws://a\\b", UrlHost),
        ("ws://%41", UrlHost),
        ("ws://a\r\nHost: b/", UrlHost),
        ("ws://[::1", UrlHost),
        ("ws://[::g]", UrlHost),
        ("ws://::1", UrlHost),
        ("ws://[::1]x", UrlHost),
        ("ws://a:b", UrlPort),
        ("ws://a:0", UrlPort),
        ("ws://a:-1", UrlPort),
        ("ws://a:65536", UrlPort),
        ("ws://a:80\r\n", UrlPort),
        ("ws://u:%0d@a", UrlCredentials),
        ("ws://u%3A:p@a", UrlCredentials),
        ("ws://u:%ff@a", UrlCredentials),
        ("ws://u:%@a", UrlCredentials),
        ("ws://a/\r\nX: y", UrlCharacter),
        ("ws://a/b\n", UrlCharacter),
        ("ws://a/\0", UrlCharacter),
        ("ws://a/\t", UrlCharacter),
        ("ws://a/\x7f", UrlCharacter),
        ("ws://a/%", UrlCharacter),
        ("ws://a/%4", UrlCharacter),
        ("ws://a/?%zz", UrlCharacter),
    ];
    for (text, fault) in cases {
        let error = Url::parse(text).expect_err(text);
        assert_eq!(error.fault, fault, "{text:?}: {error}");
    }
    let error = Url::parse("ws://a/b\rc").expect_err("CR");
    assert_eq!(error.found, "\"\\r\" at byte 8");
    let error = Url::parse("ws://u:secret@a b/").expect_err("blank");
    assert_eq!(error.found, "\"a b\" at byte 14");
}

#[test]
fn redirects_lead_where_the_location_says() {
    let base = parse("wss://u:p@a:8443/x/y?q");
    for (location, target) in [
        ("wss://b/c", "wss://b/c"),
        ("https://b:444/c#d", "wss://b:444/c"),
        ("HTTPS://a:8443", "wss://a:8443/"),
        ("//c/d", "wss://c/d"),
        ("/z?ws://", "wss://a:8443/z?ws://"),
        ("z", "wss://a:8443/x/z"),
        ("?r", "wss://a:8443/x/y?r"),
        ("", "wss://a:8443/x/y?q"),
    ] {
        let next = base.redirect(location).expect(location);
        assert_eq!(next.to_string(), target, "{location}");
        assert_eq!(next.credentials().is_some(), next.is_same_origin(&base), "{location}");
    }
    for location in ["ws://a:8443/", "http://a:8443/", "ftp://a/", "wss://a\r\n", "/\r\nX: y"] {
        assert!(base.redirect(location).is_err(), "{location}");
    }
    let next = base.redirect("wss://v:w@b/").expect("valid");
    assert_eq!(next.credentials(), Some(("v", "w")));
    let plain = parse("ws://a/").redirect("https://a/").expect("an upgrade to TLS");
    assert!(plain.is_secure());
}
