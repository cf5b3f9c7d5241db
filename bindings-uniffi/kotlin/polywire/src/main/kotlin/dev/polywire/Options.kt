// What a client can be told.
//
// Owns the options of Kotlin, and their names in the core's settings. It has no defaults of its own: what
// is null is not named, and keeps the core's.

package dev.polywire

import dev.polywire.core.NamedSetting
import dev.polywire.core.Setting
import javax.net.ssl.SSLContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit

/** What to ask for, and what to allow. Whatever is null has the core's default. */
public data class Options(
    /** The subprotocols that the application speaks, the preferred one first. */
    val subprotocols: List<String> = emptyList(),
    /** Further header fields of the request, such as `Authorization`. */
    val headers: List<Pair<String, String>> = emptyList(),
    /** Bounds on what the server can make this end hold. */
    val limits: Limits = Limits(),
    /** How long to wait for what. */
    val timeouts: Timeouts = Timeouts(),
    /** permessage-deflate, or null to not offer it. */
    val deflate: Deflate? = Deflate(),
    /** How many messages may wait for a slow collector before the socket is no longer read. */
    val messageBuffer: Int = 16,
    /** Trust and keys for `wss`; null for those of the platform. Host names are always verified. */
    val sslContext: SSLContext? = null,
)

/** Bounds; `Long.MAX_VALUE` is no limit. */
public data class Limits(
    /** Bytes of payload in one frame. Default: 16 MiB. */
    val frameSize: Long? = null,
    /** Bytes of one message, on the wire and again after inflation; never more than 1 GiB. Default: 16 MiB. */
    val messageSize: Long? = null,
    /** Bytes that wait to be written; beyond it [Client.send] suspends. Default: 1 MiB. */
    val sendQueue: Long? = null,
    /** Messages per second. Default: no limit. */
    val messagesPerSecond: Long? = null,
    /** Bytes per second. Default: no limit. */
    val bytesPerSecond: Long? = null,
)

/** Times; [Duration.INFINITE] waits for ever. */
public data class Timeouts(
    /** For the addresses, TCP and TLS together. */
    val connect: Duration = 10.seconds,
    /** For the opening handshake. Default: 10 s. */
    val handshake: Duration? = null,
    /** For the server's close frame, and for the end of its stream. Default: 10 s. */
    val close: Duration? = null,
    /** Without a message in either direction. Default: infinite. */
    val idle: Duration? = null,
    /** Silence after which a ping is sent. Infinite: no pings. Default: 20 s. */
    val keepaliveInterval: Duration? = null,
    /** Silence after the ping after which the connection ends. Default: 20 s. */
    val keepaliveTimeout: Duration? = null,
)

/** permessage-deflate. */
public data class Deflate(
    /** Ask the server to compress each message by itself. */
    val serverNoContextTakeover: Boolean? = null,
    /** Compress each message by itself. */
    val clientNoContextTakeover: Boolean? = null,
    /** The window that the server may use, 8 to 15. Default: 12. */
    val serverMaxWindowBits: Int? = null,
    /** The window of this end, 8 to 15. Default: 12. */
    val clientMaxWindowBits: Int? = null,
    /** Shorter messages go out as they are. */
    val threshold: Int? = null,
    /** From 1, fastest, to 9, smallest. */
    val level: Int? = null,
)

/** A message has to fit into an array, and into the batch that brings it. */
private const val LARGEST_MESSAGE = 1L shl 30

internal fun Options.settings(): List<NamedSetting> = buildList {
    number("limits.frame_size", limits.frameSize)
    number("limits.message_size", limits.messageSize?.coerceAtMost(LARGEST_MESSAGE))
    number("limits.send_queue", limits.sendQueue)
    number("limits.messages_per_second", limits.messagesPerSecond)
    number("limits.bytes_per_second", limits.bytesPerSecond)
    time("timeouts.handshake", timeouts.handshake)
    time("timeouts.close", timeouts.close)
    time("timeouts.idle", timeouts.idle)
    time("timeouts.keepalive.interval", timeouts.keepaliveInterval)
    time("timeouts.keepalive.timeout", timeouts.keepaliveTimeout)
    add(NamedSetting("deflate", Setting.Flag(deflate != null)))
    deflate?.let {
        flag("deflate.server_no_context_takeover", it.serverNoContextTakeover)
        flag("deflate.client_no_context_takeover", it.clientNoContextTakeover)
        number("deflate.server_max_window_bits", it.serverMaxWindowBits?.toLong())
        number("deflate.client_max_window_bits", it.clientMaxWindowBits?.toLong())
        number("deflate.threshold", it.threshold?.toLong())
        number("deflate.level", it.level?.toLong())
    }
}

private fun MutableList<NamedSetting>.number(name: String, value: Long?) {
    if (value == null) return
    add(NamedSetting(name, if (value == Long.MAX_VALUE) Setting.Unlimited else Setting.Number(value.toDouble())))
}

private fun MutableList<NamedSetting>.time(name: String, value: Duration?) {
    if (value == null) return
    val millis = value.toDouble(DurationUnit.MILLISECONDS)
    add(NamedSetting(name, if (value.isInfinite()) Setting.Unlimited else Setting.Number(millis)))
}

private fun MutableList<NamedSetting>.flag(name: String, value: Boolean?) {
    if (value != null) add(NamedSetting(name, Setting.Flag(value)))
}
