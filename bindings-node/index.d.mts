// The types of `import 'polywire'`.

import WebSocket from './index.js'

export import WebSocketServer = WebSocket.WebSocketServer
export import createWebSocketStream = WebSocket.createWebSocketStream
export import prepare = WebSocket.prepare
export type RawData = WebSocket.RawData
export type Data = WebSocket.Data
export type Prepared = WebSocket.Prepared
export type ClientOptions = WebSocket.ClientOptions
export type ServerOptions = WebSocket.ServerOptions
export type PerMessageDeflateOptions = WebSocket.PerMessageDeflateOptions
export type ViolationError = WebSocket.ViolationError
export { WebSocket }
export default WebSocket
