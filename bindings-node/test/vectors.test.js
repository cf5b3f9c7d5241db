'use strict'

// Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.
// `VECTORS=close. node --test vectors.test.js` runs those whose id has this text in it.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const connection = require('./vectors/connection.js')
const { cuts, files, vectors } = require('./vectors/data.js')
const handshake = require('./vectors/handshake.js')

/** Runs the vectors of a kind, and tells of all that fail. `run` returns how many runs it made. */
function runAll (kind, run) {
  test(kind, (t) => {
    const problems = []
    let runs = 0
    const all = vectors(kind)
    for (const [number, vector] of all.entries()) {
      try {
        runs += run(vector, number)
      } catch (error) {
        problems.push(`${vector.id}: ${error.stack}`)
      }
    }
    t.diagnostic(`${kind}: ${all.length} vectors, ${runs} runs`)
    assert.ok(all.length > 0 || process.env.VECTORS)
    assert.equal(problems.length, 0, `${problems.length} vectors fail:\n${problems.join('\n')}`)
  })
}

function atEveryCut (run) {
  return (vector, number) => {
    for (const cut of cuts(number)) {
      try {
        run(vector, cut)
      } catch (error) {
        throw new Error(`cut ${cut}: ${error.stack}`)
      }
    }
    return cuts(number).length
  }
}

/** Each way must give the events that are expected, and all exactly the same. */
runAll('connection', (vector, number) => {
  const ways = connection.ways(vector, cuts(number))
  let first
  for (const way of ways) {
    try {
      const trace = JSON.stringify(connection.run(vector, way))
      first ??= trace
      assert.equal(trace, first)
    } catch (error) {
      throw new Error(`${JSON.stringify(way)}, ${error.stack}`)
    }
  }
  return ways.length
})
runAll('server_handshake', atEveryCut(handshake.server))
runAll('client_handshake', atEveryCut(handshake.client))
runAll('url', (vector) => handshake.url(vector) ?? 1)
runAll('negotiation', (vector) => handshake.negotiation(vector) ?? 1)

test('every file is run', () => {
  const kinds = ['connection', 'server_handshake', 'client_handshake', 'url', 'negotiation']
  for (const file of files()) assert.ok(kinds.includes(file.kind) && file.vectors.length > 0, file.name)
})
