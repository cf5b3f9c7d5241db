'use strict'

// The load: bare sockets that send frames made before, so that it costs the machine little and every server
// gets the same. Knows the bytes of frames, as any client must, and no library.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const net = require('node:net')
const path = require('node:path')
const zlib = require('node:zlib')

const KEY = Buffer.from([1, 2, 3, 4])

/** A server in a process of its own. */
class Server {
  constructor (kind) {
    this.kind = kind
    this.child = fork(path.join(__dirname, 'server.js'), [kind], { execArgv: ['--expose-gc'] })
    this.asked = 0
  }

  async start () {
    const [{ port }] = await once(this.child, 'message')
    this.port = port
    return this
  }

  ask (ask, text) {
    const id = ++this.asked
    return new Promise((resolve) => {
      const listener = (answer) => {
        if (answer.id !== id) return
        this.child.removeListener('message', listener)
        resolve(answer)
      }
      this.child.on('message', listener)
      this.child.send({ id, ask, text })
    })
  }

  stop () {
    this.child.kill()
    return once(this.child, 'exit')
  }
}

/** A masked frame of a client. */
function frame (payload, first) {
  const length = payload.length
  const size = length < 126 ? [length] : length < 65536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0, length >>> 24, length >> 16 & 255, length >> 8 & 255, length & 255]
  size[0] |= 0x80
  const masked = Buffer.from(payload)
  for (let at = 0; at < length; at++) masked[at] ^= KEY[at & 3]
  return Buffer.concat([Buffer.from([first, ...size]), KEY, masked])
}

/** JSON of about `size` bytes, different for each `number`, as applications send it. */
function json (size, number) {
  const fields = []
  for (let at = 0; JSON.stringify(fields).length < size - 40; at++) {
    fields.push({ id: number * 100 + at, name: `sensor-${(number * 7 + at) % 50}`, value: ((number * 31 + at * 17) % 1000) / 10 })
  }
  return JSON.stringify(fields).padEnd(size, ' ').slice(0, size)
}

/** `count` frames. Those that are compressed refer to nothing before them, so any context can read them. */
function frames (kind, size, count) {
  return Array.from({ length: count }, (_, number) => {
    const payload = Buffer.from(json(size, number))
    if (kind === 'net') return payload
    if (!kind.includes('deflate')) return frame(payload, 0x82)
    const deflated = zlib.deflateRawSync(payload, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
    return frame(deflated.subarray(0, -4), 0xc1)
  })
}

/** Counts the frames of a server, cut as they come; of a bare echo the messages. */
class Counter {
  constructor (kind, size) {
    this.size = kind === 'net' ? size : 0
    this.rest = 0
    this.head = []
  }

  /** How many frames end in `chunk`. */
  count (chunk) {
    if (this.size > 0) {
      this.rest += chunk.length
      const whole = Math.floor(this.rest / this.size)
      this.rest -= whole * this.size
      return whole
    }
    let ended = 0
    let at = 0
    while (at < chunk.length) {
      if (this.rest > 0) {
        const taken = Math.min(this.rest, chunk.length - at)
        at += taken
        this.rest -= taken
        if (this.rest === 0) ended++
        continue
      }
      this.head.push(chunk[at++])
      const length = this.head[1] & 127
      if (this.head.length < 2 || this.head.length < 2 + (length === 126 ? 2 : length === 127 ? 8 : 0)) continue
      this.rest = this.head.length === 2 ? length : this.head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0)
      this.head = []
      if (this.rest === 0) ended++
    }
    return ended
  }
}

/** An open connection; `onFrames(count)` is told of what comes. */
async function open (server, onFrames, size) {
  const socket = net.connect(server.port, '127.0.0.1').setNoDelay()
  socket.on('error', () => {})
  await once(socket, 'connect')
  if (server.kind !== 'net') {
    const extension = server.kind.includes('deflate') ? 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n' : ''
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extension}\r\n`)
    const [head] = await once(socket, 'data')
    if (!head.includes(' 101 ') || (extension && !head.includes('permessage-deflate'))) throw new Error(`${head}`)
  }
  const counter = new Counter(server.kind, size)
  socket.on('data', (chunk) => onFrames(counter.count(chunk)))
  return socket
}

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

module.exports = { Server, frames, json, open, sleep }
