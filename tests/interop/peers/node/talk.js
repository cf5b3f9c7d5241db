// What is said in the interop talk. Knows nothing of any library, and runs in browsers too.

const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1 << 20];
export const PARTS = ["añ", "", "€😀", "fin"];
export const PING = "are you there?";
export const ASK_TO_CLOSE = "please close";
export const CLIENT_CLOSES = [4000, "all done ✓"];
export const SERVER_CLOSES = [4321, "as you wish ✓"];

// Texts are strings, binary messages are arrays of bytes.
export function messages() {
  return SIZES.flatMap((size) => [
    "añ€😀".repeat(Math.floor(size / 10)) + "x".repeat(size % 10),
    noise(size),
  ]);
}

// Bytes that do not compress.
function noise(size) {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export function expect(what, expected, found) {
  const shown = (value) => `${value?.constructor.name} ${String(value).slice(0, 200)}`;
  const same =
    typeof expected === "object"
      ? found.length === expected.length && expected.every((item, at) => item === found[at])
      : found === expected;
  if (!same) {
    throw new Error(`${what}: expected ${shown(expected)}, found ${shown(found)}`);
  }
}
