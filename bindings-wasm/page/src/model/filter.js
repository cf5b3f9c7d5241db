// Owns the filter language: `op=ping dir=c2s len>1k rtt>50ms "text" /re/ bad`. Terms are joined by "and"; a `-` in
// front of a term turns it around. Knows the columns; the content of frames is looked at by someone else.

/** @import { Columns } from './columns.js' */
import { Flag, NONE, OPCODES } from './frame.js';

/**
 * @typedef {object} Filter
 * @property {string} text
 * @property {((columns: Columns, row: number) => boolean)[]} tests What the columns can say, cheapest first.
 * @property {((content: string) => boolean)[]} contents What only the content can say.
 * @property {{ term: string, why: string }[]} faults Terms that are not understood.
 * @property {boolean} empty
 */

/** What is offered as help, and as the placeholder. */
export const EXAMPLES = [
  ['op=ping', 'one kind of frame: text, binary, cont, close, ping, pong, data, control, reserved'],
  ['dir=c2s', 'from the client to the server; s2c the other way'],
  ['len>1k', 'payload on the wire; also < = >= <=, and units k, m'],
  ['rtt>50ms', 'pongs by their round trip; units us, ms, s'],
  ['code=1000', 'close frames by their status code'],
  ['conn=2', 'one connection'],
  ['bad', 'frames that break a rule'],
  ['deflated', 'compressed messages'],
  ['fragment', 'parts of messages'],
  ['masked', 'frames with a mask'],
  ['"hello"', 'text in the first 4096 characters of the content; a bare word will do'],
  ['/re/i', 'a regular expression on the same'],
  ['-op=pong', 'a minus turns a term around'],
];

/** @param {string} text @returns {Filter} */
export function parseFilter(text) {
  /** @type {Filter} */
  const filter = { text, tests: [], contents: [], faults: [], empty: true };
  for (const term of terms(text)) {
    filter.empty = false;
    const negative = term.startsWith('-') && term.length > 1;
    try {
      add(filter, negative ? term.slice(1) : term, negative);
    } catch (error) {
      filter.faults.push({ term, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return filter;
}

/** Splits at spaces outside of quotes and slashes. @param {string} text */
function terms(text) {
  return text.match(/-?"(?:[^"\\]|\\.)*"?|-?\/(?:[^/\\]|\\.)*\/[a-z]*|\S+/g) ?? [];
}

/** @param {Filter} filter @param {string} term @param {boolean} negative */
function add(filter, term, negative) {
  const quoted = /^"((?:[^"\\]|\\.)*)"?$/.exec(term);
  const expression = /^\/((?:[^/\\]|\\.)*)\/([a-z]*)$/.exec(term);
  if (quoted) return addText(filter, quoted[1].replace(/\\(.)/g, '$1'), negative);
  if (expression) {
    const pattern = new RegExp(expression[1], expression[2].replace(/[gy]/g, ''));
    filter.contents.push((content) => pattern.test(content) !== negative);
    return;
  }
  const comparison = /^([a-z]+)(>=|<=|!=|[=<>:])(.+)$/i.exec(term);
  const test = comparison
    ? comparing(comparison[1].toLowerCase(), comparison[2], comparison[3].toLowerCase())
    : flagTest(term.toLowerCase());
  if (!test) return addText(filter, term, negative);
  filter.tests.push(negative ? (columns, row) => !test(columns, row) : test);
}

/** @param {Filter} filter @param {string} text @param {boolean} negative */
function addText(filter, text, negative) {
  if (text === '') return;
  const lower = text.toLowerCase();
  filter.contents.push((content) => content.toLowerCase().includes(lower) !== negative);
}

/** @typedef {(columns: Columns, row: number) => boolean} Test */

/** @type {Record<string, Test>} */
const FLAGS = {
  bad: flag(Flag.PROBLEM),
  deflated: flag(Flag.DEFLATED),
  gap: flag(Flag.GAP | Flag.CUT),
  fragment: (columns, row) =>
    columns.at('message', row) !== NONE &&
    (columns.at('flags', row) & (Flag.FIRST | Flag.LAST)) !== (Flag.FIRST | Flag.LAST),
  masked: (columns, row) => (columns.at('header', row) & 0x8000) !== 0,
  fin: (columns, row) => (columns.at('header', row) & 0x80) !== 0,
};

