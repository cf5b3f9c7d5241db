/**
 * The contract between the inspector's engine and its page.
 *
 * The engine is the module `polywire-wasm/inspect` (an ES module of plain JavaScript over the wasm file
 * of the package `polywire-wasm`). It owns captures: formats, TCP streams, frames, messages, problems.
 * It knows no DOM and no Worker; it runs in either, in Chromium, Firefox, Safari and Node. The page runs
 * it in a Worker and sends what it takes (plain objects and typed arrays with buffers of their own, so
 * all of it can be posted and transferred) to its own thread.
 *
 * ```js
 * import { load } from 'polywire-wasm/inspect'
 *
 * const engine = await load()
 * const capture = engine.open(file)                  // a Blob, a File, or a Uint8Array
 * while (await capture.step()) show(capture.take())  // one slice of the file at a time
 * show(capture.take())
 * const bytes = await capture.payload(row, 'unmasked')
 * ```
 *
 * `cargo xtask package wasm` makes the package in `target/wasm/package`: `inspect.js`, its modules, and
 * `inspector_bg.wasm` beside them, to be served as they are (no bundler needed). Files must come from one
 * origin, wasm with the type `application/wasm`; a content security policy needs `wasm-unsafe-eval`.
 *
 * The file is never in wasm memory, nor whole in the memory of the page: the engine reads it once in
 * slices, keeps columns, and reads single payloads again when they are asked for.
 *
 * Times are microseconds since 1970 (in captures) as doubles. Offsets are bytes. What a number cannot
 * say is `NONE`.
 */

/** Loads the wasm file beside the module, or the one given. Call it once. */
export function load(wasm?: URL | string | BufferSource | WebAssembly.Module): Promise<Engine>

/** "There is none" in columns of 32-bit numbers: 0xffffffff. */
export const NONE: 0xffffffff

/** Direction 0 of columns and pairs: what the client sent. */
export const CLIENT_TO_SERVER: 0
/** Direction 1: what the server sent. */
export const SERVER_TO_CLIENT: 1

/** Bits of the column `flags`. */
export const Flag: {
  /** Sent by the server. Without it: by the client. */
  readonly FROM_SERVER: 1
  /** A rule is broken in this frame, see the problems. */
  readonly PROBLEM: 2
  /** Bytes of it are missing in the capture: lost packets, a snap length. Their place reads as zeros. */
  readonly GAP: 4
  /** The capture ends inside it. */
  readonly CUT: 8
  /** It belongs to no message: it breaks a rule, so its payload was passed over. */
  readonly SKIPPED: 16
  /** The first frame of a message. */
  readonly FIRST: 32
  /** The last frame of a message. */
  readonly LAST: 64
  /** Its message is compressed. */
  readonly DEFLATED: 128
  /** It came behind the close frame of its own direction. */
  readonly AFTER_CLOSE: 256
}

export interface Engine {
  /** The version of the package. */
  readonly version: string
  /**
   * Every rule that a problem can name; `Problems.rule` is an index into it. The same in every capture.
   */
  readonly rules: readonly Rule[]

  /** What a file is, by its first bytes (64 KiB are enough; less will do). */
  sniff(start: Uint8Array): Format

  /**
   * The bytes that a text stands for: hex (`81 05 48...`, `0x81, 0x05`, `\x81\x05`, `81:05`), a dump of
   * xxd or hexdump -C (offsets and the column of characters are left out), or base64 (of either
   * alphabet, or as a data: URL). Null when it is none of them.
   */
  decode(text: string): Decoded | null

  /**
   * Opens a capture, of any format that `sniff` knows. Nothing is read before `step`.
   * Text formats (hex, xxd, base64) are decoded whole: they are meant for what is pasted.
   */
  open(source: Blob | Uint8Array, options?: OpenOptions): Capture

  /** A capture without a file, to which bytes are appended as they come. */
  live(options?: OpenOptions): LiveCapture
}

export type Format = 'pcap' | 'pcapng' | 'hex' | 'xxd' | 'base64' | 'raw' | 'empty'

export interface Decoded {
  format: 'hex' | 'xxd' | 'base64'
  bytes: Uint8Array
}

export interface OpenOptions {
  /** Take it for this, whatever `sniff` says. 'raw' is the bytes of one direction of one connection. */
  format?: Format
  /**
   * For formats without packets ('raw', and what hex and base64 decode to): who sent the bytes. Without
   * it the first bytes decide: `GET ` or a mask means the client.
   */
  sender?: 'client' | 'server'
  /**
   * permessage-deflate of connections whose handshake is not in the capture. Without it compression is
   * taken as agreed, with windows of 15 bits and context takeover; null: as not agreed.
   */
  deflate?: DeflateParams | null
}

export interface DeflateParams {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number
  clientMaxWindowBits: number
}

