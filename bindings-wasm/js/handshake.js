// Opening handshakes.
//
// Owns the shape of heads and outcomes in JavaScript: header values are strings in which each character is
// one byte. Every decision is the core's.

import * as wasm from './polywire.js'
import { PolywireError, guarded } from './errors.js'
import { fields, random, settingsOf } from './settings.js'

const utf8 = new TextEncoder()

/** Takes a `ws`, `wss`, `http` or `https` URL apart; with `redirect` where that location leads from it. */
export function parseUrl (url, redirect) {
  const { sameOrigin, ...parts } = settled(wasm.locate(url, redirect))
  return parts
}

/** Splits an outcome from its error; what `response` makes of the error's response is thrown with it. */
function settled (json, response = shown) {
  if (!json) return null
  const { error, ...outcome } = JSON.parse(json)
  if (!error) return outcome
  throw new PolywireError(error.code, error.message, response(error.response))
}

/** A response as the package shows it. */
function shown (response) {
  if (!response) return null
  const { status, reason, headers, body } = response
  return { status, reason, headers: pairs(headers), body }
}

/** Header fields as pairs, of names and values in turn. */
function pairs (fields) {
  const names = fields.filter((_, at) => at % 2 === 0)
  return names.map((name, at) => [name, fields[2 * at + 1]])
}

/** The bytes that a text stands for. */
function latin1 (text) {
  return Uint8Array.from(text, character => character.charCodeAt(0))
}

/** The client's handshake over a byte stream. Send `request`, then give it all bytes that come. */
export class ClientHandshake {
  #core

  constructor (url, { subprotocols = [], headers, settings, nonce = random(16), now = performance.now() } = {}) {
    const config = settingsOf(settings)
    this.#core = guarded(() => wasm.Handshake.client(url, subprotocols, fields(headers), config, 'stream', nonce, now))
    /** The bytes to send. */
    this.request = latin1(JSON.parse(this.#core.request()).bytes)
  }

  /** Null until it is decided; then what was agreed on, with the bytes behind the response. */
  receive (bytes, now = performance.now()) {
    return this.#outcome(this.#core.receive(bytes, now))
  }

  receiveEof () {
    return this.#outcome(this.#core.receive_eof())
  }

  handleTimeout (now = performance.now()) {
    return this.#outcome(this.#core.handle_timeout(now))
  }

  /** When to call `handleTimeout`, if nothing happens before. */
  get deadline () { return this.#core.deadline() ?? Infinity }

  #outcome (json) {
    const outcome = settled(json)
    if (!outcome) return null
    const { subprotocol, deflate } = outcome
    const response = shown(JSON.parse(this.#core.response()))
    return { agreement: { subprotocol, deflate }, response, leftover: this.#core.leftover() }
  }
}

/** The client's request over HTTP/2 or HTTP/3 (RFC 8441), for hosts that speak it. */
export class ExtendedConnect {
  #core

  constructor (url, { subprotocols = [], headers, settings } = {}) {
    const config = settingsOf(settings)
    this.#core = guarded(() => wasm.Handshake.client(url, subprotocols, fields(headers), config, '2.0', random(16), 0))
    /** The fields of the request, pseudo-headers first. */
    this.fields = pairs(JSON.parse(this.#core.request()).fields)
  }

  /** What the response agrees to. */
  verify (status, headers) {
    const { subprotocol, deflate } = settled(this.#core.verify(status, fields(headers)))
    return { subprotocol, deflate }
  }
}

/** The server's handshake over a byte stream, or of the fields of an extended CONNECT. */
export class ServerHandshake {
  #core
  /** Whether there is a request to accept. */
  #asked = false
  /** What to send. */
  #response = null

  /** `origins`: `'any'`, or a list of those that are allowed; without it those of this server. */
  constructor ({ origins, subprotocols = [], settings, now = performance.now() } = {}) {
    const any = origins === 'any'
    const policy = new wasm.Policy(any, any ? undefined : origins, subprotocols)
    this.#core = wasm.Handshake.server(policy, settingsOf(settings), now)
    policy.free()
  }

  /**
   * Null until it is decided; then the request, to be accepted or refused. A request that is no handshake
   * throws, and `response` is what to send before closing.
   */
  receive (bytes, now = performance.now()) {
    return this.#request(this.#core.receive(bytes, now))
  }

  receiveEof () {
    return this.#request(this.#core.receive_eof())
  }

  handleTimeout (now = performance.now()) {
    return this.#request(this.#core.handle_timeout(now))
  }

  /** Takes the fields of a request over HTTP/2 or HTTP/3 instead of bytes. */
  receiveFields (request) {
    return this.#request(this.#core.examine_fields(fields(request)))
  }

  get deadline () { return this.#core.deadline() ?? Infinity }

  /** Answers this subprotocol, or with null none, instead of the one that the policy chose. */
  choose (subprotocol) {
    this.#mustBeAsked()
    settled(this.#core.choose(subprotocol ?? undefined))
  }

  addHeader (name, value) {
    this.#mustBeAsked()
    settled(this.#core.add_header(...fields([[name, value]])))
  }

  /** Accepts: what was agreed on, with the bytes behind the request. Then send `response`. */
  accept () {
    this.#mustBeAsked()
    this.#asked = false
    const { subprotocol, deflate } = this.#answered(this.#core.accept())
    this.#response = JSON.parse(this.#core.response())
    return { agreement: { subprotocol, deflate }, leftover: this.#core.leftover() }
  }

  /** Refuses. Then send `response` and close. */
  refuse (status, { headers, body = '' } = {}) {
    const bytes = typeof body === 'string' ? utf8.encode(body) : body
    this.#response = settled(wasm.refusal(status, fields(headers), bytes)).response
    this.#asked = false
  }

  /** The bytes to send. */
  get response () { return latin1(this.#response?.bytes ?? '') }

  /** The same over HTTP/2: the status, and the fields. */
  get responseFields () {
    return { status: this.#response?.status ?? 0, headers: pairs(this.#response?.fields ?? []) }
  }

  #request (json) {
    const asked = this.#answered(json)
    if (!asked) return null
    this.#asked = true
    const { method, target, headers } = JSON.parse(this.#core.request())
    return { method, target, headers: pairs(headers), ...asked }
  }

  /** Splits an outcome from its error, whose response is to be sent. */
  #answered (json) {
    return settled(json, response => {
      this.#response = response
      return null
    })
  }

  #mustBeAsked () {
    if (!this.#asked) throw new TypeError('there is no request to answer')
  }
}
