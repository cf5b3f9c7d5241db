//! Which web pages may connect.
//!
//! Owns the check of `Origin`: RFC 6455 section 10.2, RFC 6454. Knows nothing of other headers.

use super::authority::Authority;
use alloc::string::String;
use alloc::vec::Vec;

/// Which origins a server accepts.
///
/// Browsers send the cookies of your site along with a handshake that any page starts, and tell you
/// in `Origin` which page it was. Requests without `Origin` do not come from a browser and are
/// accepted under every policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Only pages that were loaded from the host and port that `Host` names. The right choice unless
    /// pages of other sites connect, or a proxy rewrites `Host`.
    #[default]
    SameOrigin,
    /// Only these, each written as a browser sends it: `https://example.com`,
    /// `http://localhost:8080`, or `null` for pages without an origin of their own.
    List(Vec<String>),
    /// Any page of any site: for public services without cookies, or where the application looks at
    /// [`Upgrade::origin`](super::Upgrade::origin) itself.
    Any,
}

impl OriginPolicy {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-10.2
    //# Servers that are not intended to process input from any web page but only for certain sites
    //# SHOULD verify the |Origin| field is an origin they expect.
    /// Whether a page of `origin` may connect to `host`.
    pub(crate) fn allows(&self, origin: &str, host: Authority<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::SameOrigin => Origin::parse(origin).is_some_and(|origin| {
                origin.web_port.is_some_and(|port| origin.authority.is_same(&host, port))
            }),
            Self::List(allowed) => allowed.iter().any(|allowed| is_same(allowed, origin)),
        }
    }
}

/// `scheme://host[:port]`: RFC 6454 section 6.2.
struct Origin<'a> {
    scheme: &'a str,
    authority: Authority<'a>,
    /// The default port, of a scheme of the web.
    web_port: Option<u16>,
}

impl<'a> Origin<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let web_port = if scheme.eq_ignore_ascii_case("http") {
            Some(80)
        } else if scheme.eq_ignore_ascii_case("https") {
            Some(443)
        } else {
            None
        };
        Some(Self { scheme, authority: Authority::parse(authority).ok()?, web_port })
    }
}

/// Whether both are the same origin. Those without host and port, such as `null`, are compared as
/// they are.
fn is_same(allowed: &str, origin: &str) -> bool {
    match (Origin::parse(allowed), Origin::parse(origin)) {
        (Some(allowed), Some(origin)) => {
            let default = allowed.web_port.unwrap_or_default();
            allowed.scheme.eq_ignore_ascii_case(origin.scheme)
                && allowed.authority.is_same(&origin.authority, default)
        }
        (None, None) => allowed.eq_ignore_ascii_case(origin),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    fn same(origin: &str, host: &str) -> bool {
        let host = Authority::parse(host).expect("a valid host");
        OriginPolicy::SameOrigin.allows(origin, host)
    }

    #[test]
    fn same_origin_compares_host_and_port() {
        assert!(same("http://example.com", "example.com"));
        assert!(same("http://example.com", "example.com:80"));
        assert!(same("https://example.com", "example.com"));
        assert!(same("https://example.com", "EXAMPLE.com:443"));
        assert!(same("http://[::1]:8080", "[::1]:8080"));
        for origin in [
            "https://evil.example",
            "http://example.com:8080",
            "http://example.com.evil.example",
            "http://a.example.com",
            "null",
            "",
            "http://",
            "http://a:b",
            "http://example.com/",
            "http://user@example.com",
            "file://example.com",
            "example.com",
            "http://example.com http://example.com",
        ] {
            assert!(!same(origin, "example.com:80"), "{origin}");
        }
        assert!(!same("https://example.com:80", "example.com"));
    }

    #[test]
    fn lists_name_origins() {
        let list = ["https://a.example", "http://localhost:8080", "null", "app://x"];
        let policy = OriginPolicy::List(list.map(str::to_owned).into());
        let allows = |origin| policy.allows(origin, Authority { host: "h", port: None });
        for origin in [
            "https://a.example",
            "HTTPS://A.example:443",
            "http://localhost:8080",
            "null",
            "app://x",
        ] {
            assert!(allows(origin), "{origin}");
        }
        for origin in [
            "http://a.example",
            "https://a.example:80",
            "http://localhost",
            "https://b.example",
            "",
            "app://y",
            "http://a:b",
        ] {
            assert!(!allows(origin), "{origin}");
        }
    }
}
