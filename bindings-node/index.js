'use strict'

// What the package exports, in the shape of `ws`.

const { WebSocket } = require('./lib/websocket.js')
const { WebSocketServer } = require('./lib/server.js')
const { prepare } = require('./lib/prepared.js')
const { createWebSocketStream } = require('./lib/stream.js')

Object.assign(WebSocket, { WebSocket, WebSocketServer, Server: WebSocketServer, createWebSocketStream, prepare })

module.exports = WebSocket
