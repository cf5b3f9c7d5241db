// What is thrown, and how a connection ended.
//
// Owns the error type. Codes and their texts are those of the core.

import Foundation
import PolywireCore

/// How a connection ended.
public struct End: Equatable, Sendable {
    /// What ended it.
    public let cause: Cause
    /// The peer's status code, or 1005 when its close frame had none, or 1006 when there was no close frame.
    public let code: UInt16
    /// The rule that the peer broke, if it did.
    public let rule: Rule?
    /// What the peer gave as the reason of its close frame.
    public var reason = ""
}

/// A rule that the peer broke, and how.
public struct Violation: Equatable, Sendable, CustomStringConvertible {
    /// The broken rule.
    public let rule: Rule
    /// What came instead, as the number that the rule is about.
    public let found: UInt64
    /// The offset in the stream of the frame at fault.
    public let offset: UInt64

    public var description: String {
        "\(rule.code): expected \(rule.expected), found \(found) (\(rule.section)), in the frame at byte \(offset)"
    }
}

/// What this package throws.
public enum PolywireError: Error, Sendable {
    /// There is no connection: the opening handshake failed. `response` is the server's, as far as it was read.
    case handshake(fault: Fault, text: String, response: HTTPResponse?)
    /// A call that could not be carried out. Nothing was sent.
    case usage(UsageError)
    /// A setting that cannot be.
    case setting(name: String, expected: String)
    /// The connection ended otherwise than by a closing handshake.
    case ended(End, Violation?)
    /// There is no way to the server.
    case unreachable(String)
    /// A `wss` URL where there is no Network.framework: on this platform the package has no TLS.
    case tlsUnavailable
}

extension PolywireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .handshake(_, let text, _): return text
        case .usage(let error): return "\(error.code): \(error.text)"
        case .setting(let name, let expected): return "setting `\(name)`: expected \(expected)"
        case .ended(let end, let violation):
            return violation?.description ?? "the connection ended: \(end.cause.rawValue)"
        case .unreachable(let why): return why
        case .tlsUnavailable:
            return "wss:// needs Network.framework, which this platform does not have: "
                + "connect with ws:// through a TLS proxy, or on an Apple platform"
        }
    }
}

/// The response of a server.
public struct HTTPResponse: Sendable {
    /// The status.
    public let status: UInt16
    /// The header fields.
    public let headers: [(name: String, value: Data)]
    /// The body; of a refusal its first 4 KiB.
    public let body: Data

    init(_ response: Response) {
        status = response.status
        headers = response.headers.map { ($0.name, $0.value) }
        body = response.body
    }

    /// The value of the first field called `name`, regardless of case.
    public func header(_ name: String) -> String? {
        let field = headers.first { $0.name.caseInsensitiveCompare(name) == .orderedSame }
        return field.map { String(decoding: $0.value, as: UTF8.self) }
    }
}

/// Runs `call`, and throws what belongs to this package.
func translated<T>(_ call: () throws -> T) throws -> T {
    do {
        return try call()
    } catch let failure as Failure {
        throw PolywireError(failure)
    }
}

extension PolywireError {
    init(_ failure: Failure) {
        switch failure {
        case .Usage(let code, _):
            self = .usage(UsageError(rawValue: code)!)
        case .Handshake(let code, let text, let response):
            self = .handshake(fault: Fault(rawValue: code)!, text: text, response: response.map(HTTPResponse.init))
        case .Setting(let name, let expected):
            self = .setting(name: name, expected: expected)
        }
    }
}
