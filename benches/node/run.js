'use strict'

// The benchmarks of the Node package: `node run.js [echo] [deflate] [memory] [broadcast] [--rounds N]`.
//
// Each figure is CPU of the server's process, not wall time; the servers take turns, round by round, and
// medians are shown, ratios first.

const { spawnSync } = require('node:child_process')
const os = require('node:os')
const { Server, frames, json, open, sleep } = require('./load.js')

const ECHO = [[32, 1, 1], [32, 50, 16], [1024, 50, 16], [65536, 1, 1]]
const DEFLATE = [[64, 1, 1], [64, 50, 16], [1024, 1, 1], [1024, 50, 16]]
const SECONDS = 1.2

const flag = process.argv.indexOf('--rounds')
const ROUNDS = flag < 0 ? 3 : Number(process.argv[flag + 1])

/** Microseconds of CPU per message of `connections` that keep `window` messages in flight. */
async function echo (kind, [size, connections, window]) {
  const server = await new Server(kind).start()
  const burst = Buffer.concat(frames(kind, size, window))
  let done = 0
  const sockets = []
  for (let at = 0; at < connections; at++) {
    let open_ = 0
    const socket = await open(server, (count) => {
      done += count
      open_ -= count
      if (open_ === 0) {
        open_ = window
        socket.write(burst)
      }
    }, size)
    sockets.push([socket, () => { open_ = window }])
  }
  for (const [socket, begin] of sockets) {
    begin()
    socket.write(burst)
  }
  await sleep(600)
  const [before, start] = [done, await server.ask()]
  await sleep(SECONDS * 1000)
  const [after, end] = [done, await server.ask()]
  for (const [socket] of sockets) socket.destroy()
  await server.stop()
  return (end.cpu - start.cpu) / (after - before)
}

/** KiB of memory per connection that is idle after five echoes of 1 KiB. */
async function memory (kind, connections) {
  const server = await new Server(kind).start()
  const [message] = frames(kind, 1024, 1)
  const start = await server.ask('collect')
  let done = 0
  const sockets = []
  for (let at = 0; at < connections; at++) sockets.push(await open(server, (count) => { done += count }, 1024))
  for (let round = 1; round <= 5; round++) {
    for (const socket of sockets) socket.write(message)
    while (done < round * connections) await sleep(20)
  }
  await sleep(500)
  const end = await server.ask('collect')
  for (const socket of sockets) socket.destroy()
  await server.stop()
  return (end.rss - start.rss) / 1024 / connections
}

/** Microseconds of CPU per delivery of 1 KiB to `connections`. */
async function broadcast (kind, connections) {
  const server = await new Server(kind).start()
  let done = 0
  const sockets = []
  for (let at = 0; at < connections; at++) sockets.push(await open(server, (count) => { done += count }, 1024))
  const round = async (number) => {
    const target = done + connections
    await server.ask('broadcast', json(1024, number))
    while (done < target) await sleep(2)
  }
  for (let number = 0; number < 5; number++) await round(number)
  const start = await server.ask()
  const rounds = 15
  for (let number = 0; number < rounds; number++) await round(number + 5)
  const end = await server.ask()
  for (const socket of sockets) socket.destroy()
  await server.stop()
  return (end.cpu - start.cpu) / rounds / connections
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
const shown = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2))

/** Runs every kind in turn, `rounds` times, and prints a table: what the others cost in units of ours, then all. */
async function compare (title, unit, kinds, columns, measure, rounds = ROUNDS) {
  const found = kinds.map(() => columns.map(() => []))
  for (let round = 0; round < rounds; round++) {
    for (const [column, argument] of columns.entries()) {
      for (const [at, kind] of kinds.entries()) found[at][column].push(await measure(kind, argument))
    }
  }
  const medians = found.map((row) => row.map(median))
  const ours = kinds.findIndex((kind) => kind.startsWith('polywire'))
  const names = columns.map((column) => (Array.isArray(column) ? `${column[0]} B, ${column[1]}x${column[2]}` : `${column} connections`))
  const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
  const table = (caption, cell) => {
    console.log(`\n### ${title}: ${caption}\n`)
    row(['', ...names])
    row(['---', ...names.map(() => '---:')])
    for (const [at, kind] of kinds.entries()) row([kind, ...medians[at].map((value, column) => shown(cell(value, column)))])
  }
  table('over polywire', (value, column) => value / medians[ours][column])
  table(unit, (value) => value)
}

const BENCHES = {
  echo: () => compare('Echo', 'us of server CPU per message', ['net', 'polywire', 'ws', 'ws+bufferutil'], ECHO, echo),
  deflate: () => compare('Echo of JSON with permessage-deflate and context takeover', 'us of server CPU per message',
    ['polywire+deflate', 'ws+deflate'], DEFLATE, echo),
  memory: async () => {
    await compare('Idle connections', 'KiB of RSS each', ['polywire', 'net', 'ws'], [2000], memory, 1)
    await compare('Idle connections with permessage-deflate', 'KiB of RSS each', ['polywire+deflate', 'ws+deflate'], [2000], memory, 1)
  },
  broadcast: async () => {
    await compare('Broadcast of 1 KiB', 'us of server CPU per delivery', ['polywire', 'ws', 'ws+bufferutil'], [1000], broadcast)
    await compare('Broadcast of 1 KiB with permessage-deflate', 'us of server CPU per delivery', ['polywire+deflate', 'ws+deflate'], [1000], broadcast)
  }
}

/**
 * Puts load and servers on one core, where the system lets it: else a server's time would have in it what it
 * costs to wake an idle core, which is more than what a message costs.
 */
function shareACore () {
  const core = String(os.cpus().length - 1)
  return spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', core, String(process.pid)]).status === 0
}

async function main () {
  const where = shareACore() ? 'one of them used' : 'all of them used'
  const named = process.argv.slice(2).filter((name) => name in BENCHES)
  console.log(`Machine: ${os.cpus()[0].model}, ${os.cpus().length} cores, ${where}; Node ${process.version}; ws ${require('ws/package.json').version}; ` +
    `${ROUNDS} interleaved rounds, medians; NxM: N connections with M messages in flight`)
  for (const name of named.length > 0 ? named : Object.keys(BENCHES)) await BENCHES[name]()
}

main()
