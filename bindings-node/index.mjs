// The same as the CommonJS module, by name.

import WebSocket from './index.js'

export const { WebSocketServer, createWebSocketStream, prepare } = WebSocket
export { WebSocket }
export default WebSocket
