// The interop talk by Chromium: a page on a port of its own, whose script says here how it went.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { main } from "./peer.js";

// Without these it asks its maker's hosts for news.
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
];

const PAGE = `<!doctype html><meta charset="utf-8"><script type="module">
  import { talkTo } from "./web_talk.js";
  const query = new URLSearchParams(location.search);
  let result = "ok";
  try {
    await talkTo(WebSocket, query.get("deflate") === "true", query.get("url"));
  } catch (error) {
    result = String(error.stack);
  }
  await fetch("/result", { method: "POST", body: result });
</script>`;

async function talk(deflate, url) {
  let tell;
  const told = new Promise((heard) => (tell = heard));
  const server = createServer((request, response) => serve(request, response, tell));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = `http://127.0.0.1:${server.address().port}/?${new URLSearchParams({ deflate, url })}`;
  const profile = mkdtempSync("chromium-profile-");
  // The sandbox refuses to run as root, as it would in many containers; the page is our own.
  const options = ["--headless", "--no-sandbox", "--disable-gpu", ...QUIET];
  const browser = spawn("chromium", [...options, `--user-data-dir=${resolve(profile)}`, page], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const ended = once(browser, "exit").then(([code]) => `chromium ended with ${code}`);
  const result = await Promise.race([told, ended]);
  browser.kill();
  await ended;
  remove(profile);
  server.closeAllConnections();
  server.close();
  if (result !== "ok") {
    throw new Error(result);
  }
}

function remove(profile) {
  try {
    rmSync(profile, { recursive: true });
  } catch (error) {
    // Its processes end a little later than it does, and may still write there.
    console.error(error.message);
  }
}

async function serve(request, response, tell) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") {
    response.setHeader("Content-Type", "text/html").end(PAGE);
  } else if (pathname === "/talk.js" || pathname === "/web_talk.js") {
    const script = readFileSync(new URL(`.${pathname}`, import.meta.url));
    response.setHeader("Content-Type", "text/javascript").end(script);
  } else if (pathname === "/result") {
    let result = "";
    for await (const chunk of request.setEncoding("utf8")) {
      result += chunk;
    }
    response.end();
    tell(result);
  } else {
    response.writeHead(404).end();
  }
}

function version() {
  const said = spawnSync("chromium", ["--version"], { encoding: "utf8" });
  return said.stdout.match(/[\d.]+/)?.[0] ?? "unknown";
}

await main(version(), { talk });
