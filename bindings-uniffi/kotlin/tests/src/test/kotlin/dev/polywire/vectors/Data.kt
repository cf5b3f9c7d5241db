// The files of `tests/vectors`, and the few notations in them.

package dev.polywire.vectors

import java.io.File
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.int
import kotlinx.serialization.json.long

/** A vector, and the file that it comes from. */
class Vector(val file: String, val fields: JsonObject) {
    val id: String = fields.getValue("id").text()

    operator fun get(name: String): JsonElement? = fields[name]

    override fun toString(): String = "$file, $id"
}

/** A vector was not kept. */
class Broken(message: String) : Exception(message)

object Vectors {
    val kinds = listOf("connection", "server_handshake", "client_handshake", "url", "negotiation")

    private val files: List<Pair<String, List<Vector>>> by lazy {
        val folder = File(System.getProperty("polywire.vectors"))
        val files = folder.listFiles { file -> file.extension == "json" }.orEmpty().sorted()
        check(files.isNotEmpty()) { "no vectors in $folder" }
        files.map { file ->
            val content = Json.parseToJsonElement(file.readText()) as JsonObject
            val vectors = content.getValue("vectors") as JsonArray
            content.getValue("kind").text() to vectors.map { Vector(file.name, it as JsonObject) }
        }
    }

    fun of(kind: String): List<Vector> = files.filter { it.first == kind }.flatMap { it.second }

    fun kindsOfFiles(): Set<String> = files.map { it.first }.toSet()
}

/** A list in which `{"repeat": [item, n]}` stands for `n` times `item`. */
fun JsonElement?.list(): List<JsonElement> = (this as? JsonArray).orEmpty().flatMap { item ->
    val repeat = (item as? JsonObject)?.get("repeat") as? JsonArray
    if (repeat == null) listOf(item) else List((repeat[1] as JsonPrimitive).int) { repeat[0] }
}

/** A string, or the pieces of one. */
fun JsonElement.text(): String = when (this) {
    is JsonPrimitive -> content.also { check(isString) { "expected a string, found $this" } }
    is JsonArray -> list().joinToString("") { it.text() }
    is JsonObject -> throw Broken("expected a string or a list of its pieces, found $this")
}

/** Bytes in hexadecimal, in one string or in pieces. */
fun JsonElement.bytes(): ByteArray {
    val digits = text()
    check(digits.length % 2 == 0) { "an odd number of hexadecimal digits" }
    return ByteArray(digits.length / 2) { at ->
        (digits[2 * at].digitToInt(16) shl 4 or digits[2 * at + 1].digitToInt(16)).toByte()
    }
}

/** Text in which each character stands for one byte. */
fun JsonElement.latin1(): ByteArray = text().toByteArray(Charsets.ISO_8859_1)

fun ByteArray.hex(): String {
    val text = StringBuilder(2 * size)
    for (byte in this) {
        text.append(Character.forDigit(byte.toInt() shr 4 and 15, 16))
        text.append(Character.forDigit(byte.toInt() and 15, 16))
    }
    return text.toString()
}

fun ByteArray.shown(): String = toString(Charsets.ISO_8859_1)

fun JsonElement?.flag(): Boolean? = (this as? JsonPrimitive)?.takeIf { it !is JsonNull }?.boolean

fun JsonElement?.number(): Long? = (this as? JsonPrimitive)?.takeIf { it !is JsonNull }?.long

fun JsonElement?.fields(): JsonObject = this as? JsonObject ?: JsonObject(emptyMap())

/** An object as the vectors write it. Numbers, strings, booleans, null, and what is JSON already. */
fun json(vararg fields: Pair<String, Any?>): JsonObject = JsonObject(
    fields.associate { (name, value) ->
        name to when (value) {
            null -> JsonNull
            is JsonElement -> value
            is Number -> JsonPrimitive(value)
            is Boolean -> JsonPrimitive(value)
            is ULong -> JsonPrimitive(value)
            else -> JsonPrimitive(value.toString())
        }
    },
)

/** Joins the pieces of strings inside an expected value. */
fun JsonElement.joined(): JsonElement = when (this) {
    is JsonArray -> JsonPrimitive(text())
    is JsonObject -> JsonObject(mapValues { it.value.joined() })
    is JsonPrimitive -> this
}

/** Where [found] lacks something of [expected]: every field that it names must be equal. */
fun difference(expected: JsonElement, found: JsonElement): String? {
    if (expected is JsonObject && found is JsonObject) {
        return expected.firstNotNullOfOrNull { (name, value) ->
            difference(value, found[name] ?: JsonNull)?.let { "$name: $it" }
        }
    }
    return if (expected == found) null else "expected ${short(expected)}, found ${short(found)}"
}

/** A value, cut to what a person reads. */
fun short(value: Any): String {
    val text = value.toString()
    return if (text.length <= 300) text else "${text.take(300)}... (${text.length} characters)"
}

/** A typing error in a vector must not pass for a default. */
fun known(fields: JsonObject, vararg names: String) {
    for (name in fields.keys) {
        if (name !in names) throw Broken("unknown setting $name")
    }
}
