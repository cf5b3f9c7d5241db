// The errors of the package.
//
// Owns how what the module throws becomes an error of JavaScript. The texts and the codes are the core's.

/** What was asked for cannot be done, or an opening handshake failed. `code` is stable. */
export class PolywireError extends Error {
  constructor (code, message, response = null) {
    super(message)
    this.name = 'PolywireError'
    this.code = code
    /** The response of a server that refused, else null. */
    this.response = response
  }
}

/** Calls into the module: what it throws is a code, a NUL and a sentence. */
export function guarded (call) {
  try {
    return call()
  } catch (thrown) {
    if (typeof thrown !== 'string') throw thrown
    const [code, message] = thrown.split('\0')
    // Without a code it is not the protocol that forbids it, but the function's own arguments.
    throw code ? new PolywireError(code, message) : new TypeError(message)
  }
}
