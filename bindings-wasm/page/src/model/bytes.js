// Owns the bytes of one frame in one form, fetched in blocks when they are looked at. Knows the engine's client.

/** @import { Client } from '../engine/client.js' */
/** @import { Bytes, FrameDetail, PayloadForm } from '../engine.d.ts' */

const BLOCK = 1 << 16;

/** @typedef {PayloadForm | 'message'} Form */

export class FrameBytes {
  /**
   * @param {Client} client @param {FrameDetail} frame @param {Form} form
   * @param {() => void} arrived Something that was missing is there.
   */
  constructor(client, frame, form, arrived) {
    this.client = client;
    this.frame = frame;
    this.form = form;
    this.arrived = arrived;
    /** The header stands before the payload as it is on the wire. */
    this.lead = form === 'raw' ? frame.header.length : 0;
    this.total = this.lead + (form === 'raw' || form === 'unmasked' ? frame.length : 0);
    /** @type {string | null} */
    this.trouble = null;
    /** @type {Map<number, Uint8Array | null>} */
    this.blocks = new Map();
    /** Ranges that the capture lacks: first and end. @type {[number, number][]} */
    this.missing = [];
  }

  /** The first block tells how much there is. */
  async load() {
    await this.#fetch(0);
  }

  /** A byte, or -1 while it is on its way. @param {number} offset */
  at(offset) {
    if (offset < this.lead) return this.frame.header[offset];
    const place = offset - this.lead;
    const block = this.blocks.get(Math.floor(place / BLOCK));
    if (block === undefined) void this.#fetch(Math.floor(place / BLOCK));
    return block ? (block[place % BLOCK] ?? -1) : -1;
  }

  /** @param {number} offset */
  isMissing(offset) {
    return this.missing.some(([first, end]) => offset >= first && offset < end);
  }

  /** @param {number} offset @param {number} length @returns {Promise<Uint8Array>} */
  async slice(offset, length) {
    const payload = await this.#read(Math.max(0, offset - this.lead), Math.max(0, length - Math.max(0, this.lead - offset)));
    const head = this.frame.header.subarray(0, this.lead).subarray(offset, offset + length);
    const all = new Uint8Array(head.length + payload.bytes.length);
    all.set(head);
    all.set(payload.bytes, head.length);
    return all;
  }

  /** @param {number} offset @param {number} length @returns {Promise<Bytes>} */
  #read(offset, length) {
    const { client, form, frame } = this;
    return form === 'message' ? client.message(frame.row, offset, length) : client.payload(frame.row, form, offset, length);
  }

  /** @param {number} index */
  async #fetch(index) {
    this.blocks.set(index, null);
    const found = await this.#read(index * BLOCK, BLOCK);
    this.blocks.set(index, found.bytes);
    this.total = this.lead + found.total;
    this.trouble = found.trouble;
    for (let at = 0; at < found.missing.length; at += 2) {
      const first = this.lead + found.offset + found.missing[at];
      this.missing.push([first, first + found.missing[at + 1]]);
    }
    this.arrived();
  }
}
