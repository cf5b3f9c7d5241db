// Owns the page of problems, grouped by the rule that is broken. Knows the engine's table of rules.

/** @import { App } from '../app.js' */
/** @import { Rule } from '../engine.d.ts' */
/** @import { Problem } from '../model/problems.js' */
import { NONE, clock, closeCodeName, count } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';
import { finding, section } from '../ui/section.js';

/** Occurrences of one rule that are shown before one asks for more. */
const SHOWN = 50;

export class ProblemsView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.asked = 0;
    /** How many of each rule are shown. @type {Map<number, number>} */
    this.shown = new Map();
    this.content = h('div.problem-groups');
    this.element = h('section.problems', { aria: { label: 'Problems' } }, this.content);
    this.seen = -1;
    app.addEventListener('capture', () => {
      this.seen = -1;
      this.shown.clear();
    });
    app.addEventListener('change', () => {
      if (app.view === 'problems' && app.capture?.problems.count !== this.seen) void this.update();
    });
  }

  async update() {
    const { capture, client } = this.app;
    if (!capture) return;
    this.asked += 1;
    const asked = this.asked;
    this.seen = capture.problems.count;
    const groups = capture.problems.byRule;
    const numbers = [...groups].flatMap(([rule, all]) => all.slice(0, this.#limit(rule)));
    const texts = await client.problemTexts(numbers);
    if (asked !== this.asked) return;
    const text = new Map(numbers.map((number, at) => [number, texts[at]]));
    fill(this.content, groups.size === 0
      ? h('p.empty.good', null, icon('good'), capture.done ? 'Every frame and every handshake keeps the rules.' : 'No rule is broken so far.')
      : [h('h1', null, `${count(capture.problems.count)} ${capture.problems.count === 1 ? 'problem' : 'problems'}, ${count(groups.size)} ${groups.size === 1 ? 'rule' : 'rules'}`),
         ...[...groups].map(([rule, all]) => this.#group(rule, capture.rules[rule], all, text))]);
  }

  /** @param {number} rule */
  #limit(rule) {
    return this.shown.get(rule) ?? SHOWN;
  }

  /** @param {number} number @param {Rule} rule @param {number[]} all @param {Map<number, string>} text */
  #group(number, rule, all, text) {
    const { problems } = /** @type {import('../model/capture.js').Capture} */ (this.app.capture);
    const shown = all.slice(0, this.#limit(number)).map((problem) => problems.at(problem));
    const rest = all.length - shown.length;
    return h('article.group', { data: { origin: rule.origin } },
      h('header', null,
        icon(rule.origin === 'capture' ? 'warn' : 'bad'),
        h('h2', null, `Expected ${rule.expected}`),
        h('div.facts', null, h('code', null, rule.code), section(rule.section), h('span', null, consequence(rule, shown[0].direction)))),
      h('ol', null, shown.map((problem) => this.#item(problem, finding(text.get(problem.number) ?? '', rule)))),
      rest > 0 && h('button.link.more-of-rule', {
        type: 'button',
        onclick: () => {
          this.shown.set(number, this.#limit(number) + 500);
          void this.update();
        },
      }, `${count(rest)} more`));
  }

  /** @param {Problem} problem @param {string} text */
  #item(problem, text) {
    const fromServer = problem.direction === 1;
    const target = problem.row === NONE ? 'handshake' : 'frame';
    const open = () => {
      this.app.choose(problem.connection);
      if (problem.row === NONE) this.app.show('handshake');
      else this.app.select(problem.row, { show: true });
    };
    return h('li', null,
      h('button.place', { type: 'button', onclick: open }, problem.row === NONE ? target : `frame ${count(problem.row + 1)}`, icon('open')),
      h('div', null,
        h('p', null, text),
        h('p.fine', null,
          h('span', { class: fromServer ? 's2c' : 'c2s' }, icon(fromServer ? 'in' : 'out'), ` ${fromServer ? 'the server' : 'the client'} is at fault`),
          ` · connection ${problem.connection + 1} · byte ${count(problem.offset)}`,
          this.app.capture?.hasTimes && problem.time > 0 ? ` · ${clock(this.app.capture.since(problem.time))} s` : '',
          !problem.certain && ' · or only the capture: it does not hold all that went before')));
  }
}

/** What a strict peer does about it. @param {Rule} rule @param {0 | 1} sender Who breaks it. */
function consequence({ origin, number }, sender) {
  if (origin === 'capture') return 'nobody’s fault: the capture lacks something';
  if (origin === 'handshake') return sender === 0 ? `a strict server answers ${number}` : 'a strict client fails the connection';
  return `a strict peer closes with ${number} ${closeCodeName(number)}`;
}
