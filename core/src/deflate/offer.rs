//! Offers and answers of permessage-deflate.
//!
//! Owns which parameters are offered, which are accepted and what both ends then do. Knows nothing of
//! headers: they come as parsed elements and go as strings. RFC 7692 sections 5, 7 and 7.1.
//!
//! Names are tokens and compared exactly, because no RFC folds their case: an offer of
//! `Permessage-Deflate` is one of an unknown extension.

use super::{DeflateConfig, DeflateParams};
use crate::http::grammar::Extension;
use alloc::string::String;
use core::fmt::Write;

//= https://www.rfc-editor.org/rfc/rfc7692#section-5
//# To offer the use of a PMCE, a client MUST include the extension name of the PMCE in the "Sec-WebSocket-Extensions" header field of the client's opening handshake of the WebSocket connection.
//= https://www.rfc-editor.org/rfc/rfc7692#section-5
//# To accept the use of an offered PMCE, a server MUST include the extension name of the PMCE in the "Sec-WebSocket-Extensions" header field of the server's opening handshake of the WebSocket connection.
pub(crate) const NAME: &str = "permessage-deflate";

/// The client's `Sec-WebSocket-Extensions` value.
///
/// `client_max_window_bits` is always there, since only then may a server limit the client; it has the
/// configured value if that is less than 15, which spares a server memory even if it does not answer.
///
/// A limit on the server's window comes with a second choice: servers that cannot set their window
/// decline `server_max_window_bits`, but most can start each message afresh, which bounds the memory of
/// this end as well. The third choice asks for nothing: some servers accept a limit without saying so in
/// their answer, and an answer without it can only be to this offer. Its price is a window of 32 KiB
/// with such servers; `server_no_context_takeover` in the configuration rules it out.
pub(crate) fn offer(config: &DeflateConfig) -> String {
    let (server_bits, client_bits) = limits(config);
    let wanted = Parameters {
        server_no_context_takeover: config.server_no_context_takeover,
        client_no_context_takeover: config.client_no_context_takeover,
        server_max_window_bits: (server_bits < 15).then_some(server_bits),
        client_max_window_bits: Some((client_bits < 15).then_some(client_bits)),
    };
    let mut offers = wanted.element();
    if wanted.server_max_window_bits.is_some() && !wanted.server_no_context_takeover {
        let second =
            Parameters { server_no_context_takeover: true, server_max_window_bits: None, ..wanted };
        let third = Parameters { server_max_window_bits: None, ..wanted };
        for choice in [second, third] {
            offers += ", ";
            offers += &choice.element();
        }
    }
    offers
}

/// The server's choice among the client's offers: the parameters, and the value that says so.
///
/// The first offer that is valid wins: this end supports every valid configuration.
pub(crate) fn answer(
    config: &DeflateConfig,
    offers: &[Extension<'_>],
) -> Option<(DeflateParams, String)> {
    //= https://www.rfc-editor.org/rfc/rfc7692#section-7
    //# A server MUST decline an extension negotiation offer for this extension if any of the following conditions are met:
    let mut valid = offers
        .iter()
        .filter(|offer| offer.name == NAME)
        .filter_map(|offer| Parameters::parse(offer).ok());
    //= https://www.rfc-editor.org/rfc/rfc7692#section-5
    //# A server declining all offered PMCEs MUST NOT include any element with PMCE names.
    valid.next().map(|offer| settle(config, offer))
}

/// The client's check of one answered extension. The error says what was wrong.
pub(crate) fn accept(
    config: &DeflateConfig,
    answer: &Extension<'_>,
) -> Result<DeflateParams, &'static str> {
    //= https://www.rfc-editor.org/rfc/rfc7692#section-5
    //# If a server gives an invalid response, such as accepting a PMCE that the client did not offer, the client MUST _Fail the WebSocket Connection_.
    if answer.name != NAME {
        return Err("an extension that was not offered");
    }
    //= https://www.rfc-editor.org/rfc/rfc7692#section-7
    //# A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer for this extension with an extension negotiation response meeting any of the following conditions:
    let answer = Parameters::parse(answer)?;
    let client_answer = match answer.client_max_window_bits {
        Some(None) => return Err("client_max_window_bits without a value in an answer"),
        Some(Some(bits)) => bits,
        None => 15,
    };
    let (_, client_bits) = limits(config);
    if config.server_no_context_takeover && !answer.server_no_context_takeover {
        return Err("server_no_context_takeover was offered but not answered");
    }
    Ok(DeflateParams {
        server_no_context_takeover: answer.server_no_context_takeover,
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.2
        //# A client MUST support the "client_no_context_takeover" extension parameter in an extension negotiation response.
        client_no_context_takeover: answer.client_no_context_takeover
            || config.client_no_context_takeover,
        // Whatever it is: the last choice of `offer` leaves it to the server.
        server_max_window_bits: answer.server_max_window_bits.unwrap_or(15),
        // A larger value than offered is allowed, and this end keeps to its own.
        client_max_window_bits: client_answer.min(client_bits),
    })
}

