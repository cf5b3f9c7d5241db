// A connection after the opening handshake.
//
// Owns the shape of events and commands in JavaScript. Every decision is the core's.

import * as wasm from './polywire.js'
import { guarded } from './errors.js'
import { handle, numbers, random, settingsOf } from './settings.js'
import { memory, words } from './protocol.js'

const WORDS = 8
const NONE = 0xffffffff
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

let known

/** Every code with what belongs to it, and the names of causes. */
export function tables () {
  known ??= JSON.parse(wasm.tables())
  return known
}

/** Every code that a user can meet, with the section of its rule. */
export function codes () {
  return tables().codes
}

/** A message that is framed and compressed once, for any number of connections. */
export class Prepared {
  constructor (data, { compress } = {}) {
    this[handle] = guarded(() => new wasm.Prepared(...content(data), level(compress)))
  }
}

/** One end of a connection. It does no I/O: bytes and time in, events and bytes out. */
export class Connection {
  #core

  constructor (role, { settings, agreement, seed = random(32), now = performance.now() } = {}) {
    if (role !== 'client' && role !== 'server') throw new TypeError('a role is "client" or "server"')
    const { deflate, subprotocol } = agreement ?? {}
    this.#core = guarded(() => new wasm.Connection(role === 'client', settingsOf(settings), numbers(deflate), seed, now))
    this.subprotocol = subprotocol ?? null
  }

  /** Takes bytes that arrived; what they mean, decoded event by event as they are taken. */
  receive (bytes, now = performance.now()) {
    memory(this.#core.space(bytes.length), bytes.length).set(bytes)
    this.#core.filled(bytes.length)
    return this.#events(now)
  }

  /** The peer's stream ended. */
  receiveEof (now = performance.now()) {
    this.#core.receive_eof(now)
    return this.#events(now)
  }

  /** The deadline of `wants` has come. */
  handleTimeout (now = performance.now()) {
    this.#core.handle_timeout(now)
    return this.#events(now)
  }

  /** The host stops reading for a while: the silence that it makes itself does not end the connection. */
  pauseReading (now = performance.now()) {
    this.#core.pause_reading(now)
  }

  /** The host reads again. */
  resumeReading (now = performance.now()) {
    this.#core.resume_reading(now)
  }

  /** What the host should do next; the deadline is Infinity where there is none. */
  get wants () {
    const [read, write, socket, deadline] = this.#core.wants()
    return { read: !!read, write: !!write, socket: ['keep', 'shutdown_write', 'close'][socket], deadline }
  }

  /** Takes queued bytes, all or up to so many, to be written to the socket. */
  transmit (most = NONE) {
    return this.#core.transmit(most)
  }

  /** Bytes in the queue. */
  get queued () { return this.#core.queued() }

  /** Whether messages can be sent. */
  get isOpen () { return this.#core.is_open() }

  /** Bytes that the core holds for it. */
  get heapBytes () { return this.#core.heap_bytes() }

  /** Sends a message: text for a string, binary for bytes. `compress`: false, or a level from 1 to 9. */
  send (data, { compress, now = performance.now() } = {}) {
    if (data instanceof Prepared) return guarded(() => this.#core.send_prepared(data[handle], now))
    guarded(() => this.#core.send(...content(data), level(compress), now))
  }

  /** Sends the next part of a message, and with `last` ends it. */
  sendPart (data, { last = false, compress, now = performance.now() } = {}) {
    guarded(() => this.#core.send_part(...content(data), last, level(compress), now))
  }

  ping (payload = '', now = performance.now()) {
    guarded(() => this.#core.ping(content(payload)[1], now))
  }

  pong (payload = '', now = performance.now()) {
    guarded(() => this.#core.pong(content(payload)[1], now))
  }

  /** Starts the closing handshake. */
  close (code, reason = '', now = performance.now()) {
    guarded(() => this.#core.close(code ?? undefined, reason, now))
  }

  /** Gives the connection up. */
  abort (now = performance.now()) {
    this.#core.abort(now)
  }

  /** Gives back what a burst needed. */
  shrink () {
    this.#core.shrink()
  }

  /** Gives back all of it. Nothing can be called afterwards. */
  free () {
    this.#core.free()
  }

  * #events (now) {
    while (this.#core.next(now)) {
      // A copy: what is called for an event may move the memory.
      yield event(words(this.#core.record(), WORDS).slice(), this.#core.payload())
    }
  }
}

/** An event of a record: see `polywire_bridge::record` for its words. */
function event (record, payload) {
  const [kind, , length, code, low, high, atLow, atHigh] = record
  const bytes = () => memory(payload, length).slice()
  const text = () => utf8.decode(memory(payload, length))
  const wide = (low, high) => high * 2 ** 32 + low
  switch (kind) {
    case 1: return { type: 'text', data: text() }
    case 2: return { type: 'binary', data: bytes() }
    case 3: return { type: 'chunk', data: text(), last: code === 1 }
    case 4: return { type: 'chunk', data: bytes(), last: code === 1 }
    case 5: return { type: 'ping', data: bytes() }
    case 6: {
      const answered = low !== NONE || high !== NONE
      return { type: 'pong', data: bytes(), roundTrip: answered ? wide(low, high) / 1000 : null }
    }
    case 7: return { type: 'close', code: code === NONE ? null : code, reason: text() }
    case 8: {
      const { code: rule, section, number } = codes()[code]
      const [found, at] = [wide(low, high), wide(atLow, atHigh)]
      const message = wasm.violation_text(code, found, at)
      return { type: 'failed', rule, section, closeCode: number, found, offset: at, message }
    }
    default: {
      const rule = high === NONE ? null : codes()[high].code
      return { type: 'ended', cause: tables().causes[low], code, rule }
    }
  }
}

/** Whether it is text, and its bytes. */
function content (data) {
  if (typeof data === 'string') return [true, encoder.encode(data)]
  if (data instanceof Uint8Array) return [false, data]
  if (data instanceof ArrayBuffer) return [false, new Uint8Array(data)]
  if (ArrayBuffer.isView(data)) return [false, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
  throw new TypeError('a message is a string, an ArrayBuffer or a view of one')
}

function level (compress) {
  if (compress === undefined || compress === true) return 255
  if (compress === false) return 0
  if (Number.isInteger(compress) && compress >= 1 && compress <= 9) return compress
  throw new TypeError('`compress` is true, false, or a level from 1 to 9')
}
