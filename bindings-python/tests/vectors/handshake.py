"""Runs the vectors of the kinds ``server_handshake``, ``client_handshake``, ``url`` and
``negotiation``."""

from __future__ import annotations

from typing import Any

from polywire.exceptions import WebSocketException
from polywire.sansio import (
    Agreement,
    ClientHandshake,
    Offer,
    Refusal,
    ResponseHead,
    ServerHandshake,
    Upgrade,
    Url,
)

from .data import Failure, cut_up, difference, known, latin1, octets, string
from .settings import settings

START = 1_000_000
NONCE = b"the sample nonce"
Fields = list[tuple[str, str]]


def compare(expected: dict[str, Any], found: dict[str, Any]) -> None:
    if "body" in expected:
        expected = expected | {"body": string(expected["body"])}
    problem = difference(expected, found)
    if problem:
        raise Failure(problem)


def named(expected: Any, fields: Fields) -> dict[str, Any]:
    """Header fields by the names that ``expected`` uses: the values joined, or None for none."""
    found = {}
    for name in expected or {}:
        values = [value for field, value in fields if field.lower() == name.lower()]
        found[name] = ", ".join(values) if values else None
    return found


def head(data: bytes) -> tuple[str, Fields, str]:
    """A head of HTTP/1.1 taken apart: the first line, the fields, and what is behind them."""
    text = data.decode("iso-8859-1")
    lines, blank, body = text.partition("\r\n\r\n")
    if not blank:
        raise Failure("no blank line")
    first, *rest = lines.split("\r\n")
    fields = []
    for line in rest:
        name, separator, value = line.partition(": ")
        if not separator:
            raise Failure(f"no field: {line}")
        fields.append((name, value))
    return first, fields, body


def pairs(value: Any) -> list[tuple[str, bytes]]:
    return [(string(name), latin1(field)) for name, field in value or ()]


def agreed(agreement: Agreement) -> dict[str, Any]:
    return {"subprotocol": agreement.subprotocol, "deflate": agreement.deflate}


def server(vector: dict[str, Any], cut: str | int) -> None:
    """A server's handshake, with the request cut."""
    known(
        vector,
        *("id", "rfc", "origin", "note", "policy", "config", "request", "fields", "choose"),
        *("add_headers", "refuse", "advance", "eof", "expect"),
    )
    given = vector.get("policy", {})
    known(given, "origins", "subprotocols")
    options = {"origins": given.get("origins"), "subprotocols": given.get("subprotocols", [])}
    config = settings(vector.get("config", {}))
    if "fields" in vector:
        found = server_over_http2(vector, config, options)
    else:
        found = server_over_bytes(vector, config, options, cut)
    compare(vector["expect"], found)


def server_over_bytes(vector: dict[str, Any], config: Any, options: Any, cut: Any) -> Any:
    handshake = ServerHandshake(config, **options, now=START)
    decision = None
    for piece in cut_up(cut, latin1(vector["request"]), vector["id"]):
        ready = handshake.receive(piece, START)
        if decision is not None and ready is not None:
            raise Failure("ready twice")
        decision = decision or ready
    if decision is None and "advance" in vector:
        decision = handshake.handle_timeout(START + vector["advance"] * 1000)
    elif decision is None and vector.get("eof"):
        decision = handshake.receive_eof()
    if decision is None:
        return {"pending": True}
    if isinstance(decision, Refusal):
        return refused(vector, decision)
    try:
        if "refuse" in vector:
            refuse = vector["refuse"]
            body = string(refuse.get("body", "")).encode()
            fields = pairs(refuse.get("headers"))
            return answered(vector, ResponseHead.refusal(refuse["status"], fields, body))
        decide(vector, decision)
    except WebSocketException as error:
        return {"error": error.fault}
    answer = handshake.accept(decision)
    if isinstance(answer, Refusal):
        return refused(vector, answer)
    response, established = answer
    found = answered(vector, response) | agreed(established.agreement)
    return found | {"target": established.head.path, "leftover": established.leftover.hex()}