/// What an observer takes as agreed by an answer, and whether the answer fits one of the offers.
pub(crate) fn observe(
    offers: &[Extension<'_>],
    answer: &Extension<'_>,
) -> Result<(DeflateParams, bool), &'static str> {
    let answer = Parameters::parse(answer)?;
    let fits = |offer: Parameters| {
        let bits = answer.server_max_window_bits.unwrap_or(15);
        (answer.server_no_context_takeover || !offer.server_no_context_takeover)
            && bits <= offer.server_max_window_bits.unwrap_or(15)
            && (answer.client_max_window_bits.is_none() || offer.client_max_window_bits.is_some())
    };
    let client_bits = match answer.client_max_window_bits {
        Some(None) => return Err("client_max_window_bits without a value in an answer"),
        Some(Some(bits)) => bits,
        None => 15,
    };
    let params = DeflateParams {
        server_no_context_takeover: answer.server_no_context_takeover,
        client_no_context_takeover: answer.client_no_context_takeover,
        server_max_window_bits: answer.server_max_window_bits.unwrap_or(15),
        client_max_window_bits: client_bits,
    };
    let mut offers = offers.iter().filter(|offer| offer.name == NAME);
    Ok((params, offers.any(|offer| Parameters::parse(offer).is_ok_and(fits))))
}

/// What a server makes of a valid offer.
///
/// Both ends' limits hold, and what the client hints at doing anyway is agreed, so that no memory is
/// spent on it. A client that does not offer `client_max_window_bits` cannot be limited: its window is
/// 32 KiB. If the configuration wants less, such a client is told to start each message afresh, which
/// costs its messages some ratio and this end no memory between them.
fn settle(config: &DeflateConfig, offer: Parameters) -> (DeflateParams, String) {
    let (server_bits, client_bits) = limits(config);
    let params = DeflateParams {
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.1
        //# It is RECOMMENDED that a server supports the "server_no_context_takeover" extension parameter in an extension negotiation offer.
        server_no_context_takeover: offer.server_no_context_takeover
            || config.server_no_context_takeover,
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
        //# Note that even if the client has included the "client_no_context_takeover" extension parameter in its offer, the server MUST decompress each new message using the LZ77 sliding window used to process the last compressed message if the "agreed parameters" don't contain the "client_no_context_takeover" extension parameter.
        client_no_context_takeover: offer.client_no_context_takeover
            || config.client_no_context_takeover
            || (offer.client_max_window_bits.is_none() && client_bits < 15),
        server_max_window_bits: offer.server_max_window_bits.unwrap_or(15).min(server_bits),
        client_max_window_bits: match offer.client_max_window_bits {
            Some(hint) => hint.unwrap_or(15).min(client_bits),
            None => 15,
        },
    };
    //= https://www.rfc-editor.org/rfc/rfc7692#section-5
    //# The element MUST represent a PMCE that is fully supported by the server.
    // A window of 15 is what silence means, but an offered limit is accepted only by answering it.
    let said = |bits: u8, offered: bool| (bits < 15 || offered).then_some(bits);
    let answer = Parameters {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: said(
            params.server_max_window_bits,
            offer.server_max_window_bits.is_some(),
        ),
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
        //# If a received extension negotiation offer doesn't have the "client_max_window_bits" extension parameter, the corresponding extension negotiation response to the offer MUST NOT include the "client_max_window_bits" extension parameter.
        client_max_window_bits: offer
            .client_max_window_bits
            .and_then(|hint| said(params.client_max_window_bits, hint.is_some()))
            .map(Some),
    };
    (params, answer.element())
}

