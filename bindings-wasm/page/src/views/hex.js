// Owns the bytes of a frame on the screen: forms as tabs, lines of bytes with their characters, a cursor, and the
// sentence that explains the byte under it. Knows where fields lie, not what they mean.

/** @import { App } from '../app.js' */
/** @import { FrameDetail } from '../engine.d.ts' */
/** @import { Frame } from '../model/frame.js' */
/** @import { Form } from '../model/bytes.js' */
/** @import { Link } from './diagram.js' */
import { FrameBytes } from '../model/bytes.js';
import { count } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';
import { Scroller } from '../ui/scroller.js';
import { hue } from './diagram.js';
import { HexRow } from './hexrow.js';

/** @type {[Form, string, string][]} */
const FORMS = [
  ['raw', 'Raw', 'header and payload as they crossed the wire'],
  ['unmasked', 'Unmasked', 'the payload without its mask'],
  ['inflated', 'Inflated', 'what this frame adds to its message'],
  ['message', 'Message', 'the whole message, all fragments together'],
];
/** The most bytes that are copied. */
const COPIED = 1 << 24;

export class HexPane {
  /** @param {App} app @param {Link} link */
  constructor(app, link) {
    this.app = app;
    this.link = link;
    /** @type {Form} */
    this.form = 'raw';
    /** @type {FrameBytes | null} */
    this.bytes = null;
    this.width = 16;
    this.cursor = -1;
    /** @type {number[]} */
    this.hovered = [];
    /** @type {number[]} */
    this.chosen = [];
    this.tabs = new Map(FORMS.map(([form, title, hint]) => [form, h('button', {
      type: 'button', role: 'tab', id: `form-${form}`, title: hint, aria: { controls: 'hex' }, onclick: () => this.#switch(form),
    }, title)]));
    this.tablist = h('div.forms', { role: 'tablist', aria: { label: 'Form of the bytes' }, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#tabKey(event) }, ...this.tabs.values());
    this.grid = h('div.hex', { role: 'group', id: 'hex', tabindex: 0, aria: { label: 'Bytes: move with the arrow keys', describedby: 'byte-said' }, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) });
    this.said = h('output.byte-said', { id: 'byte-said', aria: { live: 'polite' } });
    this.text = h('pre.as-text', { tabindex: 0, aria: { label: 'Content as text' } });
    this.element = h('section.bytes', { aria: { label: 'Bytes' } },
      h('div.bytes-bar', null, this.tablist,
        h('button.tool', { type: 'button', title: 'Copy (y)', aria: { label: 'Copy as hex' }, onclick: () => void this.copy() }, icon('copy'))),
      this.grid, this.text, this.said);
    /** @type {WeakMap<HTMLElement, HexRow>} */
    this.rows = new WeakMap();
    this.scroller = new Scroller(this.grid, { rowHeight: 22, create: () => this.#createRow(), draw: (row, index) => this.#draw(row, index) });
    this.#listen();
  }

  #listen() {
    const offsetOf = (/** @type {EventTarget | null} */ target) => {
      const cell = target instanceof HTMLElement ? target.closest('[data-offset]') : null;
      return cell instanceof HTMLElement ? Number(cell.dataset.offset) : -1;
    };
    this.grid.addEventListener('pointerover', (event) => {
      // A finger points by choosing.
      if (event.pointerType === 'touch') return;
      const offset = offsetOf(event.target);
      this.link.hover(this.#fieldsAt(offset));
      this.#explain(offset < 0 ? this.cursor : offset);
    });
    this.grid.addEventListener('pointerleave', () => {
      this.link.hover([]);
      this.#explain(this.cursor);
    });
    this.grid.addEventListener('click', (event) => {
      const offset = offsetOf(event.target);
      if (offset >= 0) this.#moveTo(offset);
    });
    new ResizeObserver(() => this.#measure()).observe(this.grid);
  }

  /** As many bytes in a line as fit: 16 or 8. */
  #measure() {
    const width = this.grid.clientWidth < 520 ? 8 : 16;
    if (width === this.width || this.grid.clientWidth === 0) return;
    this.width = width;
    this.grid.dataset.width = String(width);
    this.#layout();
  }

  /** @param {FrameDetail} detail @param {Frame} frame */
  show(detail, frame) {
    this.detail = detail;
    this.frame = frame;
    this.hovered = [];
    this.chosen = [];
    const available = { raw: true, unmasked: frame.masked, inflated: frame.isDeflated, message: frame.message !== 0xffffffff };
    for (const [form, tab] of this.tabs) tab.hidden = !available[form];
    if (!available[this.form]) this.form = 'raw';
    this.#switch(this.form);
  }

  /** @param {Form} form */
  async #switch(form) {
    const { detail } = this;
    if (!detail) return;
    this.form = form;
    this.cursor = -1;
    for (const [other, tab] of this.tabs) {
      tab.setAttribute('aria-selected', String(other === form));
      tab.tabIndex = other === form ? 0 : -1;
    }
    this.grid.setAttribute('aria-labelledby', `form-${form}`);
    const bytes = new FrameBytes(this.app.client, detail, form, () => bytes === this.bytes && this.#layout());
    this.bytes = bytes;
    this.#layout();
    this.scroller.moveTo(0);
    await bytes.load();
    if (bytes === this.bytes) await this.#showText();
  }

  /** A message is read as text: JSON gets its lines. */
  async #showText() {
    const { bytes, form } = this;
    const opcode = this.frame ? this.app.capture?.fragments(this.frame.row)[0] : undefined;
    const isText = opcode !== undefined && ((this.app.capture?.columns.at('header', opcode) ?? 0) & 15) === 1;
    this.text.hidden = form !== 'message' || !isText;
    if (this.text.hidden || !bytes) return;
    const content = new TextDecoder().decode(await bytes.slice(0, Math.min(bytes.total, 65_536)));
    if (bytes === this.bytes) fill(this.text, pretty(content));
  }

  #layout() {
    const { bytes } = this;
    if (!bytes) return;
    if (this.form !== 'message') this.text.hidden = true;
    this.scroller.setCount(Math.ceil(bytes.total / this.width));
    this.grid.style.setProperty('--lines', String(Math.ceil(bytes.total / this.width)));
    this.scroller.redraw();
    this.#explain(this.cursor);
  }

  #createRow() {
    const row = new HexRow();
    this.rows.set(row.element, row);
    return row.element;
  }

