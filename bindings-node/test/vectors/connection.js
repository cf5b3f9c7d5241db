'use strict'

// Runs a vector of the kind `connection`: what goes in, step by step, and what must come out.

const { Connection, config } = require('polywire/sans-io')
const { prepare } = require('polywire')
const { bytes, Dice, difference, joined, known, list, pieces, short, string } = require('./data.js')
const frames = require('./frames.js')
const { Inflater } = require('./inflate.js')

const START = 1000
const PARAMS = ['server_no_context_takeover', 'client_no_context_takeover', 'server_max_window_bits', 'client_max_window_bits']

/** The settings of a vector, for the addon: compression is off unless it is named. */
function settings (given = {}, contexts) {
  known(given, ['limits', 'timeouts', 'delivery', 'answer_pings', 'deflate'])
  if (given.deflate === undefined) return { ...given, deflate: false }
  known(given.deflate, ['params', 'threshold', 'level', 'contexts'])
  const { params, ...rest } = given.deflate
  return { ...given, deflate: { contexts, ...bits(params), ...rest } }
}

/** Windows that a vector does not name have 15 bits, as in RFC 7692. */
function bits (params = {}) {
  known(params, PARAMS)
  return Object.fromEntries(PARAMS.map((name) => [name, params[name] ?? (name.endsWith('bits') ? 15 : false)]))
}

/** What both ends agreed on, as the addon takes it. */
function agreed (given) {
  if (given?.deflate === undefined) return undefined
  const params = bits(given.deflate.params)
  return {
    serverNoContextTakeover: params.server_no_context_takeover,
    clientNoContextTakeover: params.client_no_context_takeover,
    serverMaxWindowBits: params.server_max_window_bits,
    clientMaxWindowBits: params.client_max_window_bits
  }
}

/** How the bytes of a step are cut, how many events cross the border together, and who keeps the contexts. */
function ways (vector, cuts) {
  const contexts = vector.config?.deflate ? ['folded', 'dedicated'] : ['folded']
  const batched = cuts.flatMap((cut, at) => (cut === 'whole' ? [256, 1] : [[256, 1, 3][at % 3]]).map((batch) => ({ cut, batch })))
  return contexts.flatMap((contexts) => batched.map((way) => ({ ...way, contexts })))
}

/** Runs `vector` in one way; returns every event in full, to be compared with other ways. */
function run (vector, way) {
  known(vector, ['id', 'rfc', 'origin', 'note', 'role', 'config', 'steps'])
  const running = new Run(vector, way)
  const trace = []
  for (const [number, step] of list(vector.steps).entries()) {
    try {
      trace.push(...running.step(step))
    } catch (error) {
      throw new Error(`step ${number + 1}: ${error.stack}`)
    }
  }
  const left = running.output()
  if (left.length > 0) throw new Error(`unexpected output ${left.toString('hex', 0, 64)}`)
  return trace
}

class Run {
  constructor (vector, way) {
    const deflate = agreed(vector.config)
    const { role } = vector
    this.role = role
    this.way = way
    this.now = START
    this.dice = new Dice(typeof way.cut === 'number' ? way.cut : 0)
    this.connection = new Connection({
      role, settings: config(settings(vector.config, way.contexts)), deflate, seed: Buffer.alloc(32, 7), now: START, batch: way.batch
    })
    this.inflater = deflate && (role === 'server'
      ? new Inflater(deflate.serverMaxWindowBits, deflate.serverNoContextTakeover)
      : new Inflater(deflate.clientMaxWindowBits, deflate.clientNoContextTakeover))
  }

  step (step) {
    known(step, ['receive', 'command', 'error', 'advance', 'eof', 'events', 'sends', 'output', 'wants', 'heap_at_most'])
    const events = merge(this.act(step).map(told))
    expectEvents(list(step.events), events)
    const held = step.heap_at_most === undefined ? 0 : this.connection.heapBytes
    if (held > step.heap_at_most) throw new Error(`holds ${held} bytes of heap`)
    if (step.output !== undefined) {
      const problem = difference(bytes(step.output).toString('hex'), this.output().toString('hex'))
      if (problem) throw new Error(`output: ${problem}`)
    }
    if (step.sends !== undefined) this.expectSends(list(step.sends))
    if (step.wants !== undefined) {
      const { deadline, ...wants } = this.connection.wants()
      const left = deadline === undefined || deadline === null ? null : Math.floor(Math.max(deadline - this.now, 0))
      const problem = difference(step.wants, { ...wants, deadline_ms: left })
      if (problem) throw new Error(`wants: ${problem}`)
    }
    return events
  }

