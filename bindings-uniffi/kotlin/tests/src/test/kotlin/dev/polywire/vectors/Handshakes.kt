// Runs the vectors of the kinds `server_handshake`, `client_handshake`, `url` and `negotiation`.

package dev.polywire.vectors

import dev.polywire.core.Agreement
import dev.polywire.core.ClientHandshake
import dev.polywire.core.Failure
import dev.polywire.core.Header
import dev.polywire.core.Location
import dev.polywire.core.Request
import dev.polywire.core.ServerHandshake
import dev.polywire.core.Settings
import dev.polywire.core.locate
import dev.polywire.core.refusal
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

private const val START = 1_000_000L
private val NONCE = "the sample nonce".encodeToByteArray()

fun runServer(vector: Vector, cut: Cut) {
    known(
        vector.fields,
        "id", "rfc", "origin", "note", "policy", "config", "request", "fields", "choose", "add_headers", "refuse",
        "advance", "eof", "expect",
    )
    val found = settings(vector["config"]).use { settings ->
        server(vector["policy"], settings).use { server ->
            val fields = vector["fields"]
            if (fields != null) serverOverHttp2(vector, headers(fields), server) else serverOverBytes(vector, cut, server)
        }
    }
    compare(vector["expect"]!!, found)
}

private fun serverOverBytes(vector: Vector, cut: Cut, server: ServerHandshake): JsonObject =
    try {
        examine(vector, cut, server)?.let { decided(vector, server, it) } ?: json("pending" to true)
    } catch (failure: Failure.Handshake) {
        val answer = server.answer()
        // What the application did wrong has no answer.
        if (answer.isEmpty()) json("error" to failure.code) else JsonObject(answered(vector, answer) + json("fault" to failure.code))
    }

private fun examine(vector: Vector, cut: Cut, server: ServerHandshake): Request? {
    val bytes = vector["request"]!!.latin1()
    var at = 0
    var request: Request? = null
    for (length in cut.pieces(bytes.size)) {
        val now = server.receive(direct(bytes.copyOfRange(at, at + length)), START)
        at += length
        if (now != null && request != null) throw Broken("ready twice")
        request = request ?: now
    }
    val advance = vector["advance"].number()
    return when {
        request != null -> request
        advance != null -> server.handleTimeout(START + advance * 1000)
        vector["eof"].flag() == true -> server.receiveEof()
        else -> null
    }
}

/** What the application does with a valid request. */
private fun decided(vector: Vector, server: ServerHandshake, request: Request): JsonObject {
    vector["refuse"]?.fields()?.let { refuse ->
        val status = refuse["status"].number()!!.toUShort()
        val body = direct(refuse["body"]?.text().orEmpty().encodeToByteArray())
        return answered(vector, refusal(status, headers(refuse["headers"]), body))
    }
    vector["choose"]?.let { choice -> server.choose(if (choice is JsonNull) null else choice.text()) }
    headers(vector["add_headers"]).forEach(server::addHeader)
    val agreement = server.accept()
    val more = json("target" to request.target, "leftover" to server.leftover().hex())
    return JsonObject(answered(vector, server.answer()) + agreed(agreement) + more)
}

/** A response as its bytes show it. */
private fun answered(vector: Vector, bytes: ByteArray): JsonObject {
    val head = Head(bytes)
    val status = head.line.removePrefix("HTTP/1.1 ").take(3).toInt()
    return json("status" to status, "headers" to named(expectedHeaders(vector), head.fields), "body" to head.body)
}

private fun serverOverHttp2(vector: Vector, fields: List<Header>, server: ServerHandshake): JsonObject {
    val outcome = try {
        val target = server.examine(fields)!!.target
        json("target" to target) + agreed(server.accept())
    } catch (failure: Failure.Handshake) {
        json("fault" to failure.code)
    }
    val response = server.response()
    val headers = named(expectedHeaders(vector), response?.headers.orEmpty().map { it.name to it.value.shown() })
    return JsonObject(outcome + json("status" to response?.status?.toInt(), "headers" to headers))
}

fun runClient(vector: Vector, cut: Cut) {
    known(
        vector.fields,
        "id", "rfc", "origin", "note", "url", "options", "config", "nonce", "request", "error", "extended_connect",
        "fields", "response", "advance", "eof", "expect",
    )
    val error = vector["error"]?.text()
    settings(vector["config"]).use { settings ->
        val client = try {
            start(vector, settings)
        } catch (failure: Failure.Handshake) {
            if (failure.code != error) throw Broken("expected $error, found $failure")
            return
        }
        if (error != null) throw Broken("expected $error, found none")
        val overHttp2 = vector["extended_connect"].flag() == true
        client.use { compare(vector["expect"]!!, if (overHttp2) clientOverHttp2(vector, it) else overBytes(vector, it, cut)) }
    }
}

