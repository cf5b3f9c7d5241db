// Owns what stands around the views: name, source, progress, tabs, messages, the theme. Knows which views there are,
// not what they show.

/** @import { App, ViewName } from '../app.js' */
import { bytes, count } from '../model/frame.js';
import { fill, h, icon } from './dom.js';
import { helpDialog } from './help.js';

/** @typedef {{ element: HTMLElement, update: () => void }} View */

/** @type {[ViewName, string][]} */
const TABS = [['connections', 'Connections'], ['frames', 'Frames'], ['handshake', 'Handshake'], ['problems', 'Problems']];

export class Shell {
  /** @param {App} app @param {Record<ViewName, View>} views */
  constructor(app, views) {
    this.app = app;
    this.views = views;
    this.help = helpDialog();
    this.source = h('div.source');
    this.progress = h('div.progress', { role: 'progressbar', aria: { label: 'Reading the capture', valuemin: 0, valuemax: 100 } }, h('i'));
    this.status = h('div.toast', { role: 'status', aria: { live: 'polite' } });
    /** @type {Map<ViewName, HTMLAnchorElement>} */
    this.tabs = new Map(TABS.map(([name, title]) => [name, h('a.tab', { href: `#/${name}` }, title)]));
    this.nav = h('nav.tabs', { aria: { label: 'Views' } }, ...this.tabs.values());
    this.main = h('main', { tabindex: -1 }, ...Object.values(views).map((view) => view.element));
    this.element = h('div.shell', null, this.#header(), this.main, this.status, this.help);
    app.addEventListener('capture', () => this.#update());
    app.addEventListener('change', () => this.#update());
    app.addEventListener('feed', () => this.#update());
    app.addEventListener('view', () => this.#show());
    app.addEventListener('message', () => this.#say(app.message));
    this.timer = 0;
    restoreTheme();
    this.#show();
  }

  #header() {
    return h('header.bar', null,
      h('a.brand', { href: '#/open', title: 'Open another capture' }, mark(), h('span', null, 'Polywire'), h('small', null, 'inspector')),
      this.source,
      this.nav,
      h('div.tools', null,
        h('button.tool', { type: 'button', title: 'Light or dark', aria: { label: 'Switch between light and dark' }, onclick: switchTheme }, icon('theme')),
        h('button.tool', { type: 'button', title: 'Keys and filter (?)', aria: { label: 'Keys and filter language' }, onclick: () => this.help.showModal() }, icon('help'))),
      this.progress);
  }

  #show() {
    for (const [name, view] of Object.entries(this.views)) view.element.hidden = name !== this.app.view;
    for (const [name, tab] of this.tabs) {
      if (name === this.app.view) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
    }
    document.body.dataset.view = this.app.view;
    this.views[this.app.view].update();
    this.#update();
  }

  #update() {
    const { capture } = this.app;
    this.nav.hidden = !capture;
    this.progress.hidden = !capture || capture.done || capture.live;
    document.title = capture ? `${capture.name} · Polywire inspector` : 'Polywire inspector';
    if (!capture) return fill(this.source);
    const share = capture.size > 0 ? capture.position / capture.size : 0;
    this.progress.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    /** @type {HTMLElement} */ (this.progress.firstChild).style.width = `${share * 100}%`;
    fill(this.source,
      capture.live ? feedState(this.app) : icon('file'),
      h('b', { title: capture.name }, capture.name),
      h('span', null, this.#facts()));
    this.#badge('connections', capture.connections.length);
    this.#badge('frames', capture.frames);
    this.#badge('problems', capture.problems.count);
  }

  #facts() {
    const { capture } = this.app;
    if (!capture) return '';
    const facts = [capture.format === 'raw' || capture.live ? '' : capture.format];
    if (capture.size > 0) facts.push(bytes(capture.size));
    if (capture.trouble) facts.push(capture.trouble);
    return facts.filter(Boolean).join(' · ');
  }

  /** @param {ViewName} name @param {number} number */
  #badge(name, number) {
    const tab = this.tabs.get(name);
    const title = TABS.find(([other]) => other === name)?.[1];
    const bad = name === 'problems' && number > 0;
    if (tab) fill(tab, title, h('span.badge', { class: bad ? 'badge bad' : 'badge' }, count(number)));
  }

  /** @param {string} message */
  #say(message) {
    clearTimeout(this.timer);
    fill(this.status, message && icon('note'), message);
    this.timer = window.setTimeout(() => fill(this.status), 6000);
  }

  showHelp() {
    this.help.showModal();
  }
}

/** @param {App} app */
function feedState(app) {
  const text = { waiting: 'connecting', open: 'live', lost: 'ended' }[app.feed ?? 'waiting'];
  return h('span.feed', { data: { state: app.feed ?? 'waiting' } }, icon('live'), text,
    app.feed === 'lost' && h('button.link', { type: 'button', onclick: () => app.openLive() }, 'again'));
}

function mark() {
  const image = h('img', { src: 'icon.svg', alt: '', width: 22, height: 22 });
  return image;
}

function restoreTheme() {
  const theme = localStorage.getItem('theme');
  if (theme) document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', root.dataset.theme);
}
