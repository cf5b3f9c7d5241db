'use strict'

// Opening handshakes without I/O: over heads that Node parsed, and over bytes.
// Owns the form of outcomes as objects; a handshake that fails is one with a `code`. Decides nothing.

const native = require('./loader.js')
const errors = require('./errors.js')
const { toBytes } = require('./prepared.js')

/** A text whose characters are bytes, as those. */
function latin1 (text) {
  return Buffer.from(text, 'latin1')
}

/** A response. */
function headOf ({ status, reason, headers, fields, body, bytes }) {
  return { status, reason, headers, fields, body: latin1(body), bytes: latin1(bytes) }
}

/** What was agreed on. What has no value is left out. */
function agreedOf ({ subprotocol, deflate }) {
  const agreed = {}
  if (subprotocol !== null) agreed.subprotocol = subprotocol
  if (deflate !== null) agreed.deflate = deflate
  return agreed
}

/** The same with the response, sent or received. */
function answeredOf (outcome, core) {
  const agreed = agreedOf(outcome)
  agreed.response = headOf(JSON.parse(core.response()))
  return agreed
}

/** The same over a byte stream, with the first bytes of the connection. */
function openedOf (outcome, core) {
  const agreed = answeredOf(outcome, core)
  agreed.leftover = core.leftover()
  return agreed
}

function failureOf ({ code, message, response }) {
  return response ? { code, message, response: headOf(response) } : { code, message }
}

/** The outcome that a call told, which is null as long as there is none. */
function outcomeOf (json, form) {
  if (json === null) return null
  const outcome = JSON.parse(json)
  return outcome.error ? failureOf(outcome.error) : form(outcome)
}

/** What a call makes, or the failure that it throws. */
function made (call) {
  try {
    return call()
  } catch (error) {
    return errors.faultOf(error)
  }
}

/** A valid request, which the application may accept or refuse. */
class Upgrade {
  #core
  #request

  constructor (core, { subprotocols }) {
    this.#core = core
    /** Those that the client offers. */
    this.subprotocols = subprotocols
  }

  /** Checks a request that was parsed by Node; `headers` are its raw headers. */
  static examine (method, target, version, headers, policy, config) {
    const core = native.Handshake.server(policy, config, 0)
    return outcomeOf(core.examine(method, target, version, headers), (asked) => new Upgrade(core, asked))
  }

  /** Checks the header fields of an extended CONNECT. */
  static examineFields (fields, policy, config) {
    const core = native.Handshake.server(policy, config, 0)
    return outcomeOf(core.examineFields(fields), (asked) => new Upgrade(core, asked))
  }

  get target () { return this.#head.target }

  get headers () { return this.#head.headers }

  /** Answers this subprotocol, or none. */
  choose (subprotocol) {
    return outcomeOf(this.#core.choose(subprotocol), () => null)
  }

  /** Adds a header to the response. */
  addHeader (name, value) {
    return outcomeOf(this.#core.addHeader(name, value), () => null)
  }

  /** The response to send, and what was agreed on. */
  accept () {
    return outcomeOf(this.#core.accept(), (outcome) => answeredOf(outcome, this.#core))
  }

  get #head () {
    this.#request ??= JSON.parse(this.#core.request())
    return this.#request
  }
}

/** A request, and the knowledge to check the response. */
class Offer {
  #core
  #request

  constructor (core) {
    this.#core = core
    this.#request = JSON.parse(core.request())
  }

  /** A request over HTTP/1.1, or an extended CONNECT. */
  static create (url, subprotocols, headers, config, extendedConnect) {
    const over = extendedConnect ? '2.0' : '1.1'
    return made(() => new Offer(native.Handshake.client(url, subprotocols, headers, config, over, undefined, 0)))
  }

  get headers () { return this.#request.headers }

  /** The fields of the request as HTTP/2 has them. */
  get fields () { return this.#request.fields }

  /** What was agreed on, if the response agrees. `version` is that of HTTP. */
  verify (version, status, headers) {
    return outcomeOf(this.#core.verify(version, status, headers), agreedOf)
  }
}

/** A handshake over a byte stream: takes what happens to the stream until there is an outcome, in this form. */
class StreamHandshake {
  #core
  #form

  constructor (core, form) {
    this.#core = core
    this.#form = form
  }

  receive (bytes, now) {
    return outcomeOf(this.#core.receive(bytes, now), this.#form)
  }

  receiveEof () {
    return outcomeOf(this.#core.receiveEof(), this.#form)
  }

  handleTimeout (now) {
    return outcomeOf(this.#core.handleTimeout(now), this.#form)
  }

  /** When the time is up, or null if it is not limited. */
  get deadline () { return this.#core.deadline() }
}

/** A server's handshake over a byte stream. */
class ServerHandshake extends StreamHandshake {
  #core

  constructor (policy, config, now) {
    const core = native.Handshake.server(policy, config, now)
    super(core, (asked) => new Upgrade(core, asked))
    this.#core = core
  }

  /** The response to send and the connection behind it, once; later nothing. */
  accept (upgrade) {
    return outcomeOf(this.#core.accept(), (outcome) => openedOf(outcome, this.#core))
  }
}

/** A client's handshake over a byte stream. */
class ClientHandshake extends StreamHandshake {
  constructor (core) {
    super(core, (outcome) => openedOf(outcome, core))
    this.request = latin1(JSON.parse(core.request()).bytes)
  }

  static create (url, subprotocols, headers, config, nonce, now) {
    return made(() => new ClientHandshake(native.Handshake.client(url, subprotocols, headers, config, 'stream', nonce, now)))
  }
}

/** A handshake's outcome, or the error that it is. */
function orThrow (outcome) {
  if (outcome?.code === undefined) return outcome
  throw Object.assign(errors.handshake(outcome), { response: outcome.response })
}

/** Parses a URL, or says where a redirect from it leads. */
function parseUrl (url, redirect) {
  return orThrow(outcomeOf(native.locate(url, redirect), ({ credentials, ...parts }) => (credentials ? { ...parts, credentials } : parts)))
}

/** A response that refuses a handshake; `headers` are names and values in turn. */
function refuse (status, headers = [], body = '') {
  return orThrow(outcomeOf(native.refusal(status, headers, toBytes(body)), ({ response }) => headOf(response)))
}

module.exports = { Upgrade, Offer, ServerHandshake, ClientHandshake, orThrow, parseUrl, refuse }
