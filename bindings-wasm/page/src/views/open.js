// Owns the first screen: drop, choose, paste, or see the example. Knows no format.

/** @import { App } from '../app.js' */
import { h, icon } from '../ui/dom.js';

const SAMPLE = '81 85 37 fa 21 3d 7f 9f 4d 51 58';

export class OpenView {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.input = h('input', { type: 'file', class: 'hidden-text', id: 'file', tabindex: -1, onchange: () => this.#chosen() });
    this.text = h('textarea', {
      id: 'paste', rows: 5, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off',
      placeholder: `${SAMPLE}\n\nor 00000000: 8185 37fa …\nor gYU3+iE9f59NUVg=`,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#pasted();
      },
    });
    this.element = h('section.open', { aria: { label: 'Open a capture' } },
      h('div.hero', null,
        h('h1', null, 'See every bit of a WebSocket'),
        h('p', null, 'Frames, fragments, compression, handshakes, and each broken rule with its section of the RFC: decoded by the same core that runs connections.')),
      h('div.cards', null, this.#drop(), this.#paste(), this.#more()),
      h('p.promise', null, icon('lock'), 'Nothing leaves this page: its content security policy allows no request to any other place.'));
  }

  #drop() {
    return h('div.card.drop', null,
      icon('file'),
      h('h2', null, 'Drop a capture'),
      h('p', null, 'pcap or pcapng, from tcpdump or Wireshark, of any size; or the raw bytes of one direction'),
      this.input,
      h('button.primary', { type: 'button', onclick: () => this.input.click() }, 'Choose a file'));
  }

  #paste() {
    return h('div.card.paste', null,
      icon('paste'),
      h('h2', null, h('label', { for: 'paste' }, 'Paste bytes')),
      h('p', null, 'hex in any notation, a dump of xxd or hexdump, base64'),
      this.text,
      h('div.actions', null,
        h('button.primary', { type: 'button', onclick: () => this.#pasted() }, 'Decode'),
        h('button.link', { type: 'button', onclick: () => this.#sample() }, 'the frame of RFC 6455 section 5.7')));
  }

  #more() {
    return h('div.card-stack', null,
      h('div.card', null,
        icon('spark'),
        h('h2', null, 'Look around'),
        h('p', null, 'Two conversations, made here: one behaves, in the other both sides break rules.'),
        h('button.secondary', { type: 'button', onclick: () => void this.app.openExample() }, 'Open the example')),
      isLoopback() && h('div.card', null,
        icon('live'),
        h('h2', null, 'Watch it live'),
        h('p', null, 'What goes through the server that ', h('code', null, 'cargo xtask run'), ' starts.'),
        h('button.secondary', { type: 'button', onclick: () => void this.app.openLive() }, 'Open the live feed')));
  }

  #chosen() {
    const [file] = this.input.files ?? [];
    if (file) void this.app.openFile(file, file.name);
    this.input.value = '';
  }

  #pasted() {
    if (this.text.value.trim() === '') this.text.focus();
    else void this.app.openText(this.text.value);
  }

  #sample() {
    this.text.value = SAMPLE;
    this.#pasted();
  }

  update() {}
}

/** Only a program of this machine serves a feed. */
function isLoopback() {
  return /^(localhost|127\.|\[::1\])/.test(location.hostname);
}
