// What the vectors do not say about the connection in JavaScript.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolywireError, ClientHandshake, Connection, Prepared, ServerHandshake, load } from 'polywire-wasm'

await load()

/** Two ends that agreed on all that both are ready for. */
function pair (settings) {
  const client = new ClientHandshake('ws://example.com/', { settings })
  const server = new ServerHandshake({ settings })
  server.receive(client.request)
  const accepted = server.accept()
  const agreed = client.receive(server.response)
  assert.deepEqual(agreed.agreement, accepted.agreement)
  return [new Connection('client', { settings, ...agreed }), new Connection('server', { settings, ...accepted })]
}

test('messages of every kind there and back', () => {
  const [client, server] = pair({ deflate: { threshold: 0 } })
  const text = '\ufeffGrüße, 世界 🎉'
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => at)
  client.send(text)
  client.send(bytes)
  client.send(bytes.buffer, { compress: false })
  client.send(new DataView(bytes.buffer, 10, 5), { compress: 9 })
  client.send('')
  client.sendPart('one ')
  client.sendPart('two', { last: true })
  const events = [...server.receive(client.transmit())]
  assert.deepEqual(events.map(event => event.data), [text, bytes, bytes, bytes.slice(10, 15), '', 'one two'])
  server.send(new Prepared(text))
  assert.deepEqual([...client.receive(server.transmit())], [{ type: 'text', data: text }])
})

test('what is received stays what it was', () => {
  const [client, server] = pair()
  client.send(Uint8Array.of(1, 2, 3))
  const [{ data }] = server.receive(client.transmit())
  client.send(new Uint8Array(1 << 20).fill(9))
  const large = client.transmit()
  assert.deepEqual([...server.receive(large.subarray(0, 1000))], [])
  assert.equal([...server.receive(large.subarray(1000))].length, 1)
  assert.deepEqual(data, Uint8Array.of(1, 2, 3))
  assert.equal(data.byteLength, data.buffer.byteLength)
})

test('an event can be answered before the next one ends the connection', () => {
  const [client, server] = pair()
  client.send('question')
  const bytes = [...client.transmit(), 0x83, 0x80, 0, 0, 0, 0]
  const [types, answered] = [[], []]
  for (const { type } of server.receive(Uint8Array.from(bytes))) {
    types.push(type)
    if (type === 'text') server.send('answer')
  }
  for (const { type, data } of client.receive(server.transmit())) answered.push([type, data])
  assert.deepEqual(types, ['text', 'failed', 'ended'])
  assert.deepEqual(answered[0], ['text', 'answer'])
  assert.equal(answered[1][0], 'close')
})

test('what is not taken comes with the next call', () => {
  const [client, server] = pair()
  client.send('one')
  client.send('two')
  const bytes = client.transmit()
  client.send('three')
  assert.equal(server.receive(bytes).next().value.data, 'one')
  const rest = Array.from(server.receive(client.transmit()), event => event.data)
  assert.deepEqual(rest, ['two', 'three'])
})

test('time is an argument', () => {
  const connection = new Connection('server', { now: 0, settings: { timeouts: { keepalive: { interval: 100, timeout: 50 } } } })
  assert.equal(connection.wants.deadline, 100)
  assert.deepEqual([...connection.handleTimeout(100)], [])
  assert.equal(connection.transmit()[0], 0x89)
  connection.pauseReading(120)
  assert.deepEqual([...connection.handleTimeout(1000)], [])
  connection.resumeReading(1000)
  assert.ok(connection.wants.deadline > 1000)
  let ended
  while (!ended) [ended] = connection.handleTimeout(connection.wants.deadline)
  assert.deepEqual(ended, { type: 'ended', cause: 'pong_timeout', code: 1006, rule: null })
  const timeless = new Connection('server', { settings: { timeouts: { keepalive: null } } })
  assert.equal(timeless.wants.deadline, Infinity)
})

test('a violation says what, where and which section', () => {
  const connection = new Connection('client')
  const [failed, ended] = connection.receive(Uint8Array.of(0x83, 0))
  assert.equal(failed.rule, 'frame.reserved_opcode')
  assert.equal(failed.closeCode, 1002)
  assert.match(failed.message, /^frame.reserved_opcode: expected .*RFC 6455 section 5.2.*byte 0$/)
  assert.equal(ended.rule, 'frame.reserved_opcode')
})

test('a refusal reaches the client as an error with its response', () => {
  const client = new ClientHandshake('ws://example.com/')
  const server = new ServerHandshake()
  server.receive(client.request)
  server.refuse(401, { headers: { 'WWW-Authenticate': 'Basic' }, body: 'who?' })
  const refused = error => error instanceof PolywireError && error.code === 'handshake.status' &&
    error.response.status === 401 && error.response.body === 'who?'
  assert.throws(() => client.receive(server.response), refused)
})

test('a request that is none is answered', () => {
  const server = new ServerHandshake()
  const request = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.throws(() => server.receive(request), error => error.code === 'handshake.upgrade_missing')
  assert.match(new TextDecoder().decode(server.response), /^HTTP\/1.1 426 /)
})
