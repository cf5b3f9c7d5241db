// Owns how one line of bytes looks. Made once and shown again and again.

/** @import { FrameBytes } from '../model/bytes.js' */
import { h } from '../ui/dom.js';

/**
 * @typedef {object} Marks
 * @property {(offset: number) => string} hue
 * @property {(offset: number) => boolean} hovered
 * @property {(offset: number) => boolean} chosen
 * @property {number} cursor
 */

const WIDTH = 16;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export class HexRow {
  constructor() {
    this.offset = h('span.offset');
    this.cells = Array.from({ length: WIDTH }, () => h('span.byte'));
    this.letters = Array.from({ length: WIDTH }, () => h('span.letter'));
    this.element = h('div.hex-row', null, this.offset,
      h('span.cells', null, this.cells), h('span.letters', { aria: { hidden: 'true' } }, this.letters));
  }

  /** @param {FrameBytes} bytes @param {number} first @param {number} width @param {Marks} marks */
  show(bytes, first, width, marks) {
    this.offset.textContent = first.toString(16).padStart(6, '0');
    for (let at = 0; at < WIDTH; at += 1) {
      const offset = first + at;
      const shown = at < width && offset < bytes.total;
      const byte = shown ? bytes.at(offset) : -1;
      const lost = shown && bytes.isMissing(offset);
      this.cells[at].hidden = this.letters[at].hidden = at >= width;
      this.#put(this.cells[at], offset, shown, byte < 0 ? (shown ? '··' : '') : lost ? '??' : HEX[byte], marks);
      this.#put(this.letters[at], offset, shown, byte < 0 ? '' : byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·', marks);
    }
  }

  /** @param {HTMLElement} cell @param {number} offset @param {boolean} shown @param {string} text @param {Marks} marks */
  #put(cell, offset, shown, text, marks) {
    cell.classList.toggle('absent', !shown);
    if (!shown) return cell.removeAttribute('data-offset');
    if (cell.textContent !== text) cell.textContent = text;
    cell.dataset.offset = String(offset);
    cell.dataset.hue = marks.hue(offset);
    cell.classList.toggle('hovered', marks.hovered(offset));
    cell.classList.toggle('chosen', marks.chosen(offset));
    cell.classList.toggle('cursor', offset === marks.cursor);
  }
}