/** @param {number} bits @returns {Test} */
function flag(bits) {
  return (columns, row) => (columns.at('flags', row) & bits) !== 0;
}

/** @param {string} word @returns {Test | null} */
function flagTest(word) {
  return Object.hasOwn(FLAGS, word) ? FLAGS[word] : null;
}

/** @param {string} name @param {string} sign @param {string} value @returns {Test} */
function comparing(name, sign, value) {
  switch (name) {
    case 'op': return opcodeTest(sign, value);
    case 'dir': return directionTest(sign, value);
    case 'len': return numberTest('length', sign, size(value));
    case 'conn': return numberTest('connection', sign, Math.max(0, integer(value) - 1));
    case 'rtt': return valueTest(10, sign, time(value));
    case 'code': return valueTest(8, sign, integer(value));
    default: throw new Error(`there is no \`${name}\`; try op, dir, len, rtt, code, conn`);
  }
}

/** @param {string} sign @param {string} value @returns {Test} */
function opcodeTest(sign, value) {
  let wanted = 0;
  for (const name of value.split(',')) {
    const opcodes = Object.hasOwn(OPCODES, name) ? OPCODES[name] : [integer(name)];
    for (const opcode of opcodes) wanted |= 1 << opcode;
  }
  const equal = equality(sign);
  return (columns, row) => ((wanted >> (columns.at('header', row) & 15)) & 1) === equal;
}

/** @param {string} sign @param {string} value @returns {Test} */
function directionTest(sign, value) {
  const sides = new Map([['c2s', 0], ['client', 0], ['s2c', 1], ['server', 1]]);
  const side = sides.get(value);
  if (side === undefined) throw new Error('a direction is c2s or s2c');
  const wanted = equality(sign) ? side : 1 - side;
  return (columns, row) => (columns.at('flags', row) & Flag.FROM_SERVER) === wanted;
}

/** @param {string} sign */
function equality(sign) {
  if (sign === '=' || sign === ':') return 1;
  if (sign === '!=') return 0;
  throw new Error('only = and != make sense here');
}

/** @param {'length' | 'connection'} column @param {string} sign @param {number} bound @returns {Test} */
function numberTest(column, sign, bound) {
  const compare = comparer(sign);
  return (columns, row) => compare(columns.at(column, row), bound);
}

/** @param {number} opcode @param {string} sign @param {number} bound @returns {Test} */
function valueTest(opcode, sign, bound) {
  const compare = comparer(sign);
  return (columns, row) => {
    if ((columns.at('header', row) & 15) !== opcode) return false;
    const value = columns.at('value', row);
    return value !== NONE && compare(value, bound);
  };
}

/** @param {string} sign @returns {(a: number, b: number) => boolean} */
function comparer(sign) {
  switch (sign) {
    case '>': return (a, b) => a > b;
    case '<': return (a, b) => a < b;
    case '>=': return (a, b) => a >= b;
    case '<=': return (a, b) => a <= b;
    case '!=': return (a, b) => a !== b;
    default: return (a, b) => a === b;
  }
}

/** @param {string} text */
function integer(text) {
  const value = Number(text);
  if (!Number.isInteger(value) || text.trim() === '') throw new Error(`\`${text}\` is no number`);
  return value;
}

/** @param {string} text */
function size(text) {
  return scaled(text, { '': 1, b: 1, k: 1024, kb: 1024, kib: 1024, m: 1 << 20, mb: 1 << 20, mib: 1 << 20 });
}

/** In microseconds. @param {string} text */
function time(text) {
  return scaled(text, { us: 1, µs: 1, ms: 1e3, '': 1e3, s: 1e6 });
}

/** @param {string} text @param {Record<string, number>} units */
function scaled(text, units) {
  const found = /^(\d+(?:\.\d+)?)([a-zµ]*)$/.exec(text);
  if (!found || !Object.hasOwn(units, found[2])) throw new Error(`\`${text}\` is no size or time`);
  return Number(found[1]) * units[found[2]];
}
