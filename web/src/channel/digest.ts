// SHA-256, at once. The browser's own is there only over TLS and on this machine, and each frame of a data channel carries one.
// Source: FIPS 180-4

const ROUNDS = 64;
const BLOCK = 64; // bytes

/** The first 32 bits of the fractional part of `root` of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    let prime = true;
    for (let by = 2; by * by <= candidate; by += 1) prime &&= candidate % by !== 0;
    if (prime) found.push((root(candidate) % 1) * 2 ** 32);
  }
  return Uint32Array.from(found);
}

const CONSTANTS = fractions(ROUNDS, Math.cbrt);
const FIRST = fractions(8, Math.sqrt);

const turned = (value: number, by: number) => (value >>> by) | (value << (32 - by));

/** The digest's 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / BLOCK) * BLOCK);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(data.length) * 8n);
  const state = FIRST.slice();
  for (let at = 0; at < padded.length; at += BLOCK) mixIn(state, view, at);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => { digest.setUint32(4 * index, word); });
  return new Uint8Array(digest.buffer);
}

function mixIn(state: Uint32Array, view: DataView, at: number): void {
  const words = new Uint32Array(ROUNDS);
  const word = (index: number) => words[index] ?? 0;
  for (let t = 0; t < ROUNDS; t += 1) {
    if (t < 16) {
      words[t] = view.getUint32(at + 4 * t);
    } else {
      const small = turned(word(t - 15), 7) ^ turned(word(t - 15), 18) ^ (word(t - 15) >>> 3);
      const large = turned(word(t - 2), 17) ^ turned(word(t - 2), 19) ^ (word(t - 2) >>> 10);
      words[t] = word(t - 16) + small + word(t - 7) + large;
    }
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < ROUNDS; t += 1) {
    const chosen = (e & f) ^ (~e & g);
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + (CONSTANTS[t] ?? 0) + word(t)) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => { state[index] = (state[index] ?? 0) + value; });
}
