'use strict'

// What can be sent, and messages that are prepared for many connections.
// Owns the forms of data that users may give. How they are framed is the core's.

const native = require('./loader.js')
const errors = require('./errors.js')

const FastBuffer = Buffer[Symbol.species]
const [, , , notText] = native.layout()

/** Bits of a message's flags, as in `commands.rs`. */
const TEXT = 1
const UNCOMPRESSED = 2
const MORE = 4

/** The bytes of what a user gave, not copied where it has any. */
function toBytes (data) {
  if (data instanceof Uint8Array) return data
  if (typeof data === 'string') return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return new FastBuffer(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return Buffer.from(data)
  if (data === undefined || data === null) return Buffer.alloc(0)
  if (typeof data === 'number') return Buffer.from(String(data))
  const type = data?.constructor?.name ?? typeof data
  throw Object.assign(
    new TypeError(`a message is a string, a Buffer, a view, an ArrayBuffer or a prepared message, not ${type}`),
    { code: 'ERR_INVALID_ARG_TYPE' }
  )
}

/** The flags of a message: a string is text, unless the options say otherwise. */
function flagsOf (data, options) {
  const isText = typeof data === 'string' || typeof data === 'number'
  if (options === undefined || options === null) return isText ? TEXT : 0
  const { binary, compress, fin } = options
  return ((binary === undefined ? isText : !binary) ? TEXT : 0) | (compress === false ? UNCOMPRESSED : 0) | (fin === false ? MORE : 0)
}

const dropped = new FinalizationRegistry(native.dropPrepared)

/** A message that is framed once and compressed once, however many connections send it. */
class Prepared {
  constructor (data, options) {
    const bytes = toBytes(data)
    const id = native.prepare(bytes, flagsOf(data, options) & ~MORE)
    if (id === null) throw errors.usage(notText)
    this.byteLength = bytes.length
    Object.defineProperty(this, 'id', { value: id })
    dropped.register(this, id)
  }
}

/** Prepares a message for any number of connections: give what it returns to their `send`. */
function prepare (data, options) {
  return new Prepared(data, options)
}

module.exports = { Prepared, prepare, toBytes, flagsOf }
