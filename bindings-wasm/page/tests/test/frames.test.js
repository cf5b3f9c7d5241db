// The list of frames, its keys and filter, and the links between list, tree, diagram and bytes.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { eventually, listed, open, openExample, openFile, selected } from '../support/page.js';
import { conversation, frames } from '../support/many.js';

const pages = await open({ before, after });

/** The example, at its frames. @param {(page: import('playwright-core').Page) => Promise<void>} body @param {object} [options] */
const onFrames = (body, options = {}) => pages.page(options, async (page) => {
  await openExample(page);
  await page.keyboard.press('2');
  await page.locator('.frame-row .text', { hasText: 'subscribe' }).first().waitFor();
  await body(page);
});

/** @param {import('playwright-core').Page} page @param {string} text */
async function filter(page, text) {
  await page.locator('.grid').focus();
  await page.keyboard.press('/');
  await page.locator('.filter input:focus').fill(text);
  // The filter waits for the end of a word: what is said then is said of this text.
  await page.locator(`.said[data-of='${text}']`, { hasText: /^\d+ of \d+$/ }).waitFor();
  return listed(page);
}

test('keys move the selection', () => onFrames(async (page) => {
  const leads = async (to, ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
    await eventually(() => selected(page), to);
  };
  await page.keyboard.press('j');
  await page.locator('.detail-title', { hasText: 'Frame 1' }).waitFor();
  await leads(2, 'j', 'j', 'k');
  await leads(37, 'End');
  await leads(2, 'Home', 'ArrowDown');
  const bad = (await listed(page)).filter((frame) => frame.bad).map((frame) => frame.row + 1);
  await leads(bad[0], 'n');
  await leads(bad[1], 'n');
  await leads(bad[0], 'p');
  await leads(5, 'g', '5', 'Enter');
  // The client of the second conversation sends frames 5 and 9; what lies between is of others.
  await leads(9, ']');
  await leads(5, '[');
}));

test('the grid says what it is and where it stands', () => onFrames(async (page) => {
  const grid = page.getByRole('grid', { name: 'Frames' });
  assert.equal(await grid.getAttribute('aria-rowcount'), '37');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.locator('.detail-title', { hasText: 'Frame 2' }).waitFor();
  const active = await grid.getAttribute('aria-activedescendant');
  const row = page.locator(`#${active}`);
  assert.equal(await row.getAttribute('aria-selected'), 'true');
  assert.equal(await row.getAttribute('aria-rowindex'), '2');
  assert.equal(await row.getByRole('gridcell').count(), 7);
  assert.equal(await grid.evaluate((element) => element === document.activeElement), true);
}));

test('the filter finds by kind, direction, length, content and fault', () => onFrames(async (page) => {
  const all = await listed(page);
  const kinds = (list) => [...new Set(list.map((frame) => frame.kind))].sort();
  assert.deepEqual(kinds(await filter(page, 'op=ping,pong')), ['ping', 'pong']);
  const fromClient = await filter(page, 'dir=c2s');
  assert.ok(fromClient.length > 0 && fromClient.every((frame) => frame.direction === 'c2s'));
  const bad = await filter(page, 'bad');
  assert.deepEqual(bad.map((frame) => frame.row), all.filter((frame) => frame.bad).map((frame) => frame.row));
  assert.deepEqual((await filter(page, 'len>=300')).map((frame) => frame.kind), ['binary']);
  assert.ok((await filter(page, '"GLOBEX" -deflated')).every((frame) => frame.text.includes('GLOBEX')));
  assert.equal((await filter(page, '/^Hello$/')).length, 2);
  await page.locator('.filter input').fill('op=nonsense');
  await page.locator('.said.bad', { hasText: 'op=nonsense' }).waitFor();
}));

test('brackets join the fragments of a message, and messages stand for them', () => onFrames(async (page) => {
  await page.locator('.grid').focus();
  await page.keyboard.press('End');
  await page.locator('.detail-title', { hasText: 'Frame 37' }).waitFor();
  const list = await listed(page);
  const first = list.findIndex((frame) => frame.bracket === 'first');
  assert.deepEqual(list.slice(first, first + 5).map(({ kind, bracket }) => `${kind} ${bracket}`),
    ['text first', 'cont middle', 'ping through', 'pong through', 'cont last']);
  await page.locator('.frame-row', { hasText: 'a message in three parts' }).click();
  await page.locator('.fragments', { hasText: 'part 1 of 3' }).waitFor();
  await page.keyboard.press('m');
  await page.locator('.said', { hasText: 'of 37' }).waitFor();
  const messages = await listed(page);
  assert.ok(messages.length < 37 && messages.every((frame) => frame.bracket === ''));
  assert.match(await page.locator('.frame-row', { hasText: 'a message in three parts' }).textContent(), /3 frames/);
}));

