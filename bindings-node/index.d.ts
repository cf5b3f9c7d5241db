/// <reference types="node" />

// The types of `require('polywire')`: those of `ws`, for what is there.

import { EventEmitter } from 'node:events'
import {
  Agent, ClientRequest, ClientRequestArgs, IncomingMessage, OutgoingHttpHeaders, Server as HttpServer
} from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { AddressInfo, Socket } from 'node:net'
import { Duplex, DuplexOptions } from 'node:stream'
import { SecureContextOptions } from 'node:tls'
import { URL } from 'node:url'

declare class WebSocket extends EventEmitter {
  static readonly CONNECTING: 0
  static readonly OPEN: 1
  static readonly CLOSING: 2
  static readonly CLOSED: 3

  /** Connects to `address`: `ws:`, `wss:`, `http:`, `https:`, or `ws+unix:` with the path of a socket. */
  constructor (address: string | URL, options?: WebSocket.ClientOptions)
  constructor (address: string | URL, protocols?: string | string[], options?: WebSocket.ClientOptions)
  /** What a server makes; for classes that extend this one. */
  constructor (address: null, protocols?: undefined, options?: WebSocket.ServerOptions)

  /** In which form binary messages come. Default: `nodebuffer`. */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob'
  /** Bytes that wait to be written. */
  readonly bufferedAmount: number
  /** `permessage-deflate`, or nothing. */
  readonly extensions: string
  readonly isPaused: boolean
  /** The subprotocol that was agreed on, or nothing. */
  readonly protocol: string
  readonly readyState: 0 | 1 | 2 | 3
  /** Of a client: where it connected to. */
  readonly url: string
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3

  onopen: ((event: WebSocket.Event) => void) | null
  onerror: ((event: WebSocket.ErrorEvent) => void) | null
  onclose: ((event: WebSocket.CloseEvent) => void) | null
  onmessage: ((event: WebSocket.MessageEvent) => void) | null

  /** Sends a message. `callback` is called once it was handed to the system, or with what went wrong. */
  send (data: WebSocket.Sendable, callback?: (error?: Error) => void): void
  send (data: WebSocket.Sendable, options: WebSocket.SendOptions, callback?: (error?: Error) => void): void
  ping (data?: WebSocket.Data, mask?: boolean, callback?: (error?: Error) => void): void
  pong (data?: WebSocket.Data, mask?: boolean, callback?: (error?: Error) => void): void
  /** Starts the closing handshake. */
  close (code?: number, reason?: string | Buffer): void
  /** Destroys the connection without a closing handshake. */
  terminate (): void
  /** Stops reading, so that the peer has to wait. */
  pause (): void
  resume (): void

  addEventListener<K extends keyof WebSocket.EventMap> (
    type: K,
    listener: ((event: WebSocket.EventMap[K]) => void) | { handleEvent (event: WebSocket.EventMap[K]): void },
    options?: { once?: boolean }
  ): void
  removeEventListener<K extends keyof WebSocket.EventMap> (
    type: K,
    listener: ((event: WebSocket.EventMap[K]) => void) | { handleEvent (event: WebSocket.EventMap[K]): void }
  ): void

  on (event: 'open', listener: (this: WebSocket) => void): this
  on (event: 'message', listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void): this
  on (event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this
  on (event: 'error', listener: (this: WebSocket, error: Error) => void): this
  on (event: 'ping' | 'pong', listener: (this: WebSocket, data: Buffer) => void): this
  on (event: 'upgrade', listener: (this: WebSocket, response: IncomingMessage) => void): this
  on (event: 'redirect', listener: (this: WebSocket, url: string, request: ClientRequest) => void): this
  on (event: 'unexpected-response', listener: (this: WebSocket, request: ClientRequest, response: IncomingMessage) => void): this
  on (event: string | symbol, listener: (this: WebSocket, ...values: any[]) => void): this
  once (event: 'message', listener: (this: WebSocket, data: WebSocket.RawData, isBinary: boolean) => void): this
  once (event: 'close', listener: (this: WebSocket, code: number, reason: Buffer) => void): this
  once (event: 'error', listener: (this: WebSocket, error: Error) => void): this
  once (event: string | symbol, listener: (this: WebSocket, ...values: any[]) => void): this
}

declare namespace WebSocket {
  type RawData = Buffer | ArrayBuffer | Buffer[] | Blob
  type Data = string | number | Buffer | Uint8Array | ArrayBufferView | ArrayBufferLike
  type Sendable = Data | Prepared

  /** A message that is framed once and compressed once, for any number of connections. */
  interface Prepared {
    readonly byteLength: number
  }

  interface MessageOptions {
    /** Whether it is binary. Default: unless it is a string. */
    binary?: boolean
    /** Whether it may be compressed, where that was agreed on. Default: true. */
    compress?: boolean
  }

  interface SendOptions extends MessageOptions {
    /** `false` for a part that others follow. */
    fin?: boolean
  }

  interface Event { type: string, target: WebSocket }
  interface ErrorEvent extends Event { error: any, message: string }
  interface CloseEvent extends Event { code: number, reason: string, wasClean: boolean }
  interface MessageEvent extends Event { data: string | RawData }
  interface EventMap { open: Event, error: ErrorEvent, close: CloseEvent, message: MessageEvent }

