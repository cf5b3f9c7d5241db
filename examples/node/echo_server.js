'use strict'

// An echo server: `node echo_server.js HOST:PORT [--no-deflate]`.
//
// Answers every message with the same message. With port 0 it takes a free one; its first line says which.

const { WebSocketServer } = require('polywire')

const [address, ...flags] = process.argv.slice(2)
if (address === undefined) {
  console.error('usage: node echo_server.js HOST:PORT [--no-deflate]')
  process.exit(2)
}
const colon = address.lastIndexOf(':')
const server = new WebSocketServer({
  host: address.slice(0, colon),
  port: Number(address.slice(colon + 1)),
  maxPayload: 64 << 20,
  perMessageDeflate: !flags.includes('--no-deflate')
})
server.on('listening', () => {
  const { address, port } = server.address()
  console.log(`listening on ws://${address.includes(':') ? `[${address}]` : address}:${port}`)
})
server.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
  ws.on('error', (error) => console.error(error.message))
})
