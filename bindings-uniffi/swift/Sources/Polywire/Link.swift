// A connection that runs: the core's, a socket, and the tasks between them.
//
// Owns the reader, the writer and the timer of a connection. Reading calls the core once for each chunk, and
// takes along what is to be written whenever the writer is idle. Decides nothing about the protocol.

import Foundation
import PolywireCore

/// Microseconds since the system started: one clock for all connections.
enum Clock {
    static func now() -> Int64 {
        Int64(DispatchTime.now().uptimeNanoseconds / 1000)
    }
}

final class Link: @unchecked Sendable {
    private let transport: any Transport
    private let connection: Connection
    let mailbox: Mailbox
    let ended = Once<End>()
    private let room = Pulse()
    private let work = Pulse()

    /// Around every call of `connection`, and all that follows. Never held while waiting.
    private let lock = NSLock()
    private var wants: Batch
    /// Bytes that left the core's queue, for the writer.
    private var outgoing: Data?
    /// The writer is at work, so nothing more leaves the queue.
    private var isWriting = false
    private var timer: Task<Void, Never>?
    private var timerAt = Batch.never
    private var pinged: (payload: Data, answered: Once<Result<TimeInterval, Error>>)?
    private var reason = ""
    private var violation: Violation?
    private var shutDown = false

    init(transport: any Transport, settings: Settings, agreement: Agreement, leftover: Data, messageBuffer: Int) {
        self.transport = transport
        let now = Clock.now()
        connection = Connection(role: .client, settings: settings, agreement: agreement, now: now)
        mailbox = Mailbox(capacity: messageBuffer)
        wants = Batch(connection.transmit(now: now, take: 0))
        let first = step { connection.receive(bytes: leftover, now: now, take: $0) }
        Task { await self.write() }
        Task { await self.read(first) }
    }

    var isOpen: Bool { lock.withLock { wants.isOpen } }

    func send(_ content: Data, text: Bool, compress: Bool) async throws {
        while true {
            let ticket = room.ticket
            do {
                return try command {
                    try connection.send(content: content, text: text, compress: compress, now: Clock.now(), take: $0)
                }
            } catch PolywireError.usage(.queueFull) {
                await room.wait(after: ticket)
                try Task.checkCancellation()
            }
        }
    }

    func ping() async throws -> TimeInterval {
        let payload = Data((0..<8).map { _ in UInt8.random(in: 0...255) })
        let answered = Once<Result<TimeInterval, Error>>()
        let isFirst = lock.withLock {
            if pinged != nil { return false }
            pinged = (payload, answered)
            return true
        }
        guard isFirst else { return try await waitAndPing() }
        defer { lock.withLock { pinged = nil } }
        try command { try connection.ping(payload: payload, now: Clock.now(), take: $0) }
        if let end = ended.value { answered.complete(.failure(failure(end))) }
        return try await answered.wait().get()
    }

    /// One ping is under way at a time: the next begins when its pong is there.
    private func waitAndPing() async throws -> TimeInterval {
        if let before = lock.withLock({ pinged?.answered }) { _ = try await before.wait() }
        await Task.yield()
        return try await ping()
    }

    func close(code: UInt16, reason: String) async throws -> End {
        mailbox.discard()
        if ended.value == nil {
            do {
                try command { try connection.closeWith(code: code, reason: reason, now: Clock.now(), take: $0) }
            } catch PolywireError.usage(.notOpen) {
                // The server was faster: then this only waits.
            }
        }
        return try await ended.wait()
    }

    func abort() {
        mailbox.discard()
        step { _ in connection.abort(now: Clock.now()) }
        transport.close()
    }

    func failure(_ end: End) -> PolywireError {
        .ended(end, lock.withLock { violation })
    }

    /// Runs a command of the caller.
    private func command(_ call: (UInt32) throws -> Data) throws {
        do {
            try step(call)
        } catch let failure as Failure {
            throw PolywireError(failure)
        }
    }

    /// Runs one call of the core, and does what it asks for but the delivery of messages.
    @discardableResult
    private func step(_ call: (UInt32) throws -> Data) rethrows -> Batch {
        let batch = try lock.withLock {
            let batch = Batch(try call(isWriting ? 0 : UInt32(chunkSize)))
            wants = batch
            if !batch.output.isEmpty {
                outgoing = batch.output
                isWriting = true
            }
            for event in batch.events { note(event) }
            return batch
        }
        for event in batch.events { tell(event) }
        if !batch.output.isEmpty || batch.shutdownWrite || batch.close { work.beat() }
        arm(batch.deadline)
        return batch
    }

