// Runs the vectors of the kinds `server_handshake`, `client_handshake`, `url` and `negotiation`.

import Foundation
import Polywire
import PolywireCore

private let start: Int64 = 1_000_000
private let sampleNonce = Data("the sample nonce".utf8)

func runServer(_ vector: JSON, _ cut: Cut) throws {
    try known(
        vector, "id", "rfc", "origin", "note", "policy", "config", "request", "fields", "choose", "add_headers", "refuse",
        "advance", "eof", "expect")
    let settings = try settings(vector["config"])
    let fields = vector["fields"]
    let server = server(vector["policy"], settings)
    let found = try fields.map { try serverOverHTTP2(vector, headers($0), server) } ?? serverOverBytes(vector, cut, server)
    try compare(vector["expect"]!, found)
}

private func serverOverBytes(_ vector: JSON, _ cut: Cut, _ server: ServerHandshake) throws -> JSON {
    do {
        guard let request = try examine(vector, cut, server) else { return ["pending": true] }
        return try decided(vector, server, request)
    } catch Failure.Handshake(let code, _, _) {
        let answer = server.answer()
        // What the application did wrong has no answer.
        if answer.isEmpty { return ["error": .string(code)] }
        return try answered(vector, answer).merging(["fault": .string(code)])
    }
}

private func examine(_ vector: JSON, _ cut: Cut, _ server: ServerHandshake) throws -> Request? {
    let bytes = vector["request"]!.latin1
    var at = bytes.startIndex
    var request: Request?
    for length in cut.pieces(bytes.count) {
        let now = try server.receive(bytes: bytes[at..<at + length], now: start)
        at += length
        if now != nil && request != nil { throw Broken("ready twice") }
        request = request ?? now
    }
    if let request { return request }
    if let advance = vector["advance"]?.number { return try server.handleTimeout(now: start + Int64(advance) * 1000) }
    return vector["eof"] == true ? try server.receiveEof() : nil
}

/// What the application does with a valid request.
private func decided(_ vector: JSON, _ server: ServerHandshake, _ request: Request) throws -> JSON {
    if let refuse = vector["refuse"] {
        let (status, body) = (UInt16(refuse["status"]!.number!), Data((refuse["body"]?.text ?? "").utf8))
        return try answered(vector, refusal(status: status, fields: headers(refuse["headers"]), body: body))
    }
    if let choice = vector["choose"] { try server.choose(subprotocol: choice == .null ? nil : choice.text) }
    for header in headers(vector["add_headers"]) { try server.addHeader(header: header) }
    let agreement = try server.accept()
    let more: JSON = ["target": .string(request.target), "leftover": .string(server.leftover().hex)]
    return try answered(vector, server.answer()).merging(agreed(agreement)).merging(more)
}

