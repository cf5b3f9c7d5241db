// Owns the tree of a frame's fields: what each is called, what it holds, what that says, and where the RFC says so.

/** @import { FrameDetail, Rule } from '../engine.d.ts' */
/** @import { Link } from './diagram.js' */
import { fill, h, icon } from '../ui/dom.js';
import { section } from '../ui/section.js';
import { fieldsOf, hue, light } from './diagram.js';

export class FieldTree {
  /** @param {Link} link */
  constructor(link) {
    this.link = link;
    this.current = 0;
    this.element = h('ul.tree', {
      role: 'tree', tabindex: 0, aria: { label: 'Fields' },
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      onfocus: () => this.items().length > 0 && this.#go(this.current),
    });
    this.element.addEventListener('pointerover', (event) => event.pointerType !== 'touch' && link.hover(fieldsOf(event.target)));
    this.element.addEventListener('pointerleave', () => link.hover([]));
    this.element.addEventListener('click', (event) => {
      const [field] = fieldsOf(event.target);
      if (field !== undefined && !(event.target instanceof HTMLAnchorElement)) this.#go(field);
    });
  }

  focus() {
    this.element.focus();
  }

  items() {
    return /** @type {HTMLElement[]} */ ([...this.element.children]);
  }

  /** @param {FrameDetail} frame @param {readonly Rule[]} rules */
  show({ fields }, rules) {
    this.current = 0;
    this.element.removeAttribute('aria-activedescendant');
    fill(this.element, fields.map((field, index) => h('li', {
      role: 'treeitem', id: `field-${index}`,
      aria: { level: field.depth + 1, selected: 'false' },
      data: { field: index, hue: hue(field.name), depth: field.depth },
      class: field.rule >= 0 ? 'bad' : '',
    },
    h('i.swatch', { aria: { hidden: 'true' } }),
    h('span.label', null, field.label),
    h('code.field-value', null, field.value),
    h('span.meaning', null,
      field.rule >= 0 && icon('bad', 'breaks a rule'),
      field.meaning,
      field.rule >= 0 && h('em', null, `, expected ${rules[field.rule].expected}`)),
    section(field.section))));
  }

  /** @param {number[]} fields */
  hover(fields) {
    light(this.element, 'hovered', fields);
  }

  /** @param {number[]} fields */
  choose(fields) {
    light(this.element, 'chosen', fields);
    this.items().forEach((item, index) => item.setAttribute('aria-selected', String(fields.includes(index))));
    if (fields.length === 0 || fields.includes(this.current)) return;
    this.current = fields[0];
    this.items()[fields[0]]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {number} index */
  #go(index) {
    this.current = index;
    this.element.setAttribute('aria-activedescendant', `field-${index}`);
    this.link.choose([index]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.items().length - 1;
    const moves = new Map([['ArrowDown', this.current + 1], ['ArrowUp', this.current - 1], ['Home', 0], ['End', last]]);
    const to = moves.get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    this.#go(Math.min(Math.max(0, to), last));
  }
}
