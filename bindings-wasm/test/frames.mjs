// Output taken apart: a frame parser of its own, so that the core is not judged by itself.

import assert from 'node:assert/strict'
import { bytes, hex, string } from './data.mjs'

/** Splits output into frames and unmasks them; `masked` is what every frame must be. */
export function parse (output, masked) {
  const frames = []
  for (let at = 0; at < output.length;) {
    const [first, second] = [output[at], output[at + 1]]
    assert.equal(first & 0x30, 0, 'reserved bits')
    assert.equal((second & 0x80) !== 0, masked, 'the mask bit')
    at += 2
    let length = second & 0x7f
    if (length > 125) {
      const size = length === 126 ? 2 : 8
      const least = length === 126 ? 126 : 0x10000
      length = Number(BigInt('0x' + hex(output.subarray(at, at + size))))
      assert.ok(length >= least, 'a length that is not minimal')
      at += size
    }
    const key = output.subarray(at, masked ? at += 4 : at)
    assert.ok(at + length <= output.length, 'half a frame')
    const payload = output.slice(at, at += length)
    if (masked) for (let place = 0; place < length; place++) payload[place] ^= key[place & 3]
    frames.push({ fin: (first & 0x80) !== 0, rsv1: (first & 0x40) !== 0, opcode: first & 15, payload })
  }
  return frames
}

/** Takes the frames that `expected` describes off the front of `frames`. */
export function expect (frames, expected, inflater) {
  const first = frames.shift()
  assert.ok(first, `no frame for ${JSON.stringify(expected)}`)
  const compressed = expected.deflated === null ? first.rsv1 : expected.deflated ?? false
  assert.equal(first.rsv1, compressed, 'RSV1')
  let payload = first.payload
  if (compressed) payload = inflater.message(whole(first, frames, expected.fragments ?? 1))
  else assert.equal(first.fin, expected.fin ?? true, 'FIN')
  const { opcode, prefix, exact } = wanted(expected)
  assert.equal(first.opcode, opcode)
  if (exact) assert.equal(hex(payload), hex(exact))
  else assert.ok(hex(payload).startsWith(hex(prefix)))
}

/** The payload of a compressed message, whose fragments must be so many. */
function whole (first, frames, fragments) {
  const parts = [first.payload]
  for (let { fin } = first; !fin;) {
    const next = frames.shift()
    assert.ok(next && next.opcode === 0 && !next.rsv1, 'a continuation')
    parts.push(next.payload)
    fin = next.fin
  }
  assert.equal(parts.length, fragments, 'fragments')
  return Buffer.concat(parts)
}

function wanted (expected) {
  if ('close' in expected) {
    const { close: code, reason } = expected
    const start = code === null ? Buffer.alloc(0) : Buffer.from([code >> 8, code & 255])
    if (reason !== undefined) return { opcode: 8, exact: Buffer.concat([start, Buffer.from(string(reason))]) }
    return code === null ? { opcode: 8, exact: start } : { opcode: 8, prefix: start }
  }
  for (const [kind, opcode] of [['continuation', 0], ['binary', 2], ['ping', 9], ['pong', 10]]) {
    if (kind in expected) return { opcode, exact: bytes(expected[kind]) }
  }
  return { opcode: 1, exact: Buffer.from(string(expected.text)) }
}
