// Runs a vector of the kind `connection`: what goes in, step by step, and what must come out.

import Foundation
import Polywire
import PolywireCore

/// How the bytes of a step are cut, and how contexts are kept.
struct Way: CustomStringConvertible {
    let cut: Cut
    let contexts: String

    var description: String { "\(cut), \(contexts)" }
}

final class ConnectionRun {
    private let vector: JSON
    private let way: Way
    private let isClient: Bool
    private let connection: Connection
    private let inflater: Inflater?
    private var now: Int64 = 1_000_000
    private var dice: Dice
    /// What the last call said.
    private var wants: Batch

    init(_ vector: JSON, _ way: Way) throws {
        self.vector = vector
        self.way = way
        isClient = vector["role"]!.text == "client"
        let agreement = agreement(vector["config"])
        let settings = try settings(vector["config"], contexts: way.contexts)
        connection = Connection(role: isClient ? .client : .server, settings: settings, agreement: agreement, now: now)
        let isClient = isClient
        inflater = agreement.deflate.map {
            isClient
                ? Inflater(windowBits: $0.clientMaxWindowBits, noContextTakeover: $0.clientNoContextTakeover)
                : Inflater(windowBits: $0.serverMaxWindowBits, noContextTakeover: $0.serverNoContextTakeover)
        }
        if case .random(let seed) = way.cut { dice = Dice(seed) } else { dice = Dice(0) }
        wants = Batch(connection.transmit(now: now, take: 0))
    }

    /// Runs it; returns every event in full, to be compared with other ways.
    func run() throws -> [JSON] {
        try known(vector, "id", "rfc", "origin", "note", "role", "config", "steps")
        var trace: [JSON] = []
        for (number, step) in vector["steps"]!.list.enumerated() {
            do {
                trace += try self.step(step)
            } catch let broken as Broken {
                throw Broken("step \(number + 1): \(broken)")
            }
        }
        let left = try output()
        if !left.isEmpty { throw Broken("unexpected output \(left.hex)") }
        return trace
    }

    private func step(_ step: JSON) throws -> [JSON] {
        try known(
            step, "receive", "command", "error", "advance", "eof", "events", "sends", "output", "wants", "heap_at_most")
        let events = merge(try happen(step))
        try expectEvents(step["events"]?.list ?? [], events)
        if let most = step["heap_at_most"]?.number {
            let held = connection.heapBytes()
            if held > most { throw Broken("holds \(held) bytes of heap, expected at most \(most)") }
        }
        if let expected = step["output"]?.bytes {
            let found = try output()
            if found != expected { throw Broken("expected the output \(expected.hex), found \(found.hex)") }
        }
        if let expected = step["sends"]?.list {
            var found = try frames(output(), masked: isClient)[...]
            for frame in expected { try expectFrame(&found, frame, inflater) }
            if let more = found.first { throw Broken("unexpected \(more)") }
        }
        if let expected = step["wants"], let problem = expected.difference(next(wants)) {
            throw Broken("wants: \(problem)")
        }
        return events
    }

    private func happen(_ step: JSON) throws -> [JSON] {
        if let input = step["receive"] { return receive(input.bytes) }
        if let command = step["command"] { return try self.command(command, error: step["error"]) }
        if let advance = step["advance"]?.number { return try self.advance(Int64(advance) * 1000) }
        return take(connection.receiveEof(now: now, take: 0))
    }

    private func receive(_ input: Data) -> [JSON] {
        var at = input.startIndex
        return way.cut.pieces(input.count).flatMap { length -> [JSON] in
            let piece = input[at..<at + length]
            at += length
            var events = take(connection.receive(bytes: piece, now: now, take: 0))
            while wants.more { events += take(connection.receive(bytes: Data(), now: now, take: 0)) }
            return events
        }
    }

    private func command(_ command: JSON, error: JSON?) throws -> [JSON] {
        let (name, argument) = command.fields.first!
        var refused: String?
        var events: [JSON] = []
        do {
            events = take(try carryOut(name, argument))
        } catch Failure.Usage(let code, _) {
            refused = code
        }
        if refused != error?.text { throw Broken("expected \(error?.text ?? "none"), found \(refused ?? "none")") }
        return events + take(connection.handleTimeout(now: now, take: 0))
    }

