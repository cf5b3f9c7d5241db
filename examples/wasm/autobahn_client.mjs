// The client under test of the Autobahn suite: `autobahn_client URL AGENT` with the URL of its server.

import { Settings, load } from 'polywire-wasm'
import { connect } from './host.mjs'

const [url, agent] = process.argv.slice(2)
if (!agent) {
  console.error('usage: autobahn_client URL AGENT')
  process.exit(1)
}
const base = url.replace(/\/$/, '')
await load()
const settings = new Settings({ limits: { messageSize: 64 << 20, frameSize: 64 << 20, sendQueue: 256 << 20 } })

const count = await firstMessage(`${base}/getCaseCount`)
for (let number = 1; number <= count; number++) {
  await echo(`${base}/runCase?case=${number}&agent=${agent}`)
}
await echo(`${base}/updateReports?agent=${agent}`)

async function firstMessage (url) {
  const client = await connect(url, settings)
  let message
  for await (const event of client) {
    if (event.type === 'text') message ??= event.data
  }
  return Number(message)
}

async function echo (url) {
  const client = await connect(url, settings)
  for await (const { type, data } of client) {
    if ((type === 'text' || type === 'binary') && client.connection.isOpen) client.connection.send(data)
  }
  client.connection.free()
}
