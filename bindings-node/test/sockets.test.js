'use strict'

// Clients and servers over real sockets: the events, methods and properties of `ws`.

const assert = require('node:assert/strict')
const { Duplex } = require('node:stream')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const WebSocket = require('polywire')
const { connect, messages, once, closed, pair, raw, serve, REQUEST } = require('./support.js')

test('messages of all forms are echoed', async (t) => {
  const [client, ws] = await pair(t)
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
  const sent = ['text', 'é'.repeat(40_000), '', 'x'.repeat(300_000), Buffer.from([0, 1, 2]), new Uint16Array([1, 2]).buffer,
    new DataView(new ArrayBuffer(3)), new Float64Array(20_000), Buffer.alloc(1 << 20, 7), Buffer.alloc(0), 42]
  const received = messages(client, sent.length)
  for (const message of sent) client.send(message)
  for (const [at, message] of (await received).entries()) {
    const expected = ArrayBuffer.isView(sent[at])
      ? Buffer.from(sent[at].buffer, sent[at].byteOffset, sent[at].byteLength)
      : sent[at] instanceof ArrayBuffer ? Buffer.from(sent[at]) : String(sent[at])
    assert.deepEqual(message, expected)
  }
})

test('the states and properties of a connection', async (t) => {
  const { server, url } = await serve(t, { handleProtocols: (protocols) => [...protocols].at(-1) })
  const connected = once(server, 'connection')
  const client = new WebSocket(`${url}/path?x`, ['a', 'b'])
  assert.equal(client.readyState, WebSocket.CONNECTING)
  assert.throws(() => client.send('x'), /readyState 0/)
  await once(client, 'open')
  const [ws, request] = await connected
  assert.equal(request.url, '/path?x')
  assert.equal(client.url, `${url}/path?x`)
  assert.equal(client.protocol, 'b')
  assert.equal(ws.protocol, 'b')
  assert.equal(client.extensions, '')
  assert.equal(client.readyState, client.OPEN)
  assert.equal(client.bufferedAmount, 0)
  assert.ok(server.clients.has(ws))
  client.close(3001, 'enough')
  assert.equal(client.readyState, WebSocket.CLOSING)
  const [code, reason] = await closed(ws)
  assert.deepEqual([code, reason.toString()], [3001, 'enough'])
  const [echoed] = client.readyState === WebSocket.CLOSED ? [3001] : await closed(client)
  assert.equal(echoed, 3001)
  assert.equal(client.readyState, WebSocket.CLOSED)
  assert.equal(server.clients.size, 0)
})

test('sends of one turn keep their order and their callbacks', async (t) => {
  const [client, ws] = await pair(t)
  const received = messages(ws, 300)
  const called = []
  for (let at = 0; at < 100; at++) {
    client.send(`small ${at}`, () => called.push(at))
    client.send(Buffer.alloc(20_000, at))
    client.send(`after ${at}`)
  }
  const found = await received
  for (let at = 0; at < 100; at++) {
    assert.equal(found[at * 3], `small ${at}`)
    assert.ok(found[at * 3 + 1].equals(Buffer.alloc(20_000, at)))
    assert.equal(found[at * 3 + 2], `after ${at}`)
  }
  assert.deepEqual(called, Array.from({ length: 100 }, (_, at) => at))
})

test('answers to messages in front of a close frame go out before it is answered', async (t) => {
  const [client, ws] = await pair(t)
  ws.on('message', (data) => ws.send(data, { binary: false }))
  const received = messages(client, 3)
  for (const text of ['one', 'two', 'three']) client.send(text)
  client.close(1000)
  assert.deepEqual(await received, ['one', 'two', 'three'])
  assert.deepEqual((await closed(client))[0], 1000)
})

test('fragments make one message', async (t) => {
  const [client, ws] = await pair(t)
  const received = messages(ws, 2)
  client.send('a', { fin: false })
  client.send(Buffer.from('b'), { fin: false })
  client.ping()
  client.send('c')
  client.send('whole')
  assert.deepEqual(await received, ['abc', 'whole'])
})

