'use strict'

// The class `WebSocket`: the API of `ws` over a link.
// Owns arguments, states and events as users see them. What goes over the wire is the core's.

const { EventEmitter } = require('node:events')
const native = require('./loader.js')
const errors = require('./errors.js')
const eventTarget = require('./event-target.js')
const { Link } = require('./link.js')
const { Prepared, toBytes, flagsOf } = require('./prepared.js')
const { params } = require('./settings.js')

// As constants: the addon's exports are an object that is slow to look into.
const { open, ping, pong, sendPrepared } = native

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']
const [CONNECTING, OPEN, CLOSING, CLOSED] = STATES.keys()
const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'fragments', 'blob']
const EMPTY = Buffer.alloc(0)

class WebSocket extends EventEmitter {
  /** A client of `address`; without one it waits for a server to attach it. */
  constructor (address, protocols, options) {
    super()
    this._readyState = CONNECTING
    this._binaryType = 'nodebuffer'
    this._isServer = address === null
    this._link = null
    this._socket = null
    this._protocol = ''
    this._extensions = ''
    this._closeCode = 1006
    this._closeMessage = EMPTY
    this._unsent = 0
    this._paused = false
    if (address === null) return
    if (protocols !== undefined && !Array.isArray(protocols)) {
      if (typeof protocols === 'object' && protocols !== null) {
        options = protocols
        protocols = undefined
      } else {
        protocols = [protocols]
      }
    }
    require('./client.js').connect(this, address, protocols ?? [], options ?? {})
  }

  get binaryType () {
    return this._binaryType
  }

  set binaryType (type) {
    if (BINARY_TYPES.includes(type)) this._binaryType = type
  }

  get readyState () {
    return this._readyState
  }

  get bufferedAmount () {
    return this._unsent + (this._link === null ? 0 : this._link.bufferedAmount)
  }

  get extensions () {
    return this._extensions
  }

  get protocol () {
    return this._protocol
  }

  get url () {
    return this._url
  }

  get isPaused () {
    return this._paused
  }

  /**
   * Sends a message: a string, bytes in any form, or what `prepare` returned. Options: `binary`, `compress`,
   * and `fin: false` for a part that others follow.
   */
  send (data, options, callback) {
    if (typeof options === 'function') {
      callback = options
      options = undefined
    }
    if (this._readyState !== OPEN) return this._refuse(data, callback)
    let outcome
    if (typeof data === 'string' || data instanceof Uint8Array) {
      outcome = this._link.send(data, flagsOf(data, options), callback)
    } else if (data instanceof Prepared) {
      outcome = this._link.command(sendPrepared, data.id, callback)
    } else {
      outcome = this._link.send(toBytes(data), flagsOf(data, options), callback)
    }
    if (outcome !== 0) this._refused(outcome, data, callback)
  }

  ping (data, mask, callback) {
    this._control(ping, data, mask, callback)
  }

  pong (data, mask, callback) {
    this._control(pong, data, mask, callback)
  }

  /** `mask` is there for the callers of `ws`: the role decides. */
  _control (call, data, mask, callback) {
    if (typeof data === 'function') {
      callback = data
      data = undefined
    } else if (typeof mask === 'function') {
      callback = mask
    }
    if (this._readyState !== OPEN) return this._refuse(data, callback)
    const bytes = data === undefined || data === null ? EMPTY : toBytes(data)
    const outcome = this._link.command(call, bytes, callback)
    if (outcome !== 0) this._refused(outcome, data, callback)
  }

  /** A command was not carried out. That the peer has just closed is nobody's fault. */
  _refused (outcome, data, callback) {
    if (outcome !== errors.NOT_OPEN) throw errors.usage(outcome)
    this._readyState = CLOSING
    this._refuse(data, callback)
  }

