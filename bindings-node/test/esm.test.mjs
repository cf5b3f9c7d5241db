// The package as an ES module.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import Default, { createWebSocketStream, prepare, WebSocket, WebSocketServer } from 'polywire'
import { Connection } from 'polywire/sans-io'

test('the names are those of the CommonJS module', () => {
  const required = createRequire(import.meta.url)('polywire')
  assert.equal(Default, required)
  assert.deepEqual([WebSocket, WebSocketServer, createWebSocketStream, prepare],
    [required, required.WebSocketServer, required.createWebSocketStream, required.prepare])
  assert.equal(required.Server, WebSocketServer)
  assert.equal(typeof Connection, 'function')
})

test('a conversation', async (t) => {
  const server = new WebSocketServer({ port: 0 })
  await once(server, 'listening')
  t.after(() => server.close())
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(`heard ${data}`)))
  const client = new WebSocket(`ws://localhost:${server.address().port}`)
  await once(client, 'open')
  client.send('this')
  assert.equal(String((await once(client, 'message'))[0]), 'heard this')
  client.close()
  await once(client, 'close')
})
