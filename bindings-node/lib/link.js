'use strict'

// A connection of the core over a stream of Node: chunks in, events out, one write for a burst of answers.
// Owns the memory shared with the addon, the order of events, and when something is written. Knows nothing
// of the protocol, and of the API only the few methods of `owner` that it calls.

const net = require('node:net')
const native = require('./loader.js')
const errors = require('./errors.js')
const { readsTo } = require('./reads.js')

// As constants: the addon's exports are an object that is slow to look into.
const { receive, receiveEof, handleTimeout, transmit, send, sendAll, sendThrough, queued, takeLarge, abort, close, readOn, dropConnection } = native
const [STATUS, WORDS, NONE] = native.layout()
const FastBuffer = Buffer[Symbol.species]
const kLink = Symbol('polywire.link')
const EMPTY = Buffer.alloc(0)

/** Flags of status word 1, kinds of records: as in `inbox.rs` and the bridge. */
const READ = 1
const SHUTDOWN = 2
const CLOSE = 4
const OPEN = 8
const MORE = 16
const WRITE = 32
const USUAL = READ | OPEN
const KIND = { TEXT: 1, BINARY: 2, TEXT_CHUNK: 3, BINARY_CHUNK: 4, PING: 5, PONG: 6, CLOSE: 7, FAILED: 8, ENDED: 9 }

/** Records that fit the table: more come with the next call. */
const RECORDS = 1024
const newTable = (records = RECORDS) => new Uint32Array(STATUS + records * WORDS)
const ownTable = newTable()

/** Where payloads go that are not in the chunk. Its bytes belong to the messages that are views of them. */
const SLAB = 64 << 10
let slab = Buffer.allocUnsafeSlow(SLAB)
let slabUsed = 0

/** Where output is gathered. What the kernel took at once is used again. */
const OUT = 64 << 10
const OUT_LEAST = 4 << 10
let out = Buffer.allocUnsafeSlow(OUT)
let outUsed = 0

/** Strings up to this length are encoded here. */
const scratch = Buffer.allocUnsafeSlow(48 << 10)
const SHORT_STRING = scratch.length / 3

/** What a connection sends while its events are handed out: small messages cross the border together. */
const BATCH_BYTES = 64 << 10
const BATCH_COUNT = 1024
const BATCH_LARGEST = 1 << 10
const LENGTH_BITS = 24
const batchBytes = Buffer.allocUnsafeSlow(BATCH_BYTES)
const batchWords = new Uint32Array(BATCH_COUNT)
let batchUsed = 0
let batchCount = 0
/** The connection whose batch it is. */
let batchLink = null

/** From this size on a message is offered to the socket without a copy. */
const LARGE = 16 << 10

/** How much is queued inside a batch before it is written. */
const BURST = 64 << 10

/** How many batches are being handed out: events of one connection may cause events of another. */
let depth = 0
/** The turn of the event loop: the first message of a turn is written at once, later ones together. */
let turn = 1
let turnEnds = false
const dirty = []

function flushDirty () {
  for (let at = 0; at < dirty.length; at++) {
    dirty[at].dirty = false
    dirty[at].flush()
  }
  dirty.length = 0
}

function endTurn () {
  turnEnds = false
  turn++
  flushDirty()
}

function endTurnSoon () {
  if (!turnEnds) {
    turnEnds = true
    process.nextTick(endTurn)
  }
}

function rethrow (error) {
  throw error
}

/** The memory that records speak of. To ask a view for its buffer costs as much as to make one. */
class Memory {
  constructor (table, chunk, slab) {
    this.table = table
    this.chunk = chunk.buffer
    this.chunkOffset = chunk.byteOffset
    this.slab = slab.buffer
    this.slabOffset = slab.byteOffset
  }

  /** The payload of the record at word `at`. */
  payload (at) {
    const { table } = this
    const length = table[at + 2]
    switch (table[at] >>> 8) {
      case 0: return new FastBuffer(this.chunk, this.chunkOffset + table[at + 1], length)
      case 1: return new FastBuffer(this.slab, this.slabOffset + table[at + 1], length)
      default: return takeLarge(table[at + 1])
    }
  }
}

