// The first thing to try: `TenLines ws://HOST:PORT`, against any echo server.

import dev.polywire.Message
import dev.polywire.connect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) = runBlocking {
    connect(arguments[0]).use { client ->
        client.send("hello")
        when (val message = client.messages.first()) {
            is Message.Text -> println(message.text)
            is Message.Binary -> println("${message.bytes.size} bytes")
        }
        println("round trip: ${client.ping()}")
    }
}
