// SHA-256 (FIPS 180-4), which each frame of a data channel contains. The browser's own implementation is asynchronous, and
// absent without TLS except on localhost.

const ROUNDS = 64;
const BLOCK = 64; // bytes

/** The first 32 bits of the fractional part of `root` of the first primes. */
function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const values: number[] = [];
  for (let candidate = 2; values.length < count; candidate += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) prime &&= candidate % divisor !== 0;
    if (prime) values.push((root(candidate) % 1) * 2 ** 32);
  }
  return Uint32Array.from(values);
}

const CONSTANTS = fractions(ROUNDS, Math.cbrt);
const INITIAL_STATE = fractions(8, Math.sqrt);

const rotateRight = (value: number, bits: number) => (value >>> bits) | (value << (32 - bits));

/** The digest, 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((data.length + 9) / BLOCK) * BLOCK);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(data.length) * 8n);
  const state = INITIAL_STATE.slice();
  for (let offset = 0; offset < padded.length; offset += BLOCK) processBlock(state, view, offset);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => { digest.setUint32(4 * index, word); });
  return new Uint8Array(digest.buffer);
}

function processBlock(state: Uint32Array, view: DataView, offset: number): void {
  const words = new Uint32Array(ROUNDS);
  const word = (index: number) => words[index] ?? 0;
  for (let t = 0; t < ROUNDS; t += 1) {
    if (t < 16) {
      words[t] = view.getUint32(offset + 4 * t);
    } else {
      const small = rotateRight(word(t - 15), 7) ^ rotateRight(word(t - 15), 18) ^ (word(t - 15) >>> 3);
      const large = rotateRight(word(t - 2), 17) ^ rotateRight(word(t - 2), 19) ^ (word(t - 2) >>> 10);
      words[t] = word(t - 16) + small + word(t - 7) + large;
    }
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < ROUNDS; t += 1) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)) + choice + (CONSTANTS[t] ?? 0) + word(t)) | 0;
    const second = ((rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => { state[index] = (state[index] ?? 0) + value; });
}
