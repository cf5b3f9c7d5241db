'use strict'

// A client for the Autobahn test suite: `node autobahn_client.js URL AGENT`.
//
// Asks the suite how many cases there are, runs each as an echo, and has the report written.

const WebSocket = require('polywire')

const [url, agent] = process.argv.slice(2)
if (agent === undefined) {
  console.error('usage: node autobahn_client.js URL AGENT')
  process.exit(2)
}

/** Connects, hands every message to `onMessage`, and waits for the end. */
function converse (path, onMessage) {
  return new Promise((resolve) => {
    const ws = new WebSocket(url + path, { maxPayload: 64 << 20 })
    ws.on('message', (data, isBinary) => onMessage(ws, data, isBinary))
    ws.on('error', (error) => console.error(`${path}: ${error.message}`))
    ws.on('close', resolve)
  })
}

async function main () {
  let cases = 0
  await converse('/getCaseCount', (_, data) => { cases = Number(data) })
  for (let number = 1; number <= cases; number++) {
    await converse(`/runCase?case=${number}&agent=${agent}`, (ws, data, isBinary) => ws.send(data, { binary: isBinary }))
  }
  await converse(`/updateReports?agent=${agent}`, (ws) => ws.close(1000))
}

main()
