// What can be opened, and that nothing of it leaves the page.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { listed, open, openExample, openFile, selected } from '../support/page.js';
import { pcap } from '../support/pcap.js';
import { SITE } from '../support/server.js';

const { exampleConversations } = await import(pathToFileURL(`${SITE}/src/engine/example.js`).href);
const pages = await open({ before, after });

/** The masked "Hello" of RFC 6455 section 5.7, as people have it in their clipboards. */
const HELLO = {
  'hex with spaces': '81 85 37 fa 21 3d 7f 9f 4d 51 58',
  'hex without spaces': '818537fa213d7f9f4d5158',
  'an array': '0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58',
  xxd: '00000000: 8185 37fa 213d 7f9f 4d51 58              ..7.!=..MQX\n',
  'hexdump -C': '00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58                 |..7.!=..MQX|\n0000000b\n',
  base64: 'gYU3+iE9f59NUVg=',
};

for (const [form, text] of Object.entries(HELLO)) {
  test(`pasted ${form} is decoded`, () => pages.page({}, async (page) => {
    await page.getByLabel('Paste bytes').fill(text);
    await page.getByRole('button', { name: 'Decode' }).click();
    await page.locator('.frame-row .text', { hasText: 'Hello' }).waitFor();
    const [frame, ...more] = await listed(page);
    assert.deepEqual(more, []);
    assert.deepEqual([frame.kind, frame.direction, frame.bad], ['text', 'c2s', false]);
    assert.equal(await selected(page), 1);
  }));
}

test('what is none of these is said to be none', () => pages.page({}, async (page) => {
  await page.getByLabel('Paste bytes').fill('certainly not bytes!');
  await page.getByRole('button', { name: 'Decode' }).click();
  await page.locator('.toast', { hasText: 'neither hex' }).waitFor();
  assert.equal(await page.locator('.open').isVisible(), true);
}));

test('a pcap says the same as its bytes', () => pages.page({}, async (page) => {
  const conversations = await exampleConversations();
  await openFile(page, 'example.pcap', pcap(conversations));
  await page.locator('.connections tbody tr').nth(1).waitFor();
  const fromFile = await summary(page);
  assert.match(await page.locator('.source').textContent(), /example\.pcap.*pcap/);

  await page.goto(pages.server.url);
  await openExample(page);
  assert.deepEqual(await summary(page), fromFile);
}));

/** The verdicts of the table of connections, and all frames. */
async function summary(page) {
  const connections = await page.locator('.connections tbody tr').evaluateAll((rows) =>
    rows.map((row) => [row.querySelector('.title .link').textContent, row.querySelector('.verdict').textContent, row.cells[8].textContent]));
  await page.keyboard.press('2');
  await page.waitForFunction(() => [...document.querySelectorAll('.frame-row:not([hidden]) .text')].every((text) => text.textContent));
  const frames = (await listed(page)).slice(0, 20).map(({ row, direction, kind, bad, text }) => [row, direction, kind, bad, text]);
  return { connections, frames };
}

test('a file that is dropped is opened', () => pages.page({}, async (page) => {
  const bytes = [...pcap(await exampleConversations())];
  await page.evaluate((content) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(content)], 'dropped.pcap'));
    document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, bytes);
  await page.locator('.source', { hasText: 'dropped.pcap' }).waitFor();
  await page.locator('.connections tbody tr').nth(1).waitFor();
}));

test('an empty file and a capture without WebSockets are named as such', () => pages.page({}, async (page) => {
  await openFile(page, 'nothing.pcap', Buffer.alloc(0));
  await page.locator('.toast', { hasText: 'nothing.pcap is empty' }).waitFor();
  await openFile(page, 'silence.pcap', pcap([]));
  await page.locator('.source', { hasText: 'silence.pcap' }).waitFor();
  await page.locator('.empty:visible', { hasText: 'no' }).first().waitFor();
}));

test('neither the page nor its worker can reach another place', () => pages.page({ expected: /Content Security Policy/ }, async (page) => {
  await openExample(page);
  const attempt = async () => {
    const refused = new Promise((resolve) => {
      globalThis.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
    });
    const outcome = await fetch('https://example.com/').then(() => 'sent', () => 'failed');
    return outcome === 'failed' ? refused : outcome;
  };
  assert.equal(await page.evaluate(attempt), 'connect-src');
  const [worker] = page.workers();
  assert.equal(await worker.evaluate(attempt), 'connect-src');
  assert.ok(pages.server.requests.every((request) => /^GET \/[\w./]*$/.test(request)), pages.server.requests.join('\n'));
}));
