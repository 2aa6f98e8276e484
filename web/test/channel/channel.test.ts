// The data channel, against the server's own frames and a server that loses some.

import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { sha256 } from "../../src/channel/sha256.ts";
import { formatId, type Message, type MessageType, newId, pack, PAYLOAD_TYPE, unpack } from "../../src/channel/message.ts";
import { encodeJson, ReliableStream } from "../../src/channel/reliableStream.ts";
import { ExecSession, type SocketLike } from "../../src/channel/session.ts";

// What `moyai.api.data_channel.message.pack` makes of output with the number 7.
const SERVERS = [
  "00000074", // the header's length
  "6f75747075745f73747265616d5f64617461".padEnd(64, "20"), // output_stream_data, and spaces
  "00000001000001a2105f344700000000000000070000000000000000", // schema, time, sequence, flags
  "8899aabbccddeeff0011223344556677",
  "c9f0d761d6738e2884e0c20ff19a2d5b58c62b09f663db0ad2c8eb280390c120", // the payload's digest
  "000000010000000868c3a96c6c6f0d0a",
].join("");
const ID = Uint8Array.from(Buffer.from("00112233445566778899aabbccddeeff", "hex"));

const messageOf = (messageType: MessageType, payloadType: number, sequence: number, payload: Uint8Array): Message => ({
  ...{ messageType, id: newId(), created: 0, payload, payloadType, sequence, flags: 0 },
});
const bytes = (text: string) => Uint8Array.from(new TextEncoder().encode(text)); // of this realm: jsdom has two
const text = (data: Uint8Array) => new TextDecoder().decode(data);

test.each([0, 1, 55, 56, 63, 64, 65, 1000, 8192])("the digest of %i bytes is SHA-256", (length) => {
  const data = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
  expect(Buffer.from(sha256(data)).toString("hex")).toBe(createHash("sha256").update(data).digest("hex"));
});

test("a frame is the server's, to the byte, in both directions", () => {
  const message: Message = { messageType: "output_stream_data", id: ID, created: 1795571004487, payload: bytes("héllo\r\n"), payloadType: PAYLOAD_TYPE.output, sequence: 7, flags: 0 };
  expect(Buffer.from(pack(message)).toString("hex")).toBe(SERVERS);
  expect(unpack(Uint8Array.from(Buffer.from(SERVERS, "hex")))).toEqual(message);
  expect(formatId(ID)).toBe("00112233-4455-6677-8899-aabbccddeeff");
});

test("a message that arrives early waits, and a duplicate is dropped", () => {
  const sent: Uint8Array[] = [];
  const stream = new ReliableStream((frame) => sent.push(frame), () => 0);
  const frame = (sequence: number) => pack(messageOf("output_stream_data", PAYLOAD_TYPE.output, sequence, bytes(String(sequence))));
  expect(stream.receive(frame(1))).toEqual([]);
  expect(stream.receive(frame(0)).map((one) => text(one.payload))).toEqual(["0", "1"]);
  expect(stream.receive(frame(0))).toEqual([]);
  expect(sent.map((one) => unpack(one).messageType)).toEqual(["acknowledge", "acknowledge", "acknowledge"]);
});

test("what is not acknowledged is sent again, at growing distances", () => {
  let now = 0;
  const sent: Message[] = [];
  const stream = new ReliableStream((frame) => sent.push(unpack(frame)), () => now);
  stream.send(PAYLOAD_TYPE.output, bytes("a"));
  for (now = 100; now <= 1000; now += 100) stream.retransmit();
  expect(sent.map((one) => one.sequence)).toEqual([0, 0, 0]);
  stream.receive(pack(messageOf("acknowledge", PAYLOAD_TYPE.none, 0, encodeJson({ AcknowledgedMessageSequenceNumber: 0 }))));
  now = 10_000;
  stream.retransmit();
  expect(sent).toHaveLength(3);
});

