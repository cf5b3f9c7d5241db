// Wires the page together: the shell around the views, the address, what is dropped or pasted. Holds no state of its
// own.

/** @import { ViewName } from './app.js' */
import { App } from './app.js';
import { ConnectionsView } from './views/connections.js';
import { FramesView } from './views/frames.js';
import { HandshakeView } from './views/handshake.js';
import { OpenView } from './views/open.js';
import { ProblemsView } from './views/problems.js';
import { Shell } from './ui/shell.js';
import { listenToKeys } from './ui/keys.js';

const app = new App();
const frames = new FramesView(app);
const views = {
  open: new OpenView(app),
  connections: new ConnectionsView(app),
  frames,
  handshake: new HandshakeView(app),
  problems: new ProblemsView(app),
};
const shell = new Shell(app, views);
document.body.append(shell.element);
listenToKeys(app, { frames, shell });

/** The address has the view, so that the browser's own back and forward work. While they are followed, nothing is added. */
let following = false;
app.addEventListener('view', () => {
  const hash = `#/${app.view}`;
  if (location.hash !== hash && !following) history.pushState(null, '', hash);
});
addEventListener('popstate', () => {
  following = true;
  follow();
  following = false;
});

function follow() {
  const name = location.hash.replace('#/', '');
  if (name === 'live') void app.openLive();
  else app.show(name in views ? /** @type {ViewName} */ (name) : 'open');
}

addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) document.body.classList.remove('dragging');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  const [file] = event.dataTransfer?.files ?? [];
  const text = event.dataTransfer?.getData('text/plain');
  if (file) void app.openFile(file, file.name);
  else if (text) void app.openText(text);
});
addEventListener('paste', (event) => {
  const target = event.target;
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return;
  const [file] = event.clipboardData?.files ?? [];
  const text = event.clipboardData?.getData('text/plain');
  if (file) void app.openFile(file, file.name);
  else if (text) void app.openText(text);
});

follow();
