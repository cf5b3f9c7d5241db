'use strict'

// With `ws`, both ways: the same program over either must see the same.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const ws = require('ws')
const polywire = require('polywire')
const { connect, messages, once, closed, raw, serve } = require('./support.js')

const SIDES = [['polywire', 'ws', polywire.WebSocketServer, ws], ['ws', 'polywire', ws.WebSocketServer, polywire]]
const DEFLATE = [
  false,
  true,
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  { serverMaxWindowBits: 9, clientMaxWindowBits: 10, threshold: 0 },
  { threshold: 0, zlibDeflateOptions: { level: 1 } }
]
const sent = ['short', 'JSON '.repeat(500), '', Buffer.alloc(100_000, 'binary'), 'é'.repeat(70_000), Buffer.from([1]), 'JSON '.repeat(500)]

for (const [serverName, clientName, Server, Client] of SIDES) {
  for (const perMessageDeflate of DEFLATE) {
    test(`server ${serverName}, client ${clientName}, ${JSON.stringify(perMessageDeflate)}`, async (t) => {
      const { server, url } = await serve(t, { perMessageDeflate }, Server)
      server.on('connection', (ws) => {
        ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
      })
      const client = await connect(t, url, ['x'], { perMessageDeflate }, Client)
      assert.equal(client.extensions, perMessageDeflate ? 'permessage-deflate' : '')
      assert.equal(client.protocol, 'x')
      const received = messages(client, sent.length)
      for (const message of sent) client.send(message)
      const found = await received
      for (const [at, message] of sent.entries()) assert.deepEqual(found[at], message)
      client.ping('are you there')
      assert.equal(String(await once(client, 'pong')), 'are you there')
      client.close(4001, 'bye')
      assert.equal((await closed(client))[0], 4001)
    })
  }
}

test('what is broken is broken for both', async (t) => {
  for (const [bytes, code] of [['c181', 'WS_ERR_UNEXPECTED_RSV_1'], ['a181', 'WS_ERR_UNEXPECTED_RSV_2_3'], ['8381', 'WS_ERR_INVALID_OPCODE'],
    ['0981', 'WS_ERR_EXPECTED_FIN'], ['8101', 'WS_ERR_EXPECTED_MASK'], ['8081', 'WS_ERR_INVALID_OPCODE'],
    ['818100000000ff', 'WS_ERR_INVALID_UTF8'], ['888200000000' + '03ed', 'WS_ERR_INVALID_CLOSE_CODE'],
    ['89fe', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH']]) {
    const found = []
    for (const Server of [ws.WebSocketServer, polywire.WebSocketServer]) {
      const { server, url } = await serve(t, {}, Server)
      const failed = once(server, 'connection').then(([ws]) => once(ws, 'error'))
      const { socket } = await raw(url)
      // `ws` looks at a header once it is whole.
      socket.write(Buffer.concat([Buffer.from(bytes, 'hex'), bytes.length > 4 ? Buffer.alloc(0) : Buffer.alloc(8)]))
      const [error] = await failed
      socket.destroy()
      found.push([error.code, error.constructor.name])
    }
    assert.deepEqual(found[1], found[0], bytes)
    assert.equal(found[0][0], code)
  }
})
