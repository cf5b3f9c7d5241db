'use strict'

// The core without I/O: bytes and time in, events and bytes out, for any stream and for tests.
// Owns the form of events as objects; that of handshakes is in `opening.js`. Decides nothing.

const native = require('./loader.js')
const errors = require('./errors.js')
const settings = require('./settings.js')
const { KIND, STATUS, WORDS, NONE, Memory, newTable } = require('./link.js')
const opening = require('./opening.js')
const { Prepared, toBytes, flagsOf } = require('./prepared.js')

const MORE_PARTS = 4
const WHOLE = 8
const PART = 16
const MORE_EVENTS = 16
/** Payloads are copied out of it, so one serves all. */
const slab = Buffer.allocUnsafeSlow(64 << 10)
const EMPTY = Buffer.alloc(0)
const SOCKETS = ['keep', 'shutdown_write', 'close']
const dropped = new FinalizationRegistry(native.dropConnection)

/** Two words as one number. */
function wide (table, at) {
  return table[at] + table[at + 1] * 2 ** 32
}

/** The event of the record at word `at`. Its payload is a copy. */
function eventOf (memory, at) {
  const { table } = memory
  const kind = table[at] & 255
  const bytes = () => Buffer.from(memory.payload(at))
  switch (kind) {
    case KIND.TEXT: return { type: 'text', data: bytes().toString() }
    case KIND.BINARY: return { type: 'binary', data: bytes() }
    case KIND.TEXT_CHUNK: return { type: 'chunk', data: bytes().toString(), last: table[at + 3] === 1 }
    case KIND.BINARY_CHUNK: return { type: 'chunk', data: bytes(), last: table[at + 3] === 1 }
    case KIND.PING: return { type: 'ping', data: bytes() }
    case KIND.PONG: return { type: 'pong', data: bytes(), rtt: roundTrip(table, at) }
    case KIND.CLOSE: return { type: 'close', code: unlessNone(table[at + 3]), reason: bytes().toString() }
    case KIND.FAILED: return { type: 'failed', error: errors.violation(table[at + 3], wide(table, at + 4), wide(table, at + 6)) }
    default: return { type: 'ended', code: table[at + 3], cause: errors.causes[table[at + 4]], rule: ruleOf(table[at + 5]) }
  }
}

function unlessNone (word) {
  return word === NONE ? null : word
}

function ruleOf (word) {
  return word === NONE ? null : errors.violations[word].code
}

/** Milliseconds, or null for a pong that answers no ping. */
function roundTrip (table, at) {
  return table[at + 4] === NONE && table[at + 5] === NONE ? null : wide(table, at + 4) / 1000
}

/** One end of a connection after the opening handshake. Times are milliseconds of any epoch. */
class Connection {
  /**
   * `role` is 'client' or 'server'; `settings` are the core's, in camel case; `deflate` is what a handshake
   * agreed on. `seed` are 32 random bytes, and `batch` is how many events cross the border together.
   */
  constructor ({ role, settings: given = {}, deflate, seed, now = 0, batch = 256 }) {
    const config = given instanceof native.Config ? given : settings.config(given)
    this.id = native.open(role === 'server', config, settings.params(deflate), seed, now)
    this.table = newTable(batch)
    dropped.register(this, this.id)
  }

  /** From now on it is `now`. */
  setTime (now) {
    native.setTime(this.id, now)
  }

  /** Takes bytes from the peer, which are changed in place; returns the events. */
  receive (chunk) {
    return this.collect(chunk, (from) => native.receive(this.id, chunk, from, this.table, slab, 0))
  }

  receiveEof () {
    return this.collect(EMPTY, (from) => native.receiveEof(this.id, this.table, slab, 0))
  }

  handleTimeout () {
    return this.collect(EMPTY, (from) => native.handleTimeout(this.id, this.table, slab, 0))
  }

  collect (chunk, call) {
    const events = []
    let from = 0
    for (;;) {
      const count = call(from)
      const memory = new Memory(this.table, chunk, slab)
      for (let at = STATUS; at < STATUS + count * WORDS; at += WORDS) events.push(eventOf(memory, at))
      from = chunk.length - this.table[0]
      if (!(this.table[1] & MORE_EVENTS)) return events
      if (from === chunk.length) call = () => native.handleTimeout(this.id, this.table, slab, 0)
    }
  }

  /** Sends a message, or with the option `fin` a part of one, which says whether it is the last. */
  send (data, options) {
    if (data instanceof Prepared) return checked(native.sendPrepared(this.id, data.id))
    const bytes = toBytes(data)
    const { fin } = options ?? {}
    const flags = (flagsOf(data, options) & ~MORE_PARTS) | (fin === undefined ? WHOLE : fin ? PART : PART | MORE_PARTS)
    checked(native.send(this.id, bytes, bytes.length, flags))
  }

  ping (data) {
    checked(native.ping(this.id, toBytes(data)))
  }

  pong (data) {
    checked(native.pong(this.id, toBytes(data)))
  }

  close (code, reason = '') {
    checked(native.close(this.id, code ?? undefined, reason))
  }

  abort () {
    native.abort(this.id)
  }

  /** Tells that the host stops reading for a while: its peer's silence ends nothing meanwhile. */
  pauseReading () {
    native.readOn(this.id, false)
  }

  resumeReading () {
    native.readOn(this.id, true)
  }

  /** The next bytes to write, at most `most` of them. */
  transmit (most = Infinity) {
    const out = Buffer.allocUnsafeSlow(Math.min(most, native.queued(this.id)))
    return out.subarray(0, native.transmit(this.id, out, 0))
  }

  /** What the host's loop should do next: `read`, `write`, `socket`, `deadline`; and whether it is `open`. */
  wants () {
    const [read, write, socket, deadline, open] = native.wants(this.id)
    const timed = deadline === Infinity ? {} : { deadline }
    return { read: read === 1, write: write === 1, socket: SOCKETS[socket], ...timed, open: open === 1 }
  }

  get heapBytes () {
    return native.heapBytes(this.id)
  }
}

function checked (outcome) {
  if (outcome !== 0) throw errors.usage(outcome)
}

module.exports = {
  Connection,
  Config: native.Config,
  Policy: settings.Policy,
  config: settings.config,
  codes: errors.codes,
  ...opening
}