class Link {
  /** Takes `socket` over for the connection `id`; `owner` gets the events. */
  constructor (owner, socket, id, closeTimeout) {
    this.owner = owner
    this.socket = socket
    this.id = id
    this.closeTimeout = closeTimeout
    // Of a plain socket it is known that the kernel has what is not counted as waiting.
    this.isPlain = socket.constructor === net.Socket
    this.busy = false
    this.waiting = null
    this.blocked = false
    this.dirty = false
    this.turn = 0
    this.callbacks = null
    this.timer = null
    this.shut = false
    socket[kLink] = this
    if (this.isPlain) takeReads(socket)
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  // Bytes in

  receive (chunk) {
    if (this.busy) {
      // A stream that delivers while its events are handled: their order must stay.
      (this.waiting ??= []).push(chunk)
      return
    }
    this.run(receive, chunk)
    while (this.waiting !== null) {
      const waiting = this.waiting
      this.waiting = null
      for (const next of waiting) this.run(receive, next)
    }
  }

  /** Takes note of the passing of time and of what commands caused. */
  poll () {
    if (!this.busy) this.run(handleTimeout, EMPTY)
  }

  /** Calls the core until it has no more events, hands them out, then writes what was answered. */
  run (call, chunk) {
    if (this.id === -1) return
    this.busy = true
    const outermost = depth++ === 0
    const table = outermost ? ownTable : newTable()
    let from = 0
    let flags = 0
    for (;;) {
      if (slabUsed > SLAB / 2) {
        slab = Buffer.allocUnsafeSlow(SLAB)
        slabUsed = 0
      }
      const space = slab
      const count = call === receive
        ? receive(this.id, chunk, from, table, space, slabUsed)
        : call(this.id, table, space, slabUsed)
      from = chunk.length - table[0]
      flags = table[1] & ~WRITE
      const timer = table[3]
      slabUsed = table[4]
      if (timer !== NONE) this.arm(timer)
      if (table[2] !== 0) this.pending = true
      if (outermost) batchLink = this
      if (count !== 0) this.handOut(new Memory(table, chunk, space), count)
      if (outermost) {
        if (batchCount !== 0) this.flush()
        if (batchCount !== 0) this.sendBatch()
        batchLink = null
      }
      if (flags & MORE) {
        if (call !== receive) call = handleTimeout
      } else if (flags === USUAL || !this.writesOut()) {
        break
      } else {
        // What to do with the socket depends on what is left to write.
        call = handleTimeout
        chunk = EMPTY
      }
      if (this.id === -1) break
    }
    this.busy = false
    depth--
    if (this.pending) this.flush()
    if (depth === 0 && dirty.length !== 0) flushDirty()
    if (this.changed) {
      this.changed = false
      this.poll()
    } else if (flags !== USUAL) {
      this.follow(flags)
    }
  }

  handOut (memory, count) {
    const { owner } = this
    const { table } = memory
    for (let at = STATUS, end = STATUS + count * WORDS; at < end; at += WORDS) {
      const kind = table[at] & 255
      try {
        if (kind === KIND.BINARY) {
          owner.onMessage(memory.payload(at), true)
        } else if (kind === KIND.TEXT) {
          owner.onMessage(memory.payload(at), false)
        } else {
          this.handOutOther(kind, memory, at)
        }
      } catch (error) {
        // A listener's fault must not cost the messages behind it.
        process.nextTick(rethrow, error)
      }
    }
  }

  handOutOther (kind, memory, at) {
    const { owner } = this
    const { table } = memory
    switch (kind) {
      case KIND.PING: return owner.onPing(memory.payload(at))
      case KIND.PONG: return owner.onPong(memory.payload(at))
      case KIND.CLOSE: return owner.onCloseFrame(Buffer.from(memory.payload(at)))
      case KIND.FAILED: {
        const found = table[at + 4] + table[at + 5] * 2 ** 32
        const offset = table[at + 6] + table[at + 7] * 2 ** 32
        return owner.onFailure(errors.violation(table[at + 3], found, offset))
      }
      case KIND.ENDED: return owner.onEnd(table[at + 3])
    }
  }

  // Bytes out

  /** Sends a message; returns its outcome. */
  send (data, flags, callback) {
    let outcome
    if (batchLink === this) {
      if (callback === undefined && this.addToBatch(data, flags)) return 0
      this.sendBatch()
    }
    if (typeof data !== 'string') {
      if (data.length >= LARGE && !this.blocked) return this.sendLarge(data, flags, callback)
      outcome = send(this.id, data, data.length, flags)
    } else if (data.length <= SHORT_STRING) {
      outcome = send(this.id, scratch, scratch.write(data, 0), flags)
    } else {
      return this.send(Buffer.from(data), flags, callback)
    }
    return this.sent(outcome, callback)
  }

  /** Adds a small message to the batch, if nothing can be wrong with it. */
  addToBatch (data, flags) {
    let { length } = data
    const isString = typeof data === 'string'
    // Text in bytes may be none, and parts depend on others: the core is asked at once.
    if (length > BATCH_LARGEST || (isString ? flags > 3 : flags & 5)) return false
    if (batchCount === BATCH_COUNT || batchUsed + length * 3 > BATCH_BYTES) this.sendBatch()
    if (isString) {
      length = batchBytes.write(data, batchUsed)
    } else if (length <= 8) {
      for (let at = 0; at < length; at++) batchBytes[batchUsed + at] = data[at]
    } else {
      batchBytes.set(data, batchUsed)
    }
    batchUsed += length
    batchWords[batchCount++] = length | flags << LENGTH_BITS
    return true
  }

  /** Sends the batch. A connection that closes meanwhile takes no more messages: they are dropped. */
  sendBatch () {
    const count = batchCount
    batchCount = batchUsed = 0
    if (count === 0) return
    sendAll(this.id, batchBytes, batchWords, count, EMPTY, 0)
    this.touch()
  }

  /** Carries out a command whose first argument is the connection; returns its outcome. */
  command (call, argument, callback) {
    if (batchLink === this) this.sendBatch()
    return this.sent(call(this.id, argument), callback)
  }

  /** What every command does at its end. */
  sent (outcome, callback) {
    if (outcome === 0) {
      if (callback !== undefined) (this.callbacks ??= []).push(callback)
      this.touch()
    }
    return outcome
  }

  sendLarge (data, flags, callback) {
    this.flush()
    if (out.length - outUsed < OUT_LEAST) newOut()
    const result = sendThrough(this.id, data, flags, out, outUsed)
    const placed = result >>> 8
    if (placed === 0) return this.sent(result & 255, callback)
    const header = new FastBuffer(out.buffer, outUsed, placed)
    outUsed += placed
    const { socket } = this
    socket.cork()
    socket.write(header)
    this.noteWrite(socket.write(data, callback))
    socket.uncork()
    return 0
  }

  /** Has the queue written: at once, or with what else is sent in this turn. */
  touch () {
    if (this.dirty) return
    if (this.busy) {
      // What is queued meanwhile goes out when the batch ends, unless it is much.
      this.pending = true
      if (++this.burst % 64 === 0 && queued(this.id) > BURST) this.flush()
      return
    }
    if (depth === 0 && this.turn !== turn) {
      this.turn = turn
      endTurnSoon()
      this.flush()
      return
    }
    this.dirty = true
    dirty.push(this)
    if (depth === 0) endTurnSoon()
  }

  /** Writes everything that is queued, unless the socket has enough to do. */
  flush () {
    if (this.blocked || this.id === -1) return
    if (out.length - outUsed < OUT_LEAST) newOut()
    const room = out.length - outUsed
    const count = this.fill()
    this.pending = false
    if (count === 0) {
      if (this.callbacks !== null) this.write(EMPTY)
      return
    }
    if (count === room) return this.flushMuch(count)
    const start = outUsed
    outUsed += count
    this.write(new FastBuffer(out.buffer, start, count))
    // The kernel has it: the same memory serves the next write.
    if (this.isPlain && this.socket.writableLength === 0 && outUsed === start + count) outUsed = start
  }

  /** Moves what is queued to where it is written from; what stands in the batch is sent with the same call. */
  fill () {
    const messages = batchCount
    if (batchLink !== this || messages === 0) return transmit(this.id, out, outUsed)
    batchCount = batchUsed = 0
    return sendAll(this.id, batchBytes, batchWords, messages, out, outUsed)
  }

  /** The rest of a queue that does not fit. */
  flushMuch (count) {
    const all = Buffer.allocUnsafeSlow(count + queued(this.id))
    out.copy(all, 0, outUsed, outUsed + count)
    const rest = transmit(this.id, all, count)
    this.write(new FastBuffer(all.buffer, 0, count + rest))
  }

  write (bytes) {
    const { callbacks } = this
    if (callbacks === null) {
      this.noteWrite(this.socket.write(bytes))
    } else {
      this.callbacks = null
      this.noteWrite(this.socket.write(bytes, (error) => callAll(callbacks, error)))
    }
  }

  noteWrite (wentOn) {
    if (wentOn || this.blocked || this.socket.destroyed) return
    this.blocked = true
    this.socket.once('drain', onDrain)
  }

  /** Writes, and tells whether there was something. */
  writesOut () {
    if (this.blocked || this.id === -1) return false
    const some = queued(this.id) !== 0
    if (some) this.flush()
    return some
  }

  get bufferedAmount () {
    if (this.id === -1) return 0
    if (batchLink === this) this.sendBatch()
    return this.socket.writableLength + queued(this.id)
  }

  // The end

  close (code, reason) {
    if (batchLink === this) this.sendBatch()
    const outcome = close(this.id, code, reason)
    if (outcome === 0) this.change()
    return outcome
  }

  /** A command has consequences other than bytes to write. */
  change () {
    if (this.busy) this.changed = true
    else this.poll()
  }

  /** Stops reading, or reads on. */
  readOn (reads) {
    readOn(this.id, reads)
    if (reads) this.socket.resume()
    else this.socket.pause()
    this.change()
  }

  terminate () {
    this.flush()
    if (this.id !== -1) abort(this.id)
    this.socket.destroy()
  }

  /** Does with the socket what the core wants. */
  follow (flags) {
    const { socket } = this
    if (flags & CLOSE) {
      if (socket.destroyed) return
      if (socket.writableLength === 0) return socket.destroy()
      // What was handed over is still on its way; the peer has as long as for its close frame.
      this.shutDown()
      this.arm(this.closeTimeout, () => socket.destroy())
      socket.once('finish', () => socket.destroy())
    } else if (flags & SHUTDOWN) {
      this.shutDown()
    }
  }

  shutDown () {
    if (this.shut) return
    this.shut = true
    this.socket.end()
    // Whatever comes now is thrown away, but it must be read.
    this.socket.resume()
  }

  arm (millis, act = this.poll) {
    clearTimeout(this.timer)
    // The socket keeps the process alive, not its timers.
    this.timer = setTimeout(act.bind(this), Math.min(millis, 2 ** 31 - 1)).unref()
  }

  /** The socket is gone. */
  finish () {
    const { socket } = this
    if (socket.readableLength > 0) {
      const rest = socket.read()
      if (rest !== null) this.receive(rest)
    }
    // With the end of the stream the core says how it ended, if it has not yet.
    this.blocked = true
    this.run(receiveEof, EMPTY)
    dropConnection(this.id)
    this.id = -1
    clearTimeout(this.timer)
    socket[kLink] = undefined
    socket.removeListener('data', onData)
    socket.removeListener('end', onEnd)
    if (this.callbacks !== null) {
      const error = Object.assign(new Error('the connection was closed before this was written'), { code: 'ECONNABORTED' })
      process.nextTick(callAll, this.callbacks, error)
      this.callbacks = null
    }
    this.owner.onClosed()
  }
}

// On the prototype: a connection that never needs them does not hold them.
Link.prototype.changed = false
Link.prototype.pending = false
Link.prototype.burst = 0

function newOut () {
  out = Buffer.allocUnsafeSlow(OUT)
  outUsed = 0
}

function callAll (callbacks, error) {
  for (const callback of callbacks) callback(error ?? undefined)
}

function onData (chunk) {
  this[kLink]?.receive(chunk)
}

const takeReads = readsTo(onData)

function onEnd () {
  this[kLink]?.run(receiveEof, EMPTY)
}

function onError () {
  // The stream is destroyed with it; how the connection ended is told when it is closed.
  this.destroy()
}

function onClose () {
  this[kLink]?.finish()
}

function onDrain () {
  const link = this[kLink]
  if (link === undefined) return
  link.blocked = false
  link.flush()
  if (link.owner.readyState !== 1) link.poll()
}

module.exports = { Link, KIND, STATUS, WORDS, NONE, newTable, Memory, kLink }
