// The files of `tests/vectors`, and the few notations in them.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.POLYWIRE_VECTORS
assert.ok(folder, 'POLYWIRE_VECTORS is the folder of the vectors')

/** Numbers beyond 2^53 are compared rounded, which is how they are parsed. */
export function files () {
  const names = readdirSync(folder).filter(name => name.endsWith('.json')).sort()
  return names.map(name => ({ name, ...JSON.parse(readFileSync(join(folder, name), 'utf8')) }))
}

/** The vectors of one kind. */
export function vectors (kind) {
  return files().filter(file => file.kind === kind).flatMap(file => file.vectors)
}

/** A list in which `{"repeat": [item, n]}` stands for `n` times `item`. */
export function list (value) {
  return (value ?? []).flatMap(item => {
    const repeat = typeof item === 'object' ? item?.repeat : undefined
    return repeat ? new Array(repeat[1]).fill(repeat[0]) : [item]
  })
}

/** A string, or the pieces of one. */
export function string (value) {
  return Array.isArray(value) ? list(value).map(string).join('') : value
}

export function bytes (value) {
  return Uint8Array.from(Buffer.from(string(value), 'hex'))
}

export function hex (bytes) {
  return Buffer.from(bytes).toString('hex')
}

/** Text in which each character stands for one byte. */
export function latin1 (value) {
  return Uint8Array.from(Buffer.from(string(value), 'latin1'))
}

/** Joins the pieces of strings inside an expected object. */
export function joined (value) {
  if (Array.isArray(value)) return string(value)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, joined(field)]))
}

/** Every field that `expected` names must be equal; what it does not name may be anything. */
export function compare (expected, found, where) {
  if (isObject(expected) && isObject(found)) {
    for (const [name, value] of Object.entries(expected)) compare(value, found[name] ?? null, `${where}.${name}`)
    return
  }
  assert.deepEqual(found, expected, where)
}

function isObject (value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** A typing error in a vector must not pass for a default. */
export function known (object, names) {
  for (const name of Object.keys(object ?? {})) assert.ok(names.includes(name), `unknown field ${name}`)
}

/** SplitMix64, so that cuts can be repeated. */
export class Dice {
  constructor (seed) {
    this.state = BigInt(seed)
  }

  below (bound) {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n)
    let x = this.state
    x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n)
    x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn)
    return Number((x ^ (x >> 31n)) % BigInt(Math.max(bound, 1)))
  }
}

/** How input is cut: 'whole', 'bytes', or a seed. */
export function pieces (input, cut) {
  if (cut === 'whole') return [input]
  if (cut === 'bytes') return Array.from(input, (_, at) => input.subarray(at, at + 1))
  const dice = new Dice(cut)
  const most = 2 << dice.below(12)
  const parts = []
  for (let at = 0; at < input.length;) {
    const end = Math.min(at + 1 + dice.below(most), input.length)
    parts.push(input.subarray(at, end))
    at = end
  }
  return parts
}

const CUTS = 4

/** Whole, byte by byte, and at random cuts with seeds of the vector's own. */
export function cuts (number) {
  return ['whole', 'bytes', ...Array.from({ length: CUTS }, (_, cut) => number * CUTS + cut)]
}

/** The settings of a vector: what it does not name has its default, except compression, which is off. */
export function settings (config = {}, contexts = 'folded') {
  known(config, ['limits', 'timeouts', 'delivery', 'answer_pings', 'deflate'])
  const { params: agreed, ...deflate } = config.deflate ?? {}
  known(deflate, ['threshold', 'level', 'contexts'])
  const all = { ...camel(config), deflate: false }
  if (config.deflate) all.deflate = { ...params(agreed), contexts, ...camel(deflate) }
  return all
}

/** Windows that a vector does not name have 15 bits, as in RFC 7692. */
export function params (agreed = {}) {
  return {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
    ...camel(agreed)
  }
}

const toCamel = name => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const toSnake = name => name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase())

function renamed (value, rename) {
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]))
}

export const camel = value => renamed(value, toCamel)
export const snake = value => renamed(value, toSnake)
