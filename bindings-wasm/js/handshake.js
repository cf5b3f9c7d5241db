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
  return guarded(() => JSON.parse(wasm.parse_url(url, redirect)))
}

/** Splits an outcome from its error. */
function settled (json) {
  if (!json) return null
  const outcome = JSON.parse(json)
  if (!outcome.error) return outcome
  throw new PolywireError(outcome.error.code, outcome.error.message, outcome.error.response)
}

/** The client's handshake over a byte stream. Send `request`, then give it all bytes that come. */
export class ClientHandshake {
  #core

  constructor (url, { subprotocols = [], headers, settings, nonce = random(16), now = performance.now() } = {}) {
    const config = settingsOf(settings)
    this.#core = guarded(() => new wasm.ClientHandshake(url, subprotocols, fields(headers), config, nonce, now))
    /** The bytes to send. */
    this.request = this.#core.request()
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
  get deadline () { return this.#core.deadline() }

  #outcome (json) {
    const outcome = settled(json)
    if (!outcome) return null
    const { subprotocol, deflate, response } = outcome
    return { agreement: { subprotocol, deflate }, response, leftover: this.#core.leftover() }
  }
}

/** The client's request over HTTP/2 or HTTP/3 (RFC 8441), for hosts that speak it. */
export class ExtendedConnect {
  #core

  constructor (url, { subprotocols = [], headers, settings } = {}) {
    const config = settingsOf(settings)
    this.#core = guarded(() => new wasm.ExtendedConnect(url, subprotocols, fields(headers), config))
    /** The fields of the request, pseudo-headers first. */
    this.fields = JSON.parse(this.#core.fields())
  }

  /** What the response agrees to. */
  verify (status, headers) {
    return guarded(() => JSON.parse(this.#core.verify(status, fields(headers))))
  }
}

/** The server's handshake over a byte stream, or of the fields of an extended CONNECT. */
export class ServerHandshake {
  #core
  #policy
  #config

  /** `origins`: `'any'`, or a list of those that are allowed; without it those of this server. */
  constructor ({ origins, subprotocols = [], settings, now = performance.now() } = {}) {
    const any = origins === 'any'
    this.#policy = new wasm.Policy(any, any ? undefined : origins, subprotocols)
    this.#config = settingsOf(settings)
    this.#core = new wasm.ServerHandshake(this.#policy, this.#config, now)
  }

  /**
   * Null until it is decided; then the request, to be accepted or refused. A request that is no handshake
   * throws, and `response` is what to send before closing.
   */
  receive (bytes, now = performance.now()) {
    return settled(this.#core.receive(bytes, now))
  }

  receiveEof () {
    return settled(this.#core.receive_eof())
  }

  handleTimeout (now = performance.now()) {
    return settled(this.#core.handle_timeout(now))
  }

  /** Takes the fields of a request over HTTP/2 or HTTP/3 instead of bytes. */
  receiveFields (request) {
    this.#core.free()
    this.#core = wasm.ServerHandshake.for_fields()
    return settled(guarded(() => this.#core.receive_fields(fields(request), this.#policy, this.#config)))
  }

  get deadline () { return this.#core.deadline() }

  /** Answers this subprotocol, or with null none, instead of the one that the policy chose. */
  choose (subprotocol) {
    guarded(() => this.#core.choose(subprotocol ?? undefined))
  }

  addHeader (name, value) {
    guarded(() => this.#core.add_header(name, value))
  }

  /** Accepts: what was agreed on, with the bytes behind the request. Then send `response`. */
  accept () {
    const { subprotocol, deflate } = settled(guarded(() => this.#core.accept()))
    return { agreement: { subprotocol, deflate }, leftover: this.#core.leftover() }
  }

  /** Refuses. Then send `response` and close. */
  refuse (status, { headers, body = '' } = {}) {
    const bytes = typeof body === 'string' ? utf8.encode(body) : body
    guarded(() => this.#core.refuse(status, fields(headers), bytes))
  }

  /** The bytes to send. */
  get response () { return this.#core.response() }

  /** The same over HTTP/2: the status, and the fields. */
  get responseFields () {
    return { status: this.#core.status(), headers: JSON.parse(this.#core.fields()) }
  }
}
