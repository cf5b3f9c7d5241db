'use strict'

// The server under test, a process of its own: `node server.js KIND`, told what to do by messages.
//
// Kinds: `net` (the echo of a bare socket, the floor), `ws`, `ws+bufferutil`, `polywire`; each of the latter
// also with `+deflate`. Owns the servers and the counting of CPU and memory. Knows nothing of the load.

const kind = process.argv[2]
const [library] = kind.split('+')
const perMessageDeflate = kind.includes('deflate') && { threshold: 0 }
// `ws` looks for it by itself.
if (library === 'ws' && !kind.includes('bufferutil')) process.env.WS_NO_BUFFER_UTIL = '1'

const clients = new Set()
let broadcast = () => {}

function listenNet () {
  const server = require('node:net').createServer((socket) => {
    socket.setNoDelay()
    socket.on('data', (chunk) => socket.write(chunk))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1', 8192, () => process.send({ port: server.address().port }))
}

function listenWebSocket () {
  const WebSocket = require(library)
  const server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 8192, perMessageDeflate }, () => {
    process.send({ port: server.address().port })
  })
  server.on('connection', (ws) => {
    clients.add(ws)
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
    ws.on('close', () => clients.delete(ws))
    ws.on('error', () => {})
  })
  broadcast = (text) => {
    const message = WebSocket.prepare ? WebSocket.prepare(text) : text
    for (const ws of clients) ws.send(message)
  }
}

process.on('message', ({ id, ask, text }) => {
  if (ask === 'broadcast') broadcast(text)
  if (ask === 'collect') for (let round = 0; round < 3; round++) global.gc()
  const { user, system } = process.cpuUsage()
  process.send({ id, cpu: user + system, rss: process.memoryUsage().rss })
})
process.on('disconnect', () => process.exit())

if (kind === 'net') listenNet()
else listenWebSocket()
