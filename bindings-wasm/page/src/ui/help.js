// Owns the page that explains keys and filters. Knows their lists, nothing else.

import { EXAMPLES } from '../model/filter.js';
import { h, icon } from './dom.js';
import { KEYS } from './keys.js';

export function helpDialog() {
  const dialog = h('dialog.help', { aria: { label: 'Keys and filter language' } });
  dialog.append(
    h('button.tool.dismiss', { type: 'button', aria: { label: 'Close' }, onclick: () => dialog.close() }, icon('close')),
    h('section', null, h('h2', null, 'Keys'), list(KEYS, 'kbd')),
    h('section', null, h('h2', null, 'Filter'), list(EXAMPLES, 'code'),
      h('p.fine', null, 'Terms are joined by “and”: ', h('code', null, 'op=pong rtt>20ms dir=s2c'))),
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

/** @param {string[][]} entries @param {'kbd' | 'code'} tag */
function list(entries, tag) {
  return h('dl', null, entries.flatMap(([name, meaning]) => [
    h('dt', null, ...name.split('  ').map((part) => h(tag, null, part))),
    h('dd', null, meaning),
  ]));
}
