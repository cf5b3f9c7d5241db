// What the border costs in Swift: messages through the core and back, without a socket.
//
// A server's end and a client's end talk through memory. The client is what is measured: it receives a message
// (bytes in, one batch out for each chunk) and sends it back (content in, bytes to write out). What the server
// does, to have something to send, stands outside the clock. Time is CPU time of the whole process.

import Foundation
import Polywire
import PolywireCore

let rounds = 7
let settings = try Settings(named: [
    NamedSetting(name: "deflate", value: .flag(false)),
    NamedSetting(name: "limits.send_queue", value: .unlimited),
])
let agreement = Agreement(subprotocol: nil, deflate: nil)

func processNanos() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Nanoseconds of one run.
func median(_ runs: Int, _ run: () throws -> Void) rethrows -> Double {
    try run()
    var times: [Double] = []
    for _ in 0..<rounds {
        let start = processNanos()
        for _ in 0..<runs { try run() }
        times.append((processNanos() - start) / Double(runs))
    }
    return times.sorted()[rounds / 2]
}

/// The frames of `count` messages of `size` bytes, as a server sends them.
func frames(_ size: Int, _ count: Int) throws -> Data {
    let server = Connection(role: .server, settings: settings, agreement: agreement, now: 0)
    var frames = Data()
    for _ in 0..<count {
        let batch = try server.send(content: Data(count: size), text: false, compress: false, now: 0, take: .max)
        frames.append(Batch(batch).output)
    }
    return frames
}

/// Receives everything and sends it back; one call for a read, one for a message, and what the output takes.
func echo(_ client: Connection, _ chunks: [Data], _ count: Int) throws {
    let output: UInt32 = 256 << 10
    var echoed = 0
    for chunk in chunks {
        var batch = Batch(client.receive(bytes: chunk, now: 0, take: 0))
        while true {
            for case .binary(let bytes) in batch.events {
                var sent = Batch(try client.send(content: bytes, text: false, compress: false, now: 0, take: output))
                while sent.wantsWrite { sent = Batch(client.transmit(now: 0, take: output)) }
                echoed += 1
            }
            if !batch.more { break }
            batch = Batch(client.receive(bytes: Data(), now: 0, take: 0))
        }
    }
    precondition(echoed == count, "\(echoed) of \(count) messages came back")
}

func measure(_ name: String, size: Int, count: Int, read: Int) throws -> String {
    let all = try frames(size, count)
    let chunks = stride(from: 0, to: all.count, by: read).map { Data(all[$0..<min($0 + read, all.count)]) }
    let client = Connection(role: .client, settings: settings, agreement: agreement, now: 0)
    let nanos = try median(min((64 << 20) / (size * count) + 1, 60)) { try echo(client, chunks, count) }
    let perSecond = Double(size * count) / nanos
    return name.padding(toLength: 34, withPad: " ", startingAt: 0)
        + String(format: " %8.2f us/message  %6.2f GB/s echoed  %6.2f GB/s in both directions",
            nanos / Double(count) / 1000, perSecond, 2 * perSecond)
}

func measureAll() throws -> [String] {
    [
        try measure("1 MiB, reads of 64 KiB", size: 1 << 20, count: 8, read: 64 << 10),
        try measure("1 MiB, reads of 256 KiB", size: 1 << 20, count: 8, read: 256 << 10),
        try measure("1 KiB, reads of 64 KiB", size: 1 << 10, count: 640, read: 64 << 10),
        try measure("32 B, reads of 16 KiB", size: 32, count: 4800, read: 16 << 10),
    ]
}

let idle = Connection(role: .client, settings: settings, agreement: agreement, now: 0)
let call = median(100_000) { _ = idle.receive(bytes: Data(), now: 0, take: 0) }
print("an empty read".padding(toLength: 34, withPad: " ", startingAt: 0), String(format: "%8.2f us/call", call / 1000))
// The first pass is for the heap: pages that nobody used before cost more than the messages in them.
_ = try measureAll()
try measureAll().forEach { print($0) }
