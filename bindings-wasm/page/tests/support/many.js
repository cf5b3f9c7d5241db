// Owns captures of very many frames: one connection, segments full of small frames of the server, as a feed has them.

import { fileHeader, packetHeader, segment } from './pcap.js';

const CLIENT = { address: '192.0.2.1', port: 50_000 };
const SERVER = { address: '198.51.100.7', port: 80 };
const START = 1_795_254_060_000_000;
const PER_PACKET = 16;

const REQUEST = ['GET /feed HTTP/1.1', 'Host: feed.example.com', 'Upgrade: websocket', 'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''].join('\r\n');
const RESPONSE = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', '', ''].join('\r\n');

/** Frames of text of 80 to 110 bytes, each of which says its number: a million of them are about 100 MB. */
export function* frames(total) {
  for (let number = 0; number < total; number += 1) {
    const text = `{"number":${number},"symbol":"ACME","venue":"XETRA","currency":"EUR","bid":${(100 + (number % 977) / 100).toFixed(2)}${number % 3 ? `,"size":${number % 5000}` : ''}}`;
    yield Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
  }
}

/** A capture of one conversation, in which the server sends these frames. */
export function conversation(frames) {
  const next = [1, 1];
  let time = START;
  const parts = [fileHeader()];
  const send = (direction, data) => {
    time += 50;
    const [from, to] = direction === 0 ? [CLIENT, SERVER] : [SERVER, CLIENT];
    const packet = segment(from, to, next[direction], next[1 - direction], 16, data);
    next[direction] += data.length;
    parts.push(packetHeader(time, packet.length), packet);
  };
  send(0, Buffer.from(REQUEST));
  send(1, Buffer.from(RESPONSE));
  let waiting = [];
  for (const frame of frames) {
    waiting.push(frame);
    if (waiting.length < PER_PACKET) continue;
    send(1, Buffer.concat(waiting));
    waiting = [];
  }
  if (waiting.length > 0) send(1, Buffer.concat(waiting));
  return Buffer.concat(parts);
}
