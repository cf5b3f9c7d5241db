'use strict'

// A WebSocket as a duplex stream: each chunk that is written is a message, each message a chunk to read.

const { Duplex } = require('node:stream')

/** The stream of `ws`. It ends when the peer closes, and closes when it ends. */
function createWebSocketStream (ws, options) {
  let terminateOnDestroy = true
  const stream = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,

    read () {
      if (ws.isPaused) ws.resume()
    },

    write (chunk, encoding, callback) {
      whenOpen(ws, () => ws.send(chunk, callback))
    },

    final (callback) {
      whenOpen(ws, () => {
        if (ws.readyState === ws.CLOSED) return callback()
        ws.once('close', () => callback())
        ws.close()
      })
    },

    destroy (error, callback) {
      let told = false
      const done = () => {
        if (told) return
        told = true
        callback(error)
        process.nextTick(() => stream.emit('close'))
      }
      if (ws.readyState === ws.CLOSED) return done()
      // A handshake that is given up fails with an error, which is not the stream's.
      ws.once('error', () => {})
      ws.once('close', done)
      if (terminateOnDestroy) ws.terminate()
    }
  })

  ws.on('message', (message, isBinary) => {
    const data = !isBinary && stream.readableObjectMode ? message.toString() : message
    if (!stream.push(data)) ws.pause()
  })
  ws.once('error', (error) => {
    if (stream.destroyed) return
    // The connection closes by itself, in order.
    terminateOnDestroy = false
    stream.destroy(error)
  })
  ws.once('close', () => {
    if (stream.destroyed) return
    stream.push(null)
    stream.end()
  })
  stream.on('end', () => destroyWhenFinished(stream))
  stream.on('finish', () => destroyWhenFinished(stream))
  return stream
}

function destroyWhenFinished (stream) {
  if (!stream.destroyed && stream.readableEnded && stream.writableFinished) stream.destroy()
}

function whenOpen (ws, act) {
  if (ws.readyState === ws.CONNECTING) ws.once('open', act)
  else act()
}

module.exports = { createWebSocketStream }
