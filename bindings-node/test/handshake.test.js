'use strict'

// Opening handshakes over real sockets: who is asked, what is refused, and what a client makes of it.

const assert = require('node:assert/strict')
const http = require('node:http')
const https = require('node:https')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')
const WebSocket = require('polywire')
const { connect, once, closed, raw, serve, REQUEST } = require('./support.js')
const { certificate } = require('./certificate.js')

/** The status of a refusal, or 101. */
async function status (url, options) {
  const client = new WebSocket(url, options)
  const outcome = await Promise.race([
    once(client, 'open').then(() => 101),
    once(client, 'unexpected-response').then(([, response]) => response.resume().statusCode)
  ])
  client.on('error', () => {})
  client.terminate()
  return outcome
}

test('paths, hooks and origins decide who may connect', async (t) => {
  const verifyClient = ({ origin, req, secure }) => !secure && req.headers.cookie !== 'banned' && origin !== 'http://evil.example'
  const { url } = await serve(t, { path: '/chat', verifyClient })
  assert.equal(await status(`${url}/chat?a`), 101)
  assert.equal(await status(`${url}/other`), 400)
  assert.equal(await status(`${url}/chat`, { headers: { Cookie: 'banned' } }), 401)
  assert.equal(await status(`${url}/chat`, { origin: 'http://evil.example' }), 401)

  const asked = (info, callback) => setImmediate(callback, false, 418, 'tea', { 'X-Pot': 'short' })
  const { url: later } = await serve(t, { verifyClient: asked })
  const client = new WebSocket(later)
  const [, response] = await once(client, 'unexpected-response')
  assert.deepEqual([response.statusCode, response.headers['x-pot']], [418, 'short'])
  client.on('error', () => {})
  client.terminate()

  const { url: own } = await serve(t, { origins: 'same' })
  assert.equal(await status(own, { origin: 'http://evil.example' }), 403)
  assert.equal(await status(own, { origin: own.replace('ws', 'http') }), 101)
})

test('what is no request for a WebSocket is refused', async (t) => {
  const { server, url } = await serve(t)
  const plain = await fetch(url.replace('ws', 'http'))
  assert.equal(plain.status, 426)
  const answer = async (request) => String(await (await raw(url, request)).ended).split('\r\n')[0]
  assert.match(await answer(REQUEST.replace('GET', 'POST')), /^HTTP\/1.1 405 /)
  assert.match(await answer(REQUEST.replace('Version: 13', 'Version: 12')), /^HTTP\/1.1 426 /)
  assert.match(await answer(REQUEST.replace('dGhl', '')), /^HTTP\/1.1 400 /)
  server.once('wsClientError', (error, socket, request) => {
    assert.equal(error.code, 'handshake.key')
    socket.end(`HTTP/1.1 499 ${request.method}\r\n\r\n`)
  })
  assert.match(await answer(REQUEST.replace('dGhl', '')), /^HTTP\/1.1 499 GET/)
})

test('headers can be seen and added', async (t) => {
  const { server, url } = await serve(t)
  server.on('headers', (headers, request) => {
    assert.equal(headers[0], 'HTTP/1.1 101 Switching Protocols')
    headers.push(`X-Seen: ${request.headers['x-sent']}`)
  })
  const client = new WebSocket(url, { headers: { 'X-Sent': 'yes', Host: 'example.com' } })
  const [[response]] = await Promise.all([once(client, 'upgrade'), once(client, 'open')])
  assert.equal(response.headers['x-seen'], 'yes')
  client.terminate()
})

test('a server of one\'s own, and several on one', async (t) => {
  const server = http.createServer((request, response) => response.end('plain'))
  const [one, two] = [new WebSocket.WebSocketServer({ noServer: true }), new WebSocket.WebSocketServer({ noServer: true, clientTracking: false })]
  server.on('upgrade', (request, socket, head) => {
    const chosen = request.url === '/one' ? one : two
    chosen.handleUpgrade(request, socket, head, (ws) => ws.send(`${request.url} ${chosen === one}`))
  })
  server.listen(0)
  t.after(() => server.close())
  const url = `ws://localhost:${server.address().port}`
  for (const [target, expected] of [['/one', '/one true'], ['/two', '/two false']]) {
    const client = new WebSocket(url + target)
    const [data] = await once(client, 'message')
    assert.equal(String(data), expected)
    client.terminate()
  }
  assert.equal(two.clients, undefined)
  assert.throws(() => one.address(), /noServer/)
  assert.throws(() => new WebSocket.WebSocketServer({}), TypeError)
  assert.throws(() => new WebSocket.WebSocketServer({ port: 1, noServer: true }), TypeError)
})

