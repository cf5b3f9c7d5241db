// A message there and back, over whatever carries bytes.

import { ClientHandshake, Connection, ServerHandshake, load } from 'polywire-wasm'

await load()
const client = new ClientHandshake('ws://example.com/chat')
const server = new ServerHandshake()
server.receive(client.request)
const there = new Connection('server', server.accept())
const here = new Connection('client', client.receive(server.response))
here.send('Hello')
for (const { type, data } of there.receive(here.transmit())) console.log(type, data)
