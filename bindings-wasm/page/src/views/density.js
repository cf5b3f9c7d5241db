// Owns the strip above the list: how much each side says over time, where rules are broken, and which part is seen.
// A pointer on it moves the list there. It adds nothing that the list does not have, so it is hidden from readers.

/** @import { App } from '../app.js' */
import { Flag } from '../model/frame.js';
import { h } from '../ui/dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const BINS = 240;
const HALF = 14;
/** Milliseconds of counting until others may work, and between two counts of a capture that grows. */
const SLICE = 6;
const PACE = 400;

export class DensityStrip {
  /** @param {App} app @param {(place: number) => void} moved */
  constructor(app, moved) {
    this.app = app;
    this.moved = moved;
    this.generation = 0;
    this.timer = 0;
    this.first = 0;
    this.span = 1;
    this.window = h('i.seen');
    this.paths = ['c2s', 's2c', 'bad'].map((name) => {
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('class', name);
      return path;
    });
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', `0 0 ${BINS} ${2 * HALF + 4}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.append(...this.paths);
    this.element = h('div.density', { aria: { hidden: 'true' }, title: 'Frames over time: click to go there' }, svg, this.window);
    this.element.addEventListener('pointerdown', (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.#go(event);
    });
    this.element.addEventListener('pointermove', (event) => this.element.hasPointerCapture(event.pointerId) && this.#go(event));
  }

  /** Another capture: the strip keeps its place until it is known that there is nothing to draw. */
  clear() {
    this.generation += 1;
    this.element.hidden = false;
    for (const path of this.paths) path.removeAttribute('d');
  }

  /** The list is longer, or another one. */
  changed() {
    this.timer ||= window.setTimeout(() => {
      this.timer = 0;
      void this.#count();
    }, this.generation === 0 ? 0 : PACE);
  }

  /** Where a place of the list stands on the strip, from 0 to BINS. @param {number} place */
  #position(place) {
    const { capture, list } = this.app;
    if (!capture || !list) return 0;
    const value = capture.hasTimes ? capture.columns.at('time', list.row(place)) : place;
    return Math.min(BINS - 1, Math.max(0, ((value - this.first) / this.span) * BINS));
  }

  async #count() {
    const { capture, list } = this.app;
    this.generation += 1;
    const { generation } = this;
    this.element.hidden = !capture || !list || (list.count < 2 && !list.busy && capture.done);
    if (!capture || !list || list.count < 2) return;
    const total = list.count;
    this.first = capture.hasTimes ? capture.columns.at('time', list.row(0)) : 0;
    this.span = (capture.hasTimes ? capture.columns.at('time', list.row(total - 1)) - this.first : total) || 1;
    const sides = [new Uint32Array(BINS), new Uint32Array(BINS)];
    const bad = new Uint8Array(BINS);
    let until = performance.now() + SLICE;
    for (let place = 0; place < total; place += 1) {
      const flags = capture.columns.at('flags', list.row(place));
      const bin = Math.floor(this.#position(place));
      sides[flags & Flag.FROM_SERVER][bin] += 1;
      if (flags & Flag.PROBLEM) bad[bin] = 1;
      if ((place & 4095) !== 4095 || performance.now() < until) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (generation !== this.generation || list !== this.app.list) return;
      until = performance.now() + SLICE;
    }
    this.#draw(sides, bad);
  }

  /** By the square root, so that single frames are seen beside bursts. @param {Uint32Array[]} sides @param {Uint8Array} bad */
  #draw(sides, bad) {
    const most = Math.sqrt(Math.max(...sides[0], ...sides[1]));
    const bar = (/** @type {number} */ bin, /** @type {number} */ count, /** @type {1 | -1} */ way) =>
      count === 0 ? '' : `M${bin} ${HALF + 2 + 0.5 * way}v${(way * Math.max(1, (Math.sqrt(count) / most) * HALF)).toFixed(1)}h.8V${HALF + 2 + 0.5 * way}z`;
    const paths = [
      Array.from(sides[0], (count, bin) => bar(bin, count, -1)),
      Array.from(sides[1], (count, bin) => bar(bin, count, 1)),
      Array.from(bad, (is, bin) => (is ? `M${bin} 0h1v3h-1z` : '')),
    ];
    paths.forEach((parts, at) => this.paths[at].setAttribute('d', parts.join('')));
    this.see(this.seen?.[0] ?? 0, this.seen?.[1] ?? 0);
  }

  /** These places of the list are on the screen. @param {number} first @param {number} end */
  see(first, end) {
    /** @type {[number, number]} */
    this.seen = [first, end];
    const count = this.app.list?.count ?? 0;
    if (end <= first || count === 0) return;
    const left = this.#position(Math.min(first, count - 1)) / BINS;
    const right = this.#position(Math.min(end, count) - 1) / BINS;
    this.window.style.left = `${left * 100}%`;
    this.window.style.width = `${Math.max(0.3, (right - left) * 100)}%`;
  }

  /** @param {PointerEvent} event */
  #go(event) {
    const { list } = this.app;
    if (!list) return;
    const box = this.element.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * BINS;
    let [low, high] = [0, Math.max(0, list.count - 1)];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#position(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    this.moved(low);
  }
}