export interface Rule {
  /** Stable, such as `frame.reserved_bits`. */
  code: string
  /**
   * `violation`: of the protocol after the handshake. `handshake`: of the opening handshake.
   * `capture`: nobody's fault but the capture's (packets lost, file cut).
   */
  origin: 'violation' | 'handshake' | 'capture'
  /** Such as `RFC 6455 section 5.2`; empty for `capture`. */
  section: string
  /** What should have come: `reserved bits clear unless an extension defines them`. */
  expected: string
  /** What a strict peer closes with (1002...), or answers with (HTTP 400...); 0 for `capture`. */
  number: number
}

export interface Capture {
  readonly format: Format
  /** Bytes of the file, and how many of them are read. */
  readonly size: number
  readonly position: number
  /** Why nothing more could be read: not a capture, cut in the middle of a packet. Null so far. */
  readonly trouble: string | null
  /** All rows taken so far are known to the engine under these numbers. */
  readonly frames: number
  readonly connections: number
  readonly problems: number

  /**
   * Reads and decodes the next slice (about 2 MiB, some 20 ms). False when the end is reached: frames
   * that the end cuts are rows by then, with `CUT`.
   */
  step(): Promise<boolean>

  /** What is new since the last `take`, and which connections changed. All buffers are the caller's. */
  take(): News

  /** The heads of a connection's handshake, or null when they are not in the capture. */
  handshake(connection: number): Handshake | null

  /** A problem as one sentence, with what was expected and what was found. */
  problemText(problem: number): string

  /** The header and the fields of one frame. */
  frame(row: number): Promise<FrameDetail>

  /**
   * Bytes of one frame's payload. 'raw': as on the wire, masked. 'unmasked': still compressed where the
   * message is. 'inflated': what this frame adds to its message (equal to 'unmasked' where nothing is
   * compressed). `length` is at most 16 MiB; without it 1 MiB.
   */
  payload(row: number, form: PayloadForm, offset?: number, length?: number): Promise<Bytes>

  /** Bytes of the whole message that a frame belongs to, inflated, all fragments together. */
  message(row: number, offset?: number, length?: number): Promise<Bytes>

  /**
   * The beginning of the content of each of these rows (inflated), for lists: text as text, binary as
   * hex, close frames as `1000 reason`. Cheap for rows near each other. At most 1000 rows.
   */
  previews(rows: ArrayLike<number>, characters?: number): Promise<string[]>

  /** Gives back its memory. Nothing of it can be called afterwards. */
  free(): void
}

export interface LiveCapture extends Capture {
  /** A new connection; its number. `time` in microseconds since 1970. */
  connect(time: number, client: Endpoint, server: Endpoint): number
  /**
   * Bytes of one direction, in their order, from the first byte of the handshake on, or from the first
   * frame on. The engine keeps them (outside of wasm memory). Then `take`.
   */
  append(connection: number, direction: 0 | 1, time: number, bytes: Uint8Array): void
  /** The connection is over. */
  disconnect(connection: number, time: number): void
}

export type PayloadForm = 'raw' | 'unmasked' | 'inflated'

export interface Endpoint {
  /** `192.0.2.1`, `2001:db8::1`; empty when it is not known. */
  address: string
  port: number
}

export interface News {
  rows: Rows
  problems: Problems
  /** Connections that are new or changed, each in full. */
  connections: Connection[]
}

/**
 * Columns of frames, in the order of the arrival of their last byte. Row numbers are global:
 * `start + i`. A row never changes. 41 bytes a row.
 */
export interface Rows {
  start: number
  count: number
  connection: Uint32Array
  /** When its last byte arrived. */
  time: Float64Array
  /** Where it begins in its direction of its connection: 0 is the first byte behind the handshake. */
  offset: Float64Array
  /** Bytes of its payload on the wire, at most NONE - 1; what it claims, not what is there (see `CUT`). */
  length: Uint32Array
  /** Bytes that it adds to its message after inflation, at most NONE - 1; 0 for control frames. */
  content: Uint32Array
  /** The first byte of the header, and the second shifted by 8: `FIN = header & 0x80`, `opcode = header & 15`, `RSV1 = header & 0x40`, `mask = header & 0x8000`. */
  header: Uint16Array
  /** Bytes of the header: 2 to 14. */
  headerLength: Uint8Array
  /** See `Flag`. */
  flags: Uint16Array
  /** Equal for the fragments of one message; NONE for control frames and skipped ones. */
  message: Uint32Array
  /**
   * Of a close frame its status code (1005 when it has none). Of a pong the round trip in microseconds,
   * when it answers a ping of the other direction, else NONE. Of a text or binary message's frame 0.
   */
  value: Uint32Array
}

/** Columns of problems. Problem numbers are global: `start + i`. */
export interface Problems {
  start: number
  count: number
  /** Index into `Engine.rules`. */
  rule: Uint16Array
  connection: Uint32Array
  /** The row of the frame at fault; NONE when it is no frame's (handshake, gaps). Rows come first: it is in this or an earlier `take`. */
  row: Uint32Array
  /** 0 or 1: who sent what is wrong. */
  direction: Uint8Array
  time: Float64Array
  /** Offset of the frame in its direction; of a gap its own; in a head the offset in the head. */
  offset: Float64Array
  /** What came instead, as a number that the rule is about. Of a gap its length. */
  found: Float64Array
  /**
   * 1 when the peer is certainly at fault. 0 when it may be only the capture: it begins in the middle of
   * the connection, or bytes are missing before.
   */
  certain: Uint8Array
}

