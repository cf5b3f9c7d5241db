// Owns the brackets that join the fragments of a message in the list, through the frames between them. Knows rows and
// places, no element.

/** @import { App } from '../app.js' */
import { Flag, NONE } from '../model/frame.js';

/** @typedef {'' | 'first' | 'middle' | 'last' | 'through'} Bracket */

/** How far above the visible rows the beginning of a message is looked for. */
const LOOK_BACK = 400;

export class Brackets {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** By place. @type {Map<number, Bracket>} */
    this.marks = new Map();
  }

  /** @param {number} place @returns {Bracket} */
  at(place) {
    return this.marks.get(place) ?? '';
  }

  /** Find the brackets of the visible places. @param {number} first @param {number} end */
  trace(first, end) {
    this.marks.clear();
    const { list, capture } = this.app;
    if (!list || !capture || list.messages) return;
    const { columns } = capture;
    /** Messages that are open at the place where the loop is, with the places between their fragments. @type {Map<number, number[]>} */
    const open = new Map();
    for (let place = Math.max(0, first - LOOK_BACK); place < Math.min(list.count, end + LOOK_BACK); place += 1) {
      if (place >= end && open.size === 0) return;
      const row = list.row(place);
      const message = columns.at('message', row);
      const ends = columns.at('flags', row) & (Flag.FIRST | Flag.LAST);
      const isFragment = message !== NONE && ends !== (Flag.FIRST | Flag.LAST);
      if (isFragment) this.#fragment(place, message, ends, open);
      for (const [other, places] of open) if (other !== message || !isFragment) places.push(place);
    }
  }

  /** @param {number} place @param {number} message @param {number} ends @param {Map<number, number[]>} open */
  #fragment(place, message, ends, open) {
    for (const between of open.get(message) ?? []) {
      if (!this.marks.has(between)) this.marks.set(between, 'through');
    }
    if (ends & Flag.LAST) open.delete(message);
    else open.set(message, []);
    this.marks.set(place, ends & Flag.FIRST ? 'first' : ends & Flag.LAST ? 'last' : 'middle');
  }
}
