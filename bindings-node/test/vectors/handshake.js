'use strict'

// Runs the vectors of the kinds `server_handshake`, `client_handshake`, `url` and `negotiation`.

const core = require('polywire/sans-io')
const { settings } = require('./connection.js')
const { bytes, difference, known, pieces, string } = require('./data.js')

const START = 1000
const NONCE = Buffer.from('the sample nonce')
const PARAMS = {
  server_no_context_takeover: 'serverNoContextTakeover',
  client_no_context_takeover: 'clientNoContextTakeover',
  server_max_window_bits: 'serverMaxWindowBits',
  client_max_window_bits: 'clientMaxWindowBits'
}

function config (vector) {
  return core.config(settings(vector.config, 'folded'))
}

function latin1 (value) {
  return Buffer.from(string(value), 'latin1')
}

/** Fields as the addon has them: names and values in turn. */
function flat (fields = []) {
  return fields.flatMap(([name, value]) => [string(name), string(value)])
}

/** Header fields by the names that `expected` uses: the values joined, or null for none. */
function named (expected = {}, fields) {
  const values = (name) => fields.filter((_, at) => at % 2 === 1 && fields[at - 1].toLowerCase() === name.toLowerCase())
  return Object.fromEntries(Object.keys(expected ?? {}).map((name) => {
    const found = values(name)
    return [name, found.length === 0 ? null : found.join(', ')]
  }))
}

/** A head of HTTP/1.1 taken apart. */
function parseHead (head) {
  const text = head.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) throw new Error('no blank line')
  const [line, ...lines] = text.slice(0, end).split('\r\n')
  const fields = lines.flatMap((field) => {
    const colon = field.indexOf(': ')
    if (colon < 0) throw new Error(`a line without a colon: ${field}`)
    return [field.slice(0, colon), field.slice(colon + 2)]
  })
  return { line, fields, body: text.slice(end + 4) }
}

function told ({ subprotocol, deflate }) {
  const params = deflate && Object.fromEntries(Object.entries(PARAMS).map(([name, key]) => [name, deflate[key]]))
  return { subprotocol: subprotocol ?? null, deflate: params ?? null }
}

function compare (expected, found) {
  const wanted = expected.body === undefined ? expected : { ...expected, body: string(expected.body) }
  const problem = difference(wanted, found)
  if (problem) throw new Error(problem)
}

/** Gives `input` to a handshake, cut as `cut` says; returns the outcome, and what was not given. */
function feed (handshake, input, cut, vector) {
  let at = 0
  let outcome = null
  for (const length of pieces(cut, input.length)) {
    const found = handshake.receive(input.subarray(at, at + length), START)
    at += length
    if (found !== null && outcome !== null) throw new Error('ready twice')
    if (found === null) continue
    outcome = found
    // A server takes what comes behind the head, a client's connection does.
    if (handshake instanceof core.ClientHandshake) break
  }
  if (outcome === null) {
    if (vector.advance !== undefined) outcome = handshake.handleTimeout(START + vector.advance)
    else if (vector.eof) outcome = handshake.receiveEof()
  }
  return { outcome, rest: input.subarray(at) }
}

function server (vector, cut) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'policy', 'config', 'request', 'fields', 'choose', 'add_headers', 'refuse', 'advance', 'eof', 'expect'])
  known(vector.policy, ['origins', 'subprotocols'])
  const policy = new core.Policy(vector.policy?.origins ?? 'same', vector.policy?.subprotocols ?? [])
  compare(vector.expect, vector.fields ? serverOverHttp2(vector, policy) : serverOverBytes(vector, policy, cut))
}

function serverOverBytes (vector, policy, cut) {
  const handshake = new core.ServerHandshake(policy, config(vector), START)
  const { outcome } = feed(handshake, latin1(vector.request), cut, vector)
  if (outcome === null) return { pending: true }
  if (!(outcome instanceof core.Upgrade)) return refused(vector, outcome)
  if (vector.refuse) return refuse(vector)
  const failure = decide(vector, outcome)
  if (failure) return { error: failure.code }
  const agreed = handshake.accept(outcome)
  if (agreed.code !== undefined) return refused(vector, agreed)
  return { ...answered(vector, agreed.response), ...told(agreed), target: outcome.target, leftover: agreed.leftover.toString('hex') }
}

function refuse (vector) {
  const { status, headers, body = '' } = vector.refuse
  try {
    return answered(vector, core.refuse(status, flat(headers), string(body)))
  } catch (error) {
    return { error: error.code }
  }
}

/** What the application does with a valid request. */
function decide (vector, upgrade) {
  if ('choose' in vector) {
    const failure = upgrade.choose(vector.choose ?? undefined)
    if (failure) return failure
  }
  for (const [name, value] of vector.add_headers ?? []) {
    const failure = upgrade.addHeader(string(name), string(value))
    if (failure) return failure
  }
  return null
}

function refused (vector, failure) {
  return { ...answered(vector, failure.response), fault: failure.code }
}

/** A response as its bytes show it. */
function answered (vector, response) {
  const { line, fields, body } = parseHead(response.bytes)
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(line)[1]), headers: named(vector.expect.headers, fields), body }
}

function serverOverHttp2 (vector, policy) {
  const upgrade = core.Upgrade.examineFields(flat(vector.fields), policy, config(vector))
  const { headers } = vector.expect
  if (!(upgrade instanceof core.Upgrade)) {
    const { response, code } = upgrade
    return { fault: code, ...(response && { status: response.status, headers: named(headers, response.fields) }) }
  }
  const agreed = upgrade.accept()
  const { status, fields } = agreed.response
  return { status, headers: named(headers, fields), target: upgrade.target, ...told(agreed) }
}

