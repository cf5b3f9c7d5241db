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

const request = 'GET /chat HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
  'Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n'
const response = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'
const latin1 = text => Uint8Array.from(Buffer.from(text, 'latin1'))

/** A live connection with its handshake, whose server sends "Hello" twice, the second time by a match alone. */
function live (answer = response) {
  const capture = engine.live()
  const [client, server] = [{ address: '192.0.2.1', port: 5000 }, { address: '192.0.2.2', port: 80 }]
  assert.equal(capture.connect(1e15, client, server), 0)
  capture.append(0, 0, 1e15 + 1, latin1(request))
  capture.append(0, 1, 1e15 + 2, latin1(answer))
  const frames = hex('c107f248cdc9c90700' + 'c105f200110000' + '8902686f' + '0203616263' + '8002646566'.slice(0, 4) + '6465')
  for (const byte of frames) capture.append(0, 1, 1e15 + 3, Uint8Array.of(byte))
  capture.append(0, 0, 1e15 + 53, hex('8a8200000000686f'))
  return capture
}

test('a live capture, fed byte by byte', async () => {
  const capture = live()
  const { rows, connections: [connection] } = capture.take()
  assert.deepEqual([...rows.length], [7, 5, 2, 3, 2, 2])
  assert.deepEqual([...rows.content], [5, 5, 0, 3, 2, 0])
  assert.equal(rows.message[3], rows.message[4])
  assert.equal(rows.value[5], 50)
  assert.equal(connection.url, 'ws://server.example/chat')
  assert.equal(connection.handshake, 'accepted')
  assert.deepEqual(connection.frames, [1, 5])
  assert.equal(connection.deflate.serverMaxWindowBits, 15)
  assert.equal(connection.lastRoundTrip, 50)
  const inflated = await capture.payload(1, 'inflated')
  assert.equal(Buffer.from(inflated.bytes).toString(), 'Hello')
  assert.equal(inflated.total, 5)
  const unmasked = await capture.payload(1, 'unmasked')
  assert.equal(Buffer.from(unmasked.bytes).toString('hex'), 'f200110000')
  const message = await capture.message(4)
  assert.equal(Buffer.from(message.bytes).toString(), 'abcde')
  const fragment = await capture.payload(4, 'inflated', 1, 1)
  assert.equal(Buffer.from(fragment.bytes).toString(), 'e')
  assert.deepEqual(await capture.previews([0, 1, 3, 5]), ['Hello', 'Hello', '61 62 63', '68 6f'])
  assert.equal(capture.take().rows.count, 0)
  capture.disconnect(0, 2e15)
  const { connections: [closed] } = capture.take()
  assert.deepEqual([closed.end, closed.ended], ['fin', 2e15])
  capture.free()
})

test('a handshake line by line', () => {
  const capture = live(response.replace('xOo=', 'xOa='))
  const { request, response: answer, accept } = capture.handshake(0)
  assert.ok(request.lines.every(line => line.verdict === 'good'))
  const bad = answer.lines.filter(line => line.verdict === 'bad')
  assert.equal(bad.length, 1)
  assert.equal(bad[0].text.slice(0, bad[0].name), 'Sec-WebSocket-Accept')
  assert.equal(engine.rules[bad[0].rule].code, 'handshake.accept_mismatch')
  assert.deepEqual([accept.expected, accept.found], ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 's3pPLMBiTxaQ9kYGzzhZRbK+xOa='])
  assert.equal(accept.sha1, 'b37a4f2cc0624f1690f64606cf385945b2bec4ea')
  const { problems } = capture.take()
  assert.equal(problems.row[0], NONE)
  assert.equal(problems.direction[0], 1)
})

test('the fields of a frame', async () => {
  const { capture } = await opened(hex('888437fa213d34e93e52'))
  const detail = await capture.frame(0)
  assert.equal(Buffer.from(detail.header).toString('hex'), '888437fa213d')
  assert.deepEqual([...detail.places], [0, 10])
  const names = detail.fields.map(field => field.name)
  assert.deepEqual(names, [
    'fin', 'rsv1', 'rsv2', 'rsv3', 'opcode', 'mask', 'length7', 'masking_key', 'payload', 'close_code', 'close_reason'
  ])
  const code = detail.fields.find(field => field.name === 'close_code')
  assert.deepEqual([code.value, code.bit, code.bits, code.depth, code.rule >= 0], ['787', 48, 16, 1, true])
  const raw = await capture.payload(0, 'raw')
  assert.equal(Buffer.from(raw.bytes).toString('hex'), '34e93e52')
  const unmasked = await capture.payload(0, 'unmasked', 1)
  assert.equal(Buffer.from(unmasked.bytes).toString('hex'), '131f6f')
})

test('texts are sniffed and decoded', async () => {
  for (const [format, text] of [
    ['hex', '81 05 48 65 6c 6c 6f'],
    ['base64', 'gQVIZWxsbw=='],
    ['xxd', '00000000: 8105 4865 6c6c 6f                        ..Hello\n']
  ]) {
    const { capture, news } = await opened(new Blob([text]))
    assert.equal(capture.format, format)
    assert.equal(news.at(-1).rows.count, 1)
    assert.deepEqual(await capture.previews([0]), ['Hello'])
    assert.equal(engine.decode(text).format, format)
  }
  assert.equal(engine.decode('nothing of the kind'), null)
  assert.equal(engine.sniff(hex('0a0d0d0a1c000000')), 'pcapng')
})

test('what cannot be read is said', async () => {
  const { capture } = await opened(hex('d4c3b2a1020004000000000000000000ffff000001000000' + '0000000000000000ffffffffffffffff'))
  assert.equal(capture.format, 'pcap')
  assert.match(capture.trouble, /byte 24/)
  await assert.rejects(capture.frame(0), RangeError)
})