    private func carryOut(_ name: String, _ argument: JSON) throws -> Data {
        let (content, text) = argument["text"].map { (Data($0.text.utf8), true) } ?? (argument["binary"]?.bytes ?? Data(), false)
        switch name {
        case "send_text": return try send(Data(argument.text.utf8), text: true)
        case "send_binary": return try send(argument.bytes, text: false)
        case "send_part":
            return try connection.sendPart(content: content, text: text, last: argument["last"]!.flag!, now: now, take: 0)
        case "send_prepared":
            let prepared = try Prepared(content: content, text: text)
            return try connection.sendPrepared(message: prepared, now: now, take: 0)
        case "ping": return try connection.ping(payload: argument.bytes, now: now, take: 0)
        case "pong": return try connection.pong(payload: argument.bytes, now: now, take: 0)
        case "close":
            let code = argument["code"]?.number.map { UInt16($0) }
            return try connection.closeWith(code: code, reason: argument["reason"]!.text, now: now, take: 0)
        case "abort": return connection.abort(now: now)
        case "pause_reading": return connection.pauseReading(now: now)
        case "resume_reading": return connection.resumeReading(now: now)
        default: throw Broken("unknown command \(name)")
        }
    }

    private func send(_ content: Data, text: Bool) throws -> Data {
        try connection.send(content: content, text: text, compress: true, now: now, take: 0)
    }

    /// Lets time pass: every deadline on the way is kept at its moment.
    private func advance(_ micros: Int64) throws -> [JSON] {
        let target = now + micros
        var events: [JSON] = []
        while wants.deadline <= target {
            let deadline = wants.deadline
            now = max(now, deadline)
            events += take(connection.handleTimeout(now: now, take: 0))
            if wants.deadline == deadline { throw Broken("the deadline stays after it was handled") }
        }
        now = target
        return events + take(connection.handleTimeout(now: now, take: 0))
    }

    /// Everything that is queued, as a socket would take it.
    private func output() throws -> Data {
        var output = Data()
        while true {
            let queued = Batch(connection.transmit(now: now, take: 0)).queued
            if queued == 0 { return output }
            let count: Int
            switch way.cut {
            case .whole: count = queued
            case .bytes: count = min(queued, 1 + queued / 50)
            case .random: count = 1 + dice.below(queued)
            }
            wants = Batch(connection.transmit(now: now, take: UInt32(count)))
            if wants.output.count != count { throw Broken("took \(wants.output.count) of \(count) bytes") }
            output.append(wants.output)
        }
    }

    private func take(_ bytes: Data) -> [JSON] {
        wants = Batch(bytes)
        return wants.events.map(told)
    }

    private func next(_ wants: Batch) -> JSON {
        let socket = wants.close ? "close" : wants.shutdownWrite ? "shutdown_write" : "keep"
        let deadline = wants.deadline == Batch.never ? nil : max(wants.deadline - now, 0) / 1000
        return [
            "read": .flag(wants.wantsRead), "write": .flag(wants.wantsWrite), "socket": JSON(socket),
            "deadline_ms": JSON(deadline),
        ]
    }
}

/// An event as it stands in a vector.
private func told(_ event: Event) -> JSON {
    switch event {
    case .text(let text): return ["text": .string(text)]
    case .binary(let bytes): return ["binary": .string(bytes.hex)]
    case .chunk(let bytes, let isText, let last):
        let text = String(decoding: bytes, as: UTF8.self)
        return ["chunk": isText ? ["text": .string(text), "last": .flag(last)] : ["binary": .string(bytes.hex), "last": .flag(last)]]
    case .ping(let payload): return ["ping": .string(payload.hex)]
    case .pong(let payload, let trip):
        return ["pong": ["payload": .string(payload.hex), "rtt_ms": JSON(trip.map { $0 / 1000 })]]
    case .close(let code, let reason): return ["close": ["code": JSON(code), "reason": .string(reason)]]
    case .failed(let violation):
        return [
            "failed": [
                "rule": .string(violation.rule.code), "found": .number(violation.found), "offset": .number(violation.offset),
            ]
        ]
    case .ended(let end):
        return ["ended": ["cause": .string(end.cause.rawValue), "code": JSON(end.code), "rule": JSON(end.rule?.code)]]
    }
}

