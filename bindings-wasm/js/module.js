// A WebAssembly module of the package.
//
// Owns where its file is, how each platform reads it, and the view of its memory. Knows nothing of what is in
// it.

/** One of the two modules, loaded once. */
export class Module {
  #initialise
  #file
  #loading = null
  #exports = null

  constructor (initialise, file) {
    this.#initialise = initialise
    this.#file = file
  }

  /** Loads it, from beside this file or from what is given. Later calls wait for the first. */
  load (source) {
    this.#loading ??= this.#start(source).catch(error => {
      this.#loading = null
      throw error
    })
    return this.#loading
  }

  /** Its memory as bytes: a view that ends with the next call that may grow it. */
  memory (offset, length) {
    return new Uint8Array(this.#exports.memory.buffer, offset >>> 0, length)
  }

  /** The same as words. */
  words (offset, length) {
    return new Uint32Array(this.#exports.memory.buffer, offset >>> 0, length)
  }

  async #start (source = new URL(this.#file, import.meta.url)) {
    const url = typeof source === 'string' ? new URL(source, import.meta.url) : source
    // Node's fetch does not read files.
    const isFile = url instanceof URL && url.protocol === 'file:'
    const input = isFile ? (await import('node:fs/promises')).readFile(url) : url
    this.#exports = await this.#initialise({ module_or_path: await input })
  }
}
