// The inspector's engine: captures as columns, payloads on demand.
//
// Owns the order of reading and decoding, and what crosses to the page. The contract is the declaration
// beside this file. Knows no DOM, and nothing of the protocol: that is the module's.

import initialise, * as wasm from './inspector.js'
import { Module } from './module.js'
import { Journal, Source, readPlaces } from './source.js'

const module = new Module(initialise, './inspector_bg.wasm')

export const NONE = 0xffffffff
export const CLIENT_TO_SERVER = 0
export const SERVER_TO_CLIENT = 1

export const Flag = Object.freeze({
  FROM_SERVER: 1,
  PROBLEM: 2,
  GAP: 4,
  CUT: 8,
  SKIPPED: 16,
  FIRST: 32,
  LAST: 64,
  DEFLATED: 128,
  AFTER_CLOSE: 256
})

const SLICE = 2 << 20
const MOST_BYTES = 16 << 20
const MOST_PREVIEWS = 1000

const ROWS = [
  'connection', 'time', 'offset', 'length', 'content', 'header', 'headerLength', 'flags', 'message', 'value'
]
const PROBLEMS = ['rule', 'connection', 'row', 'direction', 'time', 'offset', 'found', 'certain']

export async function load (source) {
  await module.load(source)
  const rules = Object.freeze(JSON.parse(wasm.inspect_rules()))
  return Object.freeze({
    version: wasm.version(),
    rules,
    sniff: start => wasm.inspect_sniff(start.subarray(0, SLICE)),
    decode,
    open: (source, options = {}) => new Capture(new Source(source), options),
    live: (options = {}) => new LiveCapture(options)
  })
}

function decode (text) {
  const decoded = wasm.inspect_decode(text)
  return decoded ? { format: decoded[0], bytes: decoded[1] } : null
}

class Capture {
  #source
  #options
  #inspector = null
  #format
  #position = 0
  #ahead = null
  #ended = false
  #taken = { rows: 0, problems: 0 }

  constructor (source, options) {
    this.#source = source
    this.#options = options
    this.#format = options.format ?? 'empty'
  }

