'use strict'

// The files of `tests/vectors`, and the few notations in them: the page of their README as code.

const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const FOLDER = process.env.POLYWIRE_VECTORS

/** Numbers beyond 2^53 are rounded, on both sides: JSON has only doubles here. */
function files () {
  if (FOLDER === undefined) throw new Error('POLYWIRE_VECTORS must name the folder tests/vectors')
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json')).sort()
  return names.map((name) => ({ name, ...JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) }))
}

/** The vectors of one kind, of which `VECTORS` may choose some by a part of their id. */
function vectors (kind) {
  const only = process.env.VECTORS ?? ''
  return files().filter((file) => file.kind === kind).flatMap((file) => file.vectors)
    .filter((vector) => vector.id.includes(only))
}

/** A list in which `{"repeat": [item, n]}` stands for `n` times `item`. */
function list (value) {
  return (value ?? []).flatMap((item) => (Array.isArray(item?.repeat) ? Array(item.repeat[1]).fill(item.repeat[0]) : [item]))
}

/** A string, or the pieces of one. */
function string (value) {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return list(value).map(string).join('')
  throw new Error(`expected a string or a list of its pieces, found ${JSON.stringify(value)}`)
}

/** Bytes in hexadecimal, in one string or in pieces. */
function bytes (value) {
  const digits = string(value)
  const result = Buffer.from(digits, 'hex')
  if (result.length * 2 !== digits.length) throw new Error('no hexadecimal digits')
  return result
}

/** Joins the pieces of strings inside an expected event. */
function joined (value) {
  if (Array.isArray(value)) return string(value)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, joined(field)]))
}

/** Where `found` lacks something of `expected`: every field that `expected` names must be equal. */
function difference (expected, found) {
  if (isObject(expected) && isObject(found)) {
    for (const [name, value] of Object.entries(expected)) {
      const inside = difference(value, found[name] ?? null)
      if (inside !== null) return `${name}: ${inside}`
    }
    return null
  }
  const [one, other] = [JSON.stringify(expected), JSON.stringify(found)]
  return one === other ? null : `expected ${short(one)}, found ${short(other)}`
}

function isObject (value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function short (text = 'nothing') {
  return text.length > 300 ? `${text.slice(0, 300)}... (${text.length} characters)` : text
}

/** A typing error in a vector must not pass for a default. */
function known (value, names) {
  for (const name of Object.keys(value ?? {})) {
    if (!names.includes(name)) throw new Error(`unknown field ${name}`)
  }
}

/** Small and good enough to cut bytes: SplitMix64. */
class Dice {
  constructor (seed) {
    this.state = BigInt(seed)
  }

  below (bound) {
    const mask = (1n << 64n) - 1n
    this.state = (this.state + 0x9e3779b97f4a7c15n) & mask
    let x = this.state
    x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
    x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & mask
    return Number((x ^ (x >> 31n)) % BigInt(Math.max(bound, 1)))
  }
}

/** The lengths of the pieces of `length` bytes, for the cut 'whole', 'bytes' or a seed. */
function pieces (cut, length) {
  if (cut === 'whole') return [length]
  if (cut === 'bytes') return Array(length).fill(1)
  const dice = new Dice(cut)
  // From a few bytes to large pieces, so that every part of a frame is cut somewhere.
  const most = 2 << dice.below(12)
  const result = []
  for (let left = length; left > 0; left -= result.at(-1)) result.push(Math.min(left, 1 + dice.below(most)))
  return result
}

/** Random cuts of each vector, each with a seed of its own. */
const CUTS = 3

function cuts (number) {
  return ['whole', 'bytes', ...Array.from({ length: CUTS }, (_, cut) => number * CUTS + cut)]
}

module.exports = { files, vectors, list, string, bytes, joined, difference, short, known, Dice, pieces, cuts }
