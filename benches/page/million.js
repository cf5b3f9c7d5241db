// How long a million frames take to open in the inspector, and whether the list then scrolls without a pause.
//
// Run by `cargo xtask bench page`, which puts this file beside the tests' helpers. Wall time is what a user of an idle
// machine sees; the processor time of the longest task is what the page is to blame for on a busy one.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { conversation, frames } from '../support/many.js';
import { serve } from '../support/server.js';

const FRAMES = 1_000_000;
const ROUNDS = 3;
const WHEEL_TURNS = 100;
const KEYS = 60;

const file = join(tmpdir(), `polywire-million-${process.pid}.pcap`);
const trace = join(tmpdir(), `polywire-trace-${process.pid}.json`);
const capture = conversation(frames(FRAMES));
await writeFile(file, capture);
console.log(`${FRAMES} frames, ${(capture.length / 1e6).toFixed(1)} MB`);
const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.PAGE_BROWSER, args: ['--no-sandbox'] });

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure());
await browser.close();
server.close();
await Promise.all([rm(file), rm(trace, { force: true })]);

console.log('median of', ROUNDS, 'rounds');
for (const name of Object.keys(rounds[0])) {
  const values = rounds.map((round) => round[name]).sort((a, b) => a - b);
  console.log(name.padEnd(44), `${values[Math.floor(ROUNDS / 2)].toFixed(1).padStart(9)} ms   (${values.map((value) => value.toFixed(0)).join(', ')})`);
}

async function measure() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(server.url);
  await page.waitForTimeout(500);
  const results = {};
  const part = async (name, body) => {
    const tasks = await traced(page, body);
    results[`${name}: longest task, processor`] = tasks.processor;
    results[`${name}: longest task, wall`] = tasks.wall;
  };
  await part('opening', async () => {
    const start = performance.now();
    await page.locator('#file').setInputFiles(file);
    await page.locator('.tab', { hasText: '1\u202f000\u202f000' }).waitFor({ timeout: 120_000 });
    results['open, until the last frame is shown'] = performance.now() - start;
  });
  await page.keyboard.press('2');
  await page.locator('.frame-row .text', { hasText: 'number' }).first().waitFor();
  await page.locator('.grid').hover();
  await part('wheel', async () => {
    for (let turn = 0; turn < WHEEL_TURNS; turn += 1) {
      await page.mouse.wheel(0, 120 + 8 * turn);
      await page.waitForTimeout(16);
    }
  });
  await part('scrollbar', () => page.evaluate(async () => {
    const grid = document.querySelector('.grid');
    for (let step = 0; step <= 120; step += 1) {
      grid.scrollTop = (grid.scrollHeight * step) / 120;
      await new Promise(requestAnimationFrame);
    }
  }));
  await page.locator('.grid').focus();
  await part('keys', async () => {
    for (let press = 0; press < KEYS; press += 1) await page.keyboard.press(press % 2 ? 'ArrowDown' : 'PageDown');
  });
  await part('filter by columns', async () => {
    const start = performance.now();
    await page.locator('.filter input').fill('len>100');
    await page.locator('.said', { hasText: /of 1\u202f000\u202f000$/ }).waitFor({ timeout: 60_000 });
    results['filter by columns, with 120 ms of patience'] = performance.now() - start;
  });
  await page.close();
  return results;
}

/** The longest task of the page's main thread while something is done. */
async function traced(page, body) {
  await browser.startTracing(page, { path: trace, categories: ['toplevel', 'devtools.timeline', 'blink.user_timing'] });
  await page.evaluate(() => performance.mark('bench'));
  await body();
  await browser.stopTracing();
  const events = JSON.parse(await readFile(trace, 'utf8')).traceEvents;
  const mark = events.find(({ name, cat }) => name === 'bench' && cat.includes('user_timing'));
  const tasks = events.filter(({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && pid === mark.pid && tid === mark.tid);
  return {
    processor: Math.max(...tasks.map(({ tdur }) => (tdur ?? 0) / 1000)),
    wall: Math.max(...tasks.map(({ dur }) => (dur ?? 0) / 1000)),
  };
}
