// The client over real sockets, against the echo server of examples/rust, whose address POLYWIRE_ECHO says.

import Foundation
import Polywire
import XCTest

final class ClientTests: XCTestCase {
    private let url = environment("POLYWIRE_ECHO")

    func testEchoesTextAndBytes() async throws {
        for deflate in [Deflate(), nil] {
            var options = Options()
            options.deflate = deflate
            let client = try await Client.connect(url, options: options)
            XCTAssertEqual(client.isCompressed, deflate != nil)
            let texts = ["", "hello", String(repeating: "Grüße, 世界 🎈", count: 500)]
            let sizes = [0, 1, 125, 126, 65_535, 65_536, 3_000_000]
            let sent =
                texts.map { Message.text($0) }
                + sizes.map { size in .binary(Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 / 3) })) }
            for message in sent { try await client.send(message) }
            var received: [Message] = []
            for try await message in client.messages {
                received.append(message)
                if received.count == sent.count { break }
            }
            XCTAssertEqual(sent, received)
            let end = try await client.close()
            XCTAssertEqual(end.cause, .closed)
        }
    }

    func testManyMessagesKeepTheirOrder() async throws {
        let client = try await Client.connect(url)
        let sending = Task { for number in 0..<2000 { try await client.send("message \(number)") } }
        var number = 0
        for try await message in client.messages {
            XCTAssertEqual(message, .text("message \(number)"))
            number += 1
            if number == 2000 { break }
        }
        try await sending.value
        try await client.close()
    }

    func testTheEndIsTold() async throws {
        let client = try await Client.connect(url)
        let end = try await client.close(code: 4000, reason: "enough")
        XCTAssertEqual(end.cause, .closed)
        XCTAssertEqual(end.code, 4000)
        XCTAssertFalse(client.isOpen)
        for try await message in client.messages { XCTFail("\(message)") }
        do {
            try await client.send("late")
            XCTFail("sent")
        } catch PolywireError.usage(.notOpen) {}
        let again = try await client.close()
        XCTAssertEqual(again, end)
    }

    func testPingsMeasureTheWay() async throws {
        let client = try await Client.connect(url)
        try await withThrowingTaskGroup(of: TimeInterval.self) { group in
            for _ in 0..<5 { group.addTask { try await client.ping() } }
            for try await trip in group { XCTAssertTrue(trip > 0 && trip < 10) }
        }
        client.abort()
        let end = try await client.end()
        XCTAssertEqual(end.cause, .aborted)
    }

    func testWhatIsTooLargeIsRefused() async throws {
        var options = Options()
        options.limits.messageSize = 1000
        let client = try await Client.connect(url, options: options)
        try await client.send(String(repeating: "x", count: 1001))
        do {
            for try await message in client.messages { XCTFail("\(message)") }
            XCTFail("no failure")
        } catch PolywireError.ended(let end, let violation) {
            XCTAssertEqual(end.cause, .violation)
            XCTAssertEqual(violation?.rule, .inflatedTooBig)
        }
    }

    func testACancelledReaderLosesNothing() async throws {
        let client = try await Client.connect(url)
        let reader = Task { () -> Message? in
            let messages = client.messages.makeAsyncIterator()
            return try await messages.next()
        }
        try await Task.sleep(nanoseconds: 50_000_000)
        reader.cancel()
        do {
            _ = try await reader.value
            XCTFail("a message")
        } catch is CancellationError {}
        try await client.send("still here")
        let messages = client.messages.makeAsyncIterator()
        let message = try await messages.next()
        XCTAssertEqual(message, .text("still here"))
        try await client.close()
    }

    func testASlowReaderMakesTheServerWait() async throws {
        let client = try await Client.connect(url)
        let sending = Task { for _ in 0..<400 { try await client.send(Data(count: 60_000), compress: false) } }
        try await Task.sleep(nanoseconds: 500_000_000)
        var count = 0
        for try await message in client.messages {
            XCTAssertEqual(message, .binary(Data(count: 60_000)))
            count += 1
            if count == 400 { break }
        }
        try await sending.value
        let end = try await client.close()
        XCTAssertEqual(end.cause, .closed)
    }

    func testWhatCannotBeIsNamed() async throws {
        do {
            _ = try await Client.connect("http://localhost/")
            XCTFail("connected")
        } catch PolywireError.handshake(let fault, _, _) {
            XCTAssertEqual(fault, .urlScheme)
        }
        do {
            _ = try await Client.connect("ws://127.0.0.1:1")
            XCTFail("connected")
        } catch PolywireError.unreachable {}
        var options = Options()
        options.deflate?.level = 11
        do {
            _ = try await Client.connect(url, options: options)
            XCTFail("connected")
        } catch PolywireError.setting(let name, _) {
            XCTAssertEqual(name, "deflate.level")
        }
        #if !canImport(Network)
        do {
            _ = try await Client.connect("wss://localhost:1")
            XCTFail("connected")
        } catch PolywireError.tlsUnavailable {}
        #endif
    }
}
