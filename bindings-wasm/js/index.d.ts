/**
 * The WebSocket protocol without I/O, for any duplex stream: RFC 6455 and permessage-deflate.
 *
 * Bytes and time go in, events and bytes come out. `now` is in milliseconds of any epoch that does not
 * run backwards; without it `performance.now()` is taken. Header values are strings in which each
 * character is one byte.
 */

/** Loads the module, from beside the package's files or from what is given. Nothing else works before. */
export function load(source?: URL | string | BufferSource | WebAssembly.Module): Promise<void>

/** Something cannot be done, or an opening handshake failed. */
export class PolywireError extends Error {
  /** Stable, such as `usage.not_open` or `handshake.origin`. */
  readonly code: string
  /** The response of a server that refused; its body is the start of it. */
  readonly response: Response | null
}

/** Every code that a user can meet. */
export function codes(): readonly Code[]

export interface Code {
  code: string
  origin: 'violation' | 'usage' | 'handshake'
  /** The close code of a violation, the HTTP status of a handshake's fault, 0 for misuse. */
  number: number
  /** The section of the RFC; empty for misuse. */
  section: string
  expected: string
}

/** Every setting has a default that is safe for a server among strangers. null: no limit, never. */
export interface SettingsInit {
  /** Whole messages, or pieces as they arrive. Default: 'whole'. */
  delivery?: 'whole' | 'streamed'
  /** Whether pings are answered by themselves. Default: true. */
  answerPings?: boolean
  limits?: {
    /** Bytes of one frame, of one message. Default: 16 MiB each. */
    frameSize?: number | null
    messageSize?: number | null
    fragments?: number | null
    queuedPongs?: number | null
    /** Bytes in the queue beyond which no message is taken. Default: 1 MiB. */
    sendQueue?: number | null
    headSize?: number | null
    headLines?: number | null
    messagesPerSecond?: Rate | null
    bytesPerSecond?: Rate | null
  }
  /** Milliseconds. */
  timeouts?: {
    handshake?: number | null
    close?: number | null
    idle?: number | null
    keepalive?: { interval?: number, timeout?: number | null } | null
  }
  /** permessage-deflate, or false. Default: on, with windows of 12 bits. */
  deflate?: boolean | Partial<DeflateParams> & {
    /** Messages shorter than this are not compressed. Default: 128. */
    threshold?: number
    /** 1 to 9. Default: 6. */
    level?: number
    /** Engines from a pool, or of each connection's own. Default: 'folded'. */
    contexts?: 'folded' | 'dedicated'
  }
}

export interface Rate { perSecond: number, burst?: number }

export interface DeflateParams {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number
  clientMaxWindowBits: number
}

/** Settings for any number of connections, which share their deflate engines. */
export class Settings {
  constructor(settings?: SettingsInit)
}

/** What both ends agreed on. */
export interface Agreement {
  subprotocol: string | null
  deflate: DeflateParams | null
}

export interface Outcome {
  agreement: Agreement
  /** Bytes that came behind the head: the first of the connection. */
  leftover: Uint8Array
}

export interface Response {
  status: number
  reason: string
  headers: [name: string, value: string][]
  body: string
}

export type Fields = Iterable<readonly [string, string]> | Record<string, string>

export interface ClientOptions {
  subprotocols?: string[]
  headers?: Fields
  settings?: Settings | SettingsInit
}

/** The client's handshake over a byte stream. Send `request`, then give it all bytes that come. */
export class ClientHandshake {
  constructor(url: string, options?: ClientOptions & { nonce?: Uint8Array, now?: number })
  readonly request: Uint8Array
  /** When to call `handleTimeout`; Infinity for never. */
  readonly deadline: number
  /** Null until it is decided. Throws where there is no connection. */
  receive(bytes: Uint8Array, now?: number): Outcome & { response: Response } | null
  receiveEof(): null
  handleTimeout(now?: number): null
}

/** The client's request over HTTP/2 or HTTP/3 (RFC 8441). */
export class ExtendedConnect {
  constructor(url: string, options?: ClientOptions)
  readonly fields: [name: string, value: string][]
  verify(status: number, headers: Fields): Agreement
}

export interface Request {
  method: string
  target: string
  headers: [name: string, value: string][]
  /** The page that it comes from; null for what is no browser. */
  origin: string | null
  /** The subprotocols that the client offers, and the one that will be answered. */
  subprotocols: string[]
  subprotocol: string | null
}

