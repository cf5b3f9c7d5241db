// The examples, run as they are.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Connection, ServerHandshake, load } from 'polywire-wasm'

const run = promisify(execFile)
const here = name => fileURLToPath(new URL(name, import.meta.url))

test('ten lines', async () => {
  const { stdout } = await run(process.execPath, [here('../examples/ten_lines.mjs')])
  assert.equal(stdout, 'text Hello\n')
})

test('the frames of a capture', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'polywire-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'bytes.txt')
  await writeFile(file, '81 05 48 65 6c 6c 6f 83 00')
  const { stdout } = await run(process.execPath, [here('../examples/inspect.mjs'), file])
  assert.equal(stdout, 'a frame of 5 bytes\na frame of 0 bytes\nframe.reserved_opcode\n')
})

/** A suite of two cases over real sockets: what the client of the Autobahn suite is asked to do. */
test('the client of the Autobahn suite', async () => {
  await load()
  const seen = []
  const server = createServer(socket => serve(socket, seen))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${server.address().port}`
  await run(process.execPath, [here('../examples/autobahn_client.mjs'), url, 'me'])
  server.close()
  assert.deepEqual(seen, [
    '/getCaseCount', 'closed 1000',
    '/runCase?case=1&agent=me', 'Grüße 1', 'closed 1000',
    '/runCase?case=2&agent=me', 'Grüße 2', 'closed 1000',
    '/updateReports?agent=me', 'closed 1000'
  ])
})

async function serve (socket, seen) {
  const handshake = new ServerHandshake()
  let connection
  for await (const chunk of socket) {
    let bytes = chunk
    if (!connection) {
      const request = handshake.receive(chunk)
      if (!request) continue
      seen.push(request.target)
      const { agreement, leftover } = handshake.accept()
      socket.write(handshake.response)
      connection = new Connection('server', { agreement })
      bytes = leftover
      begin(connection, request.target)
    }
    for (const event of connection.receive(bytes)) {
      if (event.type === 'text') seen.push(event.data)
      if (event.type === 'text') connection.close(1000)
      if (event.type === 'close') seen.push(`closed ${event.code}`)
    }
    socket.write(connection.transmit())
    if (connection.wants.socket !== 'keep') socket.end()
  }
}

function begin (connection, target) {
  const number = /case=(\d+)/.exec(target)?.[1]
  if (number) return connection.send(`Grüße ${number}`)
  if (target === '/getCaseCount') connection.send('2')
  connection.close(1000)
}
