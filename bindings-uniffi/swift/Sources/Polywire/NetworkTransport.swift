// TCP and TLS through Network.framework.
//
// Owns an `NWConnection`. Knows nothing of WebSocket.

#if canImport(Network)
import Foundation
import Network

final class NetworkTransport: Transport, @unchecked Sendable {
    private let connection: NWConnection

    private init(_ connection: NWConnection) {
        self.connection = connection
    }

    static func connect(host: String, port: UInt16, secure: Bool, timeout: TimeInterval) async throws -> NetworkTransport {
        let tcp = NWProtocolTCP.Options()
        tcp.noDelay = true
        if timeout.isFinite { tcp.connectionTimeout = max(1, Int(timeout)) }
        let parameters = NWParameters(tls: secure ? NWProtocolTLS.Options() : nil, tcp: tcp)
        let endpoint = NWEndpoint.Port(rawValue: port) ?? .http
        let connection = NWConnection(host: NWEndpoint.Host(host), port: endpoint, using: parameters)
        let transport = NetworkTransport(connection)
        try await withTaskCancellationHandler {
            try await transport.start(timeout: timeout)
        } onCancel: {
            connection.cancel()
        }
        return transport
    }

    private func start(timeout: TimeInterval) async throws {
        let queue = DispatchQueue(label: "polywire")
        try await withCheckedThrowingContinuation { (waiting: CheckedContinuation<Void, Error>) in
            // Every handler runs on the one queue, so this needs no lock.
            var isOver = false
            let finish = { (failure: Error?) in
                if isOver { return }
                isOver = true
                self.connection.stateUpdateHandler = nil
                if let failure {
                    self.connection.cancel()
                    waiting.resume(throwing: failure)
                } else {
                    waiting.resume()
                }
            }
            connection.stateUpdateHandler = { state in
                switch state {
                case .ready: finish(nil)
                // A path that is not there yet may never come: the caller decides whether to try again.
                case .waiting(let error), .failed(let error): finish(PolywireError.unreachable("\(error)"))
                case .cancelled: finish(CancellationError())
                default: break
                }
            }
            connection.start(queue: queue)
            if timeout.isFinite {
                queue.asyncAfter(deadline: .now() + timeout) {
                    finish(PolywireError.unreachable("no connection after \(timeout) s"))
                }
            }
        }
    }

    func read() async throws -> Data? {
        try await withCheckedThrowingContinuation { waiting in
            connection.receive(minimumIncompleteLength: 1, maximumLength: chunkSize) { bytes, _, _, error in
                if let bytes, !bytes.isEmpty {
                    waiting.resume(returning: bytes)
                } else if let error {
                    waiting.resume(throwing: error)
                } else {
                    waiting.resume(returning: nil)
                }
            }
        }
    }

    func write(_ bytes: Data) async throws {
        try await withCheckedThrowingContinuation { (waiting: CheckedContinuation<Void, Error>) in
            connection.send(content: bytes, completion: .contentProcessed { error in
                if let error { waiting.resume(throwing: error) } else { waiting.resume() }
            })
        }
    }

    func shutdownWrite() async {
        await withCheckedContinuation { waiting in
            connection.send(
                content: nil, contentContext: .finalMessage, isComplete: true,
                completion: .contentProcessed { _ in waiting.resume() })
        }
    }

    func close() {
        connection.cancel()
    }
}
#endif
