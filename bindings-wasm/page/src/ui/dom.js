// Owns the making of elements and icons. Knows nothing of frames. Text is always set as text: what a peer sent
// is never markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Properties
 */

/**
 * An element: `h('button.plain', { onclick }, 'Open')`. Properties that start with `on` are listeners, `data` and
 * `aria` are groups of attributes, the rest are attributes; `false`, `null` and `undefined` leave an attribute out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag | `${Tag}.${string}`} selector
 * @param {Properties | null} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(selector, properties, ...children) {
  const [tag, ...classes] = selector.split('.');
  const element = document.createElement(/** @type {Tag} */ (tag));
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties ?? {})) set(element, name, value);
  append(element, children.flat());
  return element;
}

/** @param {Element} element @param {string} name @param {unknown} value */
function set(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (typeof value === 'function') {
    element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  } else if (name === 'data' || name === 'aria') {
    for (const [key, part] of Object.entries(value)) {
      if (part !== undefined && part !== null) element.setAttribute(`${name}-${key}`, String(part));
    }
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replace what an element holds. @param {Element} element @param {...(Child | Child[])} children */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children.flat());
}

/** The outlines of the icons, on a field of 24. */
const ICONS = {
  out: 'M4 12h15M13 6l6 6-6 6',
  in: 'M20 12H5M11 6l-6 6 6 6',
  bad: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16.5v.01',
  warn: 'M12 4 2.5 20h19zM12 10v4.5M12 17.5v.01',
  good: 'M5 13l4.5 4.5L19 7',
  note: 'M12 11v6M12 7.5v.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z',
  file: 'M13 3H6v18h12V8zM13 3v5h5',
  paste: 'M9 5H6v16h12V5h-3M9 3h6v4H9z',
  spark: 'M12 3l2.2 6.8L21 12l-6.8 2.2L12 21l-2.2-6.8L3 12l6.8-2.2z',
  live: 'M12 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3M8 8a5.7 5.7 0 0 0 0 8M16 8a5.7 5.7 0 0 1 0 8M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M15.5 15.5 21 21',
  help: 'M9 9a3 3 0 1 1 4 2.8c-.7.3-1 .9-1 1.7v.5M12 17.5v.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z',
  theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  close: 'M6 6l12 12M18 6 6 18',
  back: 'M15 5l-7 7 7 7',
  open: 'M9 5l7 7-7 7',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  lock: 'M6 11h12v10H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11',
  link: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  key: 'M8 12a4 4 0 1 1 0 .01M12 12h9M18 12v3.5',
};

/**
 * An icon. Without a label it is decoration for text that stands beside it.
 * @param {keyof typeof ICONS} name @param {string} [label]
 */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** @param {string} name An icon's name, as data has it. @returns {name is keyof typeof ICONS} */
export function isIcon(name) {
  return name in ICONS;
}
