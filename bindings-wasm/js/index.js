// The WebSocket protocol without I/O, for any duplex stream.
//
// Owns nothing but the list of what the package offers.

export { load } from './protocol.js'
export { PolywireError } from './errors.js'
export { Settings } from './settings.js'
export { Connection, Prepared, codes } from './connection.js'
export { ClientHandshake, ExtendedConnect, ServerHandshake, parseUrl } from './handshake.js'
