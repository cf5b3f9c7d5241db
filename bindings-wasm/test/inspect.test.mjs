// The inspector's engine in the installed package, against its contract.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flag, NONE, load } from 'polywire-wasm/inspect'

const engine = await load()
const hex = text => Uint8Array.from(Buffer.from(text, 'hex'))

async function opened (source, options) {
  const capture = engine.open(source, options)
  const news = []
  while (await capture.step()) news.push(capture.take())
  news.push(capture.take())
  return { capture, news }
}

test('bytes of one direction become rows', async () => {
  const { capture, news: [news] } = await opened(hex('810548656c6c6f8900830088020 3e8'.replace(' ', '')))
  assert.equal(capture.format, 'raw')
  assert.equal(capture.trouble, null)
  const { rows, problems, connections } = news
  assert.equal(rows.count, 4)
  assert.deepEqual([...rows.length], [5, 0, 0, 2])
  assert.deepEqual([...rows.offset], [0, 7, 9, 11])
  assert.deepEqual([...rows.header], [0x0581, 0x89, 0x83, 0x0288])
  assert.deepEqual([...rows.message], [0, NONE, NONE, NONE])
  assert.equal(rows.flags[0], Flag.FROM_SERVER | Flag.FIRST | Flag.LAST)
  assert.equal(rows.flags[2], Flag.FROM_SERVER | Flag.PROBLEM | Flag.SKIPPED)
  assert.equal(rows.value[3], 1000)
  assert.deepEqual([...problems.row], [2])
  assert.equal(engine.rules[problems.rule[0]].code, 'frame.reserved_opcode')
  assert.match(capture.problemText(0), /RFC 6455 section 5.2/)
  assert.equal(connections.length, 1)
  assert.equal(connections[0].handshake, 'unseen')
  assert.deepEqual(connections[0].frames, [0, 4])
  assert.deepEqual(await capture.previews([0, 3]), ['Hello', '1000'])
})

test('columns have buffers of their own', async () => {
  const { news: [{ rows, problems }] } = await opened(hex('8100'))
  for (const column of [...Object.values(rows), ...Object.values(problems)]) {
    if (!ArrayBuffer.isView(column)) continue
    assert.equal(column.byteOffset, 0)
    assert.equal(column.byteLength, column.buffer.byteLength)
    assert.doesNotThrow(() => structuredClone(column.buffer, { transfer: [column.buffer] }))
  }
})
