// Owns the line to the worker: questions with answers, and news without a question. Knows nothing of what they mean.

/** @import { Bytes, Decoded, Format, FrameDetail, Handshake, News, OpenOptions, PayloadForm, Rule } from '../engine.d.ts' */
/** @import { Conversation } from './example.js' */

/**
 * @typedef {object} Listener
 * @property {(news: News, progress: { size: number, position: number, done: boolean, trouble: string | null }) => void} news
 * @property {(state: 'waiting' | 'open' | 'lost') => void} feed
 * @property {(reason: string) => void} broken
 */

/** @typedef {{ format: Format, rules: readonly Rule[] }} Opened */

export class Client {
  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    this.next = 1;
    /** @type {Map<number, { resolve: (value: any) => void, reject: (reason: Error) => void }>} */
    this.waiting = new Map();
    /** @type {Worker} */
    this.worker = startWorker();
    this.ready = new Promise((resolve, reject) => {
      this.worker.addEventListener('message', ({ data }) => (data.ready ? resolve(undefined) : data.broken && reject(new Error(data.broken))));
      this.worker.addEventListener('error', (event) => reject(new Error(event.message || 'the worker did not start')));
    });
    // Whoever waits for it is told; nobody may be waiting yet.
    this.ready.catch(() => {});
    this.worker.addEventListener('message', ({ data }) => this.#receive(data));
  }

  /** @param {any} data */
  #receive(data) {
    if (data.news) this.listener.news(data.news, data.progress);
    else if (data.feed) this.listener.feed(data.feed);
    else if (data.broken) this.listener.broken(data.broken);
    const call = this.waiting.get(data.id);
    if (!call) return;
    this.waiting.delete(data.id);
    if (data.error === undefined) call.resolve(data.result);
    else call.reject(new Error(data.error));
  }

  /** @param {string} method @param {...unknown} parameters @returns {Promise<any>} */
  async #call(method, ...parameters) {
    await this.ready;
    return new Promise((resolve, reject) => {
      const id = this.next++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, parameters });
    });
  }

  /** @param {Blob | Uint8Array} source @param {OpenOptions} [options] @returns {Promise<Opened>} */
  open(source, options) { return this.#call('open', source, options); }
  /** @param {string} url @returns {Promise<Opened>} */
  live(url) { return this.#call('live', url); }
  /** @param {Conversation[]} conversations @returns {Promise<Opened>} */
  replay(conversations) { return this.#call('replay', conversations); }
  /** @param {string} text @returns {Promise<Decoded | null>} */
  decode(text) { return this.#call('decode', text); }
  /** @param {Uint8Array} start @returns {Promise<Format>} */
  sniff(start) { return this.#call('sniff', start); }
  /** @returns {Promise<string>} */
  version() { return this.#call('version'); }
  /** @param {number} row @returns {Promise<FrameDetail>} */
  frame(row) { return this.#call('frame', row); }
  /** @param {number} row @param {PayloadForm} form @param {number} offset @param {number} length @returns {Promise<Bytes>} */
  payload(row, form, offset, length) { return this.#call('payload', row, form, offset, length); }
  /** @param {number} row @param {number} offset @param {number} length @returns {Promise<Bytes>} */
  message(row, offset, length) { return this.#call('message', row, offset, length); }
  /** @param {number[]} rows @param {number} characters @returns {Promise<string[]>} */
  previews(rows, characters) { return this.#call('previews', rows, characters); }
  /** @param {number} connection @returns {Promise<Handshake | null>} */
  handshake(connection) { return this.#call('handshake', connection); }
  /** @param {number[]} problems @returns {Promise<string[]>} */
  problemTexts(problems) { return this.#call('problemTexts', problems); }
}

/**
 * A worker from a blob inherits the page's content security policy; one from an address would have its own, which a
 * plain file server does not send.
 */
function startWorker() {
  const script = JSON.stringify(new URL('./worker.js', import.meta.url).href);
  const source = `import(${script}).catch((error) => postMessage({ broken: String(error) }));`;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const policy = window.trustedTypes?.createPolicy('inspector-worker', {
    createScriptURL: (/** @type {string} */ input) => {
      if (input !== url) throw new TypeError('only the worker of this page');
      return input;
    },
  });
  const worker = new Worker(/** @type {string} */ (/** @type {unknown} */ (policy ? policy.createScriptURL(url) : url)), { type: 'module' });
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker;
}
