'use strict'

// The table of errors is complete: every code of the core has its counterpart, and none is made up.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { codes, Connection, parseUrl } = require('polywire/sans-io')
const { violation, usage, handshakeClass, violations, VIOLATIONS, USAGES } = require('../node_modules/polywire/lib/errors.js')

const of = (origin) => codes.filter((entry) => entry.origin === origin).map((entry) => entry.code)

test('every violation is an error with a code of ws', () => {
  assert.deepEqual(Object.keys(VIOLATIONS).sort(), of('violation').sort())
  for (const [index, entry] of violations.entries()) {
    const error = violation(index, 4, 10)
    assert.ok(error instanceof Error)
    assert.match(error.code, /^(WS_ERR_[A-Z0-9_]+|Z_DATA_ERROR)$/)
    assert.equal(error.rule, entry.code)
    assert.equal(error.closeCode, entry.number)
    assert.match(error.message, new RegExp(`^${entry.code.replace('.', '\\.')}: expected .*RFC \\d{4}`))
  }
})

test('every usage error is an error with its code', () => {
  assert.deepEqual(Object.keys(USAGES).sort(), of('usage').sort())
  for (const [index, code] of of('usage').entries()) {
    const error = usage(index + 1)
    assert.ok(error instanceof USAGES[code])
    assert.equal(error.code, code)
  }
})

test('every fault of a handshake has a class', () => {
  assert.ok(of('handshake').length > 30)
  for (const code of of('handshake')) assert.ok(handshakeClass(code).prototype instanceof Error || handshakeClass(code) === Error, code)
})

test('errors come from where they belong', () => {
  assert.throws(() => parseUrl('ftp://a/'), { name: 'SyntaxError', code: 'url.scheme' })
  const server = new Connection({ role: 'server', now: 1 })
  assert.throws(() => server.ping(Buffer.alloc(126)), { name: 'RangeError', code: 'usage.control_too_long' })
  assert.throws(() => server.close(1005), { name: 'TypeError', code: 'usage.close_code_invalid' })
  assert.throws(() => server.send(Buffer.from([0xff]), { binary: false }), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
  const [failed, ended] = server.receive(Buffer.from('81021234', 'hex'))
  assert.equal(failed.error.code, 'WS_ERR_EXPECTED_MASK')
  assert.deepEqual({ ...ended }, { type: 'ended', code: 1006, cause: 'violation', rule: 'frame.mask_missing' })
})
