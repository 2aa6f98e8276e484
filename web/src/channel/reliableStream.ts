// A reliable stream over frames: sequence numbers, acknowledgements and retransmission. Each message is delivered once and in
// order.

import { formatId, type Message, newId, pack, PAYLOAD_TYPE, unpack } from "./message.ts";

const WINDOW = 64; // unacknowledged frames
const MIN_RETRANSMIT_DELAY = 200; // ms, doubled after each retransmission
const MAX_RETRANSMIT_DELAY = 1000;
const SYN_AND_FIN = 3; // the flags of a stream of one message

interface InFlightFrame {
  readonly frame: Uint8Array<ArrayBuffer>;
  sentAt: number;
  delay: number;
}

/** The client's side of a data channel. */
export class ReliableStream {
  #nextSequence = 0;
  #expectedSequence = 0;
  #paused = false;
  readonly #inFlight = new Map<number, InFlightFrame>();
  readonly #outOfOrder = new Map<number, Message>();

  constructor(
    private readonly sendFrame: (frame: Uint8Array<ArrayBuffer>) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether another frame may be sent. */
  get canSend(): boolean {
    return this.#inFlight.size < WINDOW && !this.#paused;
  }

  send(payloadType: number, payload: Uint8Array): void {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    const frame = pack({ messageType: "input_stream_data", id: newId(), created: this.now(), payload, payloadType, sequence, flags: 0 });
    this.#inFlight.set(sequence, { frame, sentAt: this.now(), delay: MIN_RETRANSMIT_DELAY });
    this.sendFrame(frame);
  }

  /** The messages that this frame completes: the next of the stream, or that the channel is closed. Throws if it is not a frame. */
  receive(frame: Uint8Array): Message[] {
    const message = unpack(frame);
    switch (message.messageType) {
      case "acknowledge":
        this.#inFlight.delete(acknowledgedSequence(message));
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
        return this.#deliverInOrder(message);
      default:
        return [];
    }
  }

  /** Sends the oldest unacknowledged frame again after its delay. To be called several times per second. */
  retransmit(): void {
    const oldest = this.#inFlight.values().next();
    if (oldest.done || this.#paused || this.now() - oldest.value.sentAt < oldest.value.delay) return;
    oldest.value.sentAt = this.now();
    oldest.value.delay = Math.min(2 * oldest.value.delay, MAX_RETRANSMIT_DELAY);
    this.sendFrame(oldest.value.frame);
  }

  #deliverInOrder(message: Message): Message[] {
    this.#acknowledge(message); // also a duplicate, because the first acknowledgement may be lost
    if (message.sequence >= this.#expectedSequence) this.#outOfOrder.set(message.sequence, message);
    const delivered: Message[] = [];
    for (let next = this.#outOfOrder.get(this.#expectedSequence); next; next = this.#outOfOrder.get(this.#expectedSequence)) {
      this.#outOfOrder.delete(this.#expectedSequence);
      this.#expectedSequence += 1;
      delivered.push(next);
    }
    return delivered;
  }

  #acknowledge(message: Message): void {
    const acknowledgement = {
      AcknowledgedMessageType: message.messageType,
      AcknowledgedMessageId: formatId(message.id),
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    };
    const payload = encodeJson(acknowledgement);
    this.sendFrame(pack({ messageType: "acknowledge", id: newId(), created: this.now(), payload, payloadType: PAYLOAD_TYPE.none, sequence: 0, flags: SYN_AND_FIN }));
  }
}

function acknowledgedSequence(message: Message): number {
  return (decodeJson(message.payload) as { AcknowledgedMessageSequenceNumber: number }).AcknowledgedMessageSequenceNumber;
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeJson(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}