  /** @param {HTMLElement} element @param {number} index */
  #draw(element, index) {
    const { bytes } = this;
    if (!bytes) return;
    this.rows.get(element)?.show(bytes, index * this.width, this.width, {
      hue: (offset) => this.#hueAt(offset),
      hovered: (offset) => this.#fieldsAt(offset).some((field) => this.hovered.includes(field)),
      chosen: (offset) => this.#fieldsAt(offset).some((field) => this.chosen.includes(field)),
      cursor: this.cursor,
    });
  }

  /** The innermost fields that a byte holds bits of. @param {number} offset */
  #fieldsAt(offset) {
    const { bytes, detail } = this;
    if (!bytes || !detail || offset < 0 || offset >= bytes.total) return [];
    const isWire = this.form === 'raw' || this.form === 'unmasked';
    const place = this.form === 'raw' ? offset : offset + detail.header.length;
    const found = [];
    for (const [index, { name, bit, bits, depth }] of detail.fields.entries()) {
      const inside = bit < (place + 1) * 8 && bit + bits > place * 8;
      if (!(inside && isWire) && !(name === 'payload' && !isWire)) continue;
      if (depth > 0) found.length = 0;
      found.push(index);
    }
    return found;
  }

  /** @param {number} offset */
  #hueAt(offset) {
    const { detail } = this;
    if (this.form !== 'raw' || !detail || offset >= detail.header.length) return '';
    if (offset === 0) return 'opcode';
    if (offset === 1) return 'length';
    const [field] = this.#fieldsAt(offset);
    return field === undefined ? '' : hue(detail.fields[field].name);
  }

  /** @param {number[]} fields */
  hover(fields) {
    this.hovered = fields;
    this.scroller.refresh();
  }

  /** @param {number[]} fields */
  choose(fields) {
    this.chosen = fields;
    const field = this.detail?.fields[fields[0]];
    const first = field && this.bytes ? Math.floor(field.bit / 8) - (this.detail?.header.length ?? 0) + this.bytes.lead : -1;
    const isSeen = this.cursor >= 0 && this.#fieldsAt(this.cursor).some((at) => fields.includes(at));
    if (first >= 0 && !isSeen) this.scroller.reveal(Math.floor(first / this.width));
    if (!isSeen) this.cursor = -1;
    this.scroller.refresh();
  }

  /** @param {number} offset */
  #moveTo(offset) {
    const { bytes } = this;
    if (!bytes || bytes.total === 0) return;
    this.cursor = Math.min(Math.max(0, offset), bytes.total - 1);
    this.scroller.reveal(Math.floor(this.cursor / this.width));
    this.link.choose(this.#fieldsAt(this.cursor));
    this.scroller.refresh();
    this.#explain(this.cursor);
  }

  /** What a byte is, and under a mask what it stands for. @param {number} offset */
  #explain(offset) {
    const { bytes, detail } = this;
    if (!bytes || !detail) return;
    if (offset < 0) {
      const gone = bytes.missing.length > 0 ? ', some of them not in the capture' : '';
      return fill(this.said, bytes.trouble ? [icon('bad'), bytes.trouble] : `${count(bytes.total)} ${bytes.total === 1 ? 'byte' : 'bytes'}${gone}`);
    }
    const value = bytes.at(offset);
    if (value < 0) return fill(this.said);
    const place = offset - bytes.lead;
    const parts = [`byte ${count(offset)}`, `0x${hex(value)} = ${value}`];
    if (place >= 0 && this.form === 'raw') {
      parts.push(`payload byte ${count(place)}`);
      const key = detail.fields.find(({ name }) => name === 'masking_key');
      if (key) {
        const pad = detail.header[key.bit / 8 + (place % 4)];
        parts.push(`0x${hex(value)} xor key[${place % 4}] 0x${hex(pad)} = 0x${hex(value ^ pad)}${letter(value ^ pad)}`);
      }
    } else if (place >= 0) {
      parts.push(letter(value).trim() || 'no printable character');
    } else {
      parts.push(`bits ${value.toString(2).padStart(8, '0')}`, this.#fieldsAt(offset).map((at) => detail.fields[at].label).join(', '));
    }
    if (bytes.isMissing(offset)) parts.push('not in the capture');
    fill(this.said, parts.join(' · '));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(0, this.cursor);
    const page = this.scroller.page * this.width;
    const moves = new Map([['ArrowRight', at + 1], ['ArrowLeft', at - 1], ['ArrowDown', at + this.width], ['ArrowUp', at - this.width],
      ['PageDown', at + page], ['PageUp', at - page], ['Home', 0], ['End', Number.MAX_SAFE_INTEGER]]);
    const to = moves.get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    this.#moveTo(this.cursor < 0 ? 0 : to);
  }

  /** @param {KeyboardEvent} event */
  #tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.nextForm(step);
    this.tabs.get(this.form)?.focus();
  }

  nextForm(step = 1) {
    const forms = [...this.tabs].filter(([, tab]) => !tab.hidden).map(([form]) => form);
    const next = forms[(forms.indexOf(this.form) + step + forms.length) % forms.length];
    if (next) void this.#switch(next);
  }

  /** The chosen field's bytes, or all of the form that is shown: text as text, everything else as hex. */
  async copy() {
    const { bytes, detail } = this;
    if (!bytes || !detail) return;
    const field = detail.fields[this.chosen[0]];
    const first = field && this.form === 'raw' ? Math.floor(field.bit / 8) : 0;
    const end = field && this.form === 'raw' ? Math.ceil((field.bit + field.bits) / 8) : bytes.total;
    const slice = await bytes.slice(first, Math.min(end - first, COPIED));
    const text = this.text.hidden ? Array.from(slice, hex).join(' ') : new TextDecoder().decode(slice);
    // Only a page from https or this machine has one.
    if (!navigator.clipboard) return this.app.say('This browser lets only pages from https or localhost copy.');
    await navigator.clipboard.writeText(text);
    this.app.say(this.text.hidden ? `${count(slice.length)} bytes copied as hex` : 'The message is copied as text');
  }
}

/** @param {number} byte */
function hex(byte) {
  return byte.toString(16).padStart(2, '0');
}

/** @param {number} byte */
function letter(byte) {
  return byte > 32 && byte < 127 ? ` “${String.fromCharCode(byte)}”` : '';
}

/** @param {string} text */
function pretty(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