function client (vector, cut) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'url', 'options', 'config', 'nonce', 'request', 'error', 'extended_connect', 'fields', 'response', 'advance', 'eof', 'expect'])
  known(vector.options, ['subprotocols', 'headers'])
  const { subprotocols = [], headers } = vector.options ?? {}
  const asked = [string(vector.url), subprotocols, flat(headers), config(vector)]
  const made = vector.extended_connect
    ? core.Offer.create(...asked, true)
    : core.ClientHandshake.create(...asked, vector.nonce ? bytes(vector.nonce) : NONCE, START)
  if (made.code !== vector.error) throw new Error(`expected ${vector.error}, found ${made.code}`)
  if (vector.error) return
  compare(vector.expect, vector.extended_connect ? clientOverHttp2(vector, made) : clientOverBytes(vector, made, cut))
}

function clientOverBytes (vector, handshake, cut) {
  checkRequest(vector.request, handshake.request)
  const { outcome, rest } = feed(handshake, latin1(vector.response ?? ''), cut, vector)
  if (outcome === null) return { pending: true }
  if (outcome.code === undefined) return { ...told(outcome), leftover: outcome.leftover.toString('hex') + rest.toString('hex') }
  const { response, code } = outcome
  const found = { failed: true, fault: code }
  if (!response) return found
  return { ...found, status: response.status, headers: named(vector.expect.headers, response.headers), body: response.body.toString('latin1') }
}

function checkRequest (expected, request) {
  const { line, fields, body } = parseHead(request)
  if (body !== '') throw new Error('the request has a body')
  if (expected !== undefined) compare(expected, { line, headers: named(expected.headers, fields) })
}

function clientOverHttp2 (vector, offer) {
  const problem = vector.fields && difference(vector.fields, named(vector.fields, offer.fields))
  if (problem) throw new Error(`fields: ${problem}`)
  const { status, headers } = vector.response
  const agreed = offer.verify('2.0', status, flat(headers))
  return agreed.code === undefined ? told(agreed) : { fault: agreed.code }
}

/** A URL, or where a redirect from it leads. */
function url (vector) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'url', 'redirect', 'expect'])
  let found
  try {
    const redirect = vector.redirect === undefined ? undefined : string(vector.redirect)
    found = core.parseUrl(string(vector.url), redirect)
    found.credentials ??= null
  } catch (error) {
    found = { fault: error.code }
  }
  compare(vector.expect, found)
}

/** The lines of a header field: none, one, or several. */
function extensionLines (value) {
  const lines = value === undefined || value === null ? [] : [value].flat()
  return lines.flatMap((line) => ['sec-websocket-extensions', string(line)])
}

/** The elements of what this end wrote: each must be permessage-deflate. */
function elements (line) {
  return (line ?? '').split(',').map((part) => part.trim()).filter(Boolean).map((element) => {
    const [name, ...parameters] = element.split(';').map((part) => part.trim())
    if (name !== 'permessage-deflate') throw new Error(`extension ${name}`)
    return Object.fromEntries(parameters.map((parameter) => {
      const [key, value] = parameter.split('=')
      return [key, value ?? null]
    }))
  })
}

function first (fields, name) {
  return fields.find((_, at) => at % 2 === 1 && fields[at - 1].toLowerCase() === name)
}

function negotiation (vector) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'role', 'config', 'offers', 'answer', 'params', 'fault'])
  if (vector.role === 'client') negotiateAsClient(vector)
  else negotiateAsServer(vector)
}

function negotiateAsServer (vector) {
  const fields = [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'https', ':path', '/', ':authority', 'a',
    'sec-websocket-version', '13', ...extensionLines(vector.offers)]
  const upgrade = core.orThrow(core.Upgrade.examineFields(fields, new core.Policy('same', []), config(vector)))
  const agreed = upgrade.accept()
  const [answer = null] = elements(first(agreed.response.headers, 'sec-websocket-extensions'))
  exactly({ answer: vector.answer, params: vector.params }, { answer, params: told(agreed).deflate })
}

function negotiateAsClient (vector) {
  const offer = (extended) => core.orThrow(core.Offer.create('ws://a/', [], [], config(vector), extended))
  if (vector.offers !== undefined) {
    exactly(vector.offers, elements(first(offer(false).headers, 'sec-websocket-extensions')))
  }
  const agreed = offer(true).verify('2.0', 200, extensionLines(vector.answer))
  const found = agreed.code === undefined ? { params: told(agreed).deflate, fault: null } : { params: null, fault: agreed.code }
  exactly({ params: vector.params, fault: vector.fault }, found)
}

/** What is missing is null, and no field may be left over. */
function exactly (expected, found) {
  const sorted = (value) => JSON.stringify(value ?? null, (_, inner) => (inner && typeof inner === 'object' && !Array.isArray(inner)
    ? Object.fromEntries(Object.entries(inner).map(([key, field]) => [key, field ?? null]).sort())
    : inner))
  const [one, other] = [expected, found].map((value) => (Array.isArray(value) ? value.map(sorted).join() : Object.keys(value).sort().map((key) => `${key}: ${sorted(value[key])}`).join(', ')))
  if (one !== other) throw new Error(`expected ${one}, found ${other}`)
}

module.exports = { server, client, url, negotiation }
