// Order out of frames: numbers, acknowledgements, sending again. What one side says the other hears once and in order.

import { idText, type Message, newId, pack, PAYLOAD, unpack } from "./message.ts";

const WINDOW = 64; // frames that may be on their way, unacknowledged
const FIRST_WAIT = 200; // ms until a frame is sent again, doubled each time
const LONGEST_WAIT = 1000;
const WHOLE = 3; // begin and end of a stream of one message

interface OnTheWay {
  readonly frame: Uint8Array<ArrayBuffer>;
  at: number;
  wait: number;
}

/** The client's side of a channel. Frames go out through `send`. */
export class Flow {
  #next = 0;
  #expected = 0;
  #paused = false;
  readonly #onTheWay = new Map<number, OnTheWay>();
  readonly #early = new Map<number, Message>();

  constructor(
    private readonly send: (frame: Uint8Array<ArrayBuffer>) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether there may be another frame on its way. */
  get hasRoom(): boolean {
    return this.#onTheWay.size < WINDOW && !this.#paused;
  }

  /** Say the next part of the stream. */
  say(type: number, payload: Uint8Array): void {
    const sequence = this.#next;
    this.#next += 1;
    const frame = pack({ kind: "input_stream_data", id: newId(), created: this.now(), payload, type, sequence, flags: 0 });
    this.#onTheWay.set(sequence, { frame, at: this.now(), wait: FIRST_WAIT });
    this.send(frame);
  }

  /** What the other side says by this frame: the parts of its stream that are next, or that the channel is closed. Throws for what is no frame. */
  hear(frame: Uint8Array): Message[] {
    const message = unpack(frame);
    switch (message.kind) {
      case "acknowledge":
        this.#onTheWay.delete(acknowledged(message));
        return [];
      case "pause_publication":
        this.#paused = true;
        return [];
      case "start_publication":
        this.#paused = false;
        return [];
      case "channel_closed":
        return [message];
      case "output_stream_data":
        return this.#inOrder(message);
      default:
        return [];
    }
  }

  /** Send the oldest frame again when it has waited too long. Call it several times a second. */
  again(): void {
    const oldest = this.#onTheWay.values().next();
    if (oldest.done || this.#paused || this.now() - oldest.value.at < oldest.value.wait) return;
    oldest.value.at = this.now();
    oldest.value.wait = Math.min(2 * oldest.value.wait, LONGEST_WAIT);
    this.send(oldest.value.frame);
  }

  #inOrder(message: Message): Message[] {
    this.#acknowledge(message); // also what was heard already: the first acknowledgement may be lost
    if (message.sequence >= this.#expected) this.#early.set(message.sequence, message);
    const heard: Message[] = [];
    for (let next = this.#early.get(this.#expected); next; next = this.#early.get(this.#expected)) {
      this.#early.delete(this.#expected);
      this.#expected += 1;
      heard.push(next);
    }
    return heard;
  }

  #acknowledge(message: Message): void {
    const said = {
      AcknowledgedMessageType: message.kind,
      AcknowledgedMessageId: idText(message.id),
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    };
    const payload = json(said);
    this.send(pack({ kind: "acknowledge", id: newId(), created: this.now(), payload, type: PAYLOAD.none, sequence: 0, flags: WHOLE }));
  }
}

function acknowledged(message: Message): number {
  return (asJson(message.payload) as { AcknowledgedMessageSequenceNumber: number }).AcknowledgedMessageSequenceNumber;
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function asJson(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}
