// The interop talk by the library ws.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { main, version } from "./peer.js";
import * as talk from "./talk.js";

async function serve(deflate) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: deflate });
  server.on("connection", answer);
  await once(server, "listening");
  console.log(`listening on ws://127.0.0.1:${server.address().port}`);
}

function answer(socket) {
  socket.on("message", (data, isBinary) => {
    if (!isBinary && data.toString() === talk.ASK_TO_CLOSE) {
      socket.close(...talk.SERVER_CLOSES);
    } else {
      socket.send(data, { binary: isBinary });
    }
  });
  socket.on("error", (error) => console.error(error));
  socket.on("close", (code, reason) => console.log(`closed ${code} ${reason}`));
}

async function talkTo(deflate, url) {
  // Without the threshold, short messages would go out as they are.
  const perMessageDeflate = deflate && { threshold: 0 };
  let socket = new WebSocket(url, { perMessageDeflate });
  await once(socket, "open");
  talk.expect("compressed", deflate, socket.extensions.includes("permessage-deflate"));
  for (const message of talk.messages()) {
    socket.send(message);
    await echo(socket, message);
  }
  const last = talk.PARTS.length - 1;
  talk.PARTS.forEach((part, at) => socket.send(part, { fin: at === last }));
  await echo(socket, talk.PARTS.join(""));
  socket.ping(talk.PING);
  const [payload] = await once(socket, "pong");
  talk.expect("pong", talk.PING, payload.toString());
  socket.close(...talk.CLIENT_CLOSES);
  const [code] = await once(socket, "close");
  talk.expect("close code", talk.CLIENT_CLOSES[0], code);

  socket = new WebSocket(url, { perMessageDeflate });
  await once(socket, "open");
  socket.send(talk.ASK_TO_CLOSE);
  const [serverCode, reason] = await once(socket, "close");
  talk.expect("close of the server", talk.SERVER_CLOSES, [serverCode, reason.toString()]);
}

async function echo(socket, sent) {
  const [data, isBinary] = await once(socket, "message");
  talk.expect("echo", sent, isBinary ? data : data.toString());
}

await main(version("ws"), { serve, talk: talkTo });
