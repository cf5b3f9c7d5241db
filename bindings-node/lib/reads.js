'use strict'

// How bytes come from a plain socket.
// Owns one read buffer for all of them. Node's streams allocate 64 KiB for each read and pass what came through
// a queue, which costs more than all that is done here with it.
//
// `net.Socket` can read into a buffer of the caller's, with the option `onread`, but only a client may give it, when
// it makes the socket. What the option sets is looked up here on a socket that was made with it, and set on one
// that exists already. Where that is not found, as in other runtimes, the stream's events do.

const net = require('node:net')

/** As much as libuv reads at a time. */
const shared = Buffer.allocUnsafeSlow(64 << 10)

/** Looks up what the option sets: under which names a socket keeps its buffer, and what is called with it. */
function onreadSymbols () {
  const onRead = () => true
  const made = new net.Socket({ onread: { buffer: shared, callback: onRead } })
  const symbols = Object.getOwnPropertySymbols(made)
  return [shared, onRead].map((value) => symbols.find((symbol) => made[symbol] === value))
}
const [BUFFER, CALLBACK] = onreadSymbols()

/**
 * A function that makes plain sockets give what they read to `take`, called as their method, where that can be.
 * Their listeners of `data` get what was read before.
 */
function readsTo (take) {
  /** Called as a method of the socket, with the number of bytes in the buffer. */
  function onRead (count) {
    // Messages are views of it. Small ones share a pool, as those of `Buffer.from` do.
    const chunk = Buffer.allocUnsafe(count)
    shared.copy(chunk, 0, 0, count)
    // What stands in the stream's own queue came first.
    if (this.readableLength > 0) this.push(chunk)
    else take.call(this, chunk)
    return true
  }
  return (socket) => {
    const handle = socket._handle
    if (BUFFER === undefined || CALLBACK === undefined || socket[BUFFER] !== null || typeof handle?.useUserBuffer !== 'function') return
    socket[BUFFER] = shared
    socket[CALLBACK] = onRead
    handle.useUserBuffer(shared)
  }
}

module.exports = { readsTo }
