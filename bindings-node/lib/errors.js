'use strict'

// What the core's codes are in JavaScript: one table, with the codes of `ws` where it has one.
// Owns classes and codes; the words are the core's.

const native = require('./loader.js')

/** Violations: the class of the error and its `code`. Every error also has the core's code as `rule`. */
const VIOLATIONS = {
  'frame.reserved_bits': [RangeError, (found) => (found & 4 ? 'WS_ERR_UNEXPECTED_RSV_1' : 'WS_ERR_UNEXPECTED_RSV_2_3')],
  'frame.reserved_opcode': [RangeError, 'WS_ERR_INVALID_OPCODE'],
  'frame.mask_missing': [RangeError, 'WS_ERR_EXPECTED_MASK'],
  'frame.mask_unexpected': [RangeError, 'WS_ERR_UNEXPECTED_MASK'],
  'frame.length_not_minimal': [RangeError, 'WS_ERR_LENGTH_NOT_MINIMAL'],
  'frame.length_high_bit': [RangeError, 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH'],
  'control.fragmented': [RangeError, 'WS_ERR_EXPECTED_FIN'],
  'control.too_long': [RangeError, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
  'message.unexpected_continuation': [RangeError, 'WS_ERR_INVALID_OPCODE'],
  'message.expected_continuation': [RangeError, 'WS_ERR_INVALID_OPCODE'],
  'text.not_utf8': [Error, 'WS_ERR_INVALID_UTF8'],
  'close.payload_truncated': [RangeError, 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
  'close.code_invalid': [RangeError, 'WS_ERR_INVALID_CLOSE_CODE'],
  'close.reason_not_utf8': [Error, 'WS_ERR_INVALID_UTF8'],
  'deflate.invalid': [Error, 'Z_DATA_ERROR'],
  'deflate.bit_on_continuation': [RangeError, 'WS_ERR_UNEXPECTED_RSV_1'],
  'limit.frame_size': [RangeError, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  'limit.message_size': [RangeError, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  'limit.inflated_size': [RangeError, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  'limit.fragments': [RangeError, 'WS_ERR_TOO_MANY_BUFFERED_PARTS'],
  'limit.message_rate': [RangeError, 'WS_ERR_TOO_MANY_MESSAGES'],
  'limit.byte_rate': [RangeError, 'WS_ERR_TOO_MANY_BYTES']
}

/** What a caller does wrong, by the class of the error; `code` is the core's. */
const USAGES = {
  'usage.not_open': Error,
  'usage.queue_full': Error,
  'usage.control_too_long': RangeError,
  'usage.close_code_invalid': TypeError,
  'usage.close_reason_too_long': RangeError,
  'usage.close_reason_without_code': TypeError,
  'usage.message_in_progress': Error,
  'usage.part_of_other_kind': TypeError
}

/** Faults of a handshake by the class of the error, for the groups and for single codes; `code` is the core's. */
const HANDSHAKES = {
  head: Error,
  handshake: Error,
  url: SyntaxError,
  option: TypeError,
  'option.subprotocol': SyntaxError
}

const { codes, causes } = JSON.parse(native.tables())
const violations = codes.filter((entry) => entry.origin === 'violation')
const usages = codes.filter((entry) => entry.origin === 'usage')
const [, , , notText] = native.layout()
/** The outcome of a command for which the connection was not open. */
const NOT_OPEN = 1 + usages.findIndex((entry) => entry.code === 'usage.not_open')

/** The error of a violation, by its place in the core's list. */
function violation (index, found, offset) {
  const { code: rule, number } = violations[index]
  const [Class, code] = VIOLATIONS[rule]
  const error = new Class(native.describe(index, found, offset))
  error.code = typeof code === 'function' ? code(found) : code
  return Object.assign(error, { rule, closeCode: number, found, offset })
}

/** The error of a command that was not carried out. */
function usage (outcome) {
  if (outcome === notText) {
    return Object.assign(new TypeError('text must be valid UTF-8'), { code: 'ERR_INVALID_ARG_VALUE' })
  }
  const { code, expected } = usages[outcome - 1]
  const error = new USAGES[code](`${code}: ${expected}`)
  return Object.assign(error, { code })
}

/** The fault that a call of the addon threw; whatever else it threw is thrown on. */
function faultOf (error) {
  const { code, message } = error
  if (codes.some((entry) => entry.origin === 'handshake' && entry.code === code)) return { code, message }
  throw error
}

/** The class of a handshake's fault. */
function handshakeClass (code) {
  return HANDSHAKES[code] ?? HANDSHAKES[code.split('.')[0]]
}

/** The error of a handshake that failed. */
function handshake ({ code, message }) {
  const Class = handshakeClass(code)
  return Object.assign(new Class(message), { code })
}

module.exports = { codes, causes, NOT_OPEN, violations, violation, usage, handshake, handshakeClass, faultOf, VIOLATIONS, USAGES }
