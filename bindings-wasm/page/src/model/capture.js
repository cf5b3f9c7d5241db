// Owns what is known of the open capture on the page's side: columns, problems, connections, progress. Knows the
// shape of the engine's news, not where they come from.

/** @import { Connection, Format, News, Rule } from '../engine.d.ts' */
import { Columns } from './columns.js';
import { Flag, NONE } from './frame.js';
import { Problems } from './problems.js';

/** Whoever adds to it tells, with the event `change`, when it is time to look. */
export class Capture extends EventTarget {
  /** @param {{ name: string, live?: boolean, format: Format, rules: readonly Rule[] }} about */
  constructor({ name, live = false, format, rules }) {
    super();
    this.name = name;
    this.live = live;
    this.format = format;
    this.rules = rules;
    this.columns = new Columns();
    this.problems = new Problems();
    /** @type {Connection[]} */
    this.connections = [];
    this.size = 0;
    this.position = 0;
    this.done = false;
    /** @type {string | null} */
    this.trouble = null;
    this.started = Number.POSITIVE_INFINITY;
  }

  /**
   * @param {News} news
   * @param {{ size: number, position: number, done: boolean, trouble: string | null }} progress
   */
  add(news, progress) {
    this.columns.append(news.rows);
    this.problems.add(news.problems);
    for (const connection of news.connections) {
      this.connections[connection.id] = connection;
      if (connection.started > 0) this.started = Math.min(this.started, connection.started);
    }
    Object.assign(this, progress);
  }

  get frames() {
    return this.columns.count;
  }

  /** Do the rows have times? Pasted bytes have none. */
  get hasTimes() {
    return Number.isFinite(this.started);
  }

  /** Microseconds since the capture began. @param {number} time */
  since(time) {
    return this.hasTimes ? time - this.started : 0;
  }

  /**
   * The nearest row of the same connection with the same answer to `wanted`, searched from `row` on.
   * @param {number} row @param {1 | -1} step @param {(row: number) => boolean} wanted
   */
  nearest(row, step, wanted) {
    const connection = this.columns.at('connection', row);
    for (let at = row + step; at >= 0 && at < this.frames; at += step) {
      if (this.columns.at('connection', at) === connection && wanted(at)) return at;
    }
    return null;
  }

  /** The rows of a message's fragments, whichever of them is given; a control frame stands for itself. @param {number} row */
  fragments(row) {
    const message = this.columns.at('message', row);
    if (message === NONE) return [row];
    const rows = [row];
    const same = (/** @type {number} */ at) => this.columns.at('message', at) === message;
    for (const step of /** @type {const} */ ([-1, 1])) {
      const last = step === 1 ? Flag.LAST : Flag.FIRST;
      let at = row;
      while ((this.columns.at('flags', at) & last) === 0) {
        const next = this.nearest(at, step, same);
        if (next === null) break;
        at = next;
        if (step === 1) rows.push(at);
        else rows.unshift(at);
      }
    }
    return rows;
  }
}
