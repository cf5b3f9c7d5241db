// Owns the browser of a test file: one browser, a fresh page for each test, and no error that goes unseen.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';
import { serve } from './server.js';

/** @param {import('node:test')} test */
export async function open({ before, after }) {
  const shared = {};
  before(async () => {
    shared.server = await serve();
    shared.browser = await chromium.launch({ executablePath: process.env.PAGE_BROWSER, args: ['--no-sandbox'] });
  });
  after(async () => {
    await shared.browser?.close();
    shared.server?.close();
  });
  return {
    get server() {
      return shared.server;
    },
    /** Runs a test on a page of its own; whatever the page complains about fails it. */
    async page(options, body) {
      const { hash, expected, ...contextOptions } = options;
      const context = await shared.browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...contextOptions });
      // What is waited for comes at once on an idle machine; a busy one must not make a test fail.
      context.setDefaultTimeout(120_000);
      const page = await context.newPage();
      const complaints = [];
      page.on('pageerror', (error) => complaints.push(error.stack));
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(shared.server.url + (hash ?? ''));
      await body(page);
      await context.close();
      assert.deepEqual(complaints.filter((complaint) => !expected?.test(complaint)), []);
    },
  };
}

/** The example of the first screen, with its two conversations. */
export async function openExample(page) {
  await page.getByRole('button', { name: 'Open the example' }).click();
  await page.locator('.connections tbody tr').nth(1).waitFor();
}

/** A file, as if it had been chosen. */
export async function openFile(page, name, buffer) {
  await page.locator('#file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/** The frames of the list from top to bottom, as the screen has them. */
export async function listed(page) {
  return page.locator('.frame-row:not([hidden])').evaluateAll((rows) =>
    rows
      .map((row) => ({
        place: Number(row.getAttribute('aria-rowindex')),
        row: Number(row.dataset.row),
        direction: row.dataset.direction,
        kind: row.querySelector('.c-kind').textContent,
        text: row.querySelector('.text').textContent,
        bracket: row.querySelector('.c-bracket').dataset.bracket,
        bad: row.classList.contains('bad'),
        selected: row.getAttribute('aria-selected') === 'true',
      }))
      .sort((a, b) => a.place - b.place));
}

/** Reads again and again until it is as expected: a page answers when it can, not when a test hopes it does. */
export async function eventually(read, expected) {
  const until = Date.now() + 10_000;
  for (;;) {
    const found = await read();
    if (isDeepStrictEqual(found, expected)) return;
    if (Date.now() > until) return assert.deepEqual(found, expected);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The number of the selected frame, as its title has it. */
export async function selected(page) {
  const title = await page.locator('.detail-title h2').textContent();
  return Number(/Frame ([\d\u202f]+)/.exec(title)[1].replaceAll('\u202f', ''));
}
