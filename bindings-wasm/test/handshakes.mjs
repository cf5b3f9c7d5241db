// Runs the vectors of the kinds `server_handshake`, `client_handshake`, `url` and `negotiation`.

import assert from 'node:assert/strict'
import { ClientHandshake, ExtendedConnect, PolywireError, ServerHandshake, Settings, parseUrl } from 'polywire-wasm'
import { bytes, compare, hex, known, latin1, pieces, settings, snake, string } from './data.mjs'

const START = 1000
const NONCE = Uint8Array.from(Buffer.from('the sample nonce'))

/** What a call returns, or the error of the package that it throws. */
function attempt (call) {
  try {
    return { value: call() }
  } catch (error) {
    if (!(error instanceof PolywireError)) throw error
    return { error }
  }
}

const shown = bytes => Buffer.from(bytes).toString('latin1')
const pairs = fields => (fields ?? []).map(([name, value]) => [string(name), string(value)])
const configOf = vector => new Settings(settings(vector.config))

/** Header fields by the names that `expected` uses: the values joined, or null for none. */
function named (expected, fields) {
  return Object.fromEntries(Object.keys(expected ?? {}).map(name => {
    const values = fields.filter(([other]) => other.toLowerCase() === name.toLowerCase())
    return [name, values.length ? values.map(([, value]) => value).join(', ') : null]
  }))
}

/** A head of HTTP/1.1 taken apart. */
function head (bytes) {
  const text = shown(bytes)
  const end = text.indexOf('\r\n\r\n')
  assert.ok(end >= 0, 'no blank line')
  const [line, ...lines] = text.slice(0, end).split('\r\n')
  const fields = lines.map(field => {
    const colon = field.indexOf(': ')
    assert.ok(colon > 0, 'a line without colon')
    return [field.slice(0, colon), field.slice(colon + 2)]
  })
  return { line, fields, body: text.slice(end + 4) }
}

function agreed ({ subprotocol, deflate }) {
  return { subprotocol, deflate: snake(deflate) }
}

function check (expected, found) {
  const wanted = { ...expected }
  if ('body' in wanted) wanted.body = string(wanted.body)
  compare(wanted, found, 'expect')
}

/** Feeds pieces until something is decided; what, and the pieces that were not fed. */
function feed (handshake, input, cut, { advance, eof }) {
  const parts = pieces(input, cut)
  while (parts.length) {
    const outcome = attempt(() => handshake.receive(parts.shift(), START))
    if (outcome.error || outcome.value) return { ...outcome, rest: parts }
  }
  const last = attempt(() => {
    if (advance !== undefined) return handshake.handleTimeout(START + advance)
    return eof ? handshake.receiveEof() : null
  })
  return { ...last, rest: [] }
}

const SERVER = [
  'id', 'rfc', 'origin', 'note', 'policy', 'config', 'request', 'fields', 'choose', 'add_headers', 'refuse',
  'advance', 'eof', 'expect'
]

export function server (vector, cut) {
  known(vector, SERVER)
  known(vector.policy, ['origins', 'subprotocols'])
  const handshake = new ServerHandshake({ ...vector.policy, settings: configOf(vector), now: START })
  const over = vector.fields ? serverOverHttp2 : serverOverBytes
  check(vector.expect, over(vector, handshake, cut))
}

function serverOverBytes (vector, handshake, cut) {
  const { value, error, rest } = feed(handshake, latin1(vector.request), cut, vector)
  if (error) return { ...answered(vector, handshake), fault: error.code }
  if (!value) return { pending: true }
  const decision = attempt(() => decide(vector, handshake))
  if (decision.error) return { error: decision.error.code }
  if (vector.refuse) return answered(vector, handshake)
  // What comes while the application decides is kept.
  for (const piece of rest) assert.equal(handshake.receive(piece, START), null)
  const accepted = attempt(() => handshake.accept())
  if (accepted.error) return { ...answered(vector, handshake), fault: accepted.error.code }
  const { agreement, leftover } = accepted.value
  return { ...answered(vector, handshake), ...agreed(agreement), target: value.target, leftover: hex(leftover) }
}

/** What the application does with a valid request. */
function decide (vector, handshake) {
  const { refuse } = vector
  if (refuse) {
    return handshake.refuse(refuse.status, { headers: pairs(refuse.headers), body: string(refuse.body ?? '') })
  }
  if ('choose' in vector) handshake.choose(vector.choose)
  for (const [name, value] of pairs(vector.add_headers)) handshake.addHeader(name, value)
}

/** A response as its bytes show it. */
function answered (vector, handshake) {
  const { line, fields, body } = head(handshake.response)
  return { status: Number(line.slice(9, 12)), headers: named(vector.expect.headers, fields), body }
}

function serverOverHttp2 (vector, handshake) {
  const { value, error } = attempt(() => handshake.receiveFields(pairs(vector.fields)))
  const over = () => {
    const { status, headers } = handshake.responseFields
    return { status, headers: named(vector.expect.headers, headers) }
  }
  if (error) return { ...over(), fault: error.code }
  const { agreement } = handshake.accept()
  return { ...over(), ...agreed(agreement), target: value.target }
}