private fun start(vector: Vector, settings: Settings): ClientHandshake {
    val given = vector["options"].fields()
    known(given, "subprotocols", "headers")
    val (url, subprotocols) = vector["url"]!!.text() to given["subprotocols"].list().map { it.text() }
    val headers = headers(given["headers"])
    if (vector["extended_connect"].flag() == true) return ClientHandshake.overHeads(url, subprotocols, headers, settings)
    val nonce = vector["nonce"]?.bytes() ?: NONCE
    return ClientHandshake(url, subprotocols, headers, settings, nonce, START).also { client ->
        val head = Head(client.request())
        if (head.body.isNotEmpty()) throw Broken("the request has a body")
        vector["request"]?.fields()?.let { expected ->
            compare(expected, json("line" to head.line, "headers" to named(expected["headers"].fields(), head.fields)))
        }
    }
}

private fun overBytes(vector: Vector, client: ClientHandshake, cut: Cut): JsonObject {
    val response = vector["response"]?.latin1() ?: ByteArray(0)
    var at = 0
    try {
        var agreement: Agreement? = null
        for (length in cut.pieces(response.size)) {
            agreement = client.receive(direct(response.copyOfRange(at, at + length)), START)
            at += length
            if (agreement != null) break
        }
        val advance = vector["advance"].number()
        agreement = when {
            agreement != null -> agreement
            advance != null -> client.handleTimeout(START + advance * 1000)
            vector["eof"].flag() == true -> client.receiveEof()
            else -> null
        }
        if (agreement == null) return json("pending" to true)
        val leftover = client.leftover() + response.copyOfRange(at, response.size)
        return JsonObject(agreed(agreement) + json("leftover" to leftover.hex()))
    } catch (failure: Failure.Handshake) {
        val found = json("failed" to true, "fault" to failure.code)
        val shown = failure.response ?: return found
        val headers = named(expectedHeaders(vector), shown.headers.map { it.name to it.value.shown() })
        return JsonObject(found + json("status" to shown.status.toInt(), "headers" to headers, "body" to shown.body.shown()))
    }
}

private fun clientOverHttp2(vector: Vector, client: ClientHandshake): JsonObject {
    vector["fields"]?.let { expected ->
        compare(expected, named(expected.fields(), client.fields().map { it.name to it.value.shown() }))
    }
    val answer = vector["response"].fields()
    return try {
        agreed(client.verify(answer["status"].number()!!.toUShort(), headers(answer["headers"]))!!)
    } catch (failure: Failure.Handshake) {
        json("fault" to failure.code)
    }
}

/** A URL, or where a redirect from it leads. */
fun runUrl(vector: Vector) {
    known(vector.fields, "id", "rfc", "origin", "note", "url", "redirect", "expect")
    val found = try {
        shown(locate(vector["url"]!!.text(), vector["redirect"]?.text()))
    } catch (failure: Failure.Handshake) {
        json("fault" to failure.code)
    }
    compare(vector["expect"]!!, found)
}

private fun shown(parts: Location): JsonObject {
    val credentials = parts.user?.let { JsonArray(listOf(JsonPrimitive(it), JsonPrimitive(parts.password))) }
    return json(
        "secure" to parts.secure,
        "host" to parts.host,
        "port" to parts.port.toInt(),
        "target" to parts.target,
        "authority" to parts.authority,
        "credentials" to credentials,
    )
}

/** The negotiation of permessage-deflate, seen from one side. */
fun runNegotiation(vector: Vector) {
    known(vector.fields, "id", "rfc", "origin", "note", "role", "config", "offers", "answer", "params", "fault")
    settings(vector["config"]).use { settings ->
        if (vector["role"]!!.text() == "client") negotiateAsClient(vector, settings) else negotiateAsServer(vector, settings)
    }
}

private fun negotiateAsServer(vector: Vector, settings: Settings) {
    val connect = listOf(
        ":method" to "CONNECT",
        ":protocol" to "websocket",
        ":scheme" to "https",
        ":path" to "/",
        ":authority" to "a",
        "sec-websocket-version" to "13",
    ).map { (name, value) -> Header(name, value.encodeToByteArray()) }
    ServerHandshake(false, null, emptyList(), settings, START).use { server ->
        server.examine(connect + extensionLines(vector["offers"]))
        val agreement = server.accept()
        val answer = elements(server.response()!!.headers).firstOrNull()
        exactly(vector["answer"], answer)
        exactly(vector["params"], agreed(agreement)["deflate"])
    }
}

