'use strict'

// Inflation of what the core compressed: RFC 1951, written for this purpose, so that no engine is judged by
// itself and no match may reach beyond the agreed window.

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

class Bits {
  constructor (data) {
    this.data = data
    this.at = 0
  }

  take (count) {
    let value = 0
    for (let place = 0; place < count; place++, this.at++) {
      const byte = this.data[this.at >> 3]
      if (byte === undefined) throw new Error('the data ends inside a block')
      value |= (byte >> (this.at & 7) & 1) << place
    }
    return value
  }

  align () {
    this.at = (this.at + 7) & ~7
  }

  get isAtEnd () {
    return this.at >= this.data.length * 8
  }
}

/** A canonical Huffman code: how many codes there are of each length, and the symbols in their order. */
class Code {
  constructor (lengths) {
    this.counts = Array(16).fill(0)
    for (const length of lengths) this.counts[length]++
    this.counts[0] = 0
    this.symbols = [...lengths.keys()].filter((at) => lengths[at] > 0).sort((a, b) => lengths[a] - lengths[b] || a - b)
  }

  read (bits) {
    let [code, first, index] = [0, 0, 0]
    for (const count of this.counts.slice(1)) {
      code |= bits.take(1)
      if (code < first + count) return this.symbols[index + code - first]
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw new Error('no such code')
  }
}

/**
 * What the `code`-th of the codes means that stand for ever longer ranges: the first two rows of `row` codes
 * have no extra bits, each further row has one bit more.
 */
function value (code, row, bits) {
  const extra = (code) => Math.max(Math.floor(code / row) - 1, 0)
  let base = 0
  for (let before = 0; before < code; before++) base += 1 << extra(before)
  return base + bits.take(extra(code))
}

function fixed () {
  const literals = Array.from({ length: 288 }, (_, at) => (at < 144 ? 8 : at < 256 ? 9 : at < 280 ? 7 : 8))
  return [new Code(literals), new Code(Array(30).fill(5))]
}

function dynamic (bits) {
  const [literals, distances] = [bits.take(5) + 257, bits.take(5) + 1]
  const order = Array(19).fill(0)
  const count = bits.take(4) + 4
  for (const at of ORDER.slice(0, count)) order[at] = bits.take(3)
  const code = new Code(order)
  const lengths = []
  while (lengths.length < literals + distances) {
    const symbol = code.read(bits)
    if (symbol < 16) lengths.push(symbol)
    else if (symbol === 16) lengths.push(...Array(3 + bits.take(2)).fill(lengths.at(-1)))
    else lengths.push(...Array(symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7)).fill(0))
  }
  return [new Code(lengths.slice(0, literals)), new Code(lengths.slice(literals))]
}

/** The receiving end of a compressed direction. */
class Inflater {
  constructor (windowBits, noContextTakeover) {
    this.window = 1 << windowBits
    this.noContextTakeover = noContextTakeover
    /** Everything so far. */
    this.text = []
  }

  /** The plain text of a message without its four last bytes (RFC 7692 section 7.2.2). */
  message (payload) {
    if (this.noContextTakeover) this.text = []
    const start = this.text.length
    const bits = new Bits(Buffer.concat([payload, Buffer.from('0000ffff', 'hex')]))
    while (!bits.isAtEnd) if (this.block(bits)) bits.align()
    return Buffer.from(this.text.slice(start))
  }

  /** Inflates one block; returns whether it was marked as the final one. */
  block (bits) {
    const last = bits.take(1) === 1
    const type = bits.take(2)
    if (type === 3) throw new Error('block type 3')
    if (type === 0) this.stored(bits)
    else this.codes(bits, ...(type === 1 ? fixed() : dynamic(bits)))
    return last
  }

  stored (bits) {
    bits.align()
    const [length, complement] = [bits.take(16), bits.take(16)]
    if (length !== (~complement & 0xffff)) throw new Error('a stored block with a wrong length')
    for (let left = length; left > 0; left--) this.text.push(bits.take(8))
  }

  codes (bits, literals, distances) {
    for (;;) {
      const symbol = literals.read(bits)
      if (symbol === 256) return
      if (symbol < 256) this.text.push(symbol)
      else this.copy(symbol === 285 ? 258 : 3 + value(symbol - 257, 4, bits), distances, bits)
    }
  }

  copy (length, distances, bits) {
    const distance = 1 + value(distances.read(bits), 2, bits)
    if (distance > this.window) throw new Error(`distance ${distance} beyond the window ${this.window}`)
    const from = this.text.length - distance
    if (from < 0) throw new Error('a match before the start')
    for (let at = from; at < from + length; at++) this.text.push(this.text[at])
  }
}

module.exports = { Inflater }
