// Settings, policies and agreements as the module takes them.
//
// Owns the flattening of objects into names and numbers. Which settings there are, and what they may be,
// is the core's to say.

import * as wasm from './polywire.js'
import { PolywireError, guarded } from './errors.js'

export const handle = Symbol('handle')

const snake = name => name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())

function flatten (object, prefix, pairs) {
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    // A rate is named by what it limits: `limits.messages_per_second`, and `.burst` behind it.
    const path = name === 'perSecond' ? prefix.slice(0, -1) : prefix + snake(name)
    if (value !== null && typeof value === 'object') flatten(value, path + '.', pairs)
    else pairs.push([path, value])
  }
  return pairs
}

/**
 * Settings for any number of connections, which share their pool of deflate engines. Names as in the
 * declaration; times in milliseconds, null for no limit and never.
 */
export class Settings {
  constructor (settings = {}) {
    const pairs = flatten(settings, '', [])
    // An object alone switches compression on, and its fields may be set to whatever they are.
    if (settings.deflate && typeof settings.deflate === 'object') pairs.unshift(['deflate', true])
    const [names, values] = [pairs.map(pair => pair[0]), pairs.map(pair => pair[1])]
    this[handle] = guarded(() => new wasm.Settings(names, values))
  }
}

/** Settings that are given as such, as an object, or not at all. */
export function settingsOf (given) {
  return (given instanceof Settings ? given : new Settings(given))[handle]
}

/** Parameters of permessage-deflate as four numbers. */
export function numbers (deflate) {
  if (!deflate) return new Uint8Array()
  return Uint8Array.of(
    deflate.serverNoContextTakeover ? 1 : 0, deflate.clientNoContextTakeover ? 1 : 0,
    deflate.serverMaxWindowBits ?? 15, deflate.clientMaxWindowBits ?? 15
  )
}

/** Names and values in turn, of an object, a list of pairs, or anything that iterates over pairs. */
export function fields (headers = []) {
  const pairs = headers[Symbol.iterator] ? [...headers] : Object.entries(headers)
  return pairs.flatMap(([name, value]) => [String(name), byteString(value)])
}

/** A text that can be a header's value: each of its characters stands for one byte. */
function byteString (value) {
  const text = String(value)
  if (!/[^\0-\xff]/.test(text)) return text
  throw new PolywireError('option.header', 'option.header: a header\'s characters are bytes')
}

/** Fresh entropy. */
export function random (length) {
  return crypto.getRandomValues(new Uint8Array(length))
}
