'use strict'

// What the tests of sockets share: servers that close, and events as promises.

const { once } = require('node:events')
const net = require('node:net')
const WebSocket = require('polywire')

/** A server on a free port, its address, and its end with the test. */
async function serve (t, options = {}, Server = WebSocket.WebSocketServer) {
  const server = new Server({ port: 0, host: '127.0.0.1', ...options })
  await once(server, 'listening')
  t.after(() => {
    for (const client of server.clients ?? []) client.terminate()
    server.close()
  })
  return { server, url: `ws://127.0.0.1:${server.address().port}` }
}

/** An open client. */
async function connect (t, url, protocols, options, Client = WebSocket) {
  const client = new Client(url, protocols, options)
  t.after(() => client.terminate())
  await once(client, 'open')
  return client
}

/** A server and a client, joined: `[client, ws of the server]`. */
async function pair (t, serverOptions, clientOptions) {
  const { server, url } = await serve(t, serverOptions)
  const connected = once(server, 'connection')
  const client = await connect(t, url, [], clientOptions)
  const [ws] = await connected
  return [client, ws]
}

/** The next `count` messages, as strings or buffers. */
function messages (ws, count) {
  return new Promise((resolve, reject) => {
    const found = []
    ws.once('close', () => reject(new Error(`closed after ${found.length} of ${count} messages`)))
    ws.on('message', (data, isBinary) => {
      found.push(isBinary ? data : data.toString())
      if (found.length === count) resolve(found)
    })
  })
}

/** The end of a connection, whatever errors come before it. */
function closed (ws) {
  return new Promise((resolve) => ws.once('close', (...values) => resolve(values)))
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

/** A bare socket to a server, after a handshake, and what came before its end. */
async function raw (url, request = REQUEST) {
  const socket = net.connect(new URL(url).port, '127.0.0.1')
  const received = []
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(request)
  const ended = once(socket, 'close').then(() => Buffer.concat(received))
  if (request === REQUEST) {
    while (!Buffer.concat(received).includes('\r\n\r\n')) await once(socket, 'data')
    received.length = 0
  }
  return { socket, ended, received }
}

module.exports = { serve, connect, pair, messages, raw, once, closed, REQUEST }
