'use strict'

// The programs of `examples/node`.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')
const { connect, once } = require('./support.js')

const example = (name) => path.join(__dirname, '../examples', name)

test('the program of the README', () => {
  assert.equal(execFileSync(process.execPath, [example('hello.mjs')], { encoding: 'utf8', timeout: 20_000 }), 'Hello\n')
})

test('the echo server', async (t) => {
  const server = spawn(process.execPath, [example('echo_server.js'), '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => server.kill())
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
  const [, url] = /^listening on (ws:\/\/127\.0\.0\.1:\d+)\n$/.exec(line)
  const client = await connect(t, url)
  client.send('echo')
  assert.equal(String((await once(client, 'message'))[0]), 'echo')
})
