// One frame of an SSM data channel: a header of fixed length, big-endian, and a payload. The server's `api/data_channel/message.py`
// implements the same; a test compares their bytes.

import { sha256 } from "./sha256.ts";

export type MessageType = "input_stream_data" | "output_stream_data" | "acknowledge" | "channel_closed" | "pause_publication" | "start_publication";

/** The payload types that the console sends or receives. */
export const PAYLOAD_TYPE = {
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
  readonly messageType: MessageType;
  /** The 16 bytes of a UUID, in standard order. */
  readonly id: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly payload: Uint8Array;
  readonly payloadType: number;
  readonly sequence: number;
  readonly flags: number;
}

const HEADER_LENGTH = 116; // bytes before the payload length; the header starts with this number
const LENGTH_FIELD = 4;
const MESSAGE_TYPE_LENGTH = 32;
const SCHEMA_VERSION = 1;
const OFFSET = { messageType: 4, schema: 36, created: 40, sequence: 48, flags: 56, id: 64, digest: 80, payloadType: 112 } as const;

export function pack(message: Message): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_LENGTH + LENGTH_FIELD + message.payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, HEADER_LENGTH);
  frame.set(new TextEncoder().encode(message.messageType.padEnd(MESSAGE_TYPE_LENGTH)), OFFSET.messageType);
  view.setUint32(OFFSET.schema, SCHEMA_VERSION);
  view.setBigUint64(OFFSET.created, BigInt(message.created));
  view.setBigInt64(OFFSET.sequence, BigInt(message.sequence));
  view.setBigUint64(OFFSET.flags, BigInt(message.flags));
  frame.set(message.id.subarray(8), OFFSET.id); // the protocol swaps the two halves of the id
  frame.set(message.id.subarray(0, 8), OFFSET.id + 8);
  frame.set(sha256(message.payload), OFFSET.digest);
  view.setUint32(OFFSET.payloadType, message.payloadType);
  view.setUint32(HEADER_LENGTH, message.payload.length);
  frame.set(message.payload, HEADER_LENGTH + LENGTH_FIELD);
  return frame;
}

/** Throws if the bytes are not a frame. */
export function unpack(frame: Uint8Array): Message {
  if (frame.length < HEADER_LENGTH + LENGTH_FIELD) throw new Error("a frame is too short");
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const payload = frame.slice(HEADER_LENGTH + LENGTH_FIELD);
  if (view.getUint32(0) !== HEADER_LENGTH || view.getUint32(HEADER_LENGTH) !== payload.length) throw new Error("a frame has a wrong length");
  const id = new Uint8Array(16);
  id.set(frame.subarray(OFFSET.id + 8, OFFSET.id + 16));
  id.set(frame.subarray(OFFSET.id, OFFSET.id + 8), 8);
  return {
    messageType: new TextDecoder().decode(frame.subarray(OFFSET.messageType, OFFSET.messageType + MESSAGE_TYPE_LENGTH)).replace(/[\0 ]+$/, "") as MessageType,
    id,
    created: Number(view.getBigUint64(OFFSET.created)),
    payload,
    payloadType: view.getUint32(OFFSET.payloadType),
    sequence: Number(view.getBigInt64(OFFSET.sequence)),
    flags: Number(view.getBigUint64(OFFSET.flags)),
  };
}

/** A random UUID (version 4). */
export function newId(): Uint8Array {
  const id = crypto.getRandomValues(new Uint8Array(16));
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  return id;
}

/** A UUID as text. */
export function formatId(id: Uint8Array): string {
  const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
