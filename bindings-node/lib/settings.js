'use strict'

// Options of users as the core's settings.
// Owns which option of `ws` is which setting; what a setting does is the core's.

const native = require('./loader.js')

/** `maxPayload` -> `max_payload`. */
function snakeCase (name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Nested settings as pairs of dotted names and values; rates are `{ perSecond, burst }`. */
function * flatten (settings, prefix = '') {
  for (const [key, value] of Object.entries(settings)) {
    const name = prefix + snakeCase(key)
    if (value === undefined) continue
    if (value === null || typeof value !== 'object') {
      yield [name, typeof value === 'bigint' ? Number(value) : value === Infinity ? null : value]
      continue
    }
    const rate = value.perSecond ?? value.per_second
    if (rate === undefined) {
      yield * flatten(value, `${name}.`)
    } else {
      yield [name, rate]
      if (value.burst !== undefined) yield [`${name}.burst`, value.burst]
    }
  }
}

/** A configuration of its own. */
function config (settings) {
  const pairs = [...flatten(settings)]
  return new native.Config(pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1]))
}

/** Configurations by their settings: connections that share one share its compression engines. */
const shared = new Map()

function sharedConfig (settings) {
  const key = JSON.stringify([...flatten(settings)])
  let found = shared.get(key)
  if (found === undefined) {
    // Programs have a handful. One that makes them up must not fill the memory.
    if (shared.size > 100) shared.clear()
    found = config(settings)
    shared.set(key, found)
  }
  return found
}

/** The settings of permessage-deflate. */
function deflate (options) {
  if (!options) return false
  const { zlibDeflateOptions, threshold, clientMaxWindowBits, serverMaxWindowBits } = options
  return {
    serverNoContextTakeover: options.serverNoContextTakeover || undefined,
    clientNoContextTakeover: options.clientNoContextTakeover || undefined,
    serverMaxWindowBits: typeof serverMaxWindowBits === 'number' ? serverMaxWindowBits : undefined,
    clientMaxWindowBits: typeof clientMaxWindowBits === 'number' ? clientMaxWindowBits : undefined,
    threshold,
    level: zlibDeflateOptions?.level,
    contexts: options.contexts
  }
}

/** Parameters of permessage-deflate as four numbers; none of them without it. */
function params (deflate) {
  if (!deflate) return UNCOMPRESSED
  const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits = 15, clientMaxWindowBits = 15 } = deflate
  return Uint8Array.of(serverNoContextTakeover ? 1 : 0, clientNoContextTakeover ? 1 : 0, serverMaxWindowBits, clientMaxWindowBits)
}

const UNCOMPRESSED = new Uint8Array()

/** What a server accepts without asking: `origins` is a list, 'same' or 'any'. */
class Policy extends native.Policy {
  constructor (origins, subprotocols) {
    const isList = Array.isArray(origins)
    if (!isList && origins !== 'same' && origins !== 'any') throw new Error('origins: a list, "same" or "any"')
    super(origins === 'any', isList ? origins : undefined, subprotocols)
  }
}

const DEFAULTS = { maxPayload: 100 << 20, maxFragments: 16384, autoPong: true, closeTimeout: 30_000 }

/** 0 is no limit, as it is for `ws`. */
function limit (value) {
  return value > 0 ? value : null
}

/** The settings of a client's or a server's options. */
function fromOptions (options) {
  const { maxPayload, maxFragments, autoPong, closeTimeout } = { ...DEFAULTS, ...defined(options) }
  const { heartbeat, idleTimeout, perMessageDeflate } = options
  return {
    limits: {
      frameSize: limit(maxPayload),
      messageSize: limit(maxPayload),
      fragments: limit(maxFragments),
      // What waits is the socket's to count: `bufferedAmount`.
      sendQueue: null,
      ...options.limits
    },
    answerPings: autoPong,
    timeouts: {
      close: closeTimeout,
      idle: idleTimeout ?? null,
      keepalive: heartbeat ? { interval: heartbeat.interval, timeout: heartbeat.timeout } : null
    },
    deflate: deflate(perMessageDeflate)
  }
}

function defined (options) {
  return Object.fromEntries(Object.entries(options).filter((entry) => entry[1] !== undefined))
}

module.exports = { config, sharedConfig, fromOptions, params, Policy }