/** A server's end: it gathers what the client sends, and says what it is told to. */
class End implements SocketLike {
  binaryType = "";
  readyState = 1;
  readonly opened: string[] = [];
  readonly heard: Message[] = [];
  readonly #listeners = new Map<string, (event: { data: unknown }) => void>();
  #next = 0;

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.opened.push(data);
    else this.heard.push(unpack(data));
  }

  close(): void {
    this.readyState = 3;
    this.fire("close");
  }

  addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
    this.#listeners.set(type, listener);
  }

  fire(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ data });
  }

  say(type: number, payload: Uint8Array, messageType: MessageType = "output_stream_data"): void {
    const frame = pack(messageOf(messageType, type, this.#next, payload));
    if (messageType === "output_stream_data") this.#next += 1;
    this.fire("message", frame.buffer);
  }

  /** What was said in the stream, of this type. */
  of(type: number): string[] {
    return this.heard.filter((one) => one.messageType === "input_stream_data" && one.payloadType === type).map((one) => text(one.payload));
  }
}

function begun() {
  const end = new End();
  const events = { onOpen: vi.fn(), onOutput: vi.fn(), onEnd: vi.fn() };
  const session = new ExecSession(end, "the token", events);
  end.fire("open");
  session.resize(80, 24);
  end.say(PAYLOAD_TYPE.handshakeRequest, encodeJson({ RequestedClientActions: [{ ActionType: "SessionType" }] }));
  end.say(PAYLOAD_TYPE.handshakeComplete, encodeJson({}));
  return { end, events, session };
}

test("a session shows its token, shakes hands, tells its size, and hears the exit code", () => {
  const { end, events, session } = begun();
  expect(JSON.parse(end.opened[0] ?? "")).toMatchObject({ TokenValue: "the token" });
  expect(end.of(PAYLOAD_TYPE.handshakeResponse)[0]).toContain("SessionType");
  expect(end.of(PAYLOAD_TYPE.size)).toEqual(['{"cols":80,"rows":24}']);
  expect(events.onOpen).toHaveBeenCalledOnce();
  session.sendText("é\r");
  session.resize(100, 30);
  expect(end.of(PAYLOAD_TYPE.output)).toEqual(["é\r"]);
  expect(end.of(PAYLOAD_TYPE.size)).toHaveLength(2);
  end.say(PAYLOAD_TYPE.output, bytes("out"));
  expect(events.onOutput).toHaveBeenCalledWith(bytes("out"));
  end.say(PAYLOAD_TYPE.exitCode, bytes("3"));
  end.say(PAYLOAD_TYPE.none, encodeJson({ Output: "" }), "channel_closed");
  expect(events.onEnd).toHaveBeenCalledExactlyOnceWith(3, "");
});

test("input waits for the server's window, and none of it is lost", () => {
  const { end, session } = begun();
  const typed = "0123456789".repeat(10_000);
  session.sendText(typed);
  expect(end.of(PAYLOAD_TYPE.output).length).toBeLessThan(64);
  for (let at = 0; at < 200; at += 1) end.say(PAYLOAD_TYPE.none, encodeJson({ AcknowledgedMessageSequenceNumber: at }), "acknowledge");
  expect(end.of(PAYLOAD_TYPE.output).join("")).toBe(typed);
  session.close();
});

test("a session that is closed ends the command, and a connection that is lost ends the session", () => {
  const first = begun();
  first.session.close();
  expect(first.end.heard.at(-1)).toMatchObject({ payloadType: PAYLOAD_TYPE.flag, payload: Uint8Array.of(0, 0, 0, 2) });
  expect(first.events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "");
  const second = begun();
  second.end.close();
  expect(second.events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "");
});

test("what is no frame ends the session with a reason", () => {
  const { end, events } = begun();
  end.fire("message", new Uint8Array(200).buffer);
  expect(events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "a frame has a wrong length");
});
