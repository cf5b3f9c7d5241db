// Owns the reading of the live feed that `LIVE.md` describes. Knows the capture that it is appended to, not the
// screen.

/** @import { Endpoint, LiveCapture } from '../engine.d.ts' */

/**
 * @typedef {object} Line One event of the feed.
 * @property {string} connection
 * @property {number} time_us
 * @property {'client' | 'server'} [direction]
 * @property {string} [base64]
 * @property {Endpoint} [client]
 * @property {Endpoint} [server]
 * @property {boolean} [closed]
 */

/** How often the screen hears of news, in milliseconds: a fast conversation would flood it. */
const PACE = 60;
const UNKNOWN = { address: '', port: 0 };

/**
 * Append what the feed says to a capture, until the function that is returned is called.
 * @param {string} url @param {LiveCapture} capture
 * @param {{ news: () => void, state: (state: 'waiting' | 'open' | 'lost') => void }} listener
 */
export function follow(url, capture, listener) {
  /** @type {Map<string, number>} */
  const numbers = new Map();
  const source = new EventSource(url);
  let timer = 0;
  const soon = () => {
    timer ||= self.setTimeout(() => {
      timer = 0;
      listener.news();
    }, PACE);
  };
  source.onopen = () => listener.state('open');
  // Not again by itself: what was missed in between would be a hole, and a feed begins with what went before.
  source.onerror = () => {
    source.close();
    listener.state('lost');
  };
  source.onmessage = ({ data }) => {
    take(JSON.parse(data), capture, numbers);
    soon();
  };
  listener.state('waiting');
  return () => {
    source.close();
    clearTimeout(timer);
  };
}

/** @param {Line} line @param {LiveCapture} capture @param {Map<string, number>} numbers */
function take(line, capture, numbers) {
  let number = numbers.get(line.connection);
  if (number === undefined) {
    number = capture.connect(line.time_us, line.client ?? UNKNOWN, line.server ?? UNKNOWN);
    numbers.set(line.connection, number);
  }
  if (line.base64) {
    const bytes = Uint8Array.from(atob(line.base64), (character) => character.charCodeAt(0));
    capture.append(number, line.direction === 'server' ? 1 : 0, line.time_us, bytes);
  }
  if (line.closed) {
    capture.disconnect(number, line.time_us);
    numbers.delete(line.connection);
  }
}
