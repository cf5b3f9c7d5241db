//! Runs the vectors of the kinds `server_handshake`, `client_handshake`, `url` and `negotiation`.

use super::cut::Cut;
use super::data::{bytes, difference, hex, string};
use super::settings;
use polywire::handshake::{
    Agreement, ClientHandshake, ClientOptions, HandshakeError, Headers, HttpVersion, Offer,
    OriginPolicy, Refusal, Request, Response, ServerHandshake, ServerPolicy, Upgrade, Url,
};
use polywire::{Config, Contexts, Instant, Role};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

const START: Instant = Instant::from_micros(1_000_000);
const NONCE: [u8; 16] = *b"the sample nonce";

/// Text in which each character stands for one byte.
fn latin1(value: &Value) -> Vec<u8> {
    let byte = |character| u8::try_from(u32::from(character)).expect("a character below U+0100");
    string(value).chars().map(byte).collect()
}

fn shown(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn headers(value: &Value) -> Result<Headers, HandshakeError> {
    let mut headers = Headers::new();
    for field in value.as_array().into_iter().flatten() {
        headers.push(&string(&field[0]), &latin1(&field[1]))?;
    }
    Ok(headers)
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(string).collect()
}

fn pair(fields: &Value) -> Vec<(String, Vec<u8>)> {
    let fields = fields.as_array().into_iter().flatten();
    fields.map(|field| (string(&field[0]), latin1(&field[1]))).collect()
}

fn config(vector: &Value) -> Config {
    settings::config(&vector["config"], Contexts::Folded)
}

/// Header fields by the names that `expected` uses: the values joined, or null for none.
fn named<'a>(expected: &Value, fields: impl Iterator<Item = (String, &'a [u8])> + Clone) -> Value {
    let names = expected.as_object().into_iter().flat_map(|fields| fields.keys());
    let found = names.map(|name| {
        let same = fields.clone().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<_> = same.map(|(_, value)| shown(value)).collect();
        let value = if values.is_empty() { Value::Null } else { values.join(", ").into() };
        (name.clone(), value)
    });
    Value::Object(found.collect())
}

/// A head of HTTP/1.1 taken apart: the first line, the fields, and what is behind the blank line.
type Head<'a> = (String, Vec<(String, &'a [u8])>, &'a [u8]);

fn head(bytes: &[u8]) -> Result<Head<'_>, String> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no blank line")?;
    let (head, body) = (&bytes[..end], &bytes[end + 4..]);
    let mut lines = head.split(|&byte| byte == b'\n');
    let line = |line: &'_ [u8]| line.strip_suffix(b"\r").unwrap_or(line).len();
    let first = lines.next().map(|first| shown(&first[..line(first)])).unwrap_or_default();
    let fields = lines.map(|field| {
        let field = &field[..line(field)];
        let colon = field.iter().position(|&byte| byte == b':').ok_or("a line without colon")?;
        let value = field[colon + 1..].strip_prefix(b" ").ok_or("no blank behind a colon")?;
        Ok((shown(&field[..colon]), value))
    });
    Ok((first, fields.collect::<Result<_, String>>()?, body))
}

