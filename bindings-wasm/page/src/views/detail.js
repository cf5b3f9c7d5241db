// Owns the pane of one frame: bit diagram, field tree and bytes, and the link between them. The three know only which
// bits are lit; this file tells each what the others point at.

/** @import { App } from '../app.js' */
/** @import { FrameDetail } from '../engine.d.ts' */
import { Frame, Flag, clock, closeCodeName, count } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';
import { section, sentence } from '../ui/section.js';
import { BitDiagram } from './diagram.js';
import { FieldTree } from './tree.js';
import { HexPane } from './hex.js';

export class Detail {
  /** @param {App} app @param {{ back: () => void }} parts */
  constructor(app, { back }) {
    this.app = app;
    this.back = back;
    this.asked = 0;
    /** @type {FrameDetail | null} */
    this.frame = null;
    /** The fields under the pointer, and the selected ones. @type {number[]} */
    this.hovered = [];
    /** @type {number[]} */
    this.chosen = [];
    const link = {
      hover: (/** @type {number[]} */ fields) => this.#hover(fields),
      choose: (/** @type {number[]} */ fields) => this.#choose(fields),
    };
    this.diagram = new BitDiagram(link);
    this.tree = new FieldTree(link);
    this.hex = new HexPane(app, link);
    this.title = h('header.detail-title');
    this.problems = h('ul.detail-problems');
    this.empty = h('p.empty', null, 'Choose a frame to see its bits.');
    this.body = h('div.detail-body', { hidden: true }, this.title, this.problems,
      this.diagram.element, this.tree.element, this.hex.element);
    this.element = h('aside.detail', {
      aria: { label: 'The frame' },
      onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && this.close(),
    }, this.empty, this.body);
  }

  clear() {
    this.asked += 1;
    this.frame = null;
    this.body.hidden = true;
    this.empty.hidden = false;
    this.element.classList.remove('opened');
  }

  /** On a narrow screen the pane covers the list. */
  open() {
    this.element.classList.add('opened');
  }

  close() {
    this.element.classList.remove('opened');
    this.back();
  }

  focus() {
    this.tree.focus();
  }

  nextForm() {
    this.hex.nextForm();
  }

  copy() {
    return this.hex.copy();
  }

  /** @param {number} row */
  async show(row) {
    this.asked += 1;
    const asked = this.asked;
    const { app } = this;
    const { capture } = app;
    if (!capture || row < 0) return;
    const problems = capture.problems.ofRow(row);
    const answer = await Promise.all([
      app.client.frame(row),
      app.client.problemTexts(problems.map(({ number }) => number)),
    ]).catch((error) => asked === this.asked && app.say(String(error)));
    // Keys are faster than answers: only the last question counts.
    if (!answer || asked !== this.asked) return;
    const [frame, texts] = answer;
    this.frame = frame;
    this.hovered = [];
    this.chosen = [];
    this.#showTitle(new Frame(capture.columns, row));
    fill(this.problems, problems.map((problem, at) => h('li', null,
      icon('bad'), h('span', null, sentence(texts[at], capture.rules[problem.rule]), ' ', section(capture.rules[problem.rule].section)))));
    this.problems.hidden = problems.length === 0;
    this.diagram.show(frame);
    this.tree.show(frame, capture.rules);
    this.hex.show(frame, new Frame(capture.columns, row));
    this.empty.hidden = true;
    this.body.hidden = false;
  }

  /** @param {Frame} frame */
  #showTitle(frame) {
    const { capture } = this.app;
    if (!capture) return;
    const rows = capture.fragments(frame.row);
    const part = rows.indexOf(frame.row) + 1;
    const facts = [`connection ${frame.connection + 1}`];
    if (capture.hasTimes) facts.push(`${clock(capture.since(frame.time))} s`);
    facts.push(`offset ${count(frame.offset)}`);
    if (frame.flags & Flag.AFTER_CLOSE) facts.push('behind the close frame');
    if (frame.flags & Flag.SKIPPED) facts.push('passed over');
    fill(this.title,
      h('button.tool.back', { type: 'button', aria: { label: 'Back to the list' }, onclick: () => this.close() }, icon('back')),
      h('div', null,
        h('h2', null,
          h('span', { class: frame.fromServer ? 's2c' : 'c2s' }, icon(frame.fromServer ? 'in' : 'out', frame.fromServer ? 'server to client' : 'client to server')),
          ` Frame ${count(frame.row + 1)} `, h('span.kind', null, frame.kind),
          frame.opcode === 8 && frame.value < 5000 && h('span.kind', null, `${frame.value} ${closeCodeName(frame.value)}`)),
        h('p.fine', null, facts.join(' · '))),
      rows.length > 1 && h('nav.fragments', { aria: { label: 'Fragments of the message' } },
        `part ${part} of ${rows.length}`,
        rows.length <= 12 && rows.map((row, at) => h('button', {
          type: 'button', aria: { label: `Part ${at + 1}`, current: row === frame.row ? 'true' : null },
          onclick: () => this.app.select(row, { show: true }),
        }, at + 1))));
  }

  /** @param {number[]} fields */
  #hover(fields) {
    if (same(fields, this.hovered)) return;
    this.hovered = fields;
    for (const part of [this.diagram, this.tree, this.hex]) part.hover(fields);
  }

  /** @param {number[]} fields */
  #choose(fields) {
    if (same(fields, this.chosen)) return;
    this.chosen = fields;
    for (const part of [this.diagram, this.tree, this.hex]) part.choose(fields);
  }
}

/** @param {number[]} a @param {number[]} b */
function same(a, b) {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