/// A response as its bytes show it.
private func answered(_ vector: JSON, _ bytes: Data) throws -> JSON {
    let head = try Head(bytes)
    let status = UInt16(head.line.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0
    return ["status": JSON(status), "headers": named(vector["expect"]?["headers"], head.fields), "body": .string(head.body)]
}

private func serverOverHTTP2(_ vector: JSON, _ fields: [Header], _ server: ServerHandshake) throws -> JSON {
    var found: JSON
    do {
        let target = try server.examine(fields: fields)!.target
        found = agreed(try server.accept()).merging(["target": .string(target)])
    } catch Failure.Handshake(let code, _, _) {
        found = ["fault": .string(code)]
    }
    let response = server.response()
    let headers = named(vector["expect"]?["headers"], shown(response?.headers ?? []))
    return found.merging(["status": JSON(response?.status), "headers": headers])
}

func runClient(_ vector: JSON, _ cut: Cut) throws {
    try known(
        vector, "id", "rfc", "origin", "note", "url", "options", "config", "nonce", "request", "error",
        "extended_connect", "fields", "response", "advance", "eof", "expect")
    let found: JSON
    do {
        let url = vector["url"]!.text
        let given = vector["options"] ?? [:]
        try known(given, "subprotocols", "headers")
        let (subprotocols, headers) = (given["subprotocols"]?.list.map(\.text) ?? [], headers(given["headers"]))
        let settings = try settings(vector["config"])
        if vector["extended_connect"] == true {
            let client = try ClientHandshake.overHeads(
                url: url, subprotocols: subprotocols, headers: headers, settings: settings)
            if vector["error"] != nil { throw Broken("expected \(vector["error"]!), found none") }
            found = try clientOverHTTP2(vector, client)
        } else {
            let nonce = vector["nonce"]?.bytes ?? sampleNonce
            let client = try ClientHandshake(
                url: url, subprotocols: subprotocols, headers: headers, settings: settings, nonce: nonce, now: start)
            if vector["error"] != nil { throw Broken("expected \(vector["error"]!), found none") }
            try checkRequest(vector["request"], client.request())
            found = try clientOverBytes(vector, client, cut)
        }
    } catch Failure.Handshake(let code, _, _) {
        if code != vector["error"]?.text { throw Broken("expected \(vector["error"]?.text ?? "none"), found \(code)") }
        return
    }
    try compare(vector["expect"]!, found)
}

private func checkRequest(_ expected: JSON?, _ request: Data) throws {
    let head = try Head(request)
    if !head.body.isEmpty { throw Broken("the request has a body") }
    guard let expected else { return }
    try compare(expected, ["line": .string(head.line), "headers": named(expected["headers"], head.fields)])
}

private func clientOverBytes(_ vector: JSON, _ client: ClientHandshake, _ cut: Cut) throws -> JSON {
    let response = vector["response"]?.latin1 ?? Data()
    var at = response.startIndex
    do {
        var agreement: Agreement?
        for length in cut.pieces(response.count) where agreement == nil {
            agreement = try client.receive(bytes: response[at..<at + length], now: start)
            at += length
        }
        if agreement == nil {
            if let advance = vector["advance"]?.number {
                agreement = try client.handleTimeout(now: start + Int64(advance) * 1000)
            } else if vector["eof"] == true {
                agreement = try client.receiveEof()
            }
        }
        guard let agreement else { return ["pending": true] }
        let leftover = client.leftover() + response[at...]
        return agreed(agreement).merging(["leftover": .string(leftover.hex)])
    } catch Failure.Handshake(let code, _, let answer) {
        let found: JSON = ["failed": true, "fault": .string(code)]
        guard let answer else { return found }
        return found.merging([
            "status": JSON(answer.status), "headers": named(vector["expect"]?["headers"], shown(answer.headers)),
            "body": .string(answer.body.shown),
        ])
    }
}

private func clientOverHTTP2(_ vector: JSON, _ client: ClientHandshake) throws -> JSON {
    if let expected = vector["fields"] { try compare(expected, named(expected, shown(client.fields()))) }
    let answer = vector["response"]!
    do {
        return agreed(try client.verify(status: UInt16(answer["status"]!.number!), fields: headers(answer["headers"]))!)
    } catch Failure.Handshake(let code, _, _) {
        return ["fault": .string(code)]
    }
}

/// A URL, or where a redirect from it leads.
func runUrl(_ vector: JSON) throws {
    try known(vector, "id", "rfc", "origin", "note", "url", "redirect", "expect")
    let found: JSON
    do {
        let parts = try locate(url: vector["url"]!.text, redirect: vector["redirect"]?.text)
        found = [
            "secure": .flag(parts.secure), "host": .string(parts.host), "port": JSON(parts.port),
            "target": .string(parts.target), "authority": .string(parts.authority),
            "credentials": parts.user.map { .array([.string($0), JSON(parts.password)]) } ?? .null,
        ]
    } catch Failure.Handshake(let code, _, _) {
        found = ["fault": .string(code)]
    }
    try compare(vector["expect"]!, found)
}

/// The negotiation of permessage-deflate, seen from one side.
func runNegotiation(_ vector: JSON) throws {
    try known(vector, "id", "rfc", "origin", "note", "role", "config", "offers", "answer", "params", "fault")
    let settings = try settings(vector["config"])
    if vector["role"]!.text == "client" {
        try negotiateAsClient(vector, settings)
    } else {
        try negotiateAsServer(vector, settings)
    }
}

private func negotiateAsServer(_ vector: JSON, _ settings: Settings) throws {
    let connect = [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/"), (":authority", "a"),
        ("sec-websocket-version", "13"),
    ].map { Header(name: $0.0, value: Data($0.1.utf8)) }
    let server = server(nil, settings)
    _ = try server.examine(fields: connect + extensionLines(vector["offers"]))
    let agreement = try server.accept()
    try exactly(vector["answer"], elements(shown(server.response()!.headers)).first)
    try exactly(vector["params"], agreed(agreement)["deflate"])
}

private func negotiateAsClient(_ vector: JSON, _ settings: Settings) throws {
    let url = "ws://a/"
    if let offers = vector["offers"] {
        let client = try ClientHandshake(
            url: url, subprotocols: [], headers: [], settings: settings, nonce: sampleNonce, now: start)
        try exactly(offers, .array(elements(Head(client.request()).fields)))
    }
    let client = try ClientHandshake.overHeads(url: url, subprotocols: [], headers: [], settings: settings)
    var (params, fault): (JSON?, String?) = (nil, nil)
    do {
        params = agreed(try client.verify(status: 200, fields: extensionLines(vector["answer"]))!)["deflate"]
    } catch Failure.Handshake(let code, _, _) {
        fault = code
    }
    try exactly(vector["params"], params)
    try exactly(vector["fault"], JSON(fault))
}

/// The lines of a header field: none, one, or several.
private func extensionLines(_ value: JSON?) -> [Header] {
    let lines: [Data]
    switch value {
    case nil, .null?: lines = []
    case .array(let all)?: lines = all.map(\.latin1)
    case let line?: lines = [line.latin1]
    }
    return lines.map { Header(name: "sec-websocket-extensions", value: $0) }
}

/// What this end wrote: each element is permessage-deflate, and its parameters are the fields of an object.
private func elements(_ fields: [(String, String)]) throws -> [JSON] {
    let line = fields.first { $0.0.lowercased() == "sec-websocket-extensions" }?.1 ?? ""
    return try line.split(separator: ",").map { element in
        let parts = element.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        if parts.first != "permessage-deflate" { throw Broken("the extension \(element)") }
        let parameters = parts.dropFirst().map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return .object(Dictionary(uniqueKeysWithValues: parameters.map { ($0[0], JSON($0.count > 1 ? $0[1] : nil)) }))
    }
}

private func exactly(_ expected: JSON?, _ found: JSON?) throws {
    let (one, other) = (expected ?? .null, found ?? .null)
    if one != other { throw Broken("expected \(one), found \(other)") }
}

private func server(_ policy: JSON?, _ settings: Settings) -> ServerHandshake {
    let given = policy?["origins"]
    let any = given == .string("any")
    let origins = any || given == .null ? nil : given?.list.map(\.text)
    let subprotocols = policy?["subprotocols"]?.list.map(\.text) ?? []
    return ServerHandshake(
        anyOrigin: any, origins: origins, subprotocols: subprotocols, settings: settings, now: start)
}

private func headers(_ value: JSON?) -> [Header] {
    (value?.list ?? []).map { field in
        guard case .array(let pair) = field else { fatalError("a field is a pair") }
        return Header(name: pair[0].text, value: pair[1].latin1)
    }
}

private func shown(_ fields: [Header]) -> [(String, String)] { fields.map { ($0.name, $0.value.shown) } }

/// Header fields by the names that `expected` uses: the values joined, or null for none.
private func named(_ expected: JSON?, _ fields: [(String, String)]) -> JSON {
    .object(
        Dictionary(
            uniqueKeysWithValues: (expected?.fields ?? [:]).keys.map { name in
                let values = fields.filter { $0.0.lowercased() == name.lowercased() }.map(\.1)
                return (name, values.isEmpty ? .null : .string(values.joined(separator: ", ")))
            }))
}

/// A head of HTTP/1.1 taken apart: the first line, the fields, and what is behind the blank line.
private struct Head {
    let line: String
    let fields: [(String, String)]
    let body: String

    init(_ bytes: Data) throws {
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { throw Broken("no blank line") }
        body = Data(bytes[end.upperBound...]).shown
        // By scalars: Swift takes a line's end for one character.
        let lines = Data(bytes[..<end.lowerBound]).shown.components(separatedBy: "\r\n")
        line = lines[0]
        fields = try lines.dropFirst().map { field in
            guard let colon = field.range(of: ": ") ?? (field.hasSuffix(":") ? field.range(of: ":") : nil) else {
                throw Broken("a line without colon: \(field)")
            }
            return (String(field[..<colon.lowerBound]), String(field[colon.upperBound...]))
        }
    }
}

private func agreed(_ agreement: Agreement) -> JSON {
    let deflate: JSON = agreement.deflate.map { params in
        [
            "server_no_context_takeover": .flag(params.serverNoContextTakeover),
            "client_no_context_takeover": .flag(params.clientNoContextTakeover),
            "server_max_window_bits": JSON(params.serverMaxWindowBits),
            "client_max_window_bits": JSON(params.clientMaxWindowBits),
        ]
    } ?? .null
    return ["subprotocol": JSON(agreement.subprotocol), "deflate": deflate]
}

private func compare(_ expected: JSON, _ found: JSON) throws {
    var expected = expected
    if let body = expected["body"] { expected = expected.merging(["body": .string(body.text)]) }
    if let problem = expected.difference(found) { throw Broken(problem) }
}