/// Joins the pieces of a message: where it was cut must not matter.
private func merge(_ events: [JSON]) -> [JSON] {
    var merged: [JSON] = []
    for event in events {
        guard let chunk = event["chunk"], let before = merged.last?["chunk"], before["last"] == false else {
            merged.append(event)
            continue
        }
        let kind = chunk["text"] == nil ? "binary" : "text"
        let joined = (before[kind]?.text ?? "") + (chunk[kind]?.text ?? "")
        merged[merged.count - 1] = ["chunk": .object([kind: .string(joined), "last": chunk["last"]!])]
    }
    return merged
}

private func expectEvents(_ expected: [JSON], _ found: [JSON]) throws {
    for (number, (one, other)) in zip(expected, found).enumerated() {
        if let problem = one.joined.difference(other) { throw Broken("event \(number + 1): \(problem)") }
    }
    if expected.count > found.count { throw Broken("no event \(expected[found.count])") }
    if expected.count < found.count { throw Broken("unexpected event \(found[expected.count])") }
}

/// The settings of a vector: whatever it does not name has its default, except compression, which is off.
func settings(_ config: JSON?, contexts: String = "folded") throws -> Settings {
    var named = [NamedSetting(name: "deflate", value: .flag(false))]
    for (name, value) in config?.fields ?? [:] {
        if name == "deflate" { try deflate(value, contexts, &named) } else { try flatten(name, value, &named) }
    }
    return try Settings(named: named)
}

private func deflate(_ value: JSON, _ contexts: String, _ named: inout [NamedSetting]) throws {
    named.append(NamedSetting(name: "deflate", value: .flag(true)))
    // Windows that a vector does not name have 15 bits, as in RFC 7692.
    for bits in ["server_max_window_bits", "client_max_window_bits"] {
        named.append(NamedSetting(name: "deflate.\(bits)", value: .number(15)))
    }
    named.append(NamedSetting(name: "deflate.contexts", value: .name(contexts)))
    for (name, inner) in value.fields {
        if name == "params" {
            for (param, of) in inner.fields { named.append(NamedSetting(name: "deflate.\(param)", value: try setting(of))) }
        } else {
            named.append(NamedSetting(name: "deflate.\(name)", value: try setting(inner)))
        }
    }
}

private func flatten(_ name: String, _ value: JSON, _ named: inout [NamedSetting]) throws {
    guard case .object(let fields) = value else {
        named.append(NamedSetting(name: name, value: try setting(value)))
        return
    }
    if let rate = fields["per_second"], let burst = fields["burst"] {
        named.append(NamedSetting(name: name, value: try setting(rate)))
        named.append(NamedSetting(name: "\(name).burst", value: try setting(burst)))
        return
    }
    // Sorted, so that `interval` comes before `timeout`, which alone switches nothing on.
    for (inner, of) in fields.sorted(by: { $0.key < $1.key }) { try flatten("\(name).\(inner)", of, &named) }
}

private func setting(_ value: JSON) throws -> Setting {
    switch value {
    case .null: return .unlimited
    case .flag(let flag): return .flag(flag)
    case .number(let number): return .number(Double(number))
    case .real(let real): return .number(real)
    case .string(let name): return .name(name)
    default: throw Broken("unknown setting \(value)")
    }
}

/// The agreement with which the connection of a vector starts.
func agreement(_ config: JSON?) -> Agreement {
    guard let deflate = config?["deflate"] else { return Agreement(subprotocol: nil, deflate: nil) }
    let params = deflate["params"]
    let flag = { (name: String) in params?[name]?.flag ?? false }
    let bits = { (name: String) in UInt8(params?[name]?.number ?? 15) }
    let agreed = DeflateParams(
        serverNoContextTakeover: flag("server_no_context_takeover"),
        clientNoContextTakeover: flag("client_no_context_takeover"),
        serverMaxWindowBits: bits("server_max_window_bits"),
        clientMaxWindowBits: bits("client_max_window_bits"))
    return Agreement(subprotocol: nil, deflate: agreed)
}