export interface Connection {
  id: number
  client: Endpoint
  server: Endpoint
  /** First and last packet. */
  started: number
  ended: number
  /** `ws://host:port/target`, as far as the handshake tells; null when it is not in the capture. */
  url: string | null
  /**
   * `accepted`: as it should be. `faulty`: the server agreed, but something is wrong in one of the heads.
   * `refused`: the server answered with another status. `pending`: no whole answer in the capture.
   * `unseen`: the capture begins behind it.
   */
  handshake: 'accepted' | 'faulty' | 'refused' | 'pending' | 'unseen'
  /** The status of the response; 0 when there is none. */
  status: number
  subprotocol: string | null
  /** What both agreed on, or what is assumed where the handshake is unseen. */
  deflate: DeflateParams | null
  /** Totals by direction: [client to server, server to client]. */
  frames: [number, number]
  messages: [number, number]
  /** Bytes of frames on the wire, headers included. */
  wire: [number, number]
  /** Bytes of payloads of data frames, and what they inflate to. */
  payload: [number, number]
  content: [number, number]
  /** Bytes lost: not in the capture. */
  missing: [number, number]
  /** Round trips of pings, in microseconds; NONE when there is none. */
  lastRoundTrip: number
  leastRoundTrip: number
  /** The status code of the close frame of each direction (1005 for none in it), or null. */
  close: [number | null, number | null]
  /** How the transport ended. */
  end: 'open' | 'fin' | 'reset'
  problems: number
}

export interface Handshake {
  request: Head | null
  response: Head | null
  /** How the accept key comes about; null without a key in the request. */
  accept: AcceptKey | null
}

export interface Head {
  /** Request line or status line first, then the header lines, without their line ends. */
  lines: HeadLine[]
  /** Rules that are broken by something that is not there. */
  absent: HeadFault[]
  /** The body of a refusal, its beginning, as text. */
  body: string
}

export interface HeadLine {
  /** Each character is one byte. */
  text: string
  /** Where it begins in the head. */
  offset: number
  /** Length of the name (before the colon) in `text`, 0 for the first line. */
  name: number
  /**
   * `good`: asked for by the RFC, and as it should be. `bad`: it breaks a rule. `neutral`: the
   * handshake takes no notice of it.
   */
  verdict: 'good' | 'bad' | 'neutral'
  /** Why, as a sentence; empty for `neutral`. */
  note: string
  /** The section that decides; empty for `neutral`. */
  section: string
  /** Index into `Engine.rules`, or -1. */
  rule: number
}

export interface HeadFault {
  rule: number
  /** As a sentence. */
  text: string
  section: string
}

export interface AcceptKey {
  /** The value of Sec-WebSocket-Key. */
  key: string
  /** The constant of RFC 6455 section 1.3. */
  guid: string
  /** SHA-1 of both together, in hex. */
  sha1: string
  /** The same in base64: what Sec-WebSocket-Accept must be. */
  expected: string
  /** What it is; null when it is missing, or there is no response. */
  found: string | null
}

export interface FrameDetail {
  row: number
  /** The bytes of the header. */
  header: Uint8Array
  /** Payload bytes on the wire; exact. */
  length: number
  /** Where header and payload lie in the file: offset and length in turn, in order (nothing for what is missing). At most 4096 pairs. */
  places: Float64Array
  fields: Field[]
}

/** One field of a frame, in the order of the wire. Fields of the payload are those of a close frame. */
export interface Field {
  /** `fin`, `rsv1`, `rsv2`, `rsv3`, `opcode`, `mask`, `length7`, `length16`, `length64`, `masking_key`, `payload`, `close_code`, `close_reason`. */
  name: string
  /** As the RFC writes it: `FIN`, `opcode`, `Payload length`. */
  label: string
  /** `1`, `0x9`, `126`, `37 fa 21 3d`. */
  value: string
  /** What it says here: `the last fragment`, `ping`, `the length is in the next two bytes`. */
  meaning: string
  /** Where: the first bit, counted from the frame's first (bit 0 is FIN), and how many. Masked or not, the place is the same. */
  bit: number
  bits: number
  section: string
  /** Index into `Engine.rules` of the rule that this field breaks, or -1. */
  rule: number
  /** 0; 1 for a field inside the field before it (`close_code` in `payload`). */
  depth: number
}

export interface Bytes {
  bytes: Uint8Array
  /** Where `bytes` begins in the whole. */
  offset: number
  /** Length of the whole. */
  total: number
  /** Ranges of `bytes` that are not in the capture and read as zeros: offset and length in turn. */
  missing: number[]
  /** Why there is less than asked for: `the compressed data is broken at byte 17`. Null when all is well. */
  trouble: string | null
}