/// The configured windows of server and client.
fn limits(config: &DeflateConfig) -> (u8, u8) {
    (config.server_max_window_bits.clamp(8, 15), config.client_max_window_bits.clamp(8, 15))
}

/// The parameters as they stand in one element.
#[derive(Clone, Copy, Debug, Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// In an offer the value may be missing.
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    fn parse(element: &Extension<'_>) -> Result<Self, &'static str> {
        let mut parsed = Self::default();
        for (name, value) in &element.params {
            let value = value.as_deref();
            match *name {
                "server_no_context_takeover" => set(&mut parsed.server_no_context_takeover, value),
                "client_no_context_takeover" => set(&mut parsed.client_no_context_takeover, value),
                "server_max_window_bits" => {
                    let bits = window_bits(value.ok_or("server_max_window_bits without a value")?)?;
                    fill(&mut parsed.server_max_window_bits, bits)
                }
                "client_max_window_bits" => {
                    fill(&mut parsed.client_max_window_bits, value.map(window_bits).transpose()?)
                }
                _ => Err("an unknown parameter of permessage-deflate"),
            }?;
        }
        Ok(parsed)
    }

    fn element(&self) -> String {
        let mut element = String::from(NAME);
        if self.server_no_context_takeover {
            element += "; server_no_context_takeover";
        }
        if self.client_no_context_takeover {
            element += "; client_no_context_takeover";
        }
        if let Some(bits) = self.server_max_window_bits {
            let _ = write!(element, "; server_max_window_bits={bits}");
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => {
                let _ = write!(element, "; client_max_window_bits={bits}");
            }
            Some(None) => element += "; client_max_window_bits",
            None => {}
        }
        element
    }
}

const REPEATED: &str = "a parameter of permessage-deflate twice";

fn set(flag: &mut bool, value: Option<&str>) -> Result<(), &'static str> {
    if value.is_some() {
        return Err("a value for a parameter that has none");
    }
    if core::mem::replace(flag, true) { Err(REPEATED) } else { Ok(()) }
}

fn fill<T>(slot: &mut Option<T>, value: T) -> Result<(), &'static str> {
    if slot.replace(value).is_some() { Err(REPEATED) } else { Ok(()) }
}

//= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
//# This parameter has a decimal integer value without leading zeroes between 8 to 15, inclusive, indicating the base-2 logarithm of the LZ77 sliding window size, and MUST conform to the ABNF below.
//= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
//# If a value is specified for this parameter, the value MUST conform to the ABNF below.
//= https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
//# The "client_max_window_bits" extension parameter in an extension negotiation response has a decimal integer value without leading zeroes between 8 to 15 inclusive indicating the base-2 logarithm of the LZ77 sliding window size and MUST conform to the ABNF below.
fn window_bits(value: &str) -> Result<u8, &'static str> {
    match value.as_bytes() {
        [digit @ b'8'..=b'9'] => Ok(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Ok(10 + digit - b'0'),
        _ => Err("window bits other than 8 to 15"),
    }
}