const CLIENT = [
  'id', 'rfc', 'origin', 'note', 'url', 'options', 'config', 'nonce', 'request', 'error', 'extended_connect',
  'fields', 'response', 'advance', 'eof', 'expect'
]

export function client (vector, cut) {
  known(vector, CLIENT)
  known(vector.options, ['subprotocols', 'headers'])
  const options = {
    subprotocols: (vector.options?.subprotocols ?? []).map(string),
    headers: pairs(vector.options?.headers),
    settings: configOf(vector),
    nonce: vector.nonce ? bytes(vector.nonce) : NONCE,
    now: START
  }
  const url = string(vector.url)
  const Kind = vector.extended_connect ? ExtendedConnect : ClientHandshake
  const { value: handshake, error } = attempt(() => new Kind(url, options))
  assert.equal(error?.code ?? null, vector.error ?? null)
  if (error) return
  check(vector.expect, vector.extended_connect ? clientOverHttp2(vector, handshake) : clientOverBytes(vector, handshake, cut))
}

function clientOverBytes (vector, handshake, cut) {
  const { line, fields, body } = head(handshake.request)
  assert.equal(body, '')
  if (vector.request) compare(vector.request, { line, headers: named(vector.request.headers, fields) }, 'request')
  const { value, error, rest } = feed(handshake, latin1(vector.response ?? ''), cut, vector)
  if (error) {
    const { response } = error
    const told = response && {
      status: response.status,
      headers: named(vector.expect.headers, response.headers),
      body: response.body
    }
    return { failed: true, fault: error.code, ...told }
  }
  if (!value) return { pending: true }
  return { ...agreed(value.agreement), leftover: hex(value.leftover) + rest.map(hex).join('') }
}

function clientOverHttp2 (vector, handshake) {
  if (vector.fields) compare(vector.fields, named(vector.fields, handshake.fields), 'fields')
  const { status, headers } = vector.response
  const { value, error } = attempt(() => handshake.verify(status, pairs(headers)))
  return error ? { fault: error.code } : agreed(value)
}

export function url (vector) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'url', 'redirect', 'expect'])
  const { value, error } = attempt(() => parseUrl(string(vector.url), vector.redirect && string(vector.redirect)))
  check(vector.expect, error ? { fault: error.code } : value)
}

export function negotiation (vector) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'role', 'config', 'offers', 'answer', 'params', 'fault'])
  if (vector.role === 'client') negotiateAsClient(vector)
  else negotiateAsServer(vector)
}

/** The lines of a header field: none, one, or several. */
function extensionLines (value) {
  const lines = value === undefined || value === null ? [] : [value].flat()
  return lines.map(line => ['sec-websocket-extensions', line])
}

/** Settings of a negotiation: windows that it does not name have 15 bits. */
function negotiable (vector) {
  return new Settings(settings({ ...vector.config, deflate: vector.config?.deflate && { params: {}, ...vector.config.deflate } }))
}

function negotiateAsServer (vector) {
  const handshake = new ServerHandshake({ settings: negotiable(vector), now: START })
  handshake.receiveFields([
    [':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'https'], [':path', '/'],
    [':authority', 'a'], ['sec-websocket-version', '13'], ...extensionLines(vector.offers)
  ])
  const { agreement } = handshake.accept()
  const lines = handshake.responseFields.headers.filter(([name]) => name === 'sec-websocket-extensions')
  const found = { answer: elements(lines[0]?.[1])[0] ?? null, params: snake(agreement.deflate) }
  assert.deepEqual(found, { answer: vector.answer ?? null, params: vector.params ?? null })
}

function negotiateAsClient (vector) {
  const options = { settings: negotiable(vector), nonce: NONCE, now: START }
  if ('offers' in vector) {
    const { fields } = head(new ClientHandshake('ws://a/', options).request)
    const line = fields.find(([name]) => name === 'Sec-WebSocket-Extensions')
    assert.deepEqual(elements(line?.[1]), vector.offers)
  }
  const connect = new ExtendedConnect('ws://a/', options)
  const { value, error } = attempt(() => connect.verify(200, extensionLines(vector.answer)))
  const found = { params: snake(value?.deflate ?? null), fault: error?.code ?? null }
  assert.deepEqual(found, { params: vector.params ?? null, fault: vector.fault ?? null })
}

/** The elements of what this end wrote: each must be permessage-deflate, its parameters become fields. */
function elements (line = '') {
  return line.split(',').map(text => text.trim()).filter(Boolean).map(element => {
    const [name, ...parameters] = element.split(';').map(text => text.trim())
    assert.equal(name, 'permessage-deflate')
    return Object.fromEntries(parameters.map(text => {
      const [name, value] = text.split('=')
      return [name, value ?? null]
    }))
  })
}