export interface ServerOptions {
  /** Which pages may connect. Default: those of this server. */
  origins?: 'any' | string[]
  subprotocols?: string[]
  settings?: Settings | SettingsInit
  now?: number
}

/** The server's handshake over a byte stream, or of the fields of an extended CONNECT. */
export class ServerHandshake {
  constructor(options?: ServerOptions)
  readonly deadline: number
  /** Null until it is decided. Throws for what is no handshake; send `response` then, and close. */
  receive(bytes: Uint8Array, now?: number): Request | null
  receiveEof(): null
  handleTimeout(now?: number): null
  receiveFields(fields: Fields): Request
  choose(subprotocol: string | null): void
  addHeader(name: string, value: string): void
  accept(): Outcome
  refuse(status: number, options?: { headers?: Fields, body?: string | Uint8Array }): void
  /** The bytes to send, once it is accepted or refused. */
  readonly response: Uint8Array
  /** The same over HTTP/2. */
  readonly responseFields: { status: number, headers: [name: string, value: string][] }
}

/** Takes a URL apart; with `redirect` where that location leads from it. */
export function parseUrl(url: string, redirect?: string): {
  secure: boolean
  host: string
  port: number
  target: string
  authority: string
  credentials: [user: string, password: string] | null
}

export type Data = string | ArrayBuffer | ArrayBufferView

/** A message that is framed and compressed once, for any number of connections. */
export class Prepared {
  constructor(data: Data, options?: { compress?: boolean | number })
}

export type Event =
  | { type: 'text', data: string }
  | { type: 'binary', data: Uint8Array }
  /** With `delivery: 'streamed'`: the next piece of a message. Text is cut between characters. */
  | { type: 'chunk', data: string | Uint8Array, last: boolean }
  /** It is answered already. */
  | { type: 'ping', data: Uint8Array }
  /** `roundTrip` in milliseconds, where it answers a ping of this connection. */
  | { type: 'pong', data: Uint8Array, roundTrip: number | null }
  /** It is answered already. */
  | { type: 'close', code: number | null, reason: string }
  /** The peer broke a rule; the close frame that says so is queued. */
  | { type: 'failed', rule: string, section: string, closeCode: number, found: number, offset: number, message: string }
  /** The last, once. */
  | { type: 'ended', cause: Cause, code: number, rule: string | null }

export type Cause = 'closed' | 'violation' | 'lost' | 'pong_timeout' | 'close_timeout' | 'idle_timeout' | 'aborted'

export interface Wants {
  read: boolean
  write: boolean
  /** Keep the socket, shut down its writing side and read on, or close it. */
  socket: 'keep' | 'shutdown_write' | 'close'
  /** When to call `handleTimeout`; Infinity for never. */
  deadline: number
}

/** One end of a connection, after the opening handshake. Misuse throws a `PolywireError`. */
export class Connection {
  constructor(role: 'client' | 'server', options?: {
    settings?: Settings | SettingsInit
    agreement?: Partial<Agreement>
    /** 32 bytes from a cryptographic source. Default: `crypto.getRandomValues`. */
    seed?: Uint8Array
    now?: number
  })
  readonly subprotocol: string | null
  /**
   * Takes bytes that arrived. Events are decoded as they are taken, so that each can be answered before
   * the next one is; take them all. What is not taken comes with the next call.
   */
  receive(bytes: Uint8Array, now?: number): IterableIterator<Event>
  receiveEof(now?: number): IterableIterator<Event>
  handleTimeout(now?: number): IterableIterator<Event>
  /** The host stops reading for a while: the silence that it makes itself does not end the connection. */
  pauseReading(now?: number): void
  resumeReading(now?: number): void
  readonly wants: Wants
  /** Takes queued bytes, all or up to so many, to be written to the socket. */
  transmit(most?: number): Uint8Array
  readonly queued: number
  readonly isOpen: boolean
  readonly heapBytes: number
  send(data: Data | Prepared, options?: { compress?: boolean | number, now?: number }): void
  sendPart(data: Data, options?: { last?: boolean, compress?: boolean | number, now?: number }): void
  ping(payload?: Data, now?: number): void
  pong(payload?: Data, now?: number): void
  close(code?: number | null, reason?: string, now?: number): void
  abort(now?: number): void
  /** Gives back the memory that a burst needed. */
  shrink(): void
  /** Gives back all of it. Without it the garbage collector does, later. */
  free(): void
}
