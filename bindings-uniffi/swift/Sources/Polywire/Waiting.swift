// What tasks wait for: a bounded queue of messages, a moment, and a result.
//
// Owns the continuations. Nothing here knows a connection.

import Foundation

/// Messages between the task that reads a connection and those that take them.
final class Mailbox: @unchecked Sendable {
    private let lock = NSLock()
    private let capacity: Int
    private var messages: [Message] = []
    private var takers: [(id: Int, waiting: CheckedContinuation<Message?, Error>)] = []
    private var putter: CheckedContinuation<Void, Never>?
    private var isDiscarding = false
    private var end: Result<Void, Error>?
    private var lastTaker = 0
    private let idle = Pulse()

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    /// Puts a message, and waits until there is room for the next. Only one task puts.
    func put(_ message: Message) async {
        await withCheckedContinuation { waiting in
            lock.lock()
            if let taker = takers.first {
                takers.removeFirst()
                lock.unlock()
                taker.waiting.resume(returning: message)
                return waiting.resume()
            }
            if !isDiscarding { messages.append(message) }
            if isDiscarding || messages.count < capacity {
                lock.unlock()
                return waiting.resume()
            }
            putter = waiting
            lock.unlock()
        }
    }

    /// Whether the next message would have to wait.
    var isFull: Bool { lock.withLock { takers.isEmpty && !isDiscarding && messages.count + 1 >= capacity } }

    /// Waits until every message was taken and its reader came back for another, but no longer than `seconds`.
    func answered(within seconds: TimeInterval) async {
        let alarm = Task {
            try await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
            idle.beat()
        }
        defer { alarm.cancel() }
        let ticket = idle.ticket
        if lock.withLock({ messages.isEmpty && !takers.isEmpty }) { return }
        await idle.wait(after: ticket)
    }

    /// The next message, or nil after the last.
    func take() async throws -> Message? {
        let id = lock.withLock {
            lastTaker += 1
            return lastTaker
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiting in
                lock.lock()
                if !messages.isEmpty {
                    let message = messages.removeFirst()
                    let putter = releasePutter()
                    lock.unlock()
                    putter?.resume()
                    waiting.resume(returning: message)
                } else if let end {
                    lock.unlock()
                    waiting.resume(with: end.map { nil })
                } else if Task.isCancelled {
                    lock.unlock()
                    waiting.resume(throwing: CancellationError())
                } else {
                    takers.append((id, waiting))
                    lock.unlock()
                    idle.beat()
                }
            }
        } onCancel: {
            lock.lock()
            let index = takers.firstIndex { $0.id == id }
            let taker = index.map { takers.remove(at: $0) }
            lock.unlock()
            taker?.waiting.resume(throwing: CancellationError())
        }
    }

    /// No message comes any more.
    func finish(_ result: Result<Void, Error>) {
        lock.lock()
        end = end ?? result
        let waiting = takers
        takers = []
        lock.unlock()
        for taker in waiting { taker.waiting.resume(with: result.map { nil }) }
    }

    /// From now on messages that nobody waits for are thrown away.
    func discard() {
        lock.lock()
        isDiscarding = true
        let putter = releasePutter()
        lock.unlock()
        putter?.resume()
    }

    private func releasePutter() -> CheckedContinuation<Void, Never>? {
        defer { putter = nil }
        return putter
    }
}

/// Something that happens again and again. Who takes a ticket first misses nothing that happens after it.
final class Pulse: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var ticket: Int { lock.withLock { count } }

    func beat() {
        lock.lock()
        count += 1
        let all = waiting
        waiting = []
        lock.unlock()
        for one in all { one.resume() }
    }

    func wait(after ticket: Int) async {
        await withCheckedContinuation { one in
            lock.lock()
            if count > ticket {
                lock.unlock()
                one.resume()
            } else {
                waiting.append(one)
                lock.unlock()
            }
        }
    }
}

/// A result that comes once, for any number of tasks.
final class Once<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var result: Value?
    private var waiting: [Int: CheckedContinuation<Value, Error>] = [:]
    private var last = 0

    var value: Value? { lock.withLock { result } }

    func complete(_ value: Value) {
        lock.lock()
        if result != nil { return lock.unlock() }
        result = value
        let all = waiting.values
        waiting = [:]
        lock.unlock()
        for one in all { one.resume(returning: value) }
    }

    /// Waits for it; a cancelled task waits no longer.
    func wait() async throws -> Value {
        let id = lock.withLock {
            last += 1
            return last
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { one in
                lock.lock()
                if let result {
                    lock.unlock()
                    one.resume(returning: result)
                } else if Task.isCancelled {
                    lock.unlock()
                    one.resume(throwing: CancellationError())
                } else {
                    waiting[id] = one
                    lock.unlock()
                }
            }
        } onCancel: {
            lock.lock()
            let one = waiting.removeValue(forKey: id)
            lock.unlock()
            one?.resume(throwing: CancellationError())
        }
    }
}
