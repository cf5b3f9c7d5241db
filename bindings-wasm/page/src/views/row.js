// Owns how one frame looks in the list. Made once and shown again and again: nothing here makes elements while the
// list scrolls.

/** @import { Capture } from '../model/capture.js' */
import { Flag, Frame, NONE, clock, closeCodeName, count, duration } from '../model/frame.js';
import { h, icon } from '../ui/dom.js';

/** @type {[string, string][]} */
export const HEADINGS = [['#', 'c-number'], ['Time', 'c-time'], ['', 'c-bracket'], ['', 'c-direction'], ['Type', 'c-kind'],
  ['Bits', 'c-bits'], ['Length', 'c-length'], ['Content', 'c-preview']];

/**
 * @typedef {object} Shown
 * @property {Capture} capture
 * @property {number} row
 * @property {number} place
 * @property {boolean} selected
 * @property {string} preview
 * @property {import('./brackets.js').Bracket} bracket
 * @property {number[] | null} fragments The rows of the whole message, when messages are shown.
 */

let made = 0;

export class FrameRow {
  /** @param {(place: number, event: MouseEvent) => void} chosen */
  constructor(chosen) {
    this.place = -1;
    made += 1;
    this.number = cell('c-number');
    this.time = cell('c-time');
    this.bracket = h('span.c-bracket', { role: 'presentation' });
    this.direction = cell('c-direction', icon('out'), icon('in'), h('span.hidden-text'));
    this.kind = cell('c-kind');
    this.bits = cell('c-bits');
    this.wire = h('span');
    this.inflated = h('span.inflated');
    this.length = cell('c-length', this.wire, this.inflated);
    this.mark = h('span.mark', null, icon('bad', 'problem'));
    this.value = h('span.value');
    this.text = h('span.text');
    this.preview = cell('c-preview', this.mark, this.value, this.text);
    this.element = h('div.frame-row', { role: 'row', id: `frame-row-${made}`, onclick: (/** @type {MouseEvent} */ event) => chosen(this.place, event) },
      this.number, this.time, this.bracket, this.direction, this.kind, this.bits, this.length, this.preview);
    this.id = this.element.id;
  }

  /** @param {Shown} shown */
  show({ capture, row, place, selected, preview, bracket, fragments }) {
    const frame = new Frame(capture.columns, row);
    const { element } = this;
    this.place = place;
    element.id = this.id;
    element.dataset.row = String(row);
    element.dataset.direction = frame.fromServer ? 's2c' : 'c2s';
    element.dataset.kind = frame.isControl ? 'control' : 'data';
    element.classList.toggle('bad', frame.hasProblem);
    element.classList.toggle('selected', selected);
    element.setAttribute('aria-selected', String(selected));
    element.setAttribute('aria-rowindex', String(place + 1));
    put(this.number, count(row + 1));
    put(this.time, capture.hasTimes ? clock(capture.since(frame.time)) : '');
    this.bracket.dataset.bracket = bracket;
    put(/** @type {HTMLElement} */ (this.direction.lastChild), frame.fromServer ? 'server to client' : 'client to server');
    const whole = fragments && fragments.length > 1 ? fragments : null;
    put(this.kind, frame.kind);
    put(this.bits, whole ? `${whole.length} frames` : bits(frame));
    const total = (/** @type {'length' | 'content'} */ name) =>
      whole ? whole.reduce((sum, part) => sum + capture.columns.at(name, part), 0) : frame[name];
    put(this.wire, count(total('length')));
    put(this.inflated, frame.isDeflated ? ` → ${count(total('content'))}` : '');
    this.mark.hidden = !frame.hasProblem;
    put(this.value, value(frame));
    put(this.text, preview);
  }
}

/** @param {string} style @param {...(Node | string)} children */
function cell(style, ...children) {
  return h('span', { role: 'gridcell', class: style }, ...children);
}

/** Touches the document only where something changed. @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What is remarkable about the first two bytes; the mask is not, its absence is a problem. @param {Frame} frame */
function bits(frame) {
  const names = frame.bits.filter((name) => name !== 'MASK');
  if (frame.flags & Flag.CUT) names.push('cut');
  else if (frame.flags & Flag.GAP) names.push('gap');
  return names.join(' ');
}

/** The round trip of a pong, the name of a close code. @param {Frame} frame */
function value(frame) {
  if (frame.opcode === 10 && frame.value !== NONE) return duration(frame.value);
  if (frame.opcode === 8 && frame.value !== NONE) return closeCodeName(frame.value);
  return '';
}