  /** The error of a connection whose peer broke a rule. */
  interface ViolationError extends Error {
    /** As `ws` calls it. */
    code: string
    /** As every language of polywire calls it, such as `frame.reserved_bits`. */
    rule: string
    /** The code that the connection was closed with. */
    closeCode: number
    /** What came instead, as a number. */
    found: number
    /** Where in the stream the frame began. */
    offset: number
  }

  interface PerMessageDeflateOptions {
    serverNoContextTakeover?: boolean
    clientNoContextTakeover?: boolean
    /** 8 to 15. Default: 12. */
    serverMaxWindowBits?: number
    /** 8 to 15. Default: 12. */
    clientMaxWindowBits?: number | boolean
    /** The level, 1 to 9. Default: 6. */
    zlibDeflateOptions?: { level?: number }
    /** Shorter messages are not compressed. Default: 128 bytes. */
    threshold?: number
    /** `folded`: engines are shared, a connection keeps its last bytes. `dedicated`: engines of its own. */
    contexts?: 'folded' | 'dedicated'
  }

  /** A steady rate, and how much may come at once. */
  interface Rate { perSecond: number, burst?: number }

  interface CommonOptions {
    perMessageDeflate?: boolean | PerMessageDeflateOptions
    /** Bytes of a message, before and after inflation; 0 for no limit. Default: 100 MiB. */
    maxPayload?: number
    /** Fragments of a message; 0 for no limit. Default: 16384. */
    maxFragments?: number
    /** Whether pings are answered by themselves. Default: true. */
    autoPong?: boolean
    /** Milliseconds for the closing handshake. Default: 30 000. */
    closeTimeout?: number
    /** Pings a silent peer, and gives it up when no sign of life comes; in milliseconds. */
    heartbeat?: { interval: number, timeout?: number }
    /** Closes with 1001 after so many milliseconds without a message. */
    idleTimeout?: number
    /** What a peer may ask of this end beyond that. */
    limits?: { messagesPerSecond?: Rate, bytesPerSecond?: Rate, queuedPongs?: number }
  }

  interface ClientOptions extends CommonOptions, Omit<ClientRequestArgs, 'createConnection'>, SecureContextOptions {
    agent?: Agent
    createConnection?: (options: any, callback: (error: Error | null, socket: Duplex) => void) => Duplex | null | undefined
    finishRequest?: (request: ClientRequest, websocket: WebSocket) => void
    followRedirects?: boolean
    handshakeTimeout?: number
    headers?: OutgoingHttpHeaders
    maxRedirects?: number
    origin?: string
    rejectUnauthorized?: boolean
    servername?: string
  }

  interface VerifyInfo { origin: string | undefined, secure: boolean, req: IncomingMessage }
  type VerifyClient =
    | ((info: VerifyInfo) => boolean)
    | ((info: VerifyInfo, callback: (verified: boolean, status?: number, message?: string, headers?: OutgoingHttpHeaders) => void) => void)

  interface ServerOptions extends CommonOptions {
    host?: string
    port?: number
    backlog?: number
    server?: HttpServer | HttpsServer
    noServer?: boolean
    path?: string
    clientTracking?: boolean
    handleProtocols?: (protocols: Set<string>, request: IncomingMessage) => string | false
    verifyClient?: VerifyClient
    /** Which web pages may connect: these origins, those of this host, or any. Default: any. */
    origins?: string[] | 'same' | 'any'
    WebSocket?: typeof WebSocket
  }

  class WebSocketServer extends EventEmitter {
    constructor (options: ServerOptions, callback?: () => void)
    readonly options: ServerOptions
    readonly clients: Set<WebSocket>
    address (): AddressInfo | string | null
    close (callback?: (error?: Error) => void): void
    handleUpgrade (request: IncomingMessage, socket: Duplex, head: Buffer, callback: (client: WebSocket, request: IncomingMessage) => void): void
    shouldHandle (request: IncomingMessage): boolean

    on (event: 'connection', listener: (this: WebSocketServer, client: WebSocket, request: IncomingMessage) => void): this
    on (event: 'headers', listener: (this: WebSocketServer, headers: string[], request: IncomingMessage) => void): this
    on (event: 'wsClientError', listener: (this: WebSocketServer, error: Error, socket: Duplex, request: IncomingMessage) => void): this
    on (event: 'error', listener: (this: WebSocketServer, error: Error) => void): this
    on (event: 'close' | 'listening', listener: (this: WebSocketServer) => void): this
    on (event: string | symbol, listener: (this: WebSocketServer, ...values: any[]) => void): this
  }

  const Server: typeof WebSocketServer
  type Server = WebSocketServer
  const WebSocket: typeof import('./index.js')
  type WebSocket = import('./index.js')

  /** A connection as a stream: each chunk that is written is a message. */
  function createWebSocketStream (websocket: WebSocket, options?: DuplexOptions): Duplex

  /** Prepares a message for any number of connections: give what it returns to their `send`. */
  function prepare (data: Data, options?: MessageOptions): Prepared
}

export = WebSocket
