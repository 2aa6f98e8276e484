// The data channel, against the server's own frames and a server that loses some.

import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import { sha256 } from "../../src/channel/digest.ts";
import { Flow, json } from "../../src/channel/flow.ts";
import { idText, type Kind, type Message, newId, pack, PAYLOAD, unpack } from "../../src/channel/message.ts";
import { ExecSession, type Socket } from "../../src/channel/session.ts";

// What `moyai.api.channel.message.pack` makes of output with the number 7.
const SERVERS = [
  "00000074", // the header's length
  "6f75747075745f73747265616d5f64617461".padEnd(64, "20"), // output_stream_data, and spaces
  "00000001000001a2105f344700000000000000070000000000000000", // schema, time, sequence, flags
  "8899aabbccddeeff0011223344556677",
  "c9f0d761d6738e2884e0c20ff19a2d5b58c62b09f663db0ad2c8eb280390c120", // the payload's digest
  "000000010000000868c3a96c6c6f0d0a",
].join("");
const ID = Uint8Array.from(Buffer.from("00112233445566778899aabbccddeeff", "hex"));

const said = (kind: Kind, type: number, sequence: number, payload: Uint8Array): Message => ({ kind, id: newId(), created: 0, payload, type, sequence, flags: 0 });
const bytes = (text: string) => Uint8Array.from(new TextEncoder().encode(text)); // of this realm: jsdom has two
const text = (data: Uint8Array) => new TextDecoder().decode(data);

test.each([0, 1, 55, 56, 63, 64, 65, 1000, 8192])("the digest of %i bytes is SHA-256", (length) => {
  const data = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
  expect(Buffer.from(sha256(data)).toString("hex")).toBe(createHash("sha256").update(data).digest("hex"));
});

test("a frame is the server's, to the byte, in both directions", () => {
  const message: Message = { kind: "output_stream_data", id: ID, created: 1795571004487, payload: bytes("héllo\r\n"), type: PAYLOAD.output, sequence: 7, flags: 0 };
  expect(Buffer.from(pack(message)).toString("hex")).toBe(SERVERS);
  expect(unpack(Uint8Array.from(Buffer.from(SERVERS, "hex")))).toEqual(message);
  expect(idText(ID)).toBe("00112233-4455-6677-8899-aabbccddeeff");
});

test("what comes early waits, and what comes twice is heard once", () => {
  const sent: Uint8Array[] = [];
  const flow = new Flow((frame) => sent.push(frame), () => 0);
  const frame = (sequence: number) => pack(said("output_stream_data", PAYLOAD.output, sequence, bytes(String(sequence))));
  expect(flow.hear(frame(1))).toEqual([]);
  expect(flow.hear(frame(0)).map((one) => text(one.payload))).toEqual(["0", "1"]);
  expect(flow.hear(frame(0))).toEqual([]);
  expect(sent.map((one) => unpack(one).kind)).toEqual(["acknowledge", "acknowledge", "acknowledge"]);
});

test("what is not acknowledged is sent again, at growing distances", () => {
  let now = 0;
  const sent: Message[] = [];
  const flow = new Flow((frame) => sent.push(unpack(frame)), () => now);
  flow.say(PAYLOAD.output, bytes("a"));
  for (now = 100; now <= 1000; now += 100) flow.again();
  expect(sent.map((one) => one.sequence)).toEqual([0, 0, 0]);
  flow.hear(pack(said("acknowledge", PAYLOAD.none, 0, json({ AcknowledgedMessageSequenceNumber: 0 }))));
  now = 10_000;
  flow.again();
  expect(sent).toHaveLength(3);
});

/** A server's end: it gathers what the client sends, and says what it is told to. */
class End implements Socket {
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

  say(type: number, payload: Uint8Array, kind: Kind = "output_stream_data"): void {
    const frame = pack(said(kind, type, this.#next, payload));
    if (kind === "output_stream_data") this.#next += 1;
    this.fire("message", frame.buffer);
  }

  /** What was said in the stream, of this type. */
  of(type: number): string[] {
    return this.heard.filter((one) => one.kind === "input_stream_data" && one.type === type).map((one) => text(one.payload));
  }
}

function begun() {
  const end = new End();
  const events = { onBegun: vi.fn(), onOutput: vi.fn(), onEnd: vi.fn() };
  const session = new ExecSession(end, "the token", events);
  end.fire("open");
  session.resize(80, 24);
  end.say(PAYLOAD.handshakeRequest, json({ RequestedClientActions: [{ ActionType: "SessionType" }] }));
  end.say(PAYLOAD.handshakeComplete, json({}));
  return { end, events, session };
}

test("a session shows its token, shakes hands, tells its size, and hears the exit code", () => {
  const { end, events, session } = begun();
  expect(JSON.parse(end.opened[0] ?? "")).toMatchObject({ TokenValue: "the token" });
  expect(end.of(PAYLOAD.handshakeResponse)[0]).toContain("SessionType");
  expect(end.of(PAYLOAD.size)).toEqual(['{"cols":80,"rows":24}']);
  expect(events.onBegun).toHaveBeenCalledOnce();
  session.type("é\r");
  session.resize(100, 30);
  expect(end.of(PAYLOAD.output)).toEqual(["é\r"]);
  expect(end.of(PAYLOAD.size)).toHaveLength(2);
  end.say(PAYLOAD.output, bytes("out"));
  expect(events.onOutput).toHaveBeenCalledWith(bytes("out"));
  end.say(PAYLOAD.exitCode, bytes("3"));
  end.say(PAYLOAD.none, json({ Output: "" }), "channel_closed");
  expect(events.onEnd).toHaveBeenCalledExactlyOnceWith(3, "");
});

test("input waits for the server's window, and none of it is lost", () => {
  const { end, session } = begun();
  const typed = "0123456789".repeat(10_000);
  session.type(typed);
  expect(end.of(PAYLOAD.output).length).toBeLessThan(64);
  for (let at = 0; at < 200; at += 1) end.say(PAYLOAD.none, json({ AcknowledgedMessageSequenceNumber: at }), "acknowledge");
  expect(end.of(PAYLOAD.output).join("")).toBe(typed);
  session.close();
});

test("a session that is closed ends the command, and a connection that is lost ends the session", () => {
  const first = begun();
  first.session.close();
  expect(first.end.heard.at(-1)).toMatchObject({ type: PAYLOAD.flag, payload: Uint8Array.of(0, 0, 0, 2) });
  expect(first.events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "");
  const second = begun();
  second.end.close();
  expect(second.events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "");
});

test("what is no frame ends the session with a reason", () => {
  const { end, events } = begun();
  end.fire("message", new Uint8Array(200).buffer);
  expect(events.onEnd).toHaveBeenCalledExactlyOnceWith(null, "the lengths that a frame names are not its own");
});
