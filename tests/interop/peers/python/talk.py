"""What is said in the interop talk. Knows nothing of any library."""

import platform
import sys
from importlib.metadata import version

SIZES = [0, 1, 125, 126, 65_535, 65_536, 1 << 20]
PARTS = ["añ", "", "€😀", "fin"]
PING = b"are you there?"
ASK_TO_CLOSE = "please close"
CLIENT_CLOSES = (4000, "all done ✓")
SERVER_CLOSES = (4321, "as you wish ✓")


def messages():
    for size in SIZES:
        yield "añ€😀" * (size // 10) + "x" * (size % 10)
        yield noise(size)


def noise(size):
    """Bytes that do not compress."""
    state = 1
    noise = bytearray()
    for _ in range(size):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
        noise.append(state >> 24)
    return bytes(noise)


def expect(what, expected, found):
    if expected != found:
        raise SystemExit(f"{what}: expected {expected!r:.200}, found {found!r:.200}")


def say(line):
    print(line, flush=True)


def main(library, serve, talk):
    """Runs what the command line asks for; `serve` and `talk` are told whether to compress."""
    match sys.argv[1:]:
        case ["version"]:
            say(f"{version(library)}, Python {platform.python_version()}")
        case ["server", "plain" | "deflate" as mode]:
            serve(mode == "deflate")
        case ["client", "plain" | "deflate" as mode, url]:
            talk(mode == "deflate", url)
            say("ok")
        case _:
            raise SystemExit("usage: version | server plain|deflate | client plain|deflate URL")
