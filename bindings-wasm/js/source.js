// Where the bytes of a capture come from.
//
// Owns reading: of a file in slices, ahead of time, and of many small places in few reads. Knows nothing
// of captures.

/** Places closer than this are read in one go. */
const NEAR = 64 << 10

/** Nothing longer is read in one go. */
const LONGEST = 4 << 20

/** Short reads share blocks of a file, of which the newest are kept: a list reads many places near each other. */
const BLOCK = 256 << 10
const BLOCKS = 8

/** A Blob, or bytes in memory. */
export class Source {
  /** Blocks that are read or on their way, by number, the newest last. */
  #blocks = new Map()

  constructor (blob) {
    this.blob = blob instanceof Uint8Array ? null : blob
    this.bytes = blob instanceof Uint8Array ? blob : null
    this.size = this.blob ? blob.size : blob.byteLength
  }

  /** Bytes from an offset on; fewer at the end. They must not be changed. */
  async read (offset, length) {
    const end = Math.min(offset + length, this.size)
    if (this.bytes) return this.bytes.subarray(offset, end)
    const block = Math.floor(offset / BLOCK)
    if (end > offset && Math.floor((end - 1) / BLOCK) === block) {
      const bytes = await this.#block(block)
      return bytes.subarray(offset - block * BLOCK, end - block * BLOCK)
    }
    return this.#slice(offset, end)
  }

  async #slice (offset, end) {
    return new Uint8Array(await this.blob.slice(offset, end).arrayBuffer())
  }

  #block (number) {
    let bytes = this.#blocks.get(number)
    if (!bytes) {
      bytes = this.#slice(number * BLOCK, Math.min((number + 1) * BLOCK, this.size))
      this.#blocks.set(number, bytes)
      // What could not be read is tried again.
      bytes.catch(() => this.#blocks.delete(number))
      if (this.#blocks.size > BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value)
    }
    return bytes
  }
}

/** Bytes that are appended one after the other, kept outside of the module's memory. */
export class Journal {
  constructor () {
    this.chunks = []
    this.starts = []
    this.size = 0
  }

  append (bytes) {
    if (bytes.length === 0) return
    this.starts.push(this.size)
    this.chunks.push(bytes.slice())
    this.size += bytes.length
  }

  async read (offset, length) {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)))
    let chunk = this.#chunkAt(offset)
    let done = 0
    while (done < bytes.length) {
      const from = offset + done - this.starts[chunk]
      const part = this.chunks[chunk].subarray(from, from + bytes.length - done)
      bytes.set(part, done)
      done += part.length
      chunk++
    }
    return bytes
  }

  #chunkAt (offset) {
    let low = 0
    let high = this.starts.length
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if (this.starts[middle] <= offset) low = middle
      else high = middle
    }
    return low
  }
}

/**
 * Reads places, `[offset, length]` in turn with -1 for what is nowhere, and calls `each` with their
 * bytes, in order. What is nowhere comes as zeros.
 */
export async function readPlaces (source, places, each) {
  let at = 0
  while (at < places.length) {
    const group = groupFrom(places, at)
    const read = group.start < 0 ? null : await source.read(group.start, group.end - group.start)
    for (; at < group.next; at += 2) {
      const [offset, length] = [places[at], places[at + 1]]
      if (offset >= 0 && read) await inPieces(source, offset, length, group, read, each)
      else for (let left = length; left > 0; left -= LONGEST) each(new Uint8Array(Math.min(left, LONGEST)))
    }
  }
}

/** Places from one on that are near each other in the file, and in its order. */
function groupFrom (places, from) {
  let next = from
  let start = -1
  let end = -1
  for (; next < places.length; next += 2) {
    const [offset, length] = [places[next], places[next + 1]]
    if (offset < 0) continue
    if (start < 0) [start, end] = [offset, Math.min(offset + length, offset + LONGEST)]
    else if (offset < end || offset - end > NEAR || offset + length - start > LONGEST) break
    else end = offset + length
  }
  return { start, end, next }
}

async function inPieces (source, offset, length, group, read, each) {
  const from = offset - group.start
  const here = Math.min(length, read.length - from)
  each(read.slice(from, from + here))
  for (let done = here; done < length;) {
    const more = await source.read(offset + done, Math.min(LONGEST, length - done))
    if (more.length === 0) return
    each(more.slice())
    done += more.length
  }
}
