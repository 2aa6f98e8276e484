// One frame of a data channel: a header of fixed length, big-endian, and a payload. The server's `api/channel/message.py`
// says the same in its language; a test compares the two to the byte.

import { sha256 } from "./digest.ts";

export type Kind = "input_stream_data" | "output_stream_data" | "acknowledge" | "channel_closed" | "pause_publication" | "start_publication";

/** What is in a frame of a stream, as far as we say or hear it. */
export const PAYLOAD = {
  none: 0,
  output: 1,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
  stderr: 11,
  exitCode: 12,
} as const;

export interface Message {
  readonly kind: Kind;
  /** 16 bytes of a UUID, in its own order. */
  readonly id: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly payload: Uint8Array;
  readonly type: number;
  readonly sequence: number;
  readonly flags: number;
}

const HEADER = 116; // bytes, which the header itself says
const LENGTH = 4;
const KIND_LENGTH = 32;
const SCHEMA = 1;
const AT = { kind: 4, schema: 36, created: 40, sequence: 48, flags: 56, id: 64, digest: 80, type: 112 } as const;

export function pack(message: Message): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER + LENGTH + message.payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, HEADER);
  frame.set(new TextEncoder().encode(message.kind.padEnd(KIND_LENGTH)), AT.kind);
  view.setUint32(AT.schema, SCHEMA);
  view.setBigUint64(AT.created, BigInt(message.created));
  view.setBigInt64(AT.sequence, BigInt(message.sequence));
  view.setBigUint64(AT.flags, BigInt(message.flags));
  frame.set(message.id.subarray(8), AT.id); // the halves of the id are exchanged
  frame.set(message.id.subarray(0, 8), AT.id + 8);
  frame.set(sha256(message.payload), AT.digest);
  view.setUint32(AT.type, message.type);
  view.setUint32(HEADER, message.payload.length);
  frame.set(message.payload, HEADER + LENGTH);
  return frame;
}

/** Throws for what is no frame. */
export function unpack(frame: Uint8Array): Message {
  if (frame.length < HEADER + LENGTH) throw new Error("a frame is too short");
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const payload = frame.slice(HEADER + LENGTH);
  if (view.getUint32(0) !== HEADER || view.getUint32(HEADER) !== payload.length) throw new Error("the lengths that a frame names are not its own");
  const id = new Uint8Array(16);
  id.set(frame.subarray(AT.id + 8, AT.id + 16));
  id.set(frame.subarray(AT.id, AT.id + 8), 8);
  return {
    kind: new TextDecoder().decode(frame.subarray(AT.kind, AT.kind + KIND_LENGTH)).replace(/[\0 ]+$/, "") as Kind,
    id,
    created: Number(view.getBigUint64(AT.created)),
    payload,
    type: view.getUint32(AT.type),
    sequence: Number(view.getBigInt64(AT.sequence)),
    flags: Number(view.getBigUint64(AT.flags)),
  };
}

/** A new id. */
export function newId(): Uint8Array {
  const id = crypto.getRandomValues(new Uint8Array(16));
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id;
}

/** An id as one writes it. */
export function idText(id: Uint8Array): string {
  const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
