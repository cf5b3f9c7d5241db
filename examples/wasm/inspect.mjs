// The frames of a capture with what is wrong in them: `inspect FILE`, a pcap, a pcapng, or bytes as text.

import { openAsBlob } from 'node:fs'

import { load } from 'polywire-wasm/inspect'

const engine = await load()
const capture = engine.open(await openAsBlob(process.argv[2]))
while (await capture.step()) show(capture.take()) // One slice of the file at a time.
show(capture.take())

function show ({ rows, problems }) {
  for (const length of rows.length) console.log(`a frame of ${length} bytes`)
  for (const rule of problems.rule) console.log(engine.rules[rule].code)
}
