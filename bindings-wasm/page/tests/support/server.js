// Owns a server of the page's folder, and of the live feed as `LIVE.md` describes it.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
};

/** Where the page was put together. */
export const SITE = process.env.PAGE_SITE ?? '';

export async function serve() {
  /** What was asked for, to see that nothing is sent. */
  const requests = [];
  const readers = new Set();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    requests.push(`${request.method} ${request.url}`);
    if (pathname === '/live') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': here\n\n');
      readers.add(response);
      return;
    }
    try {
      const file = join(SITE, normalize(pathname === '/' ? '/index.html' : pathname));
      const content = await readFile(file);
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    requests,
    readers,
    /** Tell all who read the feed. */
    say(line) {
      for (const reader of readers) reader.write(`data: ${JSON.stringify(line)}\n\n`);
    },
    close() {
      for (const reader of readers) reader.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
