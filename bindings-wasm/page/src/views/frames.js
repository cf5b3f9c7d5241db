// Owns the page of frames: the filter, the list and its keys, and where the detail stands beside it. Knows the app's
// state; how a row looks is the row's business.

/** @import { App } from '../app.js' */
import { parseFilter } from '../model/filter.js';
import { count, endpoint } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';
import { Scroller } from '../ui/scroller.js';
import { splitter } from '../ui/splitter.js';
import { DensityStrip } from './density.js';
import { Detail } from './detail.js';
import { Previews } from './previews.js';
import { FrameRow, HEADINGS } from './row.js';
import { Brackets } from './brackets.js';

export class FramesView {
  input = h('input', {
    type: 'search', placeholder: 'op=ping  dir=c2s  len>1k  "text"  bad', spellcheck: 'false',
    autocapitalize: 'off', autocomplete: 'off', aria: { label: 'Filter frames', describedby: 'filter-said' },
    oninput: () => this.#filter(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#filterKey(event),
  });

  scope = h('select', { aria: { label: 'Connection' }, onchange: (/** @type {Event} */ event) =>
    this.#scoped(Number(/** @type {HTMLSelectElement} */ (event.target).value)) });

  messages = h('button.toggle', {
    type: 'button', title: 'Frames or whole messages (m)', aria: { pressed: 'false' }, onclick: () => this.toggleMessages(),
  }, 'Messages');

  said = h('output.said', { id: 'filter-said' });

  grid = h('div.grid', {
    role: 'grid', tabindex: 0, id: 'frames', aria: { label: 'Frames', colcount: HEADINGS.length },
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
  });

  empty = h('p.empty');
  /** How many connections one can choose from now. */
  scopeCount = -1;
  filterTimer = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.detail = new Detail(app, { back: () => this.grid.focus() });
    this.previews = new Previews(app, () => this.scroller.refresh());
    this.brackets = new Brackets(app);
    /** @type {WeakMap<HTMLElement, FrameRow>} */
    this.rows = new WeakMap();
    this.density = new DensityStrip(app, (place) => this.#jump(place));
    const headings = h('div.headings', { aria: { hidden: 'true' } }, HEADINGS.map(([name, style]) => h('span', { class: style }, name)));
    this.element = h('section.frames', { aria: { label: 'Frames' } });
    this.element.append(
      h('div.list', null,
        h('div.filter', { role: 'search' },
          h('label.field', null, icon('search'), this.input, h('kbd', { aria: { hidden: 'true' } }, '/')),
          this.scope, this.messages, this.said),
        this.density.element, headings, this.grid, this.empty),
      splitter(this.element),
      this.detail.element);
    this.scroller = new Scroller(this.grid, {
      rowHeight: 26,
      create: () => this.#createRow(),
      draw: (element, place) => this.#drawRow(element, place),
      visible: (first, end) => {
        this.previews.want(first, end);
        this.brackets.trace(first, end);
        this.density.see(first, end);
      },
    });
    this.#listen();
  }

  #listen() {
    const { app } = this;
    app.addEventListener('capture', () => this.#opened());
    app.addEventListener('select', () => this.#selected());
    app.addEventListener('shown', () => this.detail.open());
    app.addEventListener('unfilter', () => this.#clear());
    app.addEventListener('scope', () => this.#scoped(app.connection));
    app.addEventListener('change', () => this.#scopes());
  }

  #opened() {
    this.input.value = '';
    this.messages.setAttribute('aria-pressed', 'false');
    this.previews.clear();
    this.scroller.setCount(0);
    this.scroller.moveTo(0);
    this.detail.clear();
    this.density.clear();
    this.scopeCount = -1;
    const { list } = this.app;
    list?.addEventListener('change', () => list === this.app.list && this.#changed());
    this.#scopes();
    this.#changed();
  }

  /** The list is longer, or another one. */
  #changed() {
    const { capture, list } = this.app;
    if (!capture || !list) return;
    const following = capture.live && this.scroller.atEnd && this.scroller.count > 0;
    this.scroller.setCount(list.count);
    this.density.changed();
    if (following) this.scroller.moveTo(Number.MAX_SAFE_INTEGER);
    this.grid.setAttribute('aria-rowcount', String(list.count));
    this.element.style.setProperty('--digits', String(Math.max(4, count(capture.frames).length)));
    this.empty.hidden = list.count > 0;
    fill(this.empty, list.busy ? 'Looking …' : capture.frames > 0 ? 'No frame passes the filter.' : capture.done ? 'There is no frame in this capture.' : 'No frame so far.');
    const fault = list.filter.faults[0];
    this.said.classList.toggle('bad', Boolean(fault));
    this.said.dataset.of = list.filter.text;
    fill(this.said, fault
      ? [icon('bad'), `${fault.term}: ${fault.why}`]
      : list.isAll ? '' : `${count(list.count)} of ${count(capture.frames)}${list.busy ? ' …' : ''}`);
  }

  /** The connections one can choose from. */
  #scopes() {
    const connections = this.app.capture?.connections ?? [];
    this.scope.hidden = connections.length < 2;
    if (connections.length === this.scopeCount) return;
    this.scopeCount = connections.length;
    const chosen = this.app.list?.connection ?? -1;
    fill(this.scope, h('option', { value: -1 }, 'All connections'),
      connections.map(({ id, url, client }) => h('option', { value: id }, `#${id + 1} ${url ?? endpoint(client)}`)));
    this.scope.value = String(chosen);
  }

  /** @param {number} connection */
  #scoped(connection) {
    const wanted = (this.app.capture?.connections.length ?? 0) > 1 ? connection : -1;
    this.scope.value = String(wanted);
    this.#restart({ connection: wanted });
  }

  /** @param {Parameters<import('../model/list.js').List['change']>[0]} changes */
  #restart(changes) {
    const { list, selected } = this.app;
    if (!list) return;
    list.change(changes);
    for (const row of this.scroller.rows.values()) row.removeAttribute('id');
    this.scroller.setCount(list.count);
    this.scroller.refresh();
    this.#changed();
    const place = selected < 0 ? 0 : list.placeAfter(selected);
    this.scroller.reveal(Math.min(place, Math.max(0, list.count - 1)), { centre: true });
    this.scroller.redraw();
  }

  #filter() {
    clearTimeout(this.filterTimer);
    this.filterTimer = window.setTimeout(() => this.#restart({ filter: parseFilter(this.input.value) }), 120);
  }

  #clear() {
    this.input.value = '';
    this.messages.setAttribute('aria-pressed', 'false');
    this.scope.value = '-1';
    this.#restart({ filter: parseFilter(''), connection: -1, messages: false });
  }

  toggleMessages() {
    const messages = !this.app.list?.messages;
    this.messages.setAttribute('aria-pressed', String(messages));
    this.#restart({ messages });
  }

  toggleConnection() {
    const { list, connection } = this.app;
    if (list) this.#scoped(list.connection < 0 ? connection : -1);
  }

  focusFilter() {
    this.input.focus();
    this.input.select();
  }

  /** @param {number} place */
  #jump(place) {
    const { rowHeight } = this.scroller.options;
    this.scroller.moveTo(place * rowHeight - (this.scroller.page * rowHeight) / 2);
  }