test('bytes, tree and diagram point at each other', () => onFrames(async (page) => {
  await page.keyboard.press('j');
  await page.locator('.detail-title', { hasText: 'Frame 1' }).waitFor();
  const lit = (kind, name) => page.locator(`.${kind}.${name}`);

  await page.locator('.tree [role=treeitem]', { hasText: /masking.key/i }).hover();
  assert.deepEqual(await page.locator('.byte.hovered').evaluateAll((bytes) => bytes.map((byte) => Number(byte.dataset.offset))), [2, 3, 4, 5]);
  // The key crosses a line of 32 bits, so it has two cells.
  assert.equal(await lit('bit-cell', 'hovered').count(), 2);

  await page.locator('.byte[data-offset="0"]').hover();
  assert.deepEqual(await page.locator('.tree .hovered .label').allTextContents(), ['FIN', 'RSV1', 'RSV2', 'RSV3', 'opcode']);
  assert.equal(await lit('bit-cell', 'hovered').count(), 5);

  await page.locator('.bit-cell', { hasText: 'opcode' }).hover();
  assert.deepEqual(await page.locator('.byte.hovered').evaluateAll((bytes) => bytes.map((byte) => Number(byte.dataset.offset))), [0]);

  await page.locator('.byte[data-offset="6"]').click();
  assert.deepEqual(await page.locator('.tree .chosen .label').allTextContents(), ['Payload data']);
  assert.match(await page.locator('.byte-said').textContent(), /xor key\[0\].*= 0x7b “{”/);
  await page.locator('.hex').focus();
  await page.keyboard.press('ArrowLeft');
  assert.deepEqual(await page.locator('.tree .chosen .label').allTextContents(), ['Masking-key']);

  await page.getByRole('tree').focus();
  await page.keyboard.press('Home');
  assert.deepEqual(await page.locator('.tree [aria-selected=true] .label').allTextContents(), ['FIN']);
  assert.equal(await page.locator('.byte.chosen').count(), 1);
}));

test('the forms of the bytes: raw, unmasked, inflated, message', () => onFrames(async (page) => {
  const letters = async () => (await page.locator('.letter:visible').allTextContents()).join('');
  const tab = async (name) => {
    await page.getByRole('tab', { name }).click();
    await page.getByRole('tab', { name, selected: true }).waitFor();
  };
  await filter(page, 'deflated dir=c2s');
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.locator('.detail-title', { hasText: 'Frame 27' }).waitFor();
  await tab('Raw');
  await eventually(async () => (await letters()).length, 11);
  await tab('Unmasked');
  await eventually(() => page.locator('.byte:visible').allTextContents(), ['f2', '00', '11', '00', '00']);
  await tab('Inflated');
  await eventually(letters, 'Hello');
  await tab('Message');
  await eventually(letters, 'Hello');
  await page.locator('.grid').focus();
  await page.keyboard.press('x');
  assert.equal(await page.getByRole('tab', { selected: true }).textContent(), 'Raw');
}));

test('four hundred thousand frames: the scrollbar, the wheel and the keys reach each of them', () => pages.page({}, async (page) => {
  const total = 400_000;
  await openFile(page, 'many.pcap', conversation(frames(total)));
  await page.locator('.tab', { hasText: '400\u202f000' }).waitFor();
  await page.keyboard.press('2');
  const grid = page.locator('.grid');
  const rows = async () => (await listed(page)).map((frame) => frame.row);
  const first = async () => (await rows())[0];
  await grid.focus();
  await page.keyboard.press('End');
  await page.locator('.detail-title', { hasText: '400\u202f000' }).waitFor();
  assert.equal((await rows()).at(-1), total - 1);
  // The last rows end at the lower edge, to the pixel.
  const edge = await page.evaluate(() => {
    const bottoms = [...document.querySelectorAll('.frame-row:not([hidden])')].map((row) => row.getBoundingClientRect().bottom);
    return Math.max(...bottoms) - document.querySelector('.grid').getBoundingClientRect().bottom;
  });
  assert.ok(Math.abs(edge) <= 1, `${edge}`);
  await grid.evaluate((element) => { element.scrollTop = element.scrollHeight / 2; });
  await eventually(async () => Math.abs((await first()) - total / 2) < total / 50, true);
  const middle = await first();
  await grid.hover();
  await page.mouse.wheel(0, 26 * 3);
  await eventually(first, middle + 3);
  await grid.evaluate((element) => { element.scrollTop = 0; });
  await eventually(first, 0);
  assert.ok(await page.locator('.frame-row').count() < 200);

  // The strip of time goes to three quarters of the conversation, which speaks at one pace.
  const strip = await page.locator('.density').boundingBox();
  await page.mouse.click(strip.x + strip.width * 0.75, strip.y + strip.height / 2);
  await eventually(async () => Math.abs((await first()) - total * 0.75) < total / 50, true);
}));
