//! The key of the request and the value that answers it.
//!
//! Owns `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`: RFC 6455 sections 4.1, 4.2.1 and 4.2.2.
//! Knows no randomness: the nonce is the caller's.

use alloc::string::String;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};

pub(crate) const SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// RFC 6455's own example of a key, `AQIDBAUGBwgJCgsMDQ4PEC==`, has bits set behind its last byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//# The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value
//# that has been base64-encoded (see Section 4 of [RFC4648]).
/// The key that `nonce` makes.
pub(crate) fn encode(nonce: [u8; 16]) -> String {
    STANDARD.encode(nonce)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//# A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 of [RFC4648]) value that,
//# when decoded, is 16 bytes in length.
/// Whether a client may send `key`.
pub(crate) fn is_valid(key: &[u8]) -> bool {
    let mut nonce = [0; 18];
    key.len() == 24 && matches!(LENIENT.decode_slice(key, &mut nonce), Ok(16))
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//# The value of this header field is constructed by concatenating /key/, defined above in step 4 in
//# Section 4.2.2, with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking the SHA-1 hash of
//# this concatenated value to obtain a 20-byte value and base64-encoding (see Section 4 of
//# [RFC4648]) this 20-byte hash.
/// The value that answers `key`.
pub(crate) fn accept(key: &[u8]) -> String {
    STANDARD.encode(digest(key))
}

/// The hash that [`accept`] encodes.
pub(crate) fn digest(key: &[u8]) -> [u8; 20] {
    Sha1::new().chain_update(key).chain_update(SUFFIX).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(encode(*b"the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==");
        assert!(is_valid(b"AQIDBAUGBwgJCgsMDQ4PEC=="));
    }

    #[test]
    fn keys_are_16_bytes_of_base64() {
        let cases: &[&[u8]] = &[
            b"",
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ=",
            b"dGhlIHNhbXBsZSBub25jZQ===",
            b"dGhlIHNhbXBsZSBub25jZSE=",
            b"dGhlIHNhbXBsZSBub25jZSEh",
            b"dGhlIHNhbXBsZSBub25j====",
            b"dGhlIHNhbXBsZSBub25j-_==",
            b"dGhlIHNhbXBsZSBub25 ZQ==",
            b"\xff\xfehlIHNhbXBsZSBub25jZQ==",
        ];
        for key in cases {
            assert!(!is_valid(key), "{}", key.escape_ascii());
        }
    }
}
