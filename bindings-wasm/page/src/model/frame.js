// Owns how a row of the columns is read and worded: direction, kind, flags, lengths, times. Knows no element.
//
// The names of opcodes and close codes are RFC 6455 sections 5.2 and 7.4.1. What is right or wrong is said by the
// engine.

/** @import { Columns } from './columns.js' */

/** As in the contract, which is a declaration and has no values. */
export const NONE = 0xffffffff;

/** @type {typeof import('../engine.d.ts').Flag} */
export const Flag = {
  FROM_SERVER: 1,
  PROBLEM: 2,
  GAP: 4,
  CUT: 8,
  SKIPPED: 16,
  FIRST: 32,
  LAST: 64,
  DEFLATED: 128,
  AFTER_CLOSE: 256,
};

const KINDS = ['cont', 'text', 'binary', 'rsv3', 'rsv4', 'rsv5', 'rsv6', 'rsv7', 'close', 'ping', 'pong', 'rsv11',
  'rsv12', 'rsv13', 'rsv14', 'rsv15'];

/** What can stand behind `op=`, and the opcodes that it means. @type {Record<string, number[]>} */
export const OPCODES = {
  ...Object.fromEntries(KINDS.map((name, opcode) => [name, [opcode]])),
  continuation: [0],
  bin: [2],
  data: [0, 1, 2],
  control: [8, 9, 10],
  reserved: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15],
};

const CLOSE_CODES = new Map([
  [1000, 'normal'], [1001, 'going away'], [1002, 'protocol error'], [1003, 'unsupported data'],
  [1005, 'no code'], [1006, 'abnormal'], [1007, 'invalid payload'], [1008, 'policy violation'],
  [1009, 'message too big'], [1010, 'extension missing'], [1011, 'internal error'], [1012, 'service restart'],
  [1013, 'try again later'], [1014, 'bad gateway'], [1015, 'TLS failure'],
]);

/** @param {number} code */
export const closeCodeName = (code) => CLOSE_CODES.get(code) ?? '';

/** @param {number} opcode */
export const kindName = (opcode) => KINDS[opcode];

/** One frame as the screen needs it: made for visible rows only. */
export class Frame {
  /** @param {Columns} columns @param {number} row */
  constructor(columns, row) {
    const block = columns.block(row);
    const at = row & 0xffff;
    this.row = row;
    this.connection = block.connection[at];
    this.time = block.time[at];
    this.offset = block.offset[at];
    this.length = block.length[at];
    this.content = block.content[at];
    this.header = block.header[at];
    this.headerLength = block.headerLength[at];
    this.flags = block.flags[at];
    this.message = block.message[at];
    this.value = block.value[at];
  }

  get opcode() { return this.header & 15; }
  get fin() { return (this.header & 0x80) !== 0; }
  get masked() { return (this.header & 0x8000) !== 0; }
  get isControl() { return (this.header & 8) !== 0; }
  get fromServer() { return (this.flags & Flag.FROM_SERVER) !== 0; }
  get hasProblem() { return (this.flags & Flag.PROBLEM) !== 0; }
  get isWhole() { return (this.flags & (Flag.FIRST | Flag.LAST)) === (Flag.FIRST | Flag.LAST); }
  get isDeflated() { return (this.flags & Flag.DEFLATED) !== 0; }
  get kind() { return KINDS[this.opcode]; }

  /** Who sent it, in words. */
  get sender() { return this.fromServer ? 'server' : 'client'; }

  /** The bits that are set, as one reads them in a list. */
  get bits() {
    const names = [];
    if (this.fin) names.push('FIN');
    if (this.header & 0x40) names.push('RSV1');
    if (this.header & 0x20) names.push('RSV2');
    if (this.header & 0x10) names.push('RSV3');
    if (this.masked) names.push('MASK');
    return names;
  }
}

const grouped = new Intl.NumberFormat('en', { useGrouping: true });

/** A count with its groups: 1 048 576 has a narrow space where a comma could be read as a point. @param {number} n */
export const count = (n) => grouped.format(n).replaceAll(',', '\u202f');

/** Bytes with the unit that keeps three digits. @param {number} n */
export function bytes(n) {
  if (n < 1024) return `${n} B`;
  let unit = -1;
  let value = n;
  do {
    value /= 1024;
    unit += 1;
  } while (value >= 1000 && unit < 3);
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${['KiB', 'MiB', 'GiB', 'TiB'][unit]}`;
}

/** Microseconds as a length of time. @param {number} us */
export function duration(us) {
  const sign = us < 0 ? '\u2212' : '';
  const span = Math.abs(us);
  if (span < 1000) return `${sign}${span.toFixed(0)} µs`;
  if (span < 1e6) return `${sign}${(span / 1e3).toFixed(span < 1e5 ? 1 : 0)} ms`;
  if (span < 60e6) return `${sign}${(span / 1e6).toFixed(2)} s`;
  const seconds = Math.round(span / 1e6);
  return `${sign}${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Seconds since the capture's start, to the microsecond. @param {number} us */
export const clock = (us) => (us / 1e6).toFixed(6);

/** @param {{ address: string, port: number }} endpoint */
export function endpoint({ address, port }) {
  if (!address) return port ? `:${port}` : 'unknown';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Where a section of an RFC can be read. @param {string} section Such as `RFC 6455 section 5.2`. */
export function sectionLink(section) {
  const found = /RFC (\d+)(?: section ([\d.]+\d|\d))?/i.exec(section);
  if (!found) return null;
  return `https://www.rfc-editor.org/rfc/rfc${found[1]}${found[2] ? `#section-${found[2]}` : ''}`;
}
