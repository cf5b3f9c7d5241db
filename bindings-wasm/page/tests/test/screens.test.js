// The other screens, the live feed, and pictures of all of them in target/page for people to look at.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { listed, open, openExample } from '../support/page.js';

const pages = await open({ before, after });
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** @param {import('playwright-core').Page} page @param {string} name */
const picture = (page, name) => page.screenshot({ path: join(process.env.PAGE_SHOTS ?? '.', `${name}.png`) });

test('connections: each with its verdict', () => pages.page({}, async (page) => {
  await openExample(page);
  const rows = await page.locator('.connections tbody tr').allTextContents();
  assert.match(rows[0], /ws:\/\/feed\.example\.com\/prices\?market=eu.*accepted.*1000 normal/);
  assert.match(rows[1], /ws:\/\/chat\.example\.org\/chat.*faulty/);
  await picture(page, 'connections');
  await page.getByRole('button', { name: 'ws://chat.example.org/chat' }).click();
  await page.locator('.said', { hasText: /^11 of 37$/ }).waitFor();
  const texts = (await listed(page)).map((frame) => frame.text);
  assert.ok(texts.some((text) => text.includes('without a mask')));
}));

test('handshake: a verdict for each line, and the key as the server should have made it', () => pages.page({}, async (page) => {
  await openExample(page);
  await page.keyboard.press('3');
  await page.locator('.verdict', { hasText: 'the server sent the same' }).waitFor();
  assert.equal(await page.locator('.line.bad').count(), 0);
  assert.ok(await page.locator('.line.good').count() >= 12);
  assert.match(await page.locator('.steps').textContent(), /dGhlIHNhbXBsZSBub25jZQ==258EAFA5.*b3 7a 4f 2c.*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  await picture(page, 'handshake');
  await page.locator('.choose select').selectOption('1');
  await page.locator('.verdict', { hasText: 'the server sent HSmrc0sMlYUkAGmm5OPpG2HaGWo=' }).waitFor();
  const bad = await page.locator('.line.bad code').allTextContents();
  assert.deepEqual(bad.map((line) => line.split(':')[0]), ['Sec-WebSocket-Accept', 'Sec-WebSocket-Protocol']);
  const link = page.locator('.line.bad .rfc').first();
  assert.equal(await link.getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc6455#section-4.1');
  await picture(page, 'handshake-faulty');
}));

test('problems: by rule, each with its section, its culprit and the way to it', () => pages.page({}, async (page) => {
  await openExample(page);
  await page.keyboard.press('4');
  await page.locator('.group').first().waitFor();
  const codes = await page.locator('.group .facts > code').allTextContents();
  for (const code of ['frame.mask_missing', 'frame.mask_unexpected', 'frame.reserved_bits', 'frame.reserved_opcode',
    'frame.length_not_minimal', 'control.fragmented', 'message.unexpected_continuation', 'text.not_utf8', 'close.code_invalid']) {
    assert.ok(codes.includes(code), `${code} in ${codes}`);
  }
  await picture(page, 'problems');
  const group = page.locator('.group', { hasText: 'frame.mask_missing' });
  assert.match(await group.textContent(), /the client is at fault/);
  assert.equal(await group.locator('.rfc').getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc6455#section-5.1');
  await group.locator('.place').click();
  await page.locator('.detail-problems', { hasText: 'every frame from a client masked' }).waitFor();
  assert.equal(await page.locator('.tree .bad .label').textContent(), 'MASK');
  assert.equal(await page.locator('.bit-cell.broken').count(), 1);
}));

test('the live feed shows frames as they come', () => pages.page({ hash: '#/live' }, async (page) => {
  const { server } = pages;
  while (server.readers.size === 0) await page.waitForTimeout(20);
  const line = (direction, bytes, more = {}) => server.say({ connection: 'a', time_us: Date.now() * 1000, direction, base64: Buffer.from(bytes).toString('base64'), ...more });
  await page.locator('.feed', { hasText: 'live' }).waitFor();
  line('client', 'GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    { client: { address: '127.0.0.1', port: 5000 }, server: { address: '127.0.0.1', port: 9001 } });
  line('server', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
  line('client', [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f]);
  line('client', [0x4d, 0x51, 0x58]);
  await page.locator('.connections', { hasText: 'ws://localhost/echo' }).waitFor();
  await page.keyboard.press('2');
  await page.locator('.frame-row .text', { hasText: 'Hello' }).waitFor();
  assert.equal((await listed(page)).length, 1);
  line('server', [0x81, 0x05, ...Buffer.from('Hello')], { closed: true });
  await page.locator('.frame-row[data-direction=s2c] .text', { hasText: 'Hello' }).waitFor();
  await page.keyboard.press('1');
  assert.match(await page.locator('.connections tbody tr').textContent(), /closed/);
  for (const reader of server.readers) reader.destroy();
  server.readers.clear();
  await page.locator('.feed', { hasText: 'ended' }).waitFor();
}));

test('y copies the payload as it is shown', () => pages.page({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
  await openExample(page);
  await page.keyboard.press('2');
  await page.keyboard.press('j');
  await page.locator('.detail-title', { hasText: 'Frame 1' }).waitFor();
  await page.getByRole('tab', { name: 'Message' }).click();
  await page.locator('.as-text', { hasText: '"ACME"' }).waitFor();
  await page.locator('.grid').focus();
  await page.keyboard.press('y');
  await page.locator('.toast', { hasText: 'copied as text' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '{"subscribe":["ACME","GLOBEX","INITECH"],"depth":5}');
}));

test('keys, help and theme', () => pages.page({ colorScheme: 'light' }, async (page) => {
  await openExample(page);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys and filter language' }).waitFor();
  await picture(page, 'help');
  await page.keyboard.press('Escape');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  assert.notEqual(await ground(), light);
  await page.goBack();
  await page.locator('.open').waitFor();
  await page.goForward();
  await page.locator('.connections').waitFor();
}));

for (const [name, options] of Object.entries({ light: {}, dark: { colorScheme: 'dark' }, phone: PHONE, tablet: { viewport: { width: 820, height: 1180 } } })) {
  test(`nothing runs over its edge: ${name}`, () => pages.page(options, async (page) => {
    const fits = async (place) => {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${place} is ${over} px too wide`);
      await picture(page, `${name}-${place}`);
    };
    await fits('open');
    await openExample(page);
    await fits('connections');
    await page.locator('.tab', { hasText: 'Frames' }).click();
    await page.locator('.frame-row .text', { hasText: 'subscribe' }).first().waitFor();
    if (name === 'phone') await fits('list');
    await page.locator('.frame-row', { hasText: 'without a mask' }).click();
    await page.locator('.detail-title', { hasText: 'Frame' }).waitFor();
    await page.locator('.byte:visible').first().waitFor();
    await fits('frames');
    if (name === 'phone') {
      await page.getByRole('button', { name: 'Back to the list' }).click();
      assert.equal(await page.locator('.detail').isVisible(), false);
    }
    await page.locator('.tab', { hasText: 'Handshake' }).click();
    await page.locator('.line').first().waitFor();
    await fits('handshake');
    await page.locator('.tab', { hasText: 'Problems' }).click();
    await page.locator('.group').first().waitFor();
    await fits('problems');
    // From a problem straight to the bits at fault, also where list and detail share a place.
    await page.locator('.group .place', { hasText: 'frame' }).first().click();
    await page.locator('.tree .bad').first().waitFor();
  }));
}
