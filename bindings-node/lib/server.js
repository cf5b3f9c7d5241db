'use strict'

// The class `WebSocketServer`: the API of `ws` over the HTTP server of Node.
// Owns the order in which the application is asked. Whether a request is valid, what is negotiated and what
// is answered is the core's.

const { EventEmitter } = require('node:events')
const http = require('node:http')
const native = require('./loader.js')
const errors = require('./errors.js')
const settings = require('./settings.js')
const { WebSocket } = require('./websocket.js')

const RUNNING = 0
const CLOSING = 1
const CLOSED = 2
const kTaken = Symbol('polywire.taken')

class WebSocketServer extends EventEmitter {
  constructor (options, callback) {
    super()
    options = { clientTracking: true, noServer: false, perMessageDeflate: false, closeTimeout: 30_000, WebSocket, ...options }
    const places = [options.port != null, Boolean(options.server), Boolean(options.noServer)]
    if (places.filter(Boolean).length !== 1) {
      throw new TypeError('a server needs exactly one of the options port, server and noServer')
    }
    this.options = options
    this._state = RUNNING
    this._config = settings.config(settings.fromOptions(options))
    this._policy = new settings.Policy(options.origins ?? 'any', [])
    if (options.clientTracking) this.clients = new Set()
    this._server = options.server ?? null
    if (options.port != null) {
      this._server = http.createServer(refusePlain)
      this._server.listen(options.port, options.host, options.backlog, callback)
    }
    this._listen()
  }

  /** Follows the events of the HTTP server. */
  _listen () {
    this._listeners = {
      listening: () => this.emit('listening'),
      error: (error) => this.emit('error', error),
      upgrade: (request, socket, head) => {
        this.handleUpgrade(request, socket, head, (ws) => this.emit('connection', ws, request))
      }
    }
    for (const [event, listener] of Object.entries(this._listeners)) this._server?.on(event, listener)
  }

  _forgetServer () {
    const server = this._server
    for (const [event, listener] of Object.entries(this._listeners)) server?.removeListener(event, listener)
    this._server = null
    return server
  }

  address () {
    if (this.options.noServer) throw new Error('a server with the option noServer has no address')
    return this._server?.address() ?? null
  }

  /** Takes no more connections. Those that are open stay; `close` is emitted when the last is gone. */
  close (callback) {
    if (this._state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('the server is not running')))
      process.nextTick(() => this._emitClose())
      return
    }
    if (callback) this.once('close', callback)
    if (this._state === CLOSING) return
    this._state = CLOSING
    const server = this._forgetServer()
    if (this.options.port != null) server.close(() => this._emitClose())
    else if (!this.clients?.size) process.nextTick(() => this._emitClose())
  }

  _emitClose () {
    this._state = CLOSED
    this.emit('close')
  }

  /** Whether a request is for this server. */
  shouldHandle (request) {
    const { path } = this.options
    return !path || request.url.split('?', 1)[0] === path
  }

  /** Answers a request for an upgrade; `callback(ws, request)` once there is a connection. */
  handleUpgrade (request, socket, head, callback) {
    socket.on('error', destroy)
    const { method, url, httpVersion, rawHeaders } = request
    const upgrade = native.Handshake.server(this._policy, this._config, 0)
    const { error, subprotocols } = JSON.parse(upgrade.examine(method, url, httpVersion, rawHeaders))
    if (error) return this._refuseFault(error, socket, request)
    if (!this.shouldHandle(request)) return refuse(socket, 400)
    const complete = () => this._complete({ upgrade, subprotocols }, request, socket, head, callback)
    const { verifyClient } = this.options
    if (!verifyClient) return complete()
    const info = {
      origin: request.headers.origin,
      secure: Boolean(request.socket.authorized || request.socket.encrypted),
      req: request
    }
    if (verifyClient.length === 2) {
      verifyClient(info, (verified, status, message, headers) => {
        if (verified) complete()
        else refuse(socket, status ?? 401, message, headers)
      })
    } else if (verifyClient(info)) {
      complete()
    } else {
      refuse(socket, 401)
    }
  }

  /** The client made a mistake: the application answers it if it wants to. */
  _refuseFault (failure, socket, request) {
    if (this.listenerCount('wsClientError') > 0) {
      this.emit('wsClientError', errors.handshake(failure), socket, request)
    } else if (failure.response) {
      answer(socket, failure.response.bytes)
    } else {
      refuse(socket, 400)
    }
  }

  _complete ({ upgrade, subprotocols }, request, socket, head, callback) {
    // The client has gone already.
    if (!socket.readable || !socket.writable) return socket.destroy()
    if (socket[kTaken]) throw new Error('handleUpgrade was called twice with the same socket')
    if (this._state !== RUNNING) return refuse(socket, 503)
    socket[kTaken] = true
    const failure = this._choose(upgrade, subprotocols, request)
    if (failure) return this._refuseChoice(JSON.parse(failure).error, socket)
    const agreed = JSON.parse(upgrade.accept())
    const lines = agreed.bytes.trimEnd().split('\r\n')
    this.emit('headers', lines, request)
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    socket.removeListener('error', destroy)
    const ws = new this.options.WebSocket(null, undefined, this.options)
    ws._attach(socket, head, this._config, agreed, this.options.closeTimeout)
    if (this.clients) this._track(ws)
    callback(ws, request)
  }

  /** Has the application choose the subprotocol: without a handler the client's first. */
  _choose (upgrade, offered, request) {
    if (offered.length === 0) return null
    const { handleProtocols } = this.options
    const chosen = handleProtocols ? handleProtocols(new Set(offered), request) : offered[0]
    return upgrade.choose(chosen || undefined)
  }

  /** The application chose what cannot be: its fault, not the client's. */
  _refuseChoice (failure, socket) {
    refuse(socket, 500)
    throw errors.handshake(failure)
  }

  _track (ws) {
    this.clients.add(ws)
    ws.on('close', () => {
      this.clients.delete(ws)
      if (this._state === CLOSING && this.options.port == null && this.clients.size === 0) {
        process.nextTick(() => this._emitClose())
      }
    })
  }
}

/** Plain HTTP on a port for WebSockets. */
function refusePlain (request, response) {
  const body = http.STATUS_CODES[426]
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain', Upgrade: 'websocket', Connection: 'Upgrade, close' })
  response.end(body)
}

/** Refuses what the application does not want. */
function refuse (socket, status, message = http.STATUS_CODES[status] ?? '', headers = {}) {
  const fields = Object.entries({ 'Content-Type': 'text/html', ...headers }).flatMap(([name, value]) => [name, String(value)])
  const { error, response } = refusal(status, fields, Buffer.from(message))
  if (error) {
    answer(socket, refusal(500, [], Buffer.alloc(0)).response.bytes)
    throw errors.handshake(error)
  }
  answer(socket, response.bytes)
}

function refusal (status, fields, body) {
  return JSON.parse(native.refusal(status, fields, body))
}

/** Sends a last response, in which each character is a byte. */
function answer (socket, bytes) {
  socket.once('finish', destroy)
  socket.end(bytes, 'latin1')
}

function destroy () {
  this.destroy()
}

module.exports = { WebSocketServer }
