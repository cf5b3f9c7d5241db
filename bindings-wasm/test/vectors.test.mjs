// Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.
//
// `VECTORS=close.` runs those whose id has this text in it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolywireError, Connection, codes, load } from 'polywire-wasm'
import { run } from './connections.mjs'
import { cuts, files, vectors } from './data.mjs'
import * as handshakes from './handshakes.mjs'

await load()

const only = process.env.VECTORS ?? ''

/** Runs the vectors of a kind, and tells of all that fail; `runOne` returns how many runs it made. */
function all (kind, runOne) {
  test(kind, t => {
    const chosen = vectors(kind).filter(vector => vector.id.includes(only))
    let runs = 0
    const problems = []
    chosen.forEach((vector, number) => {
      try {
        runs += runOne(vector, number)
      } catch (error) {
        problems.push(`${vector.id}: ${error.stack.slice(0, 600)}`)
      }
    })
    t.diagnostic(`${chosen.length} vectors, ${runs} runs`)
    assert.ok(only || chosen.length > 0)
    assert.equal(problems.length, 0, `${problems.length} vectors fail:\n${problems.slice(0, 10).join('\n')}`)
  })
}

all('connection', (vector, number) => {
  const contexts = vector.config?.deflate ? ['folded', 'dedicated'] : ['folded']
  const ways = contexts.flatMap(kind => cuts(number).map(cut => [cut, kind]))
  let first
  for (const [cut, kind] of ways) {
    let trace
    try {
      trace = run(vector, cut, kind)
    } catch (error) {
      error.stack = `cut ${cut}, ${kind}: ${error.stack}`
      throw error
    }
    first ??= trace
    assert.deepEqual(trace, first, `cut ${cut}, ${kind}`)
  }
  return ways.length
})

function atEveryCut (runOne) {
  return (vector, number) => {
    for (const cut of cuts(number)) runOne(vector, cut)
    return cuts(number).length
  }
}

all('server_handshake', atEveryCut(handshakes.server))
all('client_handshake', atEveryCut(handshakes.client))
all('url', vector => { handshakes.url(vector); return 1 })
all('negotiation', vector => { handshakes.negotiation(vector); return 1 })

test('every file is run', () => {
  const kinds = ['connection', 'server_handshake', 'client_handshake', 'url', 'negotiation']
  for (const file of files()) {
    assert.ok(kinds.includes(file.kind), file.name)
    assert.ok(file.vectors.length > 0, file.name)
  }
})

test('every code has its counterpart', () => {
  const text = JSON.stringify(files())
  assert.ok(codes().length > 70)
  for (const { code, origin, number, section, expected } of codes()) {
    assert.ok(text.includes(`"${code}"`), `${code} is in no vector`)
    assert.ok(['violation', 'usage', 'handshake'].includes(origin))
    assert.ok(expected.length > 0)
    assert.equal(section === '', origin === 'usage')
    assert.equal(number === 0, origin === 'usage')
  }
})

test('misuse throws an error with a code', () => {
  const connection = new Connection('server')
  connection.close(1000)
  const thrown = error => error instanceof PolywireError && error.code === 'usage.not_open' && /^usage.not_open: /.test(error.message)
  assert.throws(() => connection.send('late'), thrown)
  assert.throws(() => connection.send(5), TypeError)
  assert.throws(() => new Connection('peer'), TypeError)
  assert.throws(() => new Connection('client', { settings: { limits: { frameSice: 1 } } }), /limits.frame_sice/)
})
