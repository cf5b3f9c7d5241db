// The first thing to try: `TenLines ws://HOST:PORT`, against any echo server.

import Polywire

let client = try await Client.connect(CommandLine.arguments[1])
try await client.send("hello")
for try await message in client.messages {
    if case .text(let text) = message { print(text) }
    break
}
print("round trip: \(try await client.ping()) s")
try await client.close()