fn agreed(agreement: &Agreement) -> Map<String, Value> {
    let deflate = agreement.deflate.map(|params| {
        json!({
            "server_no_context_takeover": params.server_no_context_takeover,
            "client_no_context_takeover": params.client_no_context_takeover,
            "server_max_window_bits": params.server_max_window_bits,
            "client_max_window_bits": params.client_max_window_bits,
        })
    });
    let subprotocol = &agreement.subprotocol;
    let fields = [("subprotocol", json!(subprotocol)), ("deflate", json!(deflate))];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn compare(expected: &Value, found: &Value) -> Result<(), String> {
    let mut expected = expected.clone();
    if let Some(body) = expected.get_mut("body") {
        *body = string(body).into();
    }
    difference(&expected, found).map_or(Ok(()), Err)
}

/// A server's handshake, with the request cut as `cut` says.
pub(crate) fn server(vector: &Value, cut: Cut) -> Result<(), String> {
    settings::known(
        vector,
        &[
            "id",
            "rfc",
            "origin",
            "note",
            "policy",
            "config",
            "request",
            "fields",
            "choose",
            "add_headers",
            "refuse",
            "advance",
            "eof",
            "expect",
        ],
    );
    let found = match vector.get("fields") {
        Some(fields) => server_over_http2(vector, fields),
        None => server_over_bytes(vector, cut)?,
    };
    compare(&vector["expect"], &found)
}

fn policy(value: &Value) -> ServerPolicy {
    settings::known(value, &["origins", "subprotocols"]);
    let origins = match &value["origins"] {
        Value::Null => OriginPolicy::SameOrigin,
        Value::String(any) if any == "any" => OriginPolicy::Any,
        list => OriginPolicy::List(strings(list)),
    };
    ServerPolicy { origins, subprotocols: strings(&value["subprotocols"]) }
}

fn server_over_bytes(vector: &Value, cut: Cut) -> Result<Value, String> {
    let policy = Arc::new(policy(&vector["policy"]));
    let mut server = ServerHandshake::new(policy, Arc::new(config(vector)), START);
    let request = latin1(&vector["request"]);
    let mut rest = &request[..];
    let mut outcome = Poll::Pending;
    for len in cut.pieces(request.len()) {
        let (piece, after) = rest.split_at(len);
        rest = after;
        let now = server.receive(piece, START);
        match (&outcome, now) {
            (Poll::Pending, now) => outcome = now,
            (Poll::Ready(_), Poll::Pending) => {}
            (Poll::Ready(_), Poll::Ready(_)) => return Err("ready twice".into()),
        }
    }
    if outcome.is_pending() {
        outcome = match vector["advance"].as_u64() {
            Some(millis) => server.handle_timeout(START + Duration::from_millis(millis)),
            None if vector["eof"] == true => server.receive_eof(),
            None => Poll::Pending,
        };
    }
    let mut upgrade = match outcome {
        Poll::Pending => return Ok(json!({ "pending": true })),
        Poll::Ready(Err(refusal)) => return refused(vector, &refusal),
        Poll::Ready(Ok(upgrade)) => upgrade,
    };
    if let Some(refusal) = vector.get("refuse") {
        let status = refusal["status"].as_u64().expect("a status") as u16;
        let response = headers(&refusal["headers"]).and_then(|headers| {
            Response::refusal(status, headers, string(&refusal["body"]).as_bytes())
        });
        return match response {
            Ok(response) => answered(vector, &response),
            Err(error) => Ok(json!({ "error": error.fault.code() })),
        };
    }
    if let Err(error) = decide(vector, &mut upgrade) {
        return Ok(json!({ "error": error.fault.code() }));
    }
    match server.accept(upgrade) {
        Ok((response, established)) => {
            let mut found = answered(vector, &response)?;
            let fields = found.as_object_mut().expect("an object");
            fields.extend(agreed(&established.agreement));
            fields.insert("target".into(), established.head.target.into());
            fields.insert("leftover".into(), hex(&established.leftover).into());
            Ok(found)
        }
        Err(refusal) => refused(vector, &refusal),
    }
}

/// What the application does with a valid request.
fn decide(vector: &Value, upgrade: &mut Upgrade) -> Result<(), HandshakeError> {
    if let Some(choice) = vector.get("choose") {
        upgrade.choose(choice.as_str())?;
    }
    for (name, value) in pair(&vector["add_headers"]) {
        upgrade.add_header(&name, &value)?;
    }
    Ok(())
}

fn refused(vector: &Value, refusal: &Refusal) -> Result<Value, String> {
    let mut found = answered(vector, &refusal.response)?;
    found["fault"] = refusal.error.fault.code().into();
    Ok(found)
}

/// A response as its bytes show it.
fn answered(vector: &Value, response: &Response) -> Result<Value, String> {
    let bytes = response.to_bytes();
    let (line, fields, body) = head(&bytes)?;
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or_default();
    Ok(json!({
        "status": status.parse::<u16>().unwrap_or_default(),
        "headers": named(&vector["expect"]["headers"], fields.iter().cloned()),
        "body": shown(body),
    }))
}

fn server_over_http2(vector: &Value, fields: &Value) -> Value {
    let fields = pair(fields);
    let borrowed = fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let request = match Request::from_fields(borrowed) {
        Ok(request) => request,
        Err(error) => return json!({ "fault": error.fault.code() }),
    };
    let config = config(vector);
    let expected = &vector["expect"]["headers"];
    match Upgrade::examine(request, &policy(&vector["policy"]), config.deflate.as_ref()) {
        Ok(upgrade) => {
            let (response, agreement) = upgrade.accept();
            let fields: Vec<_> = response.fields().collect();
            let headers = named(expected, fields.into_iter());
            let mut found = json!({ "status": response.status, "headers": headers });
            found["target"] = upgrade.request().target.clone().into();
            found.as_object_mut().expect("an object").extend(agreed(&agreement));
            found
        }
        Err(refusal) => {
            let fields: Vec<_> = refusal.response.fields().collect();
            let headers = named(expected, fields.into_iter());
            let (status, fault) = (refusal.response.status, refusal.error.fault.code());
            json!({ "status": status, "fault": fault, "headers": headers })
        }
    }
}

/// A client's handshake, with the response cut as `cut` says.
pub(crate) fn client(vector: &Value, cut: Cut) -> Result<(), String> {
    settings::known(
        vector,
        &[
            "id",
            "rfc",
            "origin",
            "note",
            "url",
            "options",
            "config",
            "nonce",
            "request",
            "error",
            "extended_connect",
            "fields",
            "response",
            "advance",
            "eof",
            "expect",
        ],
    );
    let url = Url::parse(&string(&vector["url"])).map_err(|error| error.to_string())?;
    let created = options(&vector["options"]).and_then(|options| {
        if vector["extended_connect"] == true {
            return client_over_http2(vector, &url, &options).map(Created::Done);
        }
        let nonce = vector
            .get("nonce")
            .map_or(NONCE, |nonce| bytes(nonce).try_into().expect("a nonce has 16 bytes"));
        ClientHandshake::new(&url, &options, &config(vector), nonce, START)
            .map(|(client, request)| Created::Client(Box::new(client), request))
    });
    match (created, vector["error"].as_str()) {
        (Ok(Created::Done(found)), None) => compare(&vector["expect"], &found?),
        (Ok(Created::Client(client, request)), None) => {
            check_request(&vector["request"], &request)?;
            compare(&vector["expect"], &client_over_bytes(vector, *client, cut)?)
        }
        (Ok(_), Some(error)) => Err(format!("expected {error}, found none")),
        (Err(found), error) if Some(found.fault.code()) == error => Ok(()),
        (Err(found), error) => Err(format!("expected {error:?}, found {found}")),
    }
}

enum Created {
    Client(Box<ClientHandshake>, Vec<u8>),
    Done(Result<Value, String>),
}

fn options(value: &Value) -> Result<ClientOptions, HandshakeError> {
    settings::known(value, &["subprotocols", "headers"]);
    let subprotocols = strings(&value["subprotocols"]);
    Ok(ClientOptions { subprotocols, headers: headers(&value["headers"])? })
}

fn check_request(expected: &Value, request: &[u8]) -> Result<(), String> {
    let (line, fields, body) = head(request)?;
    if !body.is_empty() {
        return Err("the request has a body".into());
    }
    let headers = named(&expected["headers"], fields.iter().cloned());
    match expected {
        Value::Null => Ok(()),
        expected => compare(expected, &json!({ "line": line, "headers": headers })),
    }
}

fn client_over_bytes(
    vector: &Value,
    mut client: ClientHandshake,
    cut: Cut,
) -> Result<Value, String> {
    let response = latin1(&vector["response"]);
    let mut rest = &response[..];
    let mut outcome = Poll::Pending;
    for len in cut.pieces(response.len()) {
        let (piece, after) = rest.split_at(len);
        outcome = client.receive(piece, START);
        rest = after;
        if outcome.is_ready() {
            break;
        }
    }
    if outcome.is_pending() {
        outcome = match vector["advance"].as_u64() {
            Some(millis) => client.handle_timeout(START + Duration::from_millis(millis)),
            None if vector["eof"] == true => client.receive_eof(),
            None => Poll::Pending,
        };
    }
    let expected = &vector["expect"]["headers"];
    Ok(match outcome {
        Poll::Pending => json!({ "pending": true }),
        Poll::Ready(Ok(established)) => {
            let mut found = agreed(&established.agreement);
            let leftover = [&established.leftover[..], rest].concat();
            found.insert("leftover".into(), hex(&leftover).into());
            found.into()
        }
        Poll::Ready(Err(error)) => {
            let mut found = json!({ "failed": true, "fault": error.fault.code() });
            if let Some(response) = &error.response {
                let fields = response.headers.iter().map(|(name, value)| (name.to_owned(), value));
                let fields: Vec<_> = fields.collect();
                found["status"] = response.status.into();
                found["headers"] = named(expected, fields.into_iter());
                found["body"] = shown(&response.body).into();
            }
            found
        }
    })
}

fn client_over_http2(
    vector: &Value,
    url: &Url,
    options: &ClientOptions,
) -> Result<Result<Value, String>, HandshakeError> {
    let offer = Offer::extended_connect(url, options, config(vector).deflate.as_ref())?;
    let fields: Vec<_> = offer.request().fields().collect();
    let sent = named(&vector["fields"], fields.into_iter());
    if let Some(Some(problem)) = vector.get("fields").map(|fields| difference(fields, &sent)) {
        return Ok(Err(format!("fields: {problem}")));
    }
    let answer = &vector["response"];
    let response = Response {
        version: HttpVersion::Http2,
        status: answer["status"].as_u64().expect("a status") as u16,
        headers: headers(&answer["headers"])?,
        ..Response::default()
    };
    Ok(Ok(match offer.verify(&response) {
        Ok(agreement) => agreed(&agreement).into(),
        Err(error) => json!({ "fault": error.fault.code() }),
    }))
}

/// A URL, or where a redirect from it leads.
pub(crate) fn url(vector: &Value) -> Result<(), String> {
    settings::known(vector, &["id", "rfc", "origin", "note", "url", "redirect", "expect"]);
    let parsed = Url::parse(&string(&vector["url"]));
    let parsed = match vector.get("redirect") {
        Some(location) => parsed.map_err(|error| error.to_string())?.redirect(&string(location)),
        None => parsed,
    };
    let found = match parsed {
        Ok(url) => json!({
            "secure": url.is_secure(),
            "host": url.host(),
            "port": url.port(),
            "target": url.target(),
            "authority": url.authority(),
            "credentials": url.credentials().map(|(user, password)| [user, password]),
        }),
        Err(error) => json!({ "fault": error.fault.code() }),
    };
    compare(&vector["expect"], &found)
}

/// The negotiation of permessage-deflate, seen from one side.
pub(crate) fn negotiation(vector: &Value) -> Result<(), String> {
    settings::known(
        vector,
        &["id", "rfc", "origin", "note", "role", "config", "offers", "answer", "params", "fault"],
    );
    let role = if vector["role"] == "client" { Role::Client } else { Role::Server };
    match role {
        Role::Server => negotiate_as_server(vector),
        Role::Client => negotiate_as_client(vector),
    }
}

/// The lines of a header field: none, one, or several.
fn extension_lines(value: &Value) -> Vec<(&str, Vec<u8>)> {
    let lines = match value {
        Value::Null => Vec::new(),
        Value::Array(lines) => lines.iter().map(latin1).collect(),
        line => vec![latin1(line)],
    };
    lines.into_iter().map(|line| ("sec-websocket-extensions", line)).collect()
}

fn negotiate_as_server(vector: &Value) -> Result<(), String> {
    let connect = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/"),
        (":authority", "a"),
        ("sec-websocket-version", "13"),
    ];
    let mut fields = connect.map(|(name, value)| (name, Vec::from(value))).to_vec();
    fields.extend(extension_lines(&vector["offers"]));
    let borrowed = fields.iter().map(|(name, value)| (*name, value.as_slice()));
    let request = Request::from_fields(borrowed).map_err(|error| error.to_string())?;
    let config = config(vector);
    let upgrade = Upgrade::examine(request, &ServerPolicy::default(), config.deflate.as_ref())
        .map_err(|refusal| refusal.to_string())?;
    let (response, agreement) = upgrade.accept();
    let answers = elements(response.headers.first("Sec-WebSocket-Extensions"));
    let answer = answers.first().cloned().unwrap_or(Value::Null);
    let params = agreed(&agreement).remove("deflate");
    let expected = json!({ "answer": vector["answer"], "params": vector["params"] });
    exactly(&expected, &json!({ "answer": answer, "params": params }))
}

