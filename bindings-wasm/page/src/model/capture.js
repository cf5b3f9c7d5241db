// Owns what is known of the open capture on the page's side: columns, problems, connections, progress. Knows the
// shape of the engine's news, not where they come from.

/** @import { Connection, Format, News, Rule } from '../engine.d.ts' */
import { Columns } from './columns.js';
import { NONE } from './frame.js';

/**
 * @typedef {object} Problem
 * @property {number} number
 * @property {number} rule
 * @property {number} connection
 * @property {number} row
 * @property {0 | 1} direction
 * @property {number} time
 * @property {number} offset
 * @property {number} found
 * @property {boolean} certain
 */

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
    /** @type {Problem[]} */
    this.problems = [];
    /** The first problem of a row, by row. @type {Map<number, number>} */
    this.problemOfRow = new Map();
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
    for (let at = 0; at < news.problems.count; at += 1) this.#addProblem(news, at);
    for (const connection of news.connections) {
      this.connections[connection.id] = connection;
      if (connection.started > 0) this.started = Math.min(this.started, connection.started);
    }
    Object.assign(this, progress);
  }

  /** @param {News} news @param {number} at */
  #addProblem({ problems }, at) {
    const row = problems.row[at];
    const number = this.problems.length;
    this.problems.push({
      number,
      rule: problems.rule[at],
      connection: problems.connection[at],
      row,
      direction: problems.direction[at] === 1 ? 1 : 0,
      time: problems.time[at],
      offset: problems.offset[at],
      found: problems.found[at],
      certain: problems.certain[at] === 1,
    });
    if (row !== NONE && !this.problemOfRow.has(row)) this.problemOfRow.set(row, number);
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

  /** The problems of one row. @param {number} row */
  problemsOf(row) {
    const first = this.problemOfRow.get(row);
    if (first === undefined) return [];
    return this.problems.slice(first).filter((problem) => problem.row === row);
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
      const last = step === 1 ? 64 : 32;
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
