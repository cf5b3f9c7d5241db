// Loading the WebAssembly module, once for both halves of the package.
//
// Owns where the module's file is and how each platform reads it. Knows nothing of what is in it.

import initialise from './polywire.js'

let loading
let exports

/** Loads the module, from beside this file or from what is given. Later calls return the same. */
export function load (source) {
  loading ??= start(source).catch(error => {
    loading = undefined
    throw error
  })
  return loading
}

/** The module's memory as bytes: a view that ends with the next call that may grow it. */
export function memory (offset, length) {
  return new Uint8Array(exports.memory.buffer, offset, length)
}

/** The same as words. */
export function words (offset, length) {
  return new Uint32Array(exports.memory.buffer, offset, length)
}

async function start (source = new URL('./polywire_bg.wasm', import.meta.url)) {
  const url = typeof source === 'string' ? new URL(source, import.meta.url) : source
  // Node's fetch does not read files.
  const isFile = url instanceof URL && url.protocol === 'file:'
  const input = isFile ? (await import('node:fs/promises')).readFile(url) : url
  exports = await initialise({ module_or_path: await input })
  return exports
}
