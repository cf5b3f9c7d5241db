//! A host with an optional port.
//!
//! Owns RFC 3986 sections 3.2.2 and 3.2.3, as they stand in URLs, `Host`, `:authority` and `Origin`.
//! Knows no default ports: they belong to the scheme.

use core::net::Ipv6Addr;

/// A host and a port as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    /// The host; an IPv6 address is in brackets.
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

/// Which part is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorityError {
    Host,
    Port,
}

impl<'a> Authority<'a> {
    /// Parses `host [ ":" [port] ]`. Names with percent-encoding are refused: no resolver takes them.
    pub(crate) fn parse(text: &'a str) -> Result<Self, AuthorityError> {
        let end = match text.strip_prefix('[') {
            Some(_) => text.find(']').map_or(text.len(), |bracket| bracket + 1),
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, port) = text.split_at_checked(end).ok_or(AuthorityError::Host)?;
        if !is_host(host) {
            return Err(AuthorityError::Host);
        }
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return Err(AuthorityError::Host),
            Some("") => None,
            Some(digits) => Some(parse_port(digits).ok_or(AuthorityError::Port)?),
        };
        Ok(Self { host, port })
    }

    /// Whether both name the same server, where `default` stands for a port that is left out.
    pub(crate) fn is_same(&self, other: &Self, default: u16) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.unwrap_or(default) == other.port.unwrap_or(default)
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_name_byte = |byte| {
        matches!(byte,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9'
            | b'-' | b'.' | b'_' | b'~'
            | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
    };
    !host.is_empty() && host.bytes().all(is_name_byte)
}

fn parse_port(digits: &str) -> Option<u16> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&port| all_digits && port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities() {
        let parsed =
            |text| Authority::parse(text).map(|authority| (authority.host, authority.port));
        assert_eq!(parsed("example.com"), Ok(("example.com", None)));
        assert_eq!(parsed("example.com:"), Ok(("example.com", None)));
        assert_eq!(parsed("127.0.0.1:8080"), Ok(("127.0.0.1", Some(8080))));
        assert_eq!(parsed("[::1]:65535"), Ok(("[::1]", Some(65535))));
        assert_eq!(parsed("[::1]"), Ok(("[::1]", None)));
        for text in [
            "",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "a%41",
            "é",
            "[::1",
            "::1",
            "[::1]a",
            "[]",
            "[a]",
            "[fe80::1%25eth0]",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
        for text in ["a:b", "a:0", "a:65536", "a:+1", "a:1:2", "a:80 ", "[::1]:x"] {
            assert_eq!(parsed(text), Err(AuthorityError::Port), "{text}");
        }
    }
}