test('pings are answered, unless that is left to the application', async (t) => {
  const [client, ws] = await pair(t, { autoPong: false })
  ws.once('ping', (data) => ws.pong(`own ${data}`))
  client.ping('1')
  assert.equal(String(await once(client, 'pong')), 'own 1')
  ws.ping('2')
  assert.equal(String(await once(ws, 'pong')), '2')
  assert.throws(() => client.ping(Buffer.alloc(126)), RangeError)
})

test('what cannot be said is refused', async (t) => {
  const [client] = await pair(t)
  assert.throws(() => client.close(1005), TypeError)
  assert.throws(() => client.close(99999), TypeError)
  assert.throws(() => client.close('1000'), TypeError)
  assert.throws(() => client.close(1000, 'x'.repeat(124)), RangeError)
  assert.throws(() => client.send({}), TypeError)
  assert.throws(() => client.send(Buffer.from([0xff]), { binary: false }), TypeError)
  assert.equal(client.readyState, WebSocket.OPEN)
  client.close()
  const error = await new Promise((resolve) => client.send('late', resolve))
  assert.match(error.message, /readyState 2/)
  assert.equal(client.bufferedAmount >= 4, true)
  client.send('without anyone to tell')
})

test('handlers may send, close and terminate inside events', async (t) => {
  const { server, url } = await serve(t)
  server.on('connection', (ws) => {
    ws.on('message', (data) => {
      ws.send(`answer ${data}`)
      if (String(data) === 'close') ws.close(4000, 'asked')
      if (String(data) === 'terminate') ws.terminate()
      for (const other of server.clients) if (other !== ws) other.send(`told ${data}`)
    })
  })
  const [one, other, last] = [await connect(t, url), await connect(t, url), await connect(t, url)]
  const told = messages(last, 3)
  for (const text of ['hello', 'close', 'ignored']) one.send(text)
  assert.deepEqual((await closed(one)).map(String), ['4000', 'asked'])
  other.send('terminate')
  assert.equal((await closed(other))[0], 1006)
  // What comes behind the server's own close is still delivered: the peer sent it before it knew.
  assert.deepEqual((await told).slice(0, 2), ['told hello', 'told close'])
})

test('a listener that throws costs no message', async (t) => {
  const [client, ws] = await pair(t)
  const thrown = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error.message))
  t.after(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  })
  const received = messages(ws, 3)
  ws.on('message', (data) => {
    if (String(data) === '2') throw new Error('a listener failed')
  })
  for (const text of ['1', '2', '3']) client.send(text)
  assert.deepEqual(await received, ['1', '2', '3'])
  await new Promise(setImmediate)
  assert.deepEqual(thrown, ['a listener failed'])
})

test('a peer that breaks a rule is told which', async (t) => {
  const { server, url } = await serve(t)
  const { socket, ended } = await raw(url)
  const [ws] = [...server.clients]
  const failed = once(ws, 'error')
  const end = closed(ws)
  socket.write(Buffer.from('8101', 'hex'))
  const [error] = await failed
  assert.equal(error.code, 'WS_ERR_EXPECTED_MASK')
  assert.equal(error.rule, 'frame.mask_missing')
  assert.ok(error instanceof RangeError)
  const output = await ended
  assert.equal(output.readUInt16BE(2), 1002)
  socket.destroy()
  assert.equal((await end)[0], 1006)
})

test('what came in front of a broken frame is still answered', async (t) => {
  const { server, url } = await serve(t)
  server.on('connection', (ws) => {
    ws.on('message', (data) => ws.send(`answer ${data}`))
    ws.on('error', () => {})
  })
  const { socket, ended } = await raw(url)
  socket.write(Buffer.from('81810000000061' + '838000000000', 'hex'))
  const output = await ended
  assert.equal(output.toString('latin1', 2, 10), 'answer a')
  assert.equal(output.readUInt16BE(12), 1002)
})

test('a lost connection closes with 1006', async (t) => {
  const { server, url } = await serve(t)
  const { socket } = await raw(url)
  const [ws] = [...server.clients]
  const end = closed(ws)
  socket.resetAndDestroy()
  assert.equal((await end)[0], 1006)
})