fn negotiate_as_client(vector: &Value) -> Result<(), String> {
    let url = Url::parse("ws://a/").map_err(|error| error.to_string())?;
    let offer = Offer::new(&url, &ClientOptions::default(), config(vector).deflate.as_ref(), NONCE)
        .map_err(|error| error.to_string())?;
    if let Some(offers) = vector.get("offers") {
        let line = offer.request().headers.first("Sec-WebSocket-Extensions");
        exactly(offers, &elements(line).into())?;
    }
    let mut response = Response { status: 200, version: HttpVersion::Http2, ..Response::default() };
    let offer =
        Offer::extended_connect(&url, &ClientOptions::default(), config(vector).deflate.as_ref())
            .map_err(|error| error.to_string())?;
    for (name, line) in extension_lines(&vector["answer"]) {
        response.headers.push(name, &line).map_err(|error| error.to_string())?;
    }
    let found = match offer.verify(&response) {
        Ok(agreement) => json!({ "params": agreed(&agreement).remove("deflate"), "fault": null }),
        Err(error) => json!({ "params": null, "fault": error.fault.code() }),
    };
    exactly(&json!({ "params": vector["params"], "fault": vector["fault"] }), &found)
}

/// The elements of what this end wrote: each must be permessage-deflate, and its parameters are the
/// fields of an object.
fn elements(line: Option<&[u8]>) -> Vec<Value> {
    let line = shown(line.unwrap_or_default());
    let elements = line.split(',').map(str::trim).filter(|element| !element.is_empty());
    let parameter = |text: &str| match text.trim().split_once('=') {
        Some((name, value)) => (name.to_owned(), value.into()),
        None => (text.trim().to_owned(), Value::Null),
    };
    let element = |text: &str| {
        let params = text.strip_prefix("permessage-deflate").expect("the only extension");
        params.split(';').skip(1).map(parameter).collect::<Map<_, _>>().into()
    };
    elements.map(element).collect()
}

fn exactly(expected: &Value, found: &Value) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("expected {expected}, found {found}")) }
}
