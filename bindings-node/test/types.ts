// What must compile: checked by tsc, never run.

import { createServer } from 'node:http'
import Default, { WebSocket, WebSocketServer, createWebSocketStream, prepare } from 'polywire'
import type { ClientOptions, Prepared, RawData, ViolationError } from 'polywire'
import { Connection } from 'polywire/sans-io'
import CommonJs = require('polywire')

const options: ClientOptions = { perMessageDeflate: { threshold: 0 }, headers: { Cookie: 'a' }, rejectUnauthorized: false }
const client: WebSocket = new WebSocket('wss://example.com', ['a'], options)
client.on('message', (data: RawData, isBinary: boolean) => client.send(data as Buffer, { binary: isBinary }))
client.on('close', (code: number, reason: Buffer) => code + reason.length)
client.on('error', (error: Error) => (error as ViolationError).rule)
client.addEventListener('message', (event) => event.data, { once: true })
client.onclose = ({ code, wasClean }) => [code.toFixed(), wasClean]
const state: 0 | 1 | 2 | 3 = client.readyState
const prepared: Prepared = prepare('tick', { compress: false })
client.send(prepared, (error) => error?.message)
createWebSocketStream(client, { encoding: 'utf8' }).pipe(process.stdout)

class Own extends Default {}
const server = new WebSocketServer({ server: createServer(), WebSocket: Own, handleProtocols: (names) => [...names][0] ?? false })
server.on('connection', (ws, request) => ws.send(request.url ?? ''))
server.on('headers', (headers) => headers.push('X: y'))
const other: CommonJs.WebSocketServer = new CommonJs.Server({ port: 0 }, () => {})

for (const event of new Connection({ role: 'server' }).receive(Buffer.alloc(0))) {
  if (event.type === 'pong') console.log(event.rtt)
  if (event.type === 'failed') console.log(event.error.rule)
}

// @ts-expect-error: an object is no message.
client.send({})
// @ts-expect-error: no such form.
client.binaryType = 'text'

export { state, other }