test('messages that are too large end the connection', async (t) => {
  const [client, ws] = await pair(t, { maxPayload: 1000 })
  ws.on('error', () => {})
  const failed = once(ws, 'error')
  client.send(Buffer.alloc(1001))
  assert.equal((await failed)[0].code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
  assert.equal((await closed(client))[0], 1009)
})

test('the interface of browsers', async (t) => {
  const { server, url } = await serve(t)
  server.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })))
  const client = new WebSocket(url)
  client.binaryType = 'arraybuffer'
  const events = []
  client.onmessage = (event) => events.push(event.data)
  const onopen = (event) => {
    assert.equal(event.target, client)
    client.send('text')
    client.send(Buffer.from('binary'))
  }
  client.addEventListener('open', onopen, { once: true })
  client.addEventListener('open', onopen)
  client.addEventListener('message', { handleEvent: ({ data }) => data === 'text' || client.close(1000, 'done') })
  const closed = await new Promise((resolve) => { client.onclose = resolve })
  assert.deepEqual([closed.code, closed.wasClean], [1000, true])
  assert.equal(events[0], 'text')
  assert.ok(events[1] instanceof ArrayBuffer && Buffer.from(events[1]).equals(Buffer.from('binary')))
  assert.equal(typeof client.onmessage, 'function')
  client.onmessage = null
  assert.equal(client.onmessage, null)
})

test('a paused connection delivers nothing until it goes on', async (t) => {
  const [client, ws] = await pair(t)
  ws.pause()
  assert.equal(ws.isPaused, true)
  let count = 0
  ws.on('message', () => count++)
  client.send('x')
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(count, 0)
  const arrived = once(ws, 'message')
  ws.resume()
  await arrived
  assert.equal(count, 1)
})

test('a plain socket is read without the queue of its stream, and stops when it is told', async (t) => {
  const [client, ws] = await pair(t)
  // What `net.Socket` calls the buffer of its option `onread`. If this fails, everything works, but slower.
  const socket = ws._socket
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kBuffer')
  assert.ok(Buffer.isBuffer(socket[symbol]))
  const total = 20_000
  for (let at = 0; at < total; at++) client.send(Buffer.alloc(500, at))
  let received = 0
  await new Promise((resolve) => {
    ws.on('message', (data) => {
      assert.equal(data.length, 500)
      assert.equal(data[499], received & 255)
      if (++received === total) return resolve()
      if (received % 500 !== 0) return
      ws.pause()
      setTimeout(() => ws.resume(), 1)
    })
  })
})

test('what a slow peer does not read is counted', async (t) => {
  const [client, ws] = await pair(t)
  client.pause()
  const size = 1 << 20
  for (let at = 0; at < 16; at++) ws.send(Buffer.alloc(size))
  assert.ok(ws.bufferedAmount > size, `${ws.bufferedAmount}`)
  const received = messages(client, 16)
  client.resume()
  await received
  while (ws.bufferedAmount > 0) await new Promise(setImmediate)
})

test('prepared messages go to connections of every kind', async (t) => {
  const { server, url } = await serve(t, { perMessageDeflate: { threshold: 0 } })
  const clients = [await connect(t, url), await connect(t, url, [], { perMessageDeflate: false })]
  const received = clients.map((client) => messages(client, 3))
  const text = WebSocket.prepare('broadcast '.repeat(100))
  const bytes = WebSocket.prepare(Buffer.alloc(2000, 1), { compress: false })
  for (const ws of server.clients) {
    ws.send(text)
    ws.send(bytes)
    ws.send(text, () => {})
  }
  for (const found of await Promise.all(received)) {
    assert.deepEqual(found, ['broadcast '.repeat(100), Buffer.alloc(2000, 1), 'broadcast '.repeat(100)])
  }
  assert.throws(() => WebSocket.prepare(Buffer.from([0xff]), { binary: false }), TypeError)
})

