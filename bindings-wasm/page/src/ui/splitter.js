// Owns the border between two panes, moved by mouse, finger or arrow keys. Knows only the property that it sets.

import { h } from './dom.js';

const [LEAST, MOST] = [25, 75];

/** A border that sets `--share` of an element to the share of its left pane. @param {HTMLElement} whole */
export function splitter(whole) {
  let share = 53;
  const bar = h('div.splitter', {
    role: 'separator', tabindex: 0,
    aria: { orientation: 'vertical', label: 'Width of the list', valuemin: LEAST, valuemax: MOST, valuenow: share },
  });
  const set = (/** @type {number} */ wanted) => {
    share = Math.min(MOST, Math.max(LEAST, wanted));
    whole.style.setProperty('--share', `${share}%`);
    bar.setAttribute('aria-valuenow', share.toFixed(0));
  };
  bar.addEventListener('pointerdown', (event) => bar.setPointerCapture(event.pointerId));
  bar.addEventListener('pointermove', (event) => {
    if (bar.hasPointerCapture(event.pointerId)) set((event.clientX / whole.clientWidth) * 100);
  });
  bar.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft') set(share - 2);
    if (event.key === 'ArrowRight') set(share + 2);
  });
  return bar;
}
