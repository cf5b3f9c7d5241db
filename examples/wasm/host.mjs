// A host for `polywire-wasm`: a TCP socket of Node under a client's connection.
//
// Owns the socket and the clock, and does what the connection wants. Every decision is the package's.

import { once } from 'node:events'
import { connect as open } from 'node:net'
import { ClientHandshake, Connection, parseUrl } from 'polywire-wasm'

/** Connects to `ws://...`; an async iterable of events, with the connection to answer them. */
export async function connect (url, settings) {
  const { host, port } = parseUrl(url)
  const socket = open({ host: host.replace(/^\[|\]$/g, ''), port, noDelay: true })
  await once(socket, 'connect')
  const client = new Client(socket, settings)
  await client.shakeHands(url)
  return client
}

class Client {
  #socket
  #settings
  #chunks
  #events
  #timer = null
  #over = false

  constructor (socket, settings) {
    this.#socket = socket
    this.#settings = settings
    this.#chunks = socket[Symbol.asyncIterator]()
  }

  async shakeHands (url) {
    const handshake = new ClientHandshake(url, { settings: this.#settings })
    this.#socket.write(handshake.request)
    let outcome = null
    while (!outcome) {
      const { value, done } = await this.#chunks.next()
      outcome = done ? handshake.receiveEof() : handshake.receive(value)
    }
    this.connection = new Connection('client', { settings: this.#settings, agreement: outcome.agreement })
    this.#events = this.connection.receive(outcome.leftover)
  }

  /** Every event up to the end. Each can be answered before the next one is decoded. */
  async * [Symbol.asyncIterator] () {
    for (;;) {
      for (const event of this.#events) {
        yield event
        this.#over ||= event.type === 'ended'
      }
      await this.#flush()
      if (this.#over && this.#finish()) return
      await this.#read()
    }
  }

  async #flush () {
    if (this.connection.queued && !this.#socket.write(this.connection.transmit())) {
      await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')])
    }
  }

  /** Whether the socket is done with; else what is left of the peer's stream is read and thrown away. */
  #finish () {
    const { socket } = this.connection.wants
    if (socket === 'shutdown_write' && !this.#socket.writableEnded) this.#socket.end()
    if (socket !== 'close') return false
    clearTimeout(this.#timer)
    this.#socket.destroy()
    return true
  }

  /** Waits for bytes, for the end of the stream, or for the deadline. */
  async #read () {
    this.#wait()
    let next
    try {
      next = await this.#chunks.next()
    } catch {
      next = { done: true }
    }
    this.#events = next.done ? this.connection.receiveEof() : this.connection.receive(next.value)
  }

  /** A deadline ends the wait for a socket that stays silent. */
  #wait () {
    clearTimeout(this.#timer)
    const left = this.connection.wants.deadline - performance.now()
    if (left === Infinity) return
    this.#timer = setTimeout(() => {
      // Its events come with the next ones: with the end of the stream, at the latest.
      this.connection.handleTimeout()
      if (this.connection.queued) this.#socket.write(this.connection.transmit())
      if (this.connection.wants.socket === 'close') this.#socket.destroy()
      else this.#wait()
    }, Math.max(0, left))
  }
}
