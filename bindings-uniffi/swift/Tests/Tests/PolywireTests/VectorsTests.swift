// Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.

import XCTest

final class VectorsTests: XCTestCase {
    func testConnections() { runAll("connection") { try agree($0, ways($0, $1)) } }

    func testServerHandshakes() { runAll("server_handshake") { try atEveryCut($0, $1, runServer) } }

    func testClientHandshakes() { runAll("client_handshake") { try atEveryCut($0, $1, runClient) } }

    func testUrls() {
        runAll("url") { vector, _ in
            try runUrl(vector)
            return 1
        }
    }

    func testNegotiations() {
        runAll("negotiation") { vector, _ in
            try runNegotiation(vector)
            return 1
        }
    }

    func testEveryKindOfFileIsRun() {
        let kinds: Set = ["connection", "server_handshake", "client_handshake", "url", "negotiation"]
        XCTAssertEqual(kinds, Set(Vectors.files.map(\.kind)))
    }

    /// Runs the vectors of a kind, and tells of all that fail. `run` returns how many runs it made.
    private func runAll(_ kind: String, _ run: (JSON, Int) throws -> Int) {
        let vectors = Vectors.of(kind)
        var runs = 0
        var problems: [String] = []
        for (number, vector) in vectors.enumerated() {
            do {
                runs += try run(vector, number)
            } catch {
                problems.append("\(vector["id"]!): \(error)")
            }
        }
        print("\(kind): \(vectors.count) vectors, \(runs) runs")
        XCTAssertFalse(vectors.isEmpty)
        XCTAssertTrue(problems.isEmpty, "\(problems.count) vectors fail:\n\(problems.joined(separator: "\n"))")
    }

    private func atEveryCut(_ vector: JSON, _ number: Int, _ run: (JSON, Cut) throws -> Void) throws -> Int {
        for cut in Cut.all(number) {
            do {
                try run(vector, cut)
            } catch {
                throw Broken("\(cut): \(error)")
            }
        }
        return Cut.all(number).count
    }

    /// At every cut, and with both kinds of contexts.
    private func ways(_ vector: JSON, _ number: Int) -> [Way] {
        let contexts = vector["config"]?["deflate"] == nil ? ["folded"] : ["folded", "dedicated"]
        return contexts.flatMap { context in
            Cut.all(number).map { Way(cut: $0, contexts: context) }
        }
    }

    /// Runs a vector in each way: each must give the events that it expects, and all exactly the same.
    private func agree(_ vector: JSON, _ ways: [Way]) throws -> Int {
        var first: [JSON]?
        for way in ways {
            let trace: [JSON]
            do {
                trace = try ConnectionRun(vector, way).run()
            } catch {
                throw Broken("\(way), \(error)")
            }
            if let before = first, before != trace { throw Broken("\(ways[0]) and \(way) differ") }
            first = first ?? trace
        }
        return ways.count
    }
}