def decide(vector: dict[str, Any], upgrade: Upgrade) -> None:
    """What the application does with a valid request."""
    if "choose" in vector:
        upgrade.choose(vector["choose"])
    for name, value in pairs(vector.get("add_headers")):
        upgrade.add_header(name, value)


def refused(vector: dict[str, Any], refusal: Refusal) -> dict[str, Any]:
    return answered(vector, refusal.response) | {"fault": refusal.error.fault}


def answered(vector: dict[str, Any], response: ResponseHead) -> dict[str, Any]:
    """A response as its bytes show it."""
    line, fields, body = head(response.to_bytes())
    if not line.startswith("HTTP/1.1 "):
        raise Failure(f"the first line is {line}")
    headers = named(vector["expect"].get("headers"), fields)
    return {"status": int(line[9:12]), "headers": headers, "body": body}


def server_over_http2(vector: dict[str, Any], config: Any, options: Any) -> dict[str, Any]:
    expected = vector["expect"].get("headers")
    try:
        decision = Upgrade.examine(pairs(vector["fields"]), config, **options)
    except WebSocketException as error:
        return {"fault": error.fault}
    if isinstance(decision, Refusal):
        head = decision.response
        headers = named(expected, head.fields())
        return {"status": head.status, "fault": decision.error.fault, "headers": headers}
    head, agreement = decision.accept()
    found = {"status": head.status, "headers": named(expected, head.fields())}
    return found | {"target": decision.request.path} | agreed(agreement)


def client(vector: dict[str, Any], cut: str | int) -> None:
    """A client's handshake, with the response cut."""
    known(
        vector,
        *("id", "rfc", "origin", "note", "url", "options", "config", "nonce", "request", "error"),
        *("extended_connect", "fields", "response", "advance", "eof", "expect"),
    )
    given = vector.get("options", {})
    known(given, "subprotocols", "headers")
    options = {
        "subprotocols": given.get("subprotocols", []),
        "headers": pairs(given.get("headers")),
    }
    url, config = Url(string(vector["url"])), settings(vector.get("config", {}))
    handshake: Offer | ClientHandshake
    try:
        if vector.get("extended_connect"):
            handshake = Offer(url, config, **options)
        else:
            nonce = octets(vector["nonce"]) if "nonce" in vector else NONCE
            handshake = ClientHandshake(url, config, **options, nonce=nonce, now=START)
    except WebSocketException as error:
        if error.fault != vector.get("error"):
            raise Failure(f"expected {vector.get('error')}, found {error}") from None
        return
    if "error" in vector:
        raise Failure(f"expected {vector['error']}, found no error")
    if isinstance(handshake, Offer):
        compare(vector["expect"], client_over_http2(vector, handshake))
        return
    if "request" in vector:
        line, fields, body = head(handshake.request_bytes)
        expected = vector["request"]
        headers = named(expected.get("headers"), fields)
        compare(expected, {"line": line, "headers": headers})
        if body:
            raise Failure("the request has a body")
    compare(vector["expect"], client_over_bytes(vector, handshake, cut))


def client_over_bytes(vector: dict[str, Any], handshake: ClientHandshake, cut: Any) -> Any:
    rest = cut_up(cut, latin1(vector["response"]), vector["id"])
    established = None
    try:
        while rest and established is None:
            established = handshake.receive(rest.pop(0), START)
        if established is None and "advance" in vector:
            established = handshake.handle_timeout(START + vector["advance"] * 1000)
        elif established is None and vector.get("eof"):
            established = handshake.receive_eof()
    except WebSocketException as error:
        return failed(vector, error)
    if established is None:
        return {"pending": True}
    leftover = established.leftover + b"".join(rest)
    return agreed(established.agreement) | {"leftover": leftover.hex()}


