// Owns the bit diagram of RFC 6455 section 5.2, drawn for the frame that is shown: 32 bits a line, each field with its
// name and its bits. Knows the engine's fields.

/** @import { Field, FrameDetail } from '../engine.d.ts' */
import { fill, h } from '../ui/dom.js';

/**
 * @typedef {object} Link
 * @property {(fields: number[]) => void} hover
 * @property {(fields: number[]) => void} choose
 */

const WIDTH = 32;
/** Names that fit into one bit. @type {Record<string, string>} */
const SHORT = { fin: 'F', rsv1: 'R', rsv2: 'R', rsv3: 'R', mask: 'M', opcode: 'opcode', length7: 'length' };

/** The hue of a field: the same in tree, diagram and bytes. @param {string} name */
export function hue(name) {
  if (name.startsWith('rsv')) return 'rsv';
  if (name.startsWith('length')) return 'length';
  if (name === 'masking_key') return 'key';
  return ['fin', 'opcode', 'mask'].includes(name) ? name : 'payload';
}

export class BitDiagram {
  /** @param {Link} link */
  constructor(link) {
    this.link = link;
    this.grid = h('div.bits', { role: 'img' });
    this.element = h('figure.diagram', null, ruler(), this.grid);
    this.grid.addEventListener('pointerover', (event) => event.pointerType !== 'touch' && link.hover(fieldsOf(event.target)));
    this.grid.addEventListener('pointerleave', () => link.hover([]));
    this.grid.addEventListener('click', (event) => link.choose(fieldsOf(event.target)));
  }

  /** @param {FrameDetail} frame */
  show({ fields, header, length }) {
    const cells = fields.flatMap((field, index) => field.depth > 0 ? [] : cellsOf(field, index, header, length));
    fill(this.grid, cells);
    this.grid.setAttribute('aria-label', `Bits of the header: ${fields
      .filter(({ depth, name }) => depth === 0 && name !== 'payload')
      .map(({ label, value }) => `${label} ${value}`).join(', ')}`);
  }

  /** @param {number[]} fields */
  hover(fields) {
    light(this.grid, 'hovered', fields);
  }

  /** @param {number[]} fields */
  choose(fields) {
    light(this.grid, 'chosen', fields);
  }
}

/** Give a class to the elements of some fields. @param {HTMLElement} root @param {string} name @param {number[]} fields */
export function light(root, name, fields) {
  for (const element of root.querySelectorAll('[data-field]')) {
    element.classList.toggle(name, fields.includes(Number(/** @type {HTMLElement} */ (element).dataset.field)));
  }
}

/** @param {EventTarget | null} target */
export function fieldsOf(target) {
  const element = target instanceof Element ? target.closest('[data-field]') : null;
  return element instanceof HTMLElement ? [Number(element.dataset.field)] : [];
}

function ruler() {
  return h('div.ruler', { aria: { hidden: 'true' } },
    Array.from({ length: WIDTH }, (_, bit) => h('span', { class: bit % 8 === 0 ? 'octet' : '' }, bit % 8 === 0 ? bit : '')));
}

/** One cell for each line that a field touches; of the payload only what is left of the line, as a beginning. */
/** @param {Field} field @param {number} index @param {Uint8Array} header @param {number} length */
function cellsOf(field, index, header, length) {
  if (field.name === 'payload') return length > 0 ? [payloadCell(field, index)] : [];
  const cells = [];
  const end = field.bit + field.bits;
  for (let bit = field.bit; bit < end;) {
    const size = Math.min(end - bit, WIDTH - (bit % WIDTH));
    cells.push(cell(field, index, bit, size, bits(header, bit, size)));
    bit += size;
  }
  return cells;
}

/** @param {Field} field @param {number} index @param {number} bit @param {number} size @param {string} digits */
function cell(field, index, bit, size, digits) {
  const isStart = bit === field.bit;
  const name = size < 4 ? SHORT[field.name] : field.name === 'length7' ? 'length' : field.label;
  const groups = size > 8 ? (digits.match(/.{1,8}/g) ?? []).map((octet) => parseInt(octet, 2).toString(16).padStart(2, '0')) : [...digits];
  const element = h('div.bit-cell', { data: { field: index, hue: hue(field.name) }, title: `${field.label} = ${field.value}: ${field.meaning}` },
    h('span.bit-name', null, isStart ? name : '…'),
    h('span.bit-digits', { class: size > 8 ? 'bit-digits octets' : 'bit-digits' }, groups.map((digit) => h('i', null, digit))));
  element.classList.toggle('broken', field.rule >= 0);
  element.style.gridColumn = `${(bit % WIDTH) + 1} / span ${size}`;
  element.style.gridRow = String(Math.floor(bit / WIDTH) + 1);
  return element;
}

/** @param {Field} field @param {number} index */
function payloadCell(field, index) {
  const column = field.bit % WIDTH;
  const element = h('div.bit-cell.rest', { data: { field: index, hue: 'payload' } },
    h('span.bit-name', null, field.label), h('span.bit-digits', null, field.value));
  element.style.gridColumn = `${column + 1} / span ${WIDTH - column}`;
  element.style.gridRow = String(Math.floor(field.bit / WIDTH) + 1);
  return element;
}

/** @param {Uint8Array} bytes @param {number} first @param {number} size */
function bits(bytes, first, size) {
  return Array.from({ length: size }, (_, at) => {
    const bit = first + at;
    return (bytes[bit >> 3] >> (7 - (bit & 7))) & 1;
  }).join('');
}
