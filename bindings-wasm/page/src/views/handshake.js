// Owns the page of a handshake: both heads line by line with the engine's verdicts, and how the accept key comes
// about. Judges nothing itself.

/** @import { App } from '../app.js' */
/** @import { AcceptKey, Connection, Handshake, Head, HeadLine, Rule } from '../engine.d.ts' */
import { endpoint } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';
import { section, sentence } from '../ui/section.js';
import { VERDICTS } from './connections.js';

const PICTURES = /** @type {const} */ ({ good: 'good', bad: 'bad', neutral: null });

export class HandshakeView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.asked = 0;
    this.content = h('div.handshake-content');
    this.element = h('section.handshake', { aria: { label: 'Handshake' } }, this.content);
    const shown = () => app.view === 'handshake' && this.update();
    for (const event of ['capture', 'connection', 'select']) app.addEventListener(event, shown);
    app.addEventListener('change', () => app.capture?.live && shown());
  }

  async update() {
    const { app } = this;
    const connection = app.capture?.connections[app.connection];
    if (!connection) return fill(this.content, h('p.empty', null, 'There is no connection yet.'));
    this.asked += 1;
    const asked = this.asked;
    const handshake = await app.client.handshake(connection.id);
    if (asked === this.asked) this.#show(connection, handshake);
  }

  /** @param {Connection} connection @param {Handshake | null} handshake */
  #show(connection, handshake) {
    const rules = this.app.capture?.rules ?? [];
    fill(this.content,
      this.#title(connection),
      handshake
        ? h('div.heads', null,
            head('Request', 'c2s', 'out', handshake.request, rules),
            head('Response', 's2c', 'in', handshake.response, rules))
        : h('p.empty', null, 'The capture begins behind the handshake. Compression is taken as agreed, with windows of 15 bits.'),
      handshake?.accept && acceptKey(handshake.accept),
      handshake && agreement(connection, handshake));
  }

  /** @param {Connection} connection */
  #title(connection) {
    const [picture, kind, text] = VERDICTS[connection.handshake];
    const all = this.app.capture?.connections ?? [];
    return h('div.handshake-title', null,
      h('span.verdict', { class: `verdict ${kind}` }, icon(/** @type {'good'} */ (picture)), text),
      h('h1', null, connection.url ?? `${endpoint(connection.client)} → ${endpoint(connection.server)}`),
      all.length > 1 && h('label.choose', null, h('span.hidden-text', null, 'Connection'),
        h('select', { onchange: (/** @type {Event} */ event) => this.app.choose(Number(/** @type {HTMLSelectElement} */ (event.target).value)) },
          all.map((other) => h('option', { value: other.id, selected: other.id === connection.id }, `#${other.id + 1} ${other.url ?? endpoint(other.client)}`)))));
  }
}

/** @param {string} title @param {string} side @param {'out' | 'in'} arrow @param {Head | null} head @param {readonly Rule[]} rules */
function head(title, side, arrow, head, rules) {
  return h('article.head', { class: `head ${side}` },
    h('h2', null, icon(arrow), title, h('small', null, side === 'c2s' ? 'client to server' : 'server to client')),
    head
      ? h('ol', null, head.lines.map((part) => line(part, rules)), head.absent.map((fault) => h('li.line.bad', null,
          icon('bad', 'wrong'),
          h('div', null, h('code.absent', null, 'missing'), h('p', null, sentence(fault.text, rules[fault.rule]), ' ', section(fault.section))))))
      : h('p.empty', null, 'not in the capture'),
    head?.body && h('pre.body', null, head.body));
}

/** @param {HeadLine} line @param {readonly Rule[]} rules */
function line({ text, name, verdict, note, section: where, rule }, rules) {
  const picture = PICTURES[verdict];
  return h('li.line', { class: `line ${verdict}` },
    picture ? icon(picture, verdict === 'good' ? 'right' : 'wrong') : h('span.dot', { aria: { hidden: true } }),
    h('div', null,
      h('code', null, name > 0 ? [h('b', null, text.slice(0, name)), text.slice(name)] : h('b', null, text)),
      note && h('p', null, rule < 0 ? note : sentence(note, rules[rule]), ' ', section(where))));
}

/** The computation of RFC 6455 section 4.2.2, step by step. @param {AcceptKey} accept */
function acceptKey({ key, guid, sha1, expected, found }) {
  const verdict = found === null
    ? h('span.verdict.note', null, icon('note'), 'no response to compare with')
    : found === expected
      ? h('span.verdict.good', null, icon('good'), 'the server sent the same')
      : h('span.verdict.bad', null, icon('bad'), 'the server sent ', h('code', null, found));
  return h('article.accept', null,
    h('h2', null, icon('key'), 'The accept key', section('RFC 6455 section 4.2.2')),
    h('ol.steps', null,
      h('li', null, h('span', null, 'the client’s key'), h('code', null, key)),
      h('li', null, h('span', null, 'with the constant behind it'), h('code', null, h('i', null, key), guid)),
      h('li', null, h('span', null, 'SHA-1 of that'), h('code', null, sha1.replace(/(..)(?=.)/g, '$1 '))),
      h('li', null, h('span', null, 'in base64'), h('code.result', null, expected), verdict)));
}

/** Offered against accepted. @param {Connection} connection @param {Handshake} handshake */
function agreement(connection, handshake) {
  const rows = [
    ['Extensions', values(handshake.request, 'sec-websocket-extensions'), values(handshake.response, 'sec-websocket-extensions')],
    ['Subprotocol', values(handshake.request, 'sec-websocket-protocol'), values(handshake.response, 'sec-websocket-protocol')],
  ].filter(([, offered, accepted]) => offered || accepted);
  if (rows.length === 0) return null;
  return h('article.agreement', null,
    h('h2', null, icon('link'), 'What was agreed'),
    h('table', null,
      h('thead', null, h('tr', null, ['', 'offered', 'accepted'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', null, rows.map(([name, offered, accepted]) => h('tr', null,
        h('th', { scope: 'row' }, name),
        h('td', null, offered ? h('code', null, offered) : 'nothing'),
        h('td', null, accepted ? h('code', null, accepted) : 'nothing'))))),
    connection.deflate && h('p.fine', null, windows(connection.deflate)));
}

/** @param {import('../engine.d.ts').DeflateParams} deflate */
function windows(deflate) {
  const side = (/** @type {string} */ name, /** @type {number} */ bits, /** @type {boolean} */ none) =>
    `${name}: a window of ${2 ** bits} bytes (${bits} bits), ${none ? 'fresh for each message' : 'kept from message to message'}`;
  return `${side('Client', deflate.clientMaxWindowBits, deflate.clientNoContextTakeover)}. ${side('Server', deflate.serverMaxWindowBits, deflate.serverNoContextTakeover)}.`;
}

/** @param {Head | null} head @param {string} name */
function values(head, name) {
  return (head?.lines ?? [])
    .filter((line) => line.name > 0 && line.text.slice(0, line.name).toLowerCase() === name)
    .map((line) => line.text.slice(line.name + 1).trim())
    .join(', ');
}
