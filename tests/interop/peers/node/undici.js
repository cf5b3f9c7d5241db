// The interop talk by the library undici, whose WebSocket is a client.

import { WebSocket } from "undici";
import { main, version } from "./peer.js";
import { talkTo } from "./web_talk.js";

await main(version("undici"), { talk: (deflate, url) => talkTo(WebSocket, deflate, url) });
