// Owns the problems of a capture, as columns: a peer that never masks breaks a rule with every frame. Knows the shape
// of the engine's news.

/** @import { Problems as News } from '../engine.d.ts' */

/**
 * @typedef {object} Problem
 * @property {number} number
 * @property {number} rule
 * @property {number} connection
 * @property {number} row
 * @property {0 | 1} direction
 * @property {number} time
 * @property {number} offset
 * @property {boolean} certain
 */

export class Problems {
  constructor() {
    this.count = 0;
    /** @type {News[]} */
    this.blocks = [];
    /** The numbers of the problems of each rule, in the order in which the rules were first broken. @type {Map<number, number[]>} */
    this.byRule = new Map();
  }

  /** @param {News} news */
  add(news) {
    if (news.count === 0) return;
    this.blocks.push(news);
    for (let at = 0; at < news.count; at += 1) {
      const numbers = this.byRule.get(news.rule[at]);
      if (numbers) numbers.push(news.start + at);
      else this.byRule.set(news.rule[at], [news.start + at]);
    }
    this.count += news.count;
  }

  /** @param {number} number @returns {Problem} */
  at(number) {
    const block = this.blocks[this.#blockOf(number)];
    const at = number - block.start;
    return {
      number,
      rule: block.rule[at],
      connection: block.connection[at],
      row: block.row[at],
      direction: block.direction[at] === 1 ? 1 : 0,
      time: block.time[at],
      offset: block.offset[at],
      certain: block.certain[at] === 1,
    };
  }

  /** @param {number} number */
  #blockOf(number) {
    let [low, high] = [0, this.blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.blocks[middle].start <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The problems of one row. @param {number} row */
  ofRow(row) {
    const found = [];
    for (const block of this.blocks) {
      for (let at = block.row.indexOf(row); at >= 0; at = block.row.indexOf(row, at + 1)) found.push(this.at(block.start + at));
    }
    return found;
  }
}
