// Owns the state that the views share: the open capture, the list, the selected row, the view that is shown. Knows
// the engine's client and the model; knows no element.

import { Client } from './engine/client.js';
import { exampleConversations } from './engine/example.js';
import { Capture } from './model/capture.js';
import { Flag } from './model/frame.js';
import { List } from './model/list.js';

/** @typedef {'open' | 'connections' | 'frames' | 'handshake' | 'problems'} ViewName */

/** Milliseconds between two looks at a capture that grows: each slice of a file would be one, and cost a layout. */
const PACE = 80;
/** Characters of a frame's content that the filter looks at. */
const SEARCHED = 4096;

/**
 * Tells, as events: `capture` (another one is open), `change` (it grew), `select`, `shown` (the selected row is wanted in full), `view`, `connection`, `message`
 * (something to tell the user), `feed`.
 */
export class App extends EventTarget {
  constructor() {
    super();
    /** @type {Capture | null} */
    this.capture = null;
    /** @type {List | null} */
    this.list = null;
    this.selected = -1;
    this.connection = 0;
    /** @type {ViewName} */
    this.view = 'open';
    this.message = '';
    this.growth = 0;
    /** @type {'waiting' | 'open' | 'lost' | null} */
    this.feed = null;
    this.client = new Client({
      news: (news, progress) => {
        this.capture?.add(news, progress);
        this.#grown(progress.done);
      },
      feed: (state) => {
        if (state === 'lost' && this.feed === 'waiting') this.say('There is no live feed here; `cargo xtask run` serves one.');
        this.feed = state;
        this.tell('feed');
      },
      broken: (reason) => this.say(`The engine stopped: ${reason}`),
    });
  }

  /** @param {boolean} done */
  #grown(done) {
    if (this.growth && !done) return;
    clearTimeout(this.growth);
    const tell = () => {
      this.growth = 0;
      this.capture?.dispatchEvent(new Event('change'));
      this.tell('change');
      if (done && this.capture?.trouble) this.say(`Not all of it could be read: ${this.capture.trouble}`);
    };
    if (done || this.capture?.frames === 0) tell();
    else this.growth = window.setTimeout(tell, PACE);
  }

  /** @param {string} event */
  tell(event) {
    this.dispatchEvent(new Event(event));
  }

  /** Show a sentence to the user. @param {string} message */
  say(message) {
    this.message = message;
    this.tell('message');
  }

  /** @param {Blob} file @param {string} name */
  async openFile(file, name) {
    const format = await this.client.sniff(new Uint8Array(await file.slice(0, 65_536).arrayBuffer()));
    if (format === 'empty') return this.say(`${name} is empty.`);
    await this.#open(name, () => this.client.open(file, { format }));
  }

  /** Pasted text: hex, a dump, base64. @param {string} text */
  async openText(text) {
    const decoded = await this.client.decode(text);
    if (!decoded) return this.say('This is neither hex, nor a dump of xxd or hexdump, nor base64.');
    const format = await this.client.sniff(decoded.bytes);
    const isCapture = format === 'pcap' || format === 'pcapng';
    await this.#open(`Pasted ${isCapture ? format : decoded.format}`, () =>
      this.client.open(decoded.bytes, { format: isCapture ? format : 'raw' }));
  }

  async openExample() {
    const conversations = await exampleConversations();
    await this.#open('Example', () => this.client.replay(conversations));
  }

  async openLive() {
    await this.#open('Live', () => this.client.live(new URL('live', document.baseURI).href), true);
    this.show('connections');
  }

  /**
   * The worker posts news behind its answer, so the capture is there before the first of them is taken.
   * @param {string} name @param {() => Promise<import('./engine/client.js').Opened>} start @param {boolean} [live]
   */
  async #open(name, start, live = false) {
    this.feed = null;
    this.capture = null;
    this.list?.stop();
    try {
      const { format, rules } = await start();
      this.capture = new Capture({ name, live, format, rules });
    } catch (error) {
      return this.say(error instanceof Error ? error.message : String(error));
    }
    this.list = new List(this.capture, (rows) => this.client.previews(rows, SEARCHED));
    this.selected = -1;
    this.connection = 0;
    this.message = '';
    this.tell('capture');
    if (!live) this.#enter();
  }

  /** The view that says most about what was just opened, as soon as there is something to say. */
  #enter() {
    const { capture } = this;
    if (!capture) return;
    const look = () => {
      if (this.capture !== capture) return capture.removeEventListener('change', look);
      if (capture.connections.length === 0 && !capture.done) return;
      capture.removeEventListener('change', look);
      this.show(capture.connections.length > 1 ? 'connections' : 'frames');
      if (capture.frames > 0 && capture.connections.length === 1) this.select(0);
    };
    capture.addEventListener('change', look);
  }

  /** @param {ViewName} view */
  show(view) {
    const wanted = this.capture ? view : 'open';
    if (wanted === this.view) return;
    this.view = wanted;
    this.tell('view');
  }

  /** @param {number} row @param {{ show?: boolean }} [how] Also go to where frames are shown. */
  select(row, how = {}) {
    if (!this.capture || row < 0 || row >= this.capture.frames) return;
    if (how.show) {
      // A row that the filter hides would be selected out of sight.
      if (this.list && this.list.placeOf(row) < 0 && !this.list.busy) this.tell('unfilter');
      this.show('frames');
    }
    if (row !== this.selected) {
      this.selected = row;
      this.connection = this.capture.columns.at('connection', row);
      this.tell('select');
    }
    if (how.show) this.tell('shown');
  }

  /** Move the selection by places of the list. @param {number} places */
  move(places) {
    const { list } = this;
    if (!list || list.count === 0) return;
    let place = this.selected < 0 ? -1 : list.placeAfter(this.selected);
    // From a row that is not in the list, the next one downwards is where it would be.
    if (this.selected >= 0 && list.placeOf(this.selected) < 0 && places > 0) place -= 1;
    this.select(list.row(Math.min(Math.max(0, place + places), list.count - 1)));
  }

  /** The next or previous frame at fault. @param {1 | -1} step */
  moveToProblem(step) {
    const { capture } = this;
    if (!capture) return;
    const { columns, frames } = capture;
    let row = this.selected < 0 && step < 0 ? frames - 1 : this.selected + step;
    while (row >= 0 && row < frames && (columns.at('flags', row) & Flag.PROBLEM) === 0) row += step;
    if (row >= 0 && row < frames) this.select(row, { show: true });
    else this.say(`No problem ${step > 0 ? 'further down' : 'further up'}.`);
  }

  /** The next or previous frame of the same direction and connection; inside a message, of the message. @param {1 | -1} step */
  moveToSibling(step) {
    const { capture, selected } = this;
    if (!capture || selected < 0) return;
    const side = capture.columns.at('flags', selected) & 1;
    const row = capture.nearest(selected, step, (at) => (capture.columns.at('flags', at) & 1) === side);
    if (row !== null) this.select(row, { show: true });
  }

  /** @param {number} connection */
  choose(connection) {
    if (connection === this.connection) return;
    this.connection = connection;
    this.tell('connection');
  }
}
