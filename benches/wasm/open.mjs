// How long the inspector's engine takes to open a capture: `open.mjs FILE [ROUNDS]`.
//
// Reads the file as a page does, in slices of a Blob, and takes all rows. The first round compiles the
// module as it goes. Prints CPU time and wall time of each round, and the memory of the process.

import { openAsBlob } from 'node:fs'
import { load } from 'polywire-wasm/inspect'

const [file, rounds = '5'] = process.argv.slice(2)
const blob = await openAsBlob(file)
const engine = await load()

async function round () {
  const [start, before] = [performance.now(), process.cpuUsage()]
  const capture = engine.open(blob)
  let rows = 0
  for (let more = true; more;) {
    more = await capture.step()
    rows += capture.take().rows.count
  }
  const wall = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  const visible = Array.from({ length: 60 }, (_, at) => Math.floor(rows / 2) + at)
  const begin = performance.now()
  await capture.previews(visible)
  const previews = performance.now() - begin
  const result = { rows, wall, cpu: (user + system) / 1000, previews, trouble: capture.trouble }
  capture.free()
  return result
}

console.log(`${file}: ${(blob.size / 1e6).toFixed(0)} MB`)
console.log('round       rows   wall ms   cpu ms   60 previews ms   RSS MB')
for (let number = 1; number <= Number(rounds); number++) {
  const { rows, wall, cpu, previews, trouble } = await round()
  if (trouble) throw new Error(trouble)
  const memory = process.memoryUsage().rss / 1e6
  const cells = [[number, 5], [rows, 10], [wall.toFixed(0), 9], [cpu.toFixed(0), 8], [previews.toFixed(1), 16], [memory.toFixed(0), 8]]
  console.log(cells.map(([value, width]) => String(value).padStart(width)).join(' '))
}