def failed(vector: dict[str, Any], error: WebSocketException) -> dict[str, Any]:
    found: dict[str, Any] = {"failed": True, "fault": error.fault}
    response = getattr(error, "response", None)
    if response is not None:
        found["status"] = response.status_code
        fields = list(response.headers.raw_items())
        found["headers"] = named(vector["expect"].get("headers"), fields)
        found["body"] = bytes(response.body).decode("iso-8859-1")
    return found


def client_over_http2(vector: dict[str, Any], offer: Offer) -> dict[str, Any]:
    problem = difference(vector.get("fields", {}), named(vector.get("fields"), offer.fields()))
    if problem:
        raise Failure(f"fields: {problem}")
    answer = vector["response"]
    try:
        return agreed(offer.verify(answer["status"], pairs(answer.get("headers"))))
    except WebSocketException as error:
        return {"fault": error.fault}


def url(vector: dict[str, Any]) -> None:
    """A URL, or where a redirect from it leads."""
    known(vector, "id", "rfc", "origin", "note", "url", "redirect", "expect")
    base = None
    if "redirect" in vector:
        base = Url(string(vector["url"]))
    try:
        parsed = base.redirect(string(vector["redirect"])) if base else Url(string(vector["url"]))
    except WebSocketException as error:
        compare(vector["expect"], {"fault": error.fault})
        return
    names = ("secure", "host", "port", "target", "authority")
    found = {name: getattr(parsed, name) for name in names}
    credentials = parsed.credentials
    compare(vector["expect"], found | {"credentials": credentials and list(credentials)})


def negotiation(vector: dict[str, Any]) -> None:
    """The negotiation of permessage-deflate, seen from one side."""
    known(
        vector,
        *("id", "rfc", "origin", "note", "role", "config", "offers", "answer", "params", "fault"),
    )
    config = settings(vector["config"])
    if vector["role"] == "server":
        found = negotiate_as_server(vector, config)
    else:
        found = negotiate_as_client(vector, config)
    for name, value in found.items():
        if vector.get(name) != value:
            raise Failure(f"{name}: expected {vector.get(name)}, found {value}")


def lines(value: Any) -> list[tuple[str, bytes]]:
    values = [] if value is None else value if isinstance(value, list) else [value]
    return [("sec-websocket-extensions", latin1(line)) for line in values]


def negotiate_as_server(vector: dict[str, Any], config: Any) -> dict[str, Any]:
    connect = {
        ":method": b"CONNECT",
        ":protocol": b"websocket",
        ":scheme": b"https",
        ":path": b"/",
        ":authority": b"a",
        "sec-websocket-version": b"13",
    }
    upgrade = Upgrade.examine([*connect.items(), *lines(vector.get("offers"))], config)
    if isinstance(upgrade, Refusal):
        raise Failure(str(upgrade.error))
    response, agreement = upgrade.accept()
    answers = elements(response.fields())
    return {"answer": answers[0] if answers else None, "params": agreement.deflate}


def negotiate_as_client(vector: dict[str, Any], config: Any) -> dict[str, Any]:
    offer = Offer(Url("ws://a/"), config)
    found = {"offers": elements(offer.fields())} if "offers" in vector else {}
    try:
        agreement = offer.verify(200, lines(vector.get("answer")))
    except WebSocketException as error:
        return found | {"params": None, "fault": error.fault}
    return found | {"params": agreement.deflate, "fault": None}


def elements(fields: Fields) -> list[dict[str, Any]]:
    """The elements of what this end wrote, each of which must be permessage-deflate."""
    line = ",".join(value for name, value in fields if name == "sec-websocket-extensions")
    result = []
    for element in filter(None, map(str.strip, line.split(","))):
        name, *parameters = (part.strip() for part in element.split(";"))
        if name != "permessage-deflate":
            raise Failure(f"the extension {name}")
        split = (parameter.partition("=") for parameter in parameters)
        result.append({name: value if equals else None for name, equals, value in split})
    return result
