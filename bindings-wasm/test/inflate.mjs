// Inflation of what the core compressed: RFC 1951, written for this purpose, so that the engine is not
// judged by itself and no match may reach beyond the agreed window.

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** The receiving end of a compressed direction. */
export class Inflater {
  constructor (windowBits, noContextTakeover) {
    this.window = 1 << windowBits
    this.noContextTakeover = noContextTakeover
    this.text = []
  }

  /** The plain text of a message without its four last bytes (RFC 7692 section 7.2.2). */
  message (payload) {
    if (this.noContextTakeover) this.text = []
    const start = this.text.length
    const bits = new Bits([...payload, 0, 0, 0xff, 0xff])
    while (bits.at < bits.data.length * 8) if (this.#block(bits)) bits.align()
    return Uint8Array.from(this.text.slice(start))
  }

  /** Inflates one block; whether it was marked as the final one. */
  #block (bits) {
    const last = bits.take(1) === 1
    switch (bits.take(2)) {
      case 0: this.#stored(bits); break
      case 1: this.#codes(bits, FIXED, new Code(new Array(30).fill(5))); break
      case 2: this.#codes(bits, ...dynamic(bits)); break
      default: throw new Error('block type 3')
    }
    return last
  }

  #stored (bits) {
    bits.align()
    const length = bits.take(16)
    if (length !== (~bits.take(16) & 0xffff)) throw new Error('a stored block with a wrong length')
    for (let count = 0; count < length; count++) this.text.push(bits.take(8))
  }

  #codes (bits, literals, distances) {
    for (;;) {
      const symbol = literals.read(bits)
      if (symbol < 256) this.text.push(symbol)
      else if (symbol === 256) return
      else if (symbol > 285) throw new Error(`length code ${symbol}`)
      else this.#copy(symbol === 285 ? 258 : 3 + value(symbol - 257, 4, bits), distances, bits)
    }
  }

  #copy (length, distances, bits) {
    const distance = 1 + value(distances.read(bits), 2, bits)
    if (distance > this.window) throw new Error(`distance ${distance} beyond the window ${this.window}`)
    if (distance > this.text.length) throw new Error('a match before the start')
    for (let count = 0; count < length; count++) this.text.push(this.text[this.text.length - distance])
  }
}

/** A code for ever longer ranges: the first two rows have no extra bits, each further row one more. */
function value (code, row, bits) {
  const extra = code => Math.max(0, Math.floor(code / row) - 1)
  let base = 0
  for (let before = 0; before < code; before++) base += 1 << extra(before)
  return base + bits.take(extra(code))
}

function dynamic (bits) {
  const [literals, distances] = [bits.take(5) + 257, bits.take(5) + 1]
  const order = new Array(19).fill(0)
  const count = bits.take(4) + 4
  for (const at of ORDER.slice(0, count)) order[at] = bits.take(3)
  const code = new Code(order)
  const lengths = []
  while (lengths.length < literals + distances) {
    const symbol = code.read(bits)
    const repeat = (length, count) => lengths.push(...new Array(count).fill(length))
    if (symbol === 16) repeat(lengths.at(-1), 3 + bits.take(2))
    else if (symbol === 17) repeat(0, 3 + bits.take(3))
    else if (symbol === 18) repeat(0, 11 + bits.take(7))
    else lengths.push(symbol)
  }
  return [new Code(lengths.slice(0, literals)), new Code(lengths.slice(literals))]
}

/** A canonical Huffman code: how many there are of each length, and the symbols in their order. */
class Code {
  constructor (lengths) {
    this.counts = new Array(16).fill(0)
    for (const length of lengths) this.counts[length]++
    this.counts[0] = 0
    const symbols = lengths.map((_, symbol) => symbol).filter(symbol => lengths[symbol] > 0)
    this.symbols = symbols.sort((a, b) => lengths[a] - lengths[b] || a - b)
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

const FIXED = new Code(Array.from({ length: 288 }, (_, symbol) => {
  if (symbol < 144) return 8
  if (symbol < 256) return 9
  return symbol < 280 ? 7 : 8
}))

class Bits {
  constructor (data) {
    this.data = data
    this.at = 0
  }

  take (count) {
    let value = 0
    for (let place = 0; place < count; place++, this.at++) {
      if (this.at >> 3 >= this.data.length) throw new Error('the data ends inside a block')
      value |= (this.data[this.at >> 3] >> (this.at & 7) & 1) << place
    }
    return value
  }

  align () {
    this.at = (this.at + 7) & ~7
  }
}