test('a server that closes', async (t) => {
  const { server, url } = await serve(t)
  const client = await connect(t, url)
  const closed = once(server, 'close')
  server.close()
  client.close()
  await closed
  const error = await new Promise((resolve) => server.close(resolve))
  assert.match(error.message, /not running/)
})

test('over TLS', async (t) => {
  const { key, cert } = certificate()
  const server = https.createServer({ key, cert })
  const wss = new WebSocket.WebSocketServer({ server, perMessageDeflate: true, verifyClient: ({ secure }) => secure })
  wss.on('connection', (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })))
  server.listen(0)
  t.after(() => server.close())
  const url = `wss://localhost:${server.address().port}`
  const client = await connect(t, url, [], { ca: cert })
  for (const size of [1, 70_000, 1 << 20]) {
    client.send('é'.repeat(size))
    const [data, isBinary] = await once(client, 'message')
    assert.ok(!isBinary && data.toString() === 'é'.repeat(size))
  }
  const stranger = new WebSocket(url)
  const [error] = await once(stranger, 'error')
  assert.match(error.code, /SELF_SIGNED|UNABLE_TO_VERIFY/)
})

test('over a local socket', { skip: process.platform === 'win32' && 'no such sockets' }, async (t) => {
  const place = path.join(os.tmpdir(), `polywire-${process.pid}.sock`)
  const server = http.createServer()
  const wss = new WebSocket.WebSocketServer({ server })
  wss.on('connection', (ws, request) => ws.send(request.url))
  server.listen(place)
  t.after(() => server.close())
  const client = new WebSocket(`ws+unix:${place}:/path?x`)
  assert.equal(String((await once(client, 'message'))[0]), '/path?x')
  client.terminate()
})

test('arguments that cannot be', () => {
  assert.throws(() => new WebSocket('nothing'), SyntaxError)
  assert.throws(() => new WebSocket('ftp://localhost'), SyntaxError)
  assert.throws(() => new WebSocket('ws://localhost/#fragment'), SyntaxError)
  assert.throws(() => new WebSocket('ws://localhost', ['a', 'a']), SyntaxError)
  assert.throws(() => new WebSocket('ws://localhost', 'a b'), SyntaxError)
  assert.throws(() => new WebSocket.WebSocketServer({ noServer: true, perMessageDeflate: { serverMaxWindowBits: 16 } }), /window/)
})

test('a client that finds no server, a slow one, or is given up', async (t) => {
  const nobody = new WebSocket('ws://127.0.0.1:1')
  assert.equal((await once(nobody, 'error'))[0].code, 'ECONNREFUSED')
  assert.equal(nobody.readyState, WebSocket.CLOSED)

  const silent = http.createServer().on('upgrade', () => {}).listen(0)
  t.after(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const url = `ws://localhost:${silent.address().port}`
  const slow = new WebSocket(url, { handshakeTimeout: 30 })
  assert.match((await once(slow, 'error'))[0].message, /timed out/)
  const given = new WebSocket(url)
  given.close()
  const end = closed(given)
  assert.match((await once(given, 'error'))[0].message, /before it was established/)
  assert.equal((await end)[0], 1006)
})

test('a response that does not agree is refused', async (t) => {
  const liar = http.createServer().on('upgrade', (request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n')
  }).listen(0)
  t.after(() => liar.close())
  const client = new WebSocket(`ws://localhost:${liar.address().port}`)
  const [error] = await once(client, 'error')
  assert.equal(error.code, 'handshake.accept_mismatch')
})

test('redirects are followed if that is wanted, without secrets for strangers', async (t) => {
  const { server, url } = await serve(t)
  const seen = []
  server.on('connection', (ws, request) => seen.push([request.url, request.headers.authorization]))
  let target = `${url}/new`
  const first = http.createServer().on('upgrade', (request, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target}\r\n\r\n`)
  }).listen(0)
  t.after(() => first.close())
  const from = `ws://localhost:${first.address().port}/old`
  const client = new WebSocket(from, { followRedirects: true, headers: { Authorization: 'secret' } })
  const [[to]] = await Promise.all([once(client, 'redirect'), once(client, 'open')])
  assert.equal(to, `${url}/new`)
  assert.deepEqual(seen, [['/new', undefined]])
  client.terminate()

  assert.equal(await status(from), 302)
  target = from
  const endless = new WebSocket(from, { followRedirects: true, maxRedirects: 3 })
  assert.match((await once(endless, 'error'))[0].message, /too many redirects/)
})

test('requests can be changed and credentials are sent', async (t) => {
  const { server, url } = await serve(t)
  const connected = once(server, 'connection')
  const client = new WebSocket(url.replace('//', '//user:p%40ss@'), {
    finishRequest: (request) => request.setHeader('X-Late', '1') && request.end()
  })
  const [, request] = await connected
  assert.equal(request.headers['x-late'], '1')
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  client.on('error', () => {})
  client.terminate()
})
