"""The interop talk by the library aiohttp. It has no way to send a message in parts."""

import asyncio

from aiohttp import ClientSession, WSMsgType, web

import talk


def serve(deflate):
    asyncio.run(serve_forever(deflate))


async def serve_forever(deflate):
    async def answer_request(request):
        # Without `autoclose` the code that is answered can be the one that came.
        websocket = web.WebSocketResponse(compress=deflate, max_msg_size=0, autoclose=False)
        await websocket.prepare(request)
        await answer(websocket)
        return websocket

    application = web.Application()
    application.router.add_get("/", answer_request)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    talk.say(f"listening on ws://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.Event().wait()


async def answer(websocket):
    while True:
        match await websocket.receive():
            case (WSMsgType.TEXT, talk.ASK_TO_CLOSE, _):
                code, reason = talk.SERVER_CLOSES
                await websocket.close(code=code, message=reason.encode())
            case (WSMsgType.TEXT, text, _):
                await websocket.send_str(text)
            case (WSMsgType.BINARY, data, _):
                await websocket.send_bytes(data)
            case (WSMsgType.CLOSE, code, reason):
                talk.say(f"closed {code} {reason}")
                await websocket.close(code=code)
            case _:
                return


def talk_to(deflate, url):
    asyncio.run(both_talks(deflate, url))


async def both_talks(deflate, url):
    options = {"compress": 15 if deflate else 0, "max_msg_size": 0, "autoping": False}
    async with ClientSession() as session:
        async with session.ws_connect(url, **options) as websocket:
            await full_talk(deflate, websocket)
        async with session.ws_connect(url, **options, autoclose=False) as websocket:
            await websocket.send_str(talk.ASK_TO_CLOSE)
            _, code, reason = await websocket.receive()
            talk.expect("close of the server", talk.SERVER_CLOSES, (code, reason))
            await websocket.close(code=code)


async def full_talk(deflate, websocket):
    talk.expect("compressed", deflate, bool(websocket.compress))
    for message in talk.messages():
        if isinstance(message, str):
            await websocket.send_str(message)
        else:
            await websocket.send_bytes(message)
        _, echo, _ = await websocket.receive()
        talk.expect("echo", message, echo)
    await websocket.ping(talk.PING)
    kind, payload, _ = await websocket.receive()
    talk.expect("pong", (WSMsgType.PONG, talk.PING), (kind, bytes(payload)))
    code, reason = talk.CLIENT_CLOSES
    await websocket.close(code=code, message=reason.encode())
    talk.expect("close code", code, websocket.close_code)


talk.main("aiohttp", serve, talk_to)
