'use strict'

// Output taken apart: a frame parser of its own, so that the core is not judged by itself.

const { bytes, short, string } = require('./data.js')

const KINDS = { continuation: 0, binary: 2, ping: 9, pong: 10 }

/** Splits output into frames and unmasks them. `masked` says what every frame must be. */
function parse (output, masked) {
  const frames = []
  for (let at = 0; at < output.length;) {
    const [first, second] = [output[at], output[at + 1]]
    if (first & 0x30 || Boolean(second & 0x80) !== masked) throw new Error(`a frame that begins with ${output.toString('hex', at, at + 2)}`)
    at += 2
    let length = second & 0x7f
    if (length >= 126) {
      const least = length === 126 ? 126 : 0x10000
      const size = length === 126 ? 2 : 8
      length = Number(BigInt(`0x${output.toString('hex', at, at + size)}`))
      if (length < least) throw new Error('a length that is not minimal')
      at += size
    }
    const key = output.subarray(at, at += masked ? 4 : 0)
    if (at + length > output.length) throw new Error('half a frame')
    const payload = Buffer.from(output.subarray(at, at += length))
    if (masked) for (let place = 0; place < length; place++) payload[place] ^= key[place & 3]
    frames.push({ fin: Boolean(first & 0x80), rsv1: Boolean(first & 0x40), opcode: first & 0x0f, payload })
  }
  return frames
}

/** Takes the frames that `expected` describes off the front of `frames`. */
function expect (frames, expected, inflater) {
  const first = frames.shift()
  if (first === undefined) throw new Error(`no frame for ${short(JSON.stringify(expected))}`)
  const problem = new Error(`expected ${short(JSON.stringify(expected))}, found ${told(first)}`)
  const compressed = expected.deflated === null ? first.rsv1 : expected.deflated ?? false
  if (first.rsv1 !== compressed) throw problem
  if (!compressed && first.fin !== (expected.fin ?? true)) throw problem
  const found = compressed ? inflater.message(whole(first, frames, expected)) : first.payload
  const { opcode, payload, isPrefix } = wanted(expected)
  const fits = isPrefix ? found.subarray(0, payload.length).equals(payload) : found.equals(payload)
  if (first.opcode !== opcode || !fits) throw problem
}

/** The payload of a compressed message, whose fragments must be `fragments` in number. */
function whole (first, frames, expected) {
  const payloads = [first.payload]
  for (let { fin } = first; !fin;) {
    const next = frames.shift()
    if (next === undefined || next.opcode !== 0 || next.rsv1) throw new Error('a message without an end')
    payloads.push(next.payload)
    fin = next.fin
  }
  if (payloads.length !== (expected.fragments ?? 1)) throw new Error(`${payloads.length} fragments`)
  return Buffer.concat(payloads)
}

function wanted (expected) {
  if ('close' in expected) {
    const { close, reason } = expected
    const code = Buffer.alloc(close === null ? 0 : 2)
    if (close !== null) code.writeUInt16BE(close)
    const text = reason === undefined ? '' : string(reason)
    return { opcode: 8, payload: Buffer.concat([code, Buffer.from(text)]), isPrefix: reason === undefined && close !== null }
  }
  const kind = Object.keys(KINDS).find((kind) => kind in expected)
  if (kind === undefined) return { opcode: 1, payload: Buffer.from(string(expected.text)) }
  return { opcode: KINDS[kind], payload: bytes(expected[kind]) }
}

function told ({ fin, rsv1, opcode, payload }) {
  return `opcode ${opcode} fin ${fin} rsv1 ${rsv1} payload ${payload.toString('hex', 0, 64)} (${payload.length})`
}

module.exports = { parse, expect, told }
