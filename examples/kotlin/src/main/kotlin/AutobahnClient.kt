// A client for the Autobahn test suite: `AutobahnClient URL AGENT`.
//
// Asks the suite how many cases there are, runs each as an echo, and has the report written.

import dev.polywire.Client
import dev.polywire.Limits
import dev.polywire.Message
import dev.polywire.Options
import dev.polywire.PolywireException
import dev.polywire.UsageError
import dev.polywire.UsageException
import dev.polywire.connect
import java.io.IOException
import kotlin.system.exitProcess
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.firstOrNull
import kotlinx.coroutines.runBlocking

private val options = Options(limits = Limits(frameSize = 64L shl 20, messageSize = 64L shl 20))

fun main(arguments: Array<String>) {
    if (arguments.size != 2) {
        System.err.println("usage: AutobahnClient URL AGENT")
        exitProcess(2)
    }
    val (url, agent) = arguments
    runBlocking {
        val cases = connect("$url/getCaseCount", options).use { count(it) }
        for (case in 1..cases) {
            try {
                echo(connect("$url/runCase?case=$case&agent=$agent", options))
            } catch (failure: IOException) {
                System.err.println("case $case: ${failure.message}")
            }
        }
        connect("$url/updateReports?agent=$agent", options).use { it.messages.firstOrNull() }
    }
}

private suspend fun count(client: Client): Int = (client.messages.first() as Message.Text).text.toInt()

/** Answers every message with the same message, until the suite closes or breaks the connection. */
private suspend fun echo(client: Client) {
    try {
        client.messages.collect { client.send(it) }
    } catch (closing: UsageException) {
        // A message that came while the connection was closing has nobody to go to.
        if (closing.error != UsageError.NOT_OPEN) throw closing
    } catch (_: PolywireException) {
        // Breaking the rules is what most of the cases are about.
    }
    client.awaitEnd()
}