  /** The dialog of `g`. */
  askForRow() {
    const input = h('input', { type: 'text', inputmode: 'numeric', aria: { label: 'Number of the frame' }, placeholder: `1 … ${this.app.capture?.frames ?? 0}` });
    const dialog = h('dialog.goto', null, h('form', {
      method: 'dialog',
      onsubmit: () => {
        const row = Number(input.value.replace(/\D/g, '')) - 1;
        if (row >= 0 && row < (this.app.capture?.frames ?? 0)) this.app.select(row, { show: true });
        else this.app.say(`There is no frame ${input.value}.`);
      },
    }, h('label', null, 'Go to frame', input), h('button.primary', { type: 'submit' }, 'Go')));
    dialog.addEventListener('close', () => {
      dialog.remove();
      this.grid.focus();
    });
    this.element.append(dialog);
    dialog.showModal();
  }

  #createRow() {
    const row = new FrameRow((place, event) => {
      const { list } = this.app;
      if (!list || place >= list.count) return;
      this.app.select(list.row(place));
      this.detail.open();
      if (event.detail > 1) this.detail.focus();
    });
    this.rows.set(row.element, row);
    return row.element;
  }

  /** @param {HTMLElement} element @param {number} place */
  #drawRow(element, place) {
    const { app } = this;
    const { capture, list } = app;
    if (!capture || !list || place >= list.count) return;
    const row = list.row(place);
    this.rows.get(element)?.show({
      capture, row, place,
      selected: row === app.selected,
      preview: this.previews.of(row),
      bracket: this.brackets.at(place),
      fragments: list.messages ? capture.fragments(row) : null,
    });
    if (row === app.selected) this.grid.setAttribute('aria-activedescendant', element.id);
  }

  #selected() {
    const place = this.app.list?.placeOf(this.app.selected) ?? -1;
    if (place >= 0) this.scroller.reveal(place, { centre: true });
    this.scroller.refresh();
    const element = place >= 0 ? this.scroller.rowAt(place) : null;
    if (element) this.grid.setAttribute('aria-activedescendant', element.id);
    else this.grid.removeAttribute('aria-activedescendant');
    void this.detail.show(this.app.selected);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const { app } = this;
    const page = this.scroller.page - 1;
    const far = Number.MAX_SAFE_INTEGER / 2;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowDown: () => app.move(1),
      ArrowUp: () => app.move(-1),
      PageDown: () => app.move(page),
      PageUp: () => app.move(-page),
      Home: () => app.move(-far),
      End: () => app.move(far),
      Enter: () => {
        this.detail.open();
        this.detail.focus();
      },
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** @param {KeyboardEvent} event */
  #filterKey(event) {
    if (event.key === 'Escape' && this.input.value === '') this.grid.focus();
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault();
      this.grid.focus();
      if (this.app.selected < 0) this.app.move(1);
    }
  }

  update() {
    if (this.app.capture && !document.querySelector('dialog[open]')) this.grid.focus({ preventScroll: true });
    this.#changed();
    const place = this.app.list?.placeOf(this.app.selected) ?? -1;
    if (place >= 0) this.scroller.reveal(place, { centre: true });
  }
}