    /// Under the lock.
    private func note(_ event: Event) {
        switch event {
        case .close(_, let text): reason = text
        case .failed(let found): violation = found
        default: break
        }
    }

    private func tell(_ event: Event) {
        switch event {
        case .pong(let payload, let roundTrip):
            guard let roundTrip, let ping = lock.withLock({ pinged }), ping.payload == payload else { return }
            ping.answered.complete(.success(TimeInterval(roundTrip) / 1_000_000))
        case .ended(var end):
            end.reason = lock.withLock { reason }
            ended.complete(end)
            lock.withLock { pinged }?.answered.complete(.failure(failure(end)))
            room.beat()
        default: break
        }
    }

    private func read(_ first: Batch) async {
        var batch: Batch? = first
        while let current = batch, !current.isLast {
            await deliver(current)
            batch = await next(current)
        }
        // Nothing comes behind these messages, so the rest of the stream does not wait for who takes them.
        let last = batch
        Task {
            if let last { await self.deliver(last) }
            guard let end = try? await self.ended.wait() else { return }
            self.mailbox.finish(end.cause == .closed ? .success(()) : .failure(self.failure(end)))
        }
        while let current = batch { batch = await next(current) }
    }

    /// What comes after `batch`, or nil if nothing does.
    private func next(_ batch: Batch) async -> Batch? {
        // So that the messages before the end can be answered.
        if batch.endsNext { await mailbox.answered(within: 1) }
        if batch.more { return step { connection.receive(bytes: Data(), now: Clock.now(), take: $0) } }
        if !batch.wantsRead { return nil }
        // A connection that breaks is one that ends.
        guard let bytes = try? await transport.read() else {
            return step { connection.receiveEof(now: Clock.now(), take: $0) }
        }
        return step { connection.receive(bytes: bytes, now: Clock.now(), take: $0) }
    }

    private func deliver(_ batch: Batch) async {
        var isPaused = false
        for event in batch.events {
            let message: Message
            switch event {
            case .text(let text): message = .text(text)
            case .binary(let bytes): message = .binary(bytes)
            default: continue
            }
            if !isPaused && mailbox.isFull {
                isPaused = true
                step { _ in connection.pauseReading(now: Clock.now()) }
            }
            await mailbox.put(message)
        }
        if isPaused { step { _ in connection.resumeReading(now: Clock.now()) } }
    }

    private func write() async {
        while true {
            let ticket = work.ticket
            while let bytes = nextOutgoing() {
                // If nobody reads it, the end comes with the next read.
                try? await transport.write(bytes)
                room.beat()
            }
            if await settle() { return }
            await work.wait(after: ticket)
        }
    }

    private func nextOutgoing() -> Data? {
        lock.withLock {
            if let bytes = outgoing {
                outgoing = nil
                return bytes
            }
            if wants.wantsWrite {
                wants = Batch(connection.transmit(now: Clock.now(), take: UInt32(chunkSize)))
                if !wants.output.isEmpty { return wants.output }
            }
            isWriting = false
            return nil
        }
    }

    /// Does with the socket what is to be done once everything is written; true if that was the last.
    private func settle() async -> Bool {
        let wants = lock.withLock { self.wants }
        if wants.close && ended.value != nil {
            transport.close()
            lock.withLock { timer?.cancel() }
            return true
        }
        if wants.shutdownWrite && !shutDown {
            shutDown = true
            await transport.shutdownWrite()
        }
        return false
    }

    /// Sees to it that the deadline is not slept through. A timer that wakes too early looks again.
    private func arm(_ deadline: Int64) {
        lock.withLock {
            if deadline >= timerAt { return }
            timer?.cancel()
            timerAt = deadline
            timer = Task { [weak self] in
                let left = max(0, deadline - Clock.now())
                try? await Task.sleep(nanoseconds: UInt64(left) * 1000)
                if !Task.isCancelled { await self?.wake() }
            }
        }
    }

    private func wake() async {
        let deadline = lock.withLock {
            timerAt = Batch.never
            return wants.deadline
        }
        if deadline > Clock.now() { return arm(deadline) }
        let batch = step { connection.handleTimeout(now: Clock.now(), take: $0) }
        if batch.close {
            // A writer that the peer keeps waiting gets one more second.
            try? await Task.sleep(nanoseconds: 1_000_000_000)
            transport.close()
        }
    }
}

extension Batch {
    fileprivate var isLast: Bool {
        events.contains {
            switch $0 {
            case .close, .failed, .ended: return true
            default: return false
            }
        }
    }
}
