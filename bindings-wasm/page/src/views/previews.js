// Owns the beginnings of the contents that the list shows: asked for in blocks, kept for a while. Knows rows, not
// elements.

/** @import { App } from '../app.js' */

const BLOCK = 64;
const KEPT = 200;
const CHARACTERS = 160;

export class Previews {
  /** @param {App} app @param {() => void} arrived */
  constructor(app, arrived) {
    this.app = app;
    this.arrived = arrived;
    /** By row. @type {Map<number, string>} */
    this.texts = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
    this.generation = 0;
  }

  clear() {
    this.generation += 1;
    this.texts.clear();
    this.asked.clear();
  }

  /** @param {number} row */
  of(row) {
    return this.texts.get(row) ?? '';
  }

  /** These places of the list are seen: their contents are wanted. @param {number} first @param {number} end */
  want(first, end) {
    const { list } = this.app;
    if (!list) return;
    /** @type {number[]} */
    const rows = [];
    const stop = Math.min(list.count, Math.ceil(end / BLOCK) * BLOCK);
    for (let place = Math.max(0, Math.floor(first / BLOCK) * BLOCK); place < stop; place += 1) {
      const row = list.row(place);
      if (!this.texts.has(row) && !this.asked.has(row)) rows.push(row);
    }
    if (rows.length > 0) void this.#ask(rows);
  }

  /** @param {number[]} rows */
  async #ask(rows) {
    const { generation } = this;
    for (const row of rows) this.asked.add(row);
    try {
      const texts = await this.app.client.previews(rows, CHARACTERS);
      if (generation !== this.generation) return;
      this.#forget();
      rows.forEach((row, at) => this.texts.set(row, visible(this.#readable(row, texts[at]))));
      this.arrived();
    } catch (error) {
      // Another capture was opened in between: nobody waits for this answer.
      if (generation === this.generation) throw error;
    } finally {
      for (const row of rows) this.asked.delete(row);
    }
  }

  /** Pings come as hex, like all that is not text; most of them are words all the same. @param {number} row @param {string} text */
  #readable(row, text) {
    const opcode = (this.app.capture?.columns.at('header', row) ?? 0) & 15;
    const pairs = opcode === 9 || opcode === 10 ? text.match(/[0-9a-f]{2}\b/g) : null;
    const bytes = pairs?.map((pair) => parseInt(pair, 16)) ?? [];
    return bytes.length > 0 && bytes.every((byte) => byte >= 32 && byte < 127) ? String.fromCharCode(...bytes) : text;
  }

  /** The oldest go first. */
  #forget() {
    let excess = this.texts.size - KEPT * BLOCK;
    for (const row of this.texts.keys()) {
      if (excess <= 0) return;
      this.texts.delete(row);
      excess -= 1;
    }
  }
}

/** Line ends and other controls as pictures, so that a row stays a row. @param {string} text */
function visible(text) {
  return text.replace(/[\u0000-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)));
}