  get format () { return this.#format }
  get size () { return this.#source.size }
  get position () { return this.#position }
  get trouble () { return this.#inspector?.trouble() ?? null }
  get frames () { return this.#counts()[0] }
  get connections () { return this.#counts()[1] }
  get problems () { return this.#counts()[2] }

  async step () {
    if (this.#ended) return false
    if (!this.#inspector) await this.#begin()
    const bytes = await (this.#ahead ?? this.#source.read(this.#position, SLICE))
    this.#position += bytes.length
    // The next slice is read while this one is decoded.
    const more = this.#position < this.size
    this.#ahead = more ? this.#source.read(this.#position, SLICE) : null
    module.memory(this.#inspector.space(bytes.length), bytes.length).set(bytes)
    this.#inspector.filled(bytes.length)
    if (more && !this.trouble) return true
    this.#inspector.finish()
    this.#ended = true
    return false
  }

  take () {
    const it = this.#inspector
    const { rows, problems } = this.#taken
    const news = {
      rows: columns(ROWS, it?.rows(rows), rows),
      problems: columns(PROBLEMS, it?.problems(problems), problems),
      connections: it ? JSON.parse(it.take_connections()) : []
    }
    this.#taken = { rows: rows + news.rows.count, problems: problems + news.problems.count }
    return news
  }

  handshake (connection) {
    const json = this.#inspector?.handshake(connection)
    return json ? JSON.parse(json) : null
  }

  problemText (problem) {
    return this.#inspector?.problem_text(problem) ?? ''
  }

  async frame (row) {
    const shape = this.#shape(row)
    const header = await this.#wire(row, 0, shape.header)
    const start = shape.closes ? (await this.payload(row, 'unmasked', 0, 125)).bytes : new Uint8Array()
    const places = this.#inspector.places(row, 0, shape.header + shape.length)
    return {
      row,
      header: header.bytes,
      length: shape.length,
      places: Float64Array.from(known(places)),
      fields: JSON.parse(this.#inspector.fields(row, header.bytes, start))
    }
  }

  async payload (row, form, offset = 0, length = 1 << 20) {
    const shape = this.#shape(row)
    length = Math.min(length, MOST_BYTES)
    if (form === 'inflated' && shape.deflated) return this.#content(row, false, offset, length)
    length = Math.max(0, Math.min(length, shape.length - offset))
    const read = await this.#wire(row, shape.header + offset, length)
    if (form !== 'raw') {
      const header = await this.#wire(row, 0, shape.header)
      wasm.inspect_unmask(header.bytes, offset, read.bytes)
    }
    return { ...read, offset, total: shape.length, trouble: null }
  }

  async message (row, offset = 0, length = 1 << 20) {
    if (!this.#shape(row).inMessage) return this.payload(row, 'unmasked', offset, length)
    return this.#content(row, true, offset, Math.min(length, MOST_BYTES))
  }

  async previews (rows, characters = 80) {
    rows = Array.from(rows).slice(0, MOST_PREVIEWS)
    const length = characters * 4
    const shapes = rows.map(row => this.#shape(row))
    const replayed = rows.flatMap((row, at) => shapes[at].deflated ? [{ row, at }] : [])
    const texts = new Array(rows.length)
    const parts = await this.#replay(replayed.map(({ row }) => [row, 0, 0, length]))
    replayed.forEach(({ row, at }, number) => {
      texts[at] = preview(parts[number]?.bytes ?? new Uint8Array(), shapes[at], this.#isText(row), characters)
    })
    await Promise.all(rows.map(async (row, at) => {
      if (shapes[at].deflated) return
      const { bytes } = await this.payload(row, 'unmasked', 0, length)
      texts[at] = preview(bytes, shapes[at], this.#isText(row), characters)
    }))
    return texts
  }

  free () {
    this.#inspector?.free()
    this.#inspector = null
    this.#ended = true
  }

  /** For a live capture, which has no file to begin with. */
  _begin () {
    this.#format = 'raw'
    this.#create('live')
    return this.#inspector
  }

  async #begin () {
    if (!this.#options.format) this.#format = wasm.inspect_sniff(await this.#source.read(0, 64 << 10))
    if (['hex', 'xxd', 'base64'].includes(this.#format)) {
      const text = new TextDecoder().decode(await this.#source.read(0, this.size))
      const bytes = decode(text)?.bytes ?? new Uint8Array()
      this.#source = new Source(bytes)
      const inner = wasm.inspect_sniff(bytes.subarray(0, 64 << 10))
      this.#create(['pcap', 'pcapng'].includes(inner) ? inner : 'raw')
    } else {
      this.#create(this.#format)
    }
  }

  #create (format) {
    const { sender, deflate } = this.#options
    const assumed = deflate && [
      Number(deflate.serverNoContextTakeover), Number(deflate.clientNoContextTakeover),
      deflate.serverMaxWindowBits, deflate.clientMaxWindowBits
    ]
    const by = ['client', 'server'].indexOf(sender)
    const params = deflate === undefined ? undefined : Uint8Array.from(assumed ?? [])
    this.#inspector = new wasm.Inspector(format, by < 0 ? NONE : by, params)
  }

  #counts () {
    return this.#inspector?.counts() ?? [0, 0, 0]
  }

  #shape (row) {
    const shape = this.#inspector?.shape(row)
    if (!shape) throw new RangeError(`there is no frame ${row}`)
    const [header, length, deflated, inMessage, closes] = shape
    return { header, length, deflated: !!deflated, inMessage: !!inMessage, closes: !!closes }
  }

  /** Whether the message of a frame is text: its first frame says so. */
  #isText (row) {
    return this.#inspector.is_text(row)
  }

  /** Bytes of a frame as they are on the wire. */
  async #wire (row, offset, length) {
    const places = this.#inspector.places(row, offset, length)
    const bytes = new Uint8Array(sum(places))
    let at = 0
    await readPlaces(this.#source, places, piece => {
      bytes.set(piece, at)
      at += piece.length
    })
    return { bytes, missing: missing(places) }
  }

  async #content (row, whole, offset, length) {
    const [part] = await this.#replay([[row, whole ? 1 : 0, offset, length]])
    const nothing = { bytes: new Uint8Array(), total: 0, trouble: 'the frame belongs to no message' }
    const { bytes, total, trouble } = part ?? nothing
    return { bytes, offset, total, missing: [], trouble }
  }

  /** The contents that targets ask for, each `[row, whole, offset, length]`, in their order. */
  async #replay (targets) {
    const parts = new Array(targets.length)
    for (const replay of this.#inspector.replays(Float64Array.from(targets.flat()))) {
      await readPlaces(this.#source, replay.places(), piece => replay.push(piece))
      for (const [number, bytes, total, trouble] of replay.parts()) parts[number] = { bytes, total, trouble }
    }
    return parts
  }
}

class LiveCapture extends Capture {
  #journal
  #inspector

  constructor (options) {
    const journal = new Journal()
    super(journal, options)
    this.#journal = journal
    this.#inspector = this._begin()
  }

  get position () { return this.#journal.size }

  async step () { return false }

  connect (time, client, server) {
    return this.#inspector.connect(time, client.address, client.port, server.address, server.port)
  }

  append (connection, direction, time, bytes) {
    this.#journal.append(bytes)
    // The engine unmasks in place.
    this.#inspector.append(connection, direction, time, bytes.slice())
  }

  disconnect (connection, time) {
    this.#inspector.disconnect(connection, time)
  }
}

function columns (names, arrays, start) {
  const entries = names.map((name, at) => [name, arrays?.[at] ?? []])
  return { start, count: arrays?.[0].length ?? 0, ...Object.fromEntries(entries) }
}

function sum (places) {
  let total = 0
  for (let at = 1; at < places.length; at += 2) total += places[at]
  return total
}

/** The places that are somewhere. */
function known (places) {
  const pairs = []
  for (let at = 0; at < places.length && pairs.length < 8192; at += 2) {
    if (places[at] >= 0) pairs.push(places[at], places[at + 1])
  }
  return pairs
}

/** Ranges of what was read that are nowhere. */
function missing (places) {
  const ranges = []
  let at = 0
  for (let pair = 0; pair < places.length; pair += 2) {
    if (places[pair] < 0) ranges.push(at, places[pair + 1])
    at += places[pair + 1]
  }
  return ranges
}

const text = new TextDecoder()

function preview (bytes, shape, isText, characters) {
  if (shape.closes) {
    if (bytes.length < 2) return ''
    return `${bytes[0] << 8 | bytes[1]} ${text.decode(bytes.subarray(2))}`.trimEnd().slice(0, characters)
  }
  if (isText) return text.decode(bytes).slice(0, characters)
  const shown = Array.from(bytes.subarray(0, Math.ceil(characters / 3)))
  return shown.map(byte => byte.toString(16).padStart(2, '0')).join(' ')
}
