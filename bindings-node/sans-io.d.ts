/// <reference types="node" />

// The types of `polywire/sans-io`: the core without I/O.

import { Prepared, Sendable, SendOptions } from './index.js'

/** The core's settings in camel case: `limits`, `timeouts`, `delivery`, `answerPings`, `deflate`. Times are milliseconds. */
export type Settings = Record<string, unknown>
export class Config { private constructor () }
export function config (settings: Settings): Config

export interface DeflateParams {
  serverNoContextTakeover: boolean
  clientNoContextTakeover: boolean
  serverMaxWindowBits: number
  clientMaxWindowBits: number
}

export type Event =
  | { type: 'text', data: string }
  | { type: 'binary', data: Buffer }
  | { type: 'chunk', data: string | Buffer, last: boolean }
  | { type: 'ping', data: Buffer }
  | { type: 'pong', data: Buffer, rtt: number | null }
  | { type: 'close', code: number | null, reason: string }
  | { type: 'failed', error: Error & { code: string, rule: string, closeCode: number, found: number, offset: number } }
  | { type: 'ended', code: number, cause: string, rule: string | null }

export interface Wants {
  read: boolean
  write: boolean
  socket: 'keep' | 'shutdown_write' | 'close'
  /** When to call `setTime` and `handleTimeout`, in milliseconds of the host's clock. */
  deadline?: number
  /** Whether messages can be sent. */
  open: boolean
}

/** One end of a connection after the opening handshake. */
export class Connection {
  constructor (options: {
    role: 'client' | 'server'
    settings?: Settings | Config
    deflate?: DeflateParams
    /** 32 random bytes; without them they are drawn. */
    seed?: Uint8Array
    now?: number
    /** How many events cross the border together. */
    batch?: number
  })

  setTime (now: number): void
  /** Takes bytes from the peer, which are changed in place. */
  receive (chunk: Uint8Array): Event[]
  receiveEof (): Event[]
  handleTimeout (): Event[]
  send (data: Sendable, options?: SendOptions): void
  ping (data: Sendable): void
  pong (data: Sendable): void
  close (code?: number | null, reason?: string): void
  abort (): void
  pauseReading (): void
  resumeReading (): void
  transmit (most?: number): Buffer
  wants (): Wants
  readonly heapBytes: number
}

/** Names and values in turn, in which each character is one byte. */
export type Fields = string[]
export interface Head { status: number, reason: string, headers: Fields, fields: Fields, body: Buffer, bytes: Buffer }
export interface Failure { code: string, message: string, response?: Head }
export interface Agreed { subprotocol?: string, deflate?: DeflateParams, response?: Head, leftover?: Buffer, code?: undefined }

export class Policy { constructor (origins: string[] | 'same' | 'any', subprotocols: string[]) }

export class Upgrade {
  private constructor ()
  static examine (method: string, target: string, version: string, headers: Fields, policy: Policy, config: Config): Upgrade | Failure
  static examineFields (fields: Fields, policy: Policy, config: Config): Upgrade | Failure
  readonly target: string
  readonly headers: Fields
  readonly subprotocols: string[]
  choose (subprotocol?: string): Failure | null
  addHeader (name: string, value: string): Failure | null
  accept (): Agreed
}

export class Offer {
  private constructor ()
  static create (url: string, subprotocols: string[], headers: Fields, config: Config, extendedConnect: boolean): Offer | Failure
  readonly headers: Fields
  readonly fields: Fields
  verify (version: string, status: number, headers: Fields): Agreed | Failure
}

export class ServerHandshake {
  constructor (policy: Policy, config: Config, now: number)
  receive (bytes: Uint8Array, now: number): Upgrade | Failure | null
  receiveEof (): Upgrade | Failure | null
  handleTimeout (now: number): Upgrade | Failure | null
  readonly deadline: number | null
  accept (upgrade: Upgrade): Agreed | Failure | null
}

export class ClientHandshake {
  private constructor ()
  static create (url: string, subprotocols: string[], headers: Fields, config: Config, nonce: Uint8Array | undefined, now: number): ClientHandshake | Failure
  readonly request: Buffer
  receive (bytes: Uint8Array, now: number): Agreed | Failure | null
  receiveEof (): Agreed | Failure | null
  handleTimeout (now: number): Agreed | Failure | null
  readonly deadline: number | null
}

/** What was made, or a throw of the failure as an error. */
export function orThrow<T> (outcome: T | Failure): T
export function refuse (status: number, headers?: Fields, body?: string | Uint8Array): Head
export interface Location {
  secure: boolean
  host: string
  port: number
  target: string
  authority: string
  credentials?: [string, string]
  sameOrigin: boolean
}
export function parseUrl (url: string, redirect?: string): Location

/** Every code that a user can meet. */
export const codes: { code: string, origin: 'violation' | 'usage' | 'handshake', number: number, section: string, expected: string }[]
export type { Prepared }
