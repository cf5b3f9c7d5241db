// The interop talk over the WebSocket that browsers have: no pings, and no messages in parts. Which
// extensions are offered is not for the page to say; the server decides.

import * as talk from "./talk.js";

export async function talkTo(WebSocket, deflate, url) {
  const first = await open(WebSocket, url);
  talk.expect("compressed", deflate, first.extensions.includes("permessage-deflate"));
  for (const message of talk.messages()) {
    first.send(message);
    const { data } = await next(first, "message");
    talk.expect("echo", message, typeof data === "string" ? data : new Uint8Array(data));
  }
  first.close(...talk.CLIENT_CLOSES);
  const closed = await next(first, "close");
  talk.expect("clean close", true, closed.wasClean);
  talk.expect("close code", talk.CLIENT_CLOSES[0], closed.code);

  const second = await open(WebSocket, url);
  second.send(talk.ASK_TO_CLOSE);
  const { wasClean, code, reason } = await next(second, "close");
  talk.expect("clean close", true, wasClean);
  talk.expect("close of the server", talk.SERVER_CLOSES, [code, reason]);
}

async function open(WebSocket, url) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  await next(socket, "open");
  return socket;
}

function next(socket, name) {
  return new Promise((resolve, reject) => {
    const refuse = (event) => reject(new Error(`${event.type} instead of ${name}: ${event.code}`));
    socket.onerror = refuse;
    socket.onclose = refuse;
    socket[`on${name}`] = resolve;
  });
}
