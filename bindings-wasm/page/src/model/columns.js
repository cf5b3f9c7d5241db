// Owns the columns of all frames: typed arrays in blocks, so that a million frames are no million objects and
// growing copies nothing. Knows neither the engine nor the screen.

/** @import { Rows } from '../engine.d.ts' */

const BITS = 16;
const BLOCK = 1 << BITS;
const WITHIN = BLOCK - 1;

/** The columns of a block, named as in `Rows`. */
class Block {
  connection = new Uint32Array(BLOCK);
  time = new Float64Array(BLOCK);
  offset = new Float64Array(BLOCK);
  length = new Uint32Array(BLOCK);
  content = new Uint32Array(BLOCK);
  header = new Uint16Array(BLOCK);
  headerLength = new Uint8Array(BLOCK);
  flags = new Uint16Array(BLOCK);
  message = new Uint32Array(BLOCK);
  value = new Uint32Array(BLOCK);
}

const NAMES = /** @type {(keyof Block)[]} */ (Object.keys(new Block()));

export class Columns {
  constructor() {
    this.count = 0;
    /** @type {Block[]} */
    this.blocks = [];
  }

  /** Append the rows of a piece of news. @param {Rows} rows */
  append(rows) {
    if (rows.start !== this.count) throw new RangeError(`rows from ${rows.start} on, expected ${this.count}`);
    let taken = 0;
    while (taken < rows.count) {
      const at = this.count & WITHIN;
      if (at === 0) this.blocks.push(new Block());
      const block = this.blocks[this.count >> BITS];
      const size = Math.min(BLOCK - at, rows.count - taken);
      for (const name of NAMES) block[name].set(rows[name].subarray(taken, taken + size), at);
      taken += size;
      this.count += size;
    }
  }

  /** The block of a row; its columns are indexed by `row & Columns.WITHIN`. @param {number} row */
  block(row) {
    return this.blocks[row >> BITS];
  }

  /** @param {keyof Block} name @param {number} row */
  at(name, row) {
    return this.blocks[row >> BITS][name][row & WITHIN];
  }
}

Columns.WITHIN = WITHIN;
