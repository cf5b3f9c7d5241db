// Owns a list of any number of rows of one height, of which only the visible ones are elements. Knows nothing of
// what is in a row.
//
// Browsers cap the height of an element (Chromium at 33 554 428 px, Firefox at 17 895 696), which is less than a
// million rows need. So the scrollbar is scaled: between two zones at its ends it stands for more pixels than it has,
// while wheel, touch and keys still move by exact pixels. The rows hang in a sticky layer, so the compositor never
// scrolls them away before this code has drawn.

import { h } from './dom.js';

/** The tallest track, and the part at each end of it that is not scaled. */
const TRACK = 4_000_000;
const ZONE = 40_000;

/**
 * @typedef {object} Options
 * @property {number} rowHeight
 * @property {() => HTMLElement} create Make an empty row.
 * @property {(row: HTMLElement, index: number) => void} draw Show the row `index` in an element.
 * @property {(first: number, end: number) => void} [visible] The rows that are drawn now.
 */

export class Scroller {
  /** @param {HTMLElement} element The viewport. @param {Options} options */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.count = 0;
    /** The position of the viewport's upper edge, in pixels of the whole list. */
    this.top = 0;
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
    /** @type {HTMLElement[]} */
    this.spare = [];
    this.height = 0;
    this.seen = 0;
    this.frame = 0;
    this.settling = 0;

    this.layer = h('div.scroll-layer', { role: 'presentation' });
    this.track = h('div.scroll-track', { role: 'presentation' });
    element.classList.add('scroller');
    element.append(this.layer, this.track);
    element.addEventListener('scroll', () => this.#scrolled());
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#resized()).observe(element);
  }

  /** @param {number} count */
  setCount(count) {
    if (count === this.count) return;
    this.count = count;
    this.#layout();
  }

  /** Show every visible row again. */
  refresh() {
    for (const [index, row] of this.rows) this.options.draw(row, index);
  }

  /** Draw from scratch: the rows mean something else now. */
  redraw() {
    this.#draw();
    this.refresh();
  }

  /** @param {number} height */
  setRowHeight(height) {
    if (height === this.options.rowHeight) return;
    const first = this.top / this.options.rowHeight;
    this.options.rowHeight = height;
    this.top = first * height;
    this.#layout();
  }

  /** How many rows fit. */
  get page() {
    return Math.max(1, Math.floor(this.height / this.options.rowHeight));
  }

  get atEnd() {
    return this.top >= this.#range() - 1;
  }

  /**
   * Scroll as little as it takes to see a row; with `centre`, put it in the middle if it was out of sight.
   * @param {number} index @param {{ centre?: boolean }} [how]
   */
  reveal(index, how = {}) {
    const { rowHeight } = this.options;
    const start = index * rowHeight;
    const above = start < this.top;
    const below = start + rowHeight > this.top + this.height;
    if (!above && !below) return;
    if (how.centre) this.moveTo(start - (this.height - rowHeight) / 2);
    else this.moveTo(above ? start : start + rowHeight - this.height);
  }

  /** @param {number} top */
  moveTo(top) {
    this.top = Math.min(Math.max(0, top), this.#range());
    this.#anchor();
    this.#draw();
  }

  /** The element that shows a row now. @param {number} index */
  rowAt(index) {
    return this.rows.get(index) ?? null;
  }

  #total() {
    return this.count * this.options.rowHeight;
  }

  /** How far the list can be scrolled, and how far its scrollbar. */
  #range() {
    return Math.max(0, this.#total() - this.height);
  }

  #travel() {
    return Math.max(0, Math.min(this.#total(), TRACK) - this.height);
  }

  /** The scrollbar's place for a place in the list, and back. @param {number} top */
  #toBar(top) {
    const [range, travel] = [this.#range(), this.#travel()];
    if (range === travel || top <= ZONE) return top;
    if (top >= range - ZONE) return travel - (range - top);
    return ZONE + ((top - ZONE) * (travel - 2 * ZONE)) / (range - 2 * ZONE);
  }

  /** @param {number} bar */
  #fromBar(bar) {
    const [range, travel] = [this.#range(), this.#travel()];
    if (range === travel || bar <= ZONE) return bar;
    if (bar >= travel - ZONE) return range - (travel - bar);
    return ZONE + ((bar - ZONE) * (range - 2 * ZONE)) / (travel - 2 * ZONE);
  }

  /** Put the scrollbar where the list is. */
  #anchor() {
    this.element.scrollTop = this.#toBar(this.top);
    this.seen = this.element.scrollTop;
  }

  #scrolled() {
    const bar = this.element.scrollTop;
    const moved = bar - this.seen;
    if (Math.abs(moved) < 1) return;
    this.seen = bar;
    const [range, travel] = [this.#range(), this.#travel()];
    // A short way is a finger, which expects pixels; a long way is the thumb of the scrollbar, or one of its ends.
    const jump = range === travel || Math.abs(moved) > this.height || bar <= 0 || bar >= travel - 1;
    this.top = Math.min(Math.max(0, jump ? this.#fromBar(bar) : this.top + moved), range);
    clearTimeout(this.settling);
    if (!jump) this.settling = window.setTimeout(() => this.#anchor(), 200);
    this.#schedule();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (event.ctrlKey || event.deltaY === 0 || this.#range() === this.#travel()) return;
    event.preventDefault();
    const unit = [1, this.options.rowHeight, this.height][event.deltaMode] ?? 1;
    this.top = Math.min(Math.max(0, this.top + event.deltaY * unit), this.#range());
    this.#anchor();
    this.#schedule();
  }

  #resized() {
    const height = this.element.clientHeight;
    if (height === this.height) return;
    this.height = height;
    this.#layout();
  }

  #layout() {
    this.track.style.height = `${Math.min(this.#total(), TRACK)}px`;
    this.top = Math.min(this.top, this.#range());
    this.#anchor();
    this.#draw();
  }

  #schedule() {
    this.frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { rowHeight, create, draw, visible } = this.options;
    const first = Math.max(0, Math.floor(this.top / rowHeight));
    const end = Math.min(this.count, Math.ceil((this.top + this.height) / rowHeight));
    for (const [index, row] of this.rows) {
      if (index >= first && index < end) continue;
      this.rows.delete(index);
      this.spare.push(row);
    }
    visible?.(first, end);
    for (let index = first; index < end; index += 1) {
      let row = this.rows.get(index);
      if (!row) {
        row = this.spare.pop() ?? create();
        if (!row.parentNode) this.layer.append(row);
        row.hidden = false;
        this.rows.set(index, row);
        draw(row, index);
      }
      row.style.transform = `translateY(${index * rowHeight - this.top}px)`;
    }
    for (const row of this.spare) row.hidden = true;
  }
}
