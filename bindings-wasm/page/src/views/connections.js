// Owns the table of connections. Knows what the engine says of each, nothing of their frames.

/** @import { App } from '../app.js' */
/** @import { Connection } from '../engine.d.ts' */
import { NONE, bytes, clock, closeCodeName, count, duration, endpoint } from '../model/frame.js';
import { fill, h, icon } from '../ui/dom.js';

const COLUMNS = ['#', 'Connection', 'Handshake', 'Frames', 'Bytes', 'Deflate', 'Round trip', 'End', 'Problems'];

/** How a handshake is shown. @type {Record<Connection['handshake'], [string, 'good' | 'bad' | 'note', string]>} */
export const VERDICTS = {
  accepted: ['good', 'good', 'accepted'],
  faulty: ['bad', 'bad', 'faulty'],
  refused: ['bad', 'bad', 'refused'],
  pending: ['note', 'note', 'no answer'],
  unseen: ['note', 'note', 'not captured'],
};

export class ConnectionsView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.body = h('tbody');
    /** @type {Map<number, { shown: Connection, row: HTMLElement }>} */
    this.rows = new Map();
    this.empty = h('p.empty', null);
    this.element = h('section.table-view', { aria: { label: 'Connections' } },
      h('table.connections', null,
        h('caption.hidden-text', null, 'Connections of the capture'),
        h('thead', null, h('tr', null, COLUMNS.map((name) => h('th', { scope: 'col' }, name)))),
        this.body),
      this.empty);
    app.addEventListener('capture', () => {
      this.rows.clear();
      fill(this.body);
    });
    app.addEventListener('change', () => app.view === 'connections' && this.update());
  }

  update() {
    const connections = this.app.capture?.connections ?? [];
    for (const connection of connections) {
      if (!connection) continue;
      const known = this.rows.get(connection.id);
      if (known?.shown === connection) continue;
      const row = this.#row(connection);
      if (known) known.row.replaceWith(row);
      else this.body.append(row);
      this.rows.set(connection.id, { shown: connection, row });
    }
    this.empty.hidden = connections.length > 0;
    fill(this.empty, this.app.capture?.live
      ? 'Waiting for the first connection.'
      : this.app.capture?.done ? 'There is no WebSocket connection in this capture.' : 'Reading …');
  }

  /** @param {Connection} connection */
  #row(connection) {
    const open = () => this.#open(connection);
    const [frames, wire, payload, content] = [connection.frames, connection.wire, connection.payload, connection.content].map(sum);
    return h('tr', { onclick: open, data: { id: connection.id } },
      h('td.number', { data: { label: '#' } }, connection.id + 1),
      h('td.title', { data: { label: 'Connection' } },
        h('button.link', { type: 'button', onclick: open }, connection.url ?? `${endpoint(connection.client)} → ${endpoint(connection.server)}`),
        h('span.fine', null, this.#subtitle(connection))),
      h('td', { data: { label: 'Handshake' } }, this.#verdict(connection)),
      h('td.number', { data: { label: 'Frames' } }, count(frames), both(connection.frames, count)),
      h('td.number', { data: { label: 'Bytes' } }, bytes(wire), both(connection.wire, bytes)),
      h('td.number', { data: { label: 'Deflate' } }, connection.deflate && content > 0 && payload < content
        ? [`${((payload / content) * 100).toFixed(0)} %`, h('span.fine', null, `of ${bytes(content)}`)]
        : connection.deflate && connection.handshake !== 'unseen' ? ['agreed', h('span.fine', null, 'none used')] : h('span.fine', null, 'none')),
      h('td.number', { data: { label: 'Round trip' } }, connection.lastRoundTrip === NONE
        ? h('span.fine', null, 'no ping')
        : [duration(connection.lastRoundTrip), h('span.fine', null, `least ${duration(connection.leastRoundTrip)}`)]),
      h('td', { data: { label: 'End' } }, ending(connection)),
      h('td.number', { data: { label: 'Problems' } }, connection.problems > 0
        ? h('span.verdict.bad', null, icon('bad'), count(connection.problems))
        : h('span.verdict.good', null, icon('good'), '0')));
  }

  /** @param {Connection} connection */
  #subtitle(connection) {
    const parts = connection.url ? [`${endpoint(connection.client)} → ${endpoint(connection.server)}`] : [];
    if (this.app.capture?.hasTimes && connection.started > 0) {
      parts.push(`at ${clock(this.app.capture.since(connection.started))} s for ${duration(connection.ended - connection.started)}`);
    }
    if (connection.subprotocol) parts.push(connection.subprotocol);
    return parts.join(' · ');
  }

  /** @param {Connection} connection */
  #verdict(connection) {
    const [picture, kind, text] = VERDICTS[connection.handshake];
    const show = (/** @type {Event} */ event) => {
      event.stopPropagation();
      this.app.choose(connection.id);
      this.app.show('handshake');
    };
    return h('button.verdict', { class: `verdict ${kind}`, type: 'button', title: 'Show the handshake', onclick: show },
      icon(/** @type {'good'} */ (picture)), connection.status >= 300 ? `${text} ${connection.status}` : text);
  }

  /** @param {Connection} connection */
  #open(connection) {
    this.app.choose(connection.id);
    this.app.tell('scope');
    this.app.show('frames');
  }
}

/** @param {readonly number[]} pair */
function sum([a, b]) {
  return a + b;
}

/** Both directions, each with its arrow. @param {readonly [number, number]} pair @param {(n: number) => string} format */
function both([up, down], format) {
  return h('span.fine.pair', null,
    h('span.c2s', null, icon('out', 'client to server'), format(up)),
    h('span.s2c', null, icon('in', 'server to client'), format(down)));
}

/** @param {Connection} connection */
function ending({ close: [client, server], end }) {
  const codes = [client !== null && ['client', client], server !== null && ['server', server]].filter(Boolean);
  const transport = { open: 'still open', fin: 'closed', reset: 'reset' }[end];
  if (codes.length === 0) return [end === 'open' ? 'open' : 'no close frame', h('span.fine', null, transport)];
  const [first] = /** @type {[string, number][]} */ (codes);
  const second = client !== null && server !== null && client !== server ? ` / ${server}` : '';
  return [`${first[1]}${second} ${closeCodeName(first[1])}`, h('span.fine', null, codes.length === 2 ? `both sides, ${transport}` : `${first[0]} only, ${transport}`)];
}
