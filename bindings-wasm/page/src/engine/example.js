// Owns the example: two conversations, made of bytes where they are needed. One behaves; in the other both sides
// break rules. Knows how frames are written, not how they are read.

/** @import { Endpoint } from '../engine.d.ts' */

/**
 * @typedef {object} Chunk
 * @property {0 | 1} direction
 * @property {number} time
 * @property {Uint8Array} bytes
 */

/**
 * @typedef {object} Conversation
 * @property {number} time
 * @property {Endpoint} client
 * @property {Endpoint} server
 * @property {Chunk[]} chunks
 * @property {number} [ended]
 */

const START = Date.UTC(2026, 10, 21, 9, 41) * 1000;
const RSV1 = 0x40;
const FIN = 0x80;
const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const [CLIENT, SERVER] = /** @type {const} */ ([0, 1]);

const encoder = new TextEncoder();

/** One frame. @param {number} first The first byte. @param {string | Uint8Array} content @param {number[] | null} key */
function frame(first, content, key) {
  const payload = typeof content === 'string' ? encoder.encode(content) : content;
  const mask = key ? 0x80 : 0;
  const { length } = payload;
  const head = length < 126 ? [first, mask | length] : [first, mask | 126, length >> 8, length & 255];
  if (!key) return Uint8Array.from([...head, ...payload]);
  return Uint8Array.from([...head, ...key, ...payload.map((byte, at) => byte ^ key[at % 4])]);
}

/** Writes a conversation down as it goes on. */
class Writer {
  /** @param {number} time @param {number} port */
  constructor(time, port) {
    this.now = time;
    this.seed = port;
    /** @type {Conversation} */
    this.conversation = {
      time,
      client: { address: '192.0.2.17', port },
      server: { address: '198.51.100.4', port: 80 },
      chunks: [],
    };
  }

  /** A masking key, fresh for each frame and the same in each run. */
  key() {
    this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0;
    return [this.seed >>> 24, (this.seed >>> 16) & 255, (this.seed >>> 8) & 255, this.seed & 255];
  }

  /** @param {0 | 1} direction @param {string | Uint8Array} bytes @param {number} [wait] In microseconds. */
  bytes(direction, bytes, wait = 900) {
    this.now += wait;
    const raw = typeof bytes === 'string' ? encoder.encode(bytes) : bytes;
    this.conversation.chunks.push({ direction, time: this.now, bytes: raw });
  }

  /** @param {number} first @param {string | Uint8Array} content @param {number} [wait] */
  client(first, content, wait) {
    this.bytes(CLIENT, frame(first, content, this.key()), wait);
  }

  /** @param {number} first @param {string | Uint8Array} content @param {number} [wait] */
  server(first, content, wait) {
    this.bytes(SERVER, frame(first, content, null), wait);
  }

  end() {
    this.conversation.ended = this.now + 400;
    return this.conversation;
  }
}

/** @returns {Promise<Conversation[]>} */
export async function exampleConversations() {
  return [await decent(), faulty()];
}

/** @param {string[]} lines */
const head = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;

/** A feed of prices: compression, fragments with a ping between them, round trips, an orderly end. */
async function decent() {
  const writer = new Writer(START, 52814);
  writer.bytes(CLIENT, head('GET /prices?market=eu HTTP/1.1', 'Host: feed.example.com', 'Upgrade: websocket',
    'Connection: Upgrade', 'Origin: https://www.example.com', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: prices.v2, prices.v1',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'));
  writer.bytes(SERVER, head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'Sec-WebSocket-Protocol: prices.v2',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12'), 11_300);
  writer.client(FIN | TEXT, '{"subscribe":["ACME","GLOBEX","INITECH"],"depth":5}');
  writer.server(FIN | TEXT, '{"subscribed":3,"session":"7f1c"}', 12_000);
  await ticks(writer);
  writer.client(FIN | PING, 'are you there?', 40_000);
  writer.server(FIN | PONG, 'are you there?', 18_400);
  writer.client(TEXT, '{"note":"a message in three parts, ', 9_000);
  writer.client(CONTINUATION, 'with a ping between its parts, ', 4_000);
  writer.server(FIN | PING, 'tick', 1_000);
  writer.client(FIN | PONG, 'tick', 700);
  writer.client(FIN | CONTINUATION, 'and that is allowed: Grüße, 世界"}', 3_000);
  writer.server(FIN | BINARY, Uint8Array.from({ length: 300 }, (_, at) => (at * 7 + (at >> 4)) & 255), 21_000);
  writer.client(FIN | CLOSE, Uint8Array.from([3, 232, ...encoder.encode('done for today')]), 300_000);
  writer.server(FIN | CLOSE, Uint8Array.from([3, 232]), 12_000);
  return writer.end();
}

/** Compressed quotes, and the same message twice with a shared context: RFC 7692 section 7.2.3.2. @param {Writer} writer */
async function ticks(writer) {
  for (let tick = 0; tick < 12; tick += 1) {
    const quotes = ['ACME', 'GLOBEX', 'INITECH'].map((symbol, at) => ({
      symbol,
      bid: 100 + at * 17 + ((tick * 7 + at) % 11) / 100,
      ask: 100.02 + at * 17 + ((tick * 5 + at) % 13) / 100,
      size: 100 * (1 + ((tick + at) % 5)),
    }));
    writer.server(FIN | RSV1 | TEXT, await deflated(JSON.stringify({ sequence: 4711 + tick, quotes })), 25_000 + 3_000 * (tick % 4));
  }
  writer.client(FIN | RSV1 | TEXT, Uint8Array.from([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), 5_000);
  writer.client(FIN | RSV1 | TEXT, Uint8Array.from([0xf2, 0x00, 0x11, 0x00, 0x00]), 5_000);
}

/** As RFC 7692 section 7.2.3.4 has it: a final block, and a zero byte behind it. @param {string} text */
async function deflated(text) {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const block = new Uint8Array(await new Response(stream).arrayBuffer());
  return Uint8Array.from([...block, 0]);
}

/** A chat with peers that have not read the RFC. */
function faulty() {
  const writer = new Writer(START + 61_000, 40312);
  writer.bytes(CLIENT, head('GET /chat HTTP/1.1', 'Host: chat.example.org', 'Upgrade: websocket',
    'Connection: keep-alive, Upgrade', 'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==', 'Sec-WebSocket-Version: 13'));
  writer.bytes(SERVER, head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWo=', 'Sec-WebSocket-Protocol: chat'), 31_000);
  writer.client(FIN | TEXT, 'hello from a client that masks');
  writer.server(FIN | TEXT, 'hello back', 8_000);
  writer.bytes(CLIENT, frame(FIN | TEXT, 'and now without a mask', null), 50_000);
  writer.bytes(SERVER, frame(FIN | TEXT, 'and a mask where none belongs', [0x37, 0xfa, 0x21, 0x3d]), 9_000);
  writer.server(FIN | 0x20 | TEXT, 'a reserved bit', 7_000);
  writer.server(FIN | 0x0b, 'a reserved opcode', 7_000);
  writer.bytes(SERVER, Uint8Array.from([FIN | TEXT, 126, 0, 5, ...encoder.encode('short')]), 7_000);
  writer.server(PING, 'a ping in parts', 6_000);
  writer.server(FIN | CONTINUATION, 'a continuation of nothing', 6_000);
  writer.server(FIN | TEXT, Uint8Array.from([0x67, 0x72, 0xc3, 0x28, 0x6e]), 6_000);
  writer.server(FIN | CLOSE, Uint8Array.from([3, 237]), 6_000);
  return writer.end();
}