  act (step) {
    if (step.receive !== undefined) return this.receive(bytes(step.receive))
    if (step.command !== undefined) return this.command(step.command, step.error)
    if (step.advance !== undefined) return this.advance(step.advance)
    return this.connection.receiveEof()
  }

  receive (input) {
    let at = 0
    return pieces(this.way.cut, input.length).flatMap((length) => {
      // A copy, so that nothing may be found before or behind it.
      const chunk = Buffer.from(input.subarray(at, at += length))
      return this.connection.receive(chunk)
    })
  }

  command (command, error) {
    const [[name, argument]] = Object.entries(command)
    let found
    try {
      carryOut(this.connection, name, argument)
    } catch (thrown) {
      found = thrown.code ?? thrown
    }
    if (found !== error) throw new Error(`expected ${error}, found ${found?.stack ?? found}`)
    return this.connection.handleTimeout()
  }

  /** Lets time pass: every deadline on the way is kept at its moment. */
  advance (by) {
    const { connection } = this
    const target = this.now + by
    const events = []
    for (;;) {
      const { deadline } = connection.wants()
      if (deadline === undefined || deadline === null || deadline > target) break
      this.now = Math.max(this.now, deadline)
      connection.setTime(this.now)
      events.push(...connection.handleTimeout())
      if (connection.wants().deadline === deadline) throw new Error('the deadline stays after it was handled')
    }
    this.now = target
    connection.setTime(target)
    return [...events, ...connection.handleTimeout()]
  }

  /** Everything that is queued, as a socket would take it. */
  output () {
    const taken = []
    for (;;) {
      const most = { whole: Infinity, bytes: 1 + taken.length * 7 }[this.way.cut] ?? 1 + this.dice.below(4096)
      const bytes = this.connection.transmit(most)
      if (bytes.length === 0) return Buffer.concat(taken)
      taken.push(bytes)
    }
  }

  expectSends (expected) {
    const sent = frames.parse(this.output(), this.role === 'client')
    for (const frame of expected) frames.expect(sent, frame, this.inflater)
    if (sent.length > 0) throw new Error(`unexpected ${frames.told(sent[0])}`)
  }
}

function content (argument) {
  return argument.text === undefined ? bytes(argument.binary) : string(argument.text)
}

function carryOut (connection, name, argument) {
  switch (name) {
    case 'send_text': return connection.send(string(argument))
    case 'send_binary': return connection.send(bytes(argument))
    case 'send_part': return connection.send(content(argument), { fin: argument.last })
    case 'send_prepared': return connection.send(prepare(content(argument)))
    case 'ping': return connection.ping(bytes(argument))
    case 'pong': return connection.pong(bytes(argument))
    case 'close': return connection.close(argument.code, string(argument.reason ?? ''))
    case 'pause_reading': return connection.pauseReading()
    case 'resume_reading': return connection.resumeReading()
    case 'abort': return connection.abort()
    default: throw new Error(`unknown command ${name}`)
  }
}

/** An event as it stands in a vector. */
function told (event) {
  const { type, data } = event
  const payload = () => (typeof data === 'string' ? { text: data } : { binary: data.toString('hex') })
  switch (type) {
    case 'text':
    case 'binary': return payload()
    case 'chunk': return { chunk: { ...payload(), last: event.last } }
    case 'ping': return { ping: data.toString('hex') }
    case 'pong': return { pong: { payload: data.toString('hex'), rtt_ms: event.rtt === null ? null : Math.floor(event.rtt) } }
    case 'close': return { close: { code: event.code, reason: event.reason } }
    case 'failed': return { failed: { rule: event.error.rule, found: event.error.found, offset: event.error.offset } }
    default: return { ended: { cause: event.cause, code: event.code, rule: event.rule } }
  }
}

/** Joins the pieces of a message: where it was cut must not matter. */
function merge (events) {
  const merged = []
  for (const event of events) {
    const before = merged.at(-1)?.chunk
    if (event.chunk === undefined || before === undefined || before.last) {
      merged.push(event)
      continue
    }
    const kind = 'text' in event.chunk ? 'text' : 'binary'
    before[kind] = (before[kind] ?? '') + event.chunk[kind]
    before.last = event.chunk.last
  }
  return merged
}

function expectEvents (expected, found) {
  for (const [at, event] of expected.entries()) {
    if (found[at] === undefined) throw new Error(`no event ${short(JSON.stringify(event))}`)
    const problem = difference(joined(event), found[at])
    if (problem) throw new Error(`event ${at + 1}: ${problem}`)
  }
  if (found.length > expected.length) throw new Error(`unexpected event ${short(JSON.stringify(found[expected.length]))}`)
}

module.exports = { run, ways, settings }
