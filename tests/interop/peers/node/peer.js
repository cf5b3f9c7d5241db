// The command line of a peer in Node.

import { createRequire } from "node:module";

export function version(library) {
  const { version } = createRequire(import.meta.url)(`${library}/package.json`);
  return `${version}, Node ${process.versions.node}`;
}

// Runs what the command line asks for; `serve` and `talk` are told whether to compress.
export async function main(version, { serve, talk }) {
  const [command, mode, url] = process.argv.slice(2);
  if (command === "version") {
    console.log(version);
  } else if (command === "server" && serve) {
    await serve(mode === "deflate");
  } else if (command === "client" && url) {
    await talk(mode === "deflate", url);
    console.log("ok");
  } else {
    throw new Error("usage: version | server plain|deflate | client plain|deflate URL");
  }
}
