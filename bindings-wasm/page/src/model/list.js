// Owns which rows the list shows, in which order: all of them, or those that pass a filter, as frames or as whole
// messages. Filters in slices of a few milliseconds, so that a million rows hold nothing up. Knows no element.

/** @import { Capture } from './capture.js' */
/** @import { Filter } from './filter.js' */
import { parseFilter } from './filter.js';
import { Flag, NONE } from './frame.js';

/** Rows between two looks at the clock, and milliseconds until others may work. */
const STRIDE = 4096;
const SLICE = 6;
/** Rows whose content is fetched at once. */
const CONTENT_ROWS = 1000;

/** @typedef {(rows: number[]) => Promise<string[]>} Contents */

export class List extends EventTarget {
  /** @param {Capture} capture @param {Contents} contents Reads the beginning of the content of rows. */
  constructor(capture, contents) {
    super();
    this.capture = capture;
    this.contents = contents;
    /** @type {Filter} */
    this.filter = parseFilter('');
    this.connection = -1;
    this.messages = false;
    /** Raised when what is looked for changes, so that a scan that waits knows it is not wanted any more. */
    this.generation = 0;
    /** Rows that pass, when not all do. */
    this.passed = new Uint32Array(1024);
    this.size = 0;
    this.scanned = 0;
    this.running = false;
    this.isAll = true;
    capture.addEventListener('change', () => this.#extend());
  }

  /** @param {{ filter?: Filter, connection?: number, messages?: boolean }} changes */
  change(changes) {
    Object.assign(this, changes);
    this.#restart();
  }

  /** Nobody looks at it any more. */
  stop() {
    this.generation += 1;
  }

  #restart() {
    this.generation += 1;
    this.size = 0;
    this.scanned = 0;
    this.running = false;
    this.isAll = this.filter.empty && this.connection < 0 && !this.messages;
    this.#extend();
  }

  get count() {
    return this.isAll ? this.capture.frames : this.size;
  }

  /** Still looking? */
  get busy() {
    return !this.isAll && this.scanned < this.capture.frames;
  }

  /** The row at a place of the list. @param {number} place */
  row(place) {
    return this.isAll ? place : this.passed[place];
  }

  /** The place of a row, or of the next one that is shown. @param {number} row */
  placeAfter(row) {
    if (this.isAll) return row;
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.passed[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of a row, or -1. @param {number} row */
  placeOf(row) {
    const place = this.placeAfter(row);
    return place < this.count && this.row(place) === row ? place : -1;
  }

  #extend() {
    if (this.isAll) this.#tell();
    else if (!this.running) void this.#scan(this.generation);
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }

  /** @param {number} generation */
  async #scan(generation) {
    this.running = true;
    while (generation === this.generation && this.scanned < this.capture.frames) {
      const rows = this.#slice();
      const passed = this.filter.contents.length > 0 ? await this.#withContents(rows) : rows;
      if (generation !== this.generation) return;
      this.#keep(passed);
      this.#tell();
      if (this.scanned < this.capture.frames) await pause();
    }
    if (generation === this.generation) {
      this.running = false;
      this.#tell();
    }
  }

  /** The rows that pass as far as the columns can say, of as many as a slice of time allows. */
  #slice() {
    const { columns } = this.capture;
    const limit = this.filter.contents.length > 0 ? CONTENT_ROWS : Number.POSITIVE_INFINITY;
    const until = performance.now() + SLICE;
    /** @type {number[]} */
    const rows = [];
    while (this.scanned < columns.count && rows.length < limit && performance.now() < until) {
      const end = Math.min(columns.count, this.scanned + STRIDE);
      while (this.scanned < end && rows.length < limit) {
        if (this.#passes(this.scanned)) rows.push(this.scanned);
        this.scanned += 1;
      }
    }
    return rows;
  }

  /** @param {number} row */
  #passes(row) {
    const { columns } = this.capture;
    if (this.connection >= 0 && columns.at('connection', row) !== this.connection) return false;
    if (this.messages && columns.at('message', row) !== NONE && !(columns.at('flags', row) & Flag.FIRST)) return false;
    return this.filter.tests.every((test) => test(columns, row));
  }

  /** @param {number[]} rows */
  async #withContents(rows) {
    if (rows.length === 0) return rows;
    const contents = await this.contents(rows);
    return rows.filter((_, at) => this.filter.contents.every((test) => test(contents[at])));
  }

  /** @param {number[]} rows */
  #keep(rows) {
    if (this.size + rows.length > this.passed.length) {
      const larger = new Uint32Array(Math.max(this.passed.length * 2, this.size + rows.length));
      larger.set(this.passed.subarray(0, this.size));
      this.passed = larger;
    }
    this.passed.set(rows, this.size);
    this.size += rows.length;
  }
}

/** Lets the screen and the keyboard in between. */
function pause() {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(undefined);
    channel.port2.postMessage(null);
  });
}
