// A client for the Autobahn test suite: `AutobahnClient URL AGENT`.
//
// Asks the suite how many cases there are, runs each as an echo, and has the report written.

import Foundation
import Polywire

guard CommandLine.arguments.count == 3 else {
    FileHandle.standardError.write(Data("usage: AutobahnClient URL AGENT\n".utf8))
    exit(2)
}
let (url, agent) = (CommandLine.arguments[1], CommandLine.arguments[2])
var options = Options()
options.limits.frameSize = 64 << 20
options.limits.messageSize = 64 << 20

for number in 1...(try await count()) {
    do {
        try await echo(try await Client.connect("\(url)/runCase?case=\(number)&agent=\(agent)", options: options))
    } catch {
        FileHandle.standardError.write(Data("case \(number): \(error)\n".utf8))
    }
}
let report = try await Client.connect("\(url)/updateReports?agent=\(agent)", options: options)
for try await _ in report.messages { break }
try await report.close()

func count() async throws -> Int {
    let client = try await Client.connect("\(url)/getCaseCount", options: options)
    var count = 0
    for try await message in client.messages {
        if case .text(let text) = message { count = Int(text) ?? 0 }
        break
    }
    try await client.close()
    return count
}

/// Answers every message with the same message, until the suite closes or breaks the connection.
func echo(_ client: Client) async throws {
    do {
        for try await message in client.messages { try await client.send(message) }
    } catch PolywireError.usage(.notOpen) {
        // A message that came while the connection was closing has nobody to go to.
    } catch PolywireError.ended {
        // Breaking the rules is what most of the cases are about.
    }
    _ = try await client.end()
}