private fun negotiateAsClient(vector: Vector, settings: Settings) {
    vector["offers"]?.let { offers ->
        ClientHandshake("ws://a/", emptyList(), emptyList(), settings, NONCE, START).use { client ->
            val fields = Head(client.request()).fields
            exactly(offers, JsonArray(elements(fields.map { (name, value) -> Header(name, value.encodeToByteArray()) })))
        }
    }
    ClientHandshake.overHeads("ws://a/", emptyList(), emptyList(), settings).use { client ->
        var fault: String? = null
        val params = try {
            agreed(client.verify(200u, extensionLines(vector["answer"]))!!)["deflate"]
        } catch (failure: Failure.Handshake) {
            fault = failure.code
            JsonNull
        }
        exactly(vector["params"], params)
        exactly(vector["fault"], fault?.let(::JsonPrimitive))
    }
}

/** The lines of a header field: none, one, or several. */
private fun extensionLines(value: JsonElement?): List<Header> {
    val lines = when (value) {
        null, JsonNull -> emptyList()
        is JsonArray -> value.map { it.latin1() }
        else -> listOf(value.latin1())
    }
    return lines.map { Header("sec-websocket-extensions", it) }
}

/** What this end wrote: each element is permessage-deflate, and its parameters are the fields of an object. */
private fun elements(fields: List<Header>): List<JsonObject> {
    val line = fields.firstOrNull { it.name.equals("sec-websocket-extensions", ignoreCase = true) }
    val elements = line?.value?.shown().orEmpty().split(',').map { it.trim() }.filter { it.isNotEmpty() }
    return elements.map { element ->
        if (!element.startsWith("permessage-deflate")) throw Broken("the extension $element")
        val parameters = element.split(';').drop(1).map { it.trim().split('=', limit = 2) }
        json(*parameters.map { it[0] to it.getOrNull(1) }.toTypedArray())
    }
}

private fun exactly(expected: JsonElement?, found: JsonElement?) {
    val (one, other) = (expected ?: JsonNull) to (found ?: JsonNull)
    if (one != other) throw Broken("expected $one, found $other")
}

private fun server(policy: JsonElement?, settings: Settings): ServerHandshake {
    val fields = policy.fields()
    known(fields, "origins", "subprotocols")
    val origins = fields["origins"]
    val any = origins == JsonPrimitive("any")
    val listed = if (any || origins == null || origins == JsonNull) null else origins.list().map { it.text() }
    return ServerHandshake(any, listed, fields["subprotocols"].list().map { it.text() }, settings, START)
}

private fun headers(value: JsonElement?): List<Header> = value.list().map { field ->
    val (name, content) = field as JsonArray
    Header(name.text(), content.latin1())
}

private fun expectedHeaders(vector: Vector): JsonObject = vector["expect"].fields()["headers"].fields()

/** Header fields by the names that [expected] uses: the values joined, or null for none. */
private fun named(expected: JsonObject, fields: List<Pair<String, String>>): JsonObject {
    val found = expected.keys.map { name ->
        val values = fields.filter { it.first.equals(name, ignoreCase = true) }.map { it.second }
        name to values.takeIf { it.isNotEmpty() }?.joinToString(", ")
    }
    return json(*found.toTypedArray())
}

/** A head of HTTP/1.1 taken apart: the first line, the fields, and what is behind the blank line. */
private class Head(bytes: ByteArray) {
    private val parts = bytes.shown().split("\r\n\r\n", limit = 2)
    private val lines = parts[0].split("\r\n")
    val line: String = lines[0]
    val body: String = parts.getOrElse(1) { throw Broken("no blank line") }
    val fields: List<Pair<String, String>> = lines.drop(1).map { field ->
        val colon = field.indexOf(": ")
        if (colon < 0) throw Broken("a line without colon and blank: $field")
        field.take(colon) to field.drop(colon + 2)
    }
}

private fun agreed(agreement: Agreement): JsonObject {
    val deflate = agreement.deflate?.let { params ->
        json(
            "server_no_context_takeover" to params.serverNoContextTakeover,
            "client_no_context_takeover" to params.clientNoContextTakeover,
            "server_max_window_bits" to params.serverMaxWindowBits.toInt(),
            "client_max_window_bits" to params.clientMaxWindowBits.toInt(),
        )
    }
    return json("subprotocol" to agreement.subprotocol, "deflate" to deflate)
}

private fun compare(expected: JsonElement, found: JsonObject) {
    val body = expected.fields()["body"]
    val whole = if (body == null) expected else JsonObject(expected.fields() + ("body" to JsonPrimitive(body.text())))
    difference(whole, found)?.let { throw Broken(it) }
}
