// Runs a vector of the kind `connection`: what goes in, step by step, and what must come out.

import assert from 'node:assert/strict'
import { Connection, Prepared, PolywireError, Settings } from 'polywire-wasm'
import { Dice, bytes, compare, hex, joined, known, list, params, pieces, settings, string } from './data.mjs'
import { expect, parse } from './frames.mjs'
import { Inflater } from './inflate.mjs'

const STEP = [
  'receive', 'command', 'error', 'advance', 'eof', 'events', 'sends', 'output', 'wants', 'heap_at_most'
]

/** Runs `vector` in one way; every event in full, to be compared with other ways. */
export function run (vector, cut, contexts) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'role', 'config', 'steps'])
  const it = new Run(vector, cut, contexts)
  const trace = []
  list(vector.steps).forEach((step, number) => {
    try {
      trace.push(...it.step(step))
    } catch (error) {
      error.message = `step ${number + 1}: ${error.message}`
      throw error
    }
  })
  assert.equal(hex(it.output()), '', 'unexpected output')
  it.connection.free()
  return trace
}

class Run {
  constructor (vector, cut, contexts) {
    const { role, config } = vector
    const deflate = config?.deflate ? params(config.deflate.params) : null
    this.role = role
    this.cut = cut
    this.dice = new Dice(typeof cut === 'number' ? cut : 0)
    this.now = 1000
    this.connection = new Connection(role, {
      settings: new Settings(settings(config, contexts)),
      agreement: { deflate },
      seed: new Uint8Array(32).fill(7),
      now: this.now
    })
    if (deflate) {
      const own = role === 'server' ? 'server' : 'client'
      this.inflater = new Inflater(deflate[`${own}MaxWindowBits`], deflate[`${own}NoContextTakeover`])
    }
  }

  step (step) {
    known(step, STEP)
    let events
    if ('receive' in step) events = this.receive(bytes(step.receive))
    else if ('command' in step) events = this.command(step.command, step.error)
    else if ('advance' in step) events = this.advance(step.advance)
    else events = Array.from(this.connection.receiveEof(this.now), told)
    events = merge(events)
    const expected = list(step.events).map(joined)
    assert.equal(events.length, expected.length, `events ${JSON.stringify(events).slice(0, 300)}`)
    expected.forEach((event, number) => compare(event, events[number], `event ${number + 1}`))
    if (step.heap_at_most) assert.ok(this.connection.heapBytes <= step.heap_at_most, 'heap')
    if ('output' in step) assert.equal(hex(this.output()), string(step.output))
    if ('sends' in step) this.expectSends(list(step.sends))
    if (step.wants) compare(step.wants, this.wants(), 'wants')
    return events
  }

  receive (input) {
    return pieces(input, this.cut).flatMap(piece => Array.from(this.connection.receive(piece, this.now), told))
  }

  command (command, error) {
    const [[name, argument]] = Object.entries(command)
    const call = () => carryOut(this.connection, name, argument, this.now)
    if (error) assert.throws(call, thrown => thrown instanceof PolywireError && thrown.code === error)
    else call()
    return Array.from(this.connection.handleTimeout(this.now), told)
  }

  /** Lets time pass: every deadline on the way is kept at its moment. */
  advance (by) {
    const target = this.now + by
    const events = []
    for (let deadline; (deadline = this.connection.wants.deadline) <= target;) {
      this.now = Math.max(this.now, deadline)
      events.push(...Array.from(this.connection.handleTimeout(this.now), told))
      assert.notEqual(this.connection.wants.deadline, deadline, 'the deadline stays after it was handled')
    }
    this.now = target
    return [...events, ...Array.from(this.connection.handleTimeout(this.now), told)]
  }

  /** Everything that is queued, as a socket would take it. */
  output () {
    const parts = []
    for (;;) {
      const { queued } = this.connection
      if (queued === 0) return new Uint8Array(Buffer.concat(parts))
      const some = this.cut === 'bytes' ? 1 + Math.floor(queued / 50) : 1 + this.dice.below(queued)
      parts.push(this.connection.transmit(this.cut === 'whole' ? undefined : some))
    }
  }

  expectSends (expected) {
    const frames = parse(this.output(), this.role === 'client')
    for (const frame of expected) expect(frames, frame, this.inflater)
    assert.deepEqual(frames, [], 'unexpected frames')
  }

  wants () {
    const { read, write, socket, deadline } = this.connection.wants
    const left = deadline === Infinity ? null : Math.floor(Math.max(0, deadline - this.now))
    return { read, write, socket, deadline_ms: left }
  }
}

function carryOut (connection, name, argument, now) {
  const content = () => 'text' in argument ? string(argument.text) : bytes(argument.binary)
  switch (name) {
    case 'send_text': return connection.send(string(argument), { now })
    case 'send_binary': return connection.send(bytes(argument), { now })
    case 'send_part': return connection.sendPart(content(), { last: argument.last, now })
    case 'send_prepared': return connection.send(new Prepared(content()), { now })
    case 'ping': return connection.ping(bytes(argument), now)
    case 'pong': return connection.pong(bytes(argument), now)
    case 'close': return connection.close(argument.code, string(argument.reason ?? ''), now)
    case 'abort': return connection.abort(now)
    case 'pause_reading': return connection.pauseReading(now)
    case 'resume_reading': return connection.resumeReading(now)
    default: throw new Error(`unknown command ${name}`)
  }
}

/** An event as it stands in a vector. */
function told (event) {
  const data = value => typeof value === 'string' ? { text: value } : { binary: hex(value) }
  switch (event.type) {
    case 'text':
    case 'binary': return data(event.data)
    case 'chunk': return { chunk: { ...data(event.data), last: event.last } }
    case 'ping': return { ping: hex(event.data) }
    case 'pong': {
      const trip = event.roundTrip
      return { pong: { payload: hex(event.data), rtt_ms: trip === null ? null : Math.floor(trip) } }
    }
    case 'close': return { close: { code: event.code, reason: event.reason } }
    case 'failed': return { failed: { rule: event.rule, found: event.found, offset: event.offset } }
    default: return { ended: { cause: event.cause, code: event.code, rule: event.rule } }
  }
}

/** Joins the pieces of a message: where it was cut must not matter. */
function merge (events) {
  const merged = []
  for (const event of events) {
    const before = merged.at(-1)?.chunk
    if (!before || before.last || !event.chunk) {
      merged.push(event)
      continue
    }
    const kind = 'text' in event.chunk ? 'text' : 'binary'
    before[kind] = (before[kind] ?? '') + event.chunk[kind]
    before.last = event.chunk.last
  }
  return merged
}
