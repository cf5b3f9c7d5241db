'use strict'

// The interface that browsers have: `addEventListener`, `onmessage` and the like, over an EventEmitter.
// Owns the event objects. Knows nothing of connections but the arguments of their events.

const kListener = Symbol('polywire.listener')
const kAttribute = Symbol('polywire.attribute')

class Event {
  constructor (type, target) {
    this.type = type
    this.target = target
  }
}

class CloseEvent extends Event {
  constructor (type, target, code, reason) {
    super(type, target)
    this.code = code
    this.reason = reason.toString()
    // A close frame of the peer came: RFC 6455 section 7.1.5 has no other use for 1006.
    this.wasClean = code !== 1006
  }
}

class ErrorEvent extends Event {
  constructor (type, target, error) {
    super(type, target)
    this.error = error
    this.message = error.message
  }
}

class MessageEvent extends Event {
  constructor (type, target, data) {
    super(type, target)
    this.data = data
  }
}

/** How each type of event is made from what the emitter says. */
const MAKERS = {
  open: (target) => new Event('open', target),
  message: (target, data, isBinary) => new MessageEvent('message', target, isBinary ? data : data.toString()),
  close: (target, code, reason) => new CloseEvent('close', target, code, reason),
  error: (target, error) => new ErrorEvent('error', target, error)
}

const methods = {
  /** `handler` is a function or an object with `handleEvent`. */
  addEventListener (type, handler, options = {}) {
    const make = MAKERS[type]
    if (make === undefined || this.listeners(type).some((known) => known[kListener] === handler && !known[kAttribute])) return
    listen(this, type, handler, options.once === true)
  },

  removeEventListener (type, handler) {
    for (const known of this.listeners(type)) {
      if (known[kListener] === handler && !known[kAttribute]) this.removeListener(type, known)
    }
  }
}

function listen (target, type, handler, once) {
  const listener = function (...values) {
    const event = MAKERS[type](this, ...values)
    if (typeof handler === 'function') handler.call(this, event)
    else handler.handleEvent(event)
  }
  listener[kListener] = handler
  if (once) target.once(type, listener)
  else target.on(type, listener)
  return listener
}

function attribute (type) {
  const current = (target) => target.listeners(type).find((known) => known[kAttribute])
  return {
    enumerable: true,
    get () {
      return current(this)?.[kListener] ?? null
    },
    set (handler) {
      const before = current(this)
      if (before !== undefined) this.removeListener(type, before)
      if (typeof handler === 'function') listen(this, type, handler, false)[kAttribute] = true
    }
  }
}

/** Adds the interface to a prototype. */
function mixInto (prototype) {
  Object.assign(prototype, methods)
  for (const type of Object.keys(MAKERS)) Object.defineProperty(prototype, `on${type}`, attribute(type))
}

module.exports = { mixInto, Event, CloseEvent, ErrorEvent, MessageEvent }
