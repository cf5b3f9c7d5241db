// Owns which key does what. Knows the actions, not how they are done.

/** @import { App } from '../app.js' */
/** @import { FramesView } from '../views/frames.js' */
/** @import { Shell } from './shell.js' */

/** The list that the help shows. */
export const KEYS = [
  ['j  k', 'next and previous frame'],
  ['n  p', 'next and previous problem'],
  ['[  ]', 'previous and next frame of the same direction'],
  ['g', 'go to a frame by its number'],
  ['/', 'filter'],
  ['m', 'frames or whole messages'],
  ['x', 'next form of the bytes'],
  ['y', 'copy the bytes that are selected, or the payload'],
  ['c', 'frames of this connection, or of all'],
  ['1 … 4', 'connections, frames, handshake, problems'],
  ['Enter', 'from the list to the details'],
  ['Esc', 'back to the list'],
  ['?', 'this help'],
];

/** @param {App} app @param {{ frames: FramesView, shell: Shell }} parts */
export function listenToKeys(app, { frames, shell }) {
  /** @type {Record<string, () => void>} */
  const actions = {
    j: () => inFrames(() => app.move(1)),
    k: () => inFrames(() => app.move(-1)),
    n: () => app.moveToProblem(1),
    p: () => app.moveToProblem(-1),
    '[': () => app.moveToSibling(-1),
    ']': () => app.moveToSibling(1),
    g: () => inFrames(() => frames.askForRow()),
    '/': () => inFrames(() => frames.focusFilter()),
    m: () => inFrames(() => frames.toggleMessages()),
    x: () => inFrames(() => frames.detail.nextForm()),
    y: () => inFrames(() => void frames.detail.copy()),
    c: () => inFrames(() => frames.toggleConnection()),
    1: () => app.show('connections'),
    2: () => app.show('frames'),
    3: () => app.show('handshake'),
    4: () => app.show('problems'),
    '?': () => shell.showHelp(),
  };
  /** @param {() => void} action */
  const inFrames = (action) => {
    app.show('frames');
    if (app.view === 'frames') action();
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!action || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    action();
  });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