  /** What becomes of data while nothing can be sent. */
  _refuse (data, callback) {
    const state = `${this._readyState} (${STATES[this._readyState]})`
    const error = new Error(`the connection is not open: readyState ${state}`)
    if (this._readyState === CONNECTING) throw error
    if (data !== undefined && data !== null) {
      this._unsent += data instanceof Prepared ? data.byteLength : toBytes(data).length
    }
    if (callback !== undefined) process.nextTick(callback, error)
  }

  /** Starts the closing handshake. */
  close (code, reason) {
    if (this._readyState === CONNECTING) return this._abortHandshake()
    if (this._readyState !== OPEN) return
    const text = code === undefined || reason === undefined ? '' : toBytes(reason).toString()
    const outcome = this._link.close(code === undefined ? undefined : codeNumber(code), text)
    if (outcome !== 0 && outcome !== errors.NOT_OPEN) throw errors.usage(outcome)
    this._readyState = CLOSING
  }

  /** Gives the connection up: the socket is destroyed. */
  terminate () {
    if (this._readyState === CONNECTING) return this._abortHandshake()
    if (this._readyState === CLOSED) return
    this._readyState = CLOSING
    this._link.terminate()
  }

  _abortHandshake () {
    this._abort(new Error('the connection was closed before it was established'))
  }

  pause () {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return
    this._paused = true
    this._link.readOn(false)
  }

  resume () {
    if (this._readyState === CONNECTING || this._readyState === CLOSED) return
    this._paused = false
    this._link.readOn(true)
  }

  // For the handshakes

  /** Starts over `socket`, whose handshake ended in what was agreed. `head` are the peer's first bytes. */
  _attach (socket, head, config, agreed, closeTimeout) {
    const id = open(this._isServer, config, params(agreed.deflate))
    this._protocol = agreed.subprotocol ?? ''
    this._extensions = agreed.deflate ? 'permessage-deflate' : ''
    // A stream that is no socket may lack them.
    socket.setTimeout?.(0)
    socket.setNoDelay?.()
    if (head.length > 0) socket.unshift(head)
    this._socket = socket
    this._link = new Link(this, socket, id, closeTimeout)
    this._readyState = OPEN
    // It may have deadlines before its first byte.
    this._link.poll()
    this.emit('open')
  }

  /** There will be no connection. */
  _fail (error) {
    this._readyState = CLOSING
    try {
      this.emit('error', error)
    } finally {
      this._readyState = CLOSED
      this.emit('close', this._closeCode, this._closeMessage)
    }
  }

  // For the link

  onMessage (data, isBinary) {
    if (isBinary && this._binaryType !== 'nodebuffer') data = inType(data, this._binaryType)
    this.emit('message', data, isBinary)
  }

  onPing (data) {
    this.emit('ping', data)
  }

  onPong (data) {
    this.emit('pong', data)
  }

  onCloseFrame (reason) {
    this._readyState = CLOSING
    this._closeMessage = reason
  }

  onFailure (error) {
    this._readyState = CLOSING
    this.emit('error', error)
  }

  onEnd (code) {
    this._readyState = CLOSING
    this._closeCode = code
  }

  onClosed () {
    this._readyState = CLOSED
    this.emit('close', this._closeCode, this._closeMessage)
  }
}

/** What the core is asked whether it may be sent: no number is no code. */
function codeNumber (code) {
  return Number.isInteger(code) && code >= 0 && code <= 65535 ? code : 0
}

/** Binary messages in the type that the user asked for. */
function inType (data, type) {
  switch (type) {
    case 'fragments': return [data]
    case 'blob': return new Blob([data])
  }
  const { buffer, byteOffset, byteLength } = data
  if (byteLength === buffer.byteLength) return buffer
  return buffer.slice(byteOffset, byteOffset + byteLength)
}

for (const [value, name] of STATES.entries()) {
  const constant = { enumerable: true, value }
  Object.defineProperty(WebSocket, name, constant)
  Object.defineProperty(WebSocket.prototype, name, constant)
}
for (const name of ['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState', 'url']) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true })
}
eventTarget.mixInto(WebSocket.prototype)

module.exports = { WebSocket }
