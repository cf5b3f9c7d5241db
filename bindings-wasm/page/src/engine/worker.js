// Owns the engine and the open capture, in a thread of their own. Reads the file slice by slice and posts what is
// new; answers questions in between. Knows nothing of the screen.

/** @import { Capture, LiveCapture, OpenOptions } from '../engine.d.ts' */
import { load } from '../../package/inspect.js';
import { follow } from './live.js';

const engine = await load();

/** @type {Capture | null} */
let capture = null;
/** Ends what feeds the capture. */
let stop = () => {};

/** What can be asked. */
const methods = {
  /** @param {Blob | Uint8Array} source @param {OpenOptions} [options] */
  open(source, options) {
    begin(engine.open(source, options));
    const mine = open();
    afterAnswer(() => void pump(mine));
    return { format: mine.format, rules: engine.rules };
  },

  /** The feed of the program that serves the page. @param {string} url */
  live(url) {
    const live = engine.live();
    begin(live);
    stop = follow(url, live, {
      news: () => tell(live, false),
      state: (state) => postMessage({ feed: state }),
    });
    return { format: live.format, rules: engine.rules };
  },

  /** Bytes of made-up conversations, see `example.js`. @param {import('./example.js').Conversation[]} conversations */
  replay(conversations) {
    const live = engine.live();
    begin(live);
    const numbers = conversations.map(({ time, client, server }) => live.connect(time, client, server));
    const chunks = conversations.flatMap(({ chunks }, at) => chunks.map((chunk) => ({ ...chunk, at })));
    chunks.sort((a, b) => a.time - b.time);
    for (const { at, direction, time, bytes } of chunks) live.append(numbers[at], direction, time, bytes);
    conversations.forEach(({ ended }, at) => ended && live.disconnect(numbers[at], ended));
    afterAnswer(() => tell(live, true));
    return { format: live.format, rules: engine.rules };
  },

  /** @param {string} text */
  decode: (text) => engine.decode(text),
  /** @param {Uint8Array} start */
  sniff: (start) => engine.sniff(start),
  version: () => engine.version,

  /** @param {number} row */
  frame: (row) => open().frame(row),
  /** @param {Parameters<Capture['payload']>} parameters */
  payload: (...parameters) => open().payload(...parameters),
  /** @param {Parameters<Capture['message']>} parameters */
  message: (...parameters) => open().message(...parameters),
  /** @param {Parameters<Capture['previews']>} parameters */
  previews: (...parameters) => open().previews(...parameters),
  /** @param {number} connection */
  handshake: (connection) => open().handshake(connection),
  /** @param {number[]} problems */
  problemTexts: (problems) => problems.map((problem) => open().problemText(problem)),
};

/** The page makes room for a capture when it has the answer: news must come behind it. @param {() => void} action */
function afterAnswer(action) {
  setTimeout(action, 0);
}

function open() {
  if (!capture) throw new Error('no capture is open');
  return capture;
}

/** @param {Capture} next */
function begin(next) {
  stop();
  stop = () => {};
  capture?.free();
  capture = next;
}

/** Reads to the end, or until another capture is opened. @param {Capture} mine */
async function pump(mine) {
  try {
    while (capture === mine && (await mine.step())) {
      if (capture === mine) tell(mine, false);
    }
    if (capture === mine) tell(mine, true);
  } catch (error) {
    if (capture === mine) postMessage({ broken: String(error) });
  }
}

/** @param {Capture} from @param {boolean} done */
function tell(from, done) {
  const news = from.take();
  const progress = { size: from.size, position: from.position, done, trouble: from.trouble };
  postMessage({ news, progress }, { transfer: buffers(news.rows, news.problems) });
}

/** @param {...object} columns @returns {Transferable[]} */
function buffers(...columns) {
  return columns.flatMap((group) =>
    Object.values(group).flatMap((column) => (ArrayBuffer.isView(column) ? [/** @type {ArrayBuffer} */ (column.buffer)] : [])));
}

self.addEventListener('message', async ({ data }) => {
  const { id, method, parameters } = data;
  try {
    const call = /** @type {(...parameters: unknown[]) => unknown} */ (methods[/** @type {keyof typeof methods} */ (method)]);
    postMessage({ id, result: await call(...parameters) });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
postMessage({ ready: true });