test('a heartbeat finds out about dead peers', async (t) => {
  const { server, url } = await serve(t, { heartbeat: { interval: 20, timeout: 30 } })
  const { received } = await raw(url)
  const [ws] = [...server.clients]
  assert.equal((await closed(ws))[0], 1006)
  assert.equal(Buffer.concat(received)[0], 0x89)
})

test('a connection that says nothing, too much or too often', async (t) => {
  const [silent] = await pair(t, { idleTimeout: 30 })
  assert.deepEqual((await closed(silent)).map(String), ['1001', 'idle.timeout'])

  const [fast, ws] = await pair(t, { limits: { messagesPerSecond: { perSecond: 1, burst: 2 } } })
  const failed = once(ws, 'error')
  for (const text of ['1', '2', '3']) fast.send(text)
  assert.equal((await failed)[0].code, 'WS_ERR_TOO_MANY_MESSAGES')
  assert.equal((await closed(fast))[0], 1008)

  const [cut, other] = await pair(t, { maxFragments: 2 })
  other.on('error', () => {})
  for (let at = 0; at < 3; at++) cut.send('x', { fin: false })
  assert.equal((await closed(cut))[0], 1008)
})

test('streams that are no sockets carry connections too', async (t) => {
  // Each write arrives at once, inside the call: events happen inside events.
  const ends = [0, 1].map(() => new Duplex({ read () {}, final (done) { this.other.push(null); done() } }))
  for (const [at, end] of ends.entries()) {
    end.other = ends[1 - at]
    end._write = (chunk, _, done) => { end.other.push(Buffer.from(chunk)); done() }
  }
  const server = new WebSocket.WebSocketServer({ noServer: true })
  const opened = new Promise((resolve) => {
    const headers = { upgrade: 'websocket' }
    const rawHeaders = REQUEST.split('\r\n').slice(1, -2).flatMap((line) => line.split(': '))
    const request = { method: 'GET', url: '/', httpVersion: '1.1', headers, rawHeaders, socket: {} }
    server.handleUpgrade(request, ends[1], Buffer.alloc(0), resolve)
  })
  const ws = await opened
  const received = []
  ends[0].on('data', (chunk) => received.push(chunk))
  ws.on('message', (data) => {
    ws.send(`${data}!`)
    // The peer says something in the middle of this.
    if (String(data) === 'a') ends[0].write(frame('c'))
  })
  ends[0].write(Buffer.concat([frame('a'), frame('b')]))
  const output = () => Buffer.concat(received).toString('latin1').split('\r\n\r\n')[1] ?? ''
  while (output().length < 12) await new Promise(setImmediate)
  assert.equal(output(), '\x81\x02a!\x81\x02b!\x81\x02c!')
  ws.terminate()
})

/** A short masked text message. */
function frame (text) {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
}

test('threads have connections of their own', async (t) => {
  const [client, ws] = await pair(t)
  const worker = new Worker(`
    const WebSocket = require('polywire')
    const server = new WebSocket.WebSocketServer({ port: 0, perMessageDeflate: true }, () => {
      const client = new WebSocket('ws://localhost:' + server.address().port)
      client.on('open', () => client.send('x'.repeat(1000)))
      client.on('message', (data) => require('node:worker_threads').parentPort.postMessage(data.length))
    })
    server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)))
  `, { eval: true })
  assert.deepEqual(await once(worker, 'message'), [1000])
  // It ends with its connections open; those of this thread stay.
  await worker.terminate()
  const received = messages(ws, 1)
  client.send('still here')
  assert.deepEqual(await received, ['still here'])
})

test('a stream of messages', async (t) => {
  const [client, ws] = await pair(t)
  const stream = WebSocket.createWebSocketStream(client, { encoding: 'utf8' })
  ws.on('message', (data) => ws.send(String(data).toUpperCase()))
  const chunks = []
  stream.on('data', (chunk) => chunks.push(chunk))
  stream.write('a')
  stream.write('b')
  while (chunks.length < 2) await once(stream, 'data')
  const ends = [closed(ws), once(stream, 'close')]
  stream.end()
  await Promise.all(ends)
  assert.equal(chunks.join(''), 'AB')
})
