// A command in a container, as its client has it: what is typed goes in, what it says comes out, and its end.

import { asJson, Flow, json } from "./flow.ts";
import { type Message, PAYLOAD } from "./message.ts";

export interface SessionEvents {
  /** The command runs, and may be typed to. */
  readonly onBegun: () => void;
  readonly onOutput: (data: Uint8Array) => void;
  /** It is over. `code` is the command's, null where it did not come to one; `reason` is the server's, or empty. */
  readonly onEnd: (code: number | null, reason: string) => void;
}

/** What a WebSocket is to us. */
export interface Socket {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

const OPEN = 1;
const EACH = 100; // ms between two looks at what has to be sent again
const MOST_TYPED = 1024; // bytes in one frame
const SUCCESS = 1;
const TERMINATE = 2;

interface HandshakeRequest {
  readonly RequestedClientActions: readonly { readonly ActionType: string }[];
}

export class ExecSession {
  readonly #flow: Flow;
  readonly #ticking: ReturnType<typeof setInterval>;
  #typed: Uint8Array[] = [];
  #size: { cols: number; rows: number } | null = null;
  #begun = false;
  #ended = false;
  #code: number | null = null;

  constructor(
    private readonly socket: Socket,
    token: string,
    private readonly events: SessionEvents,
  ) {
    socket.binaryType = "arraybuffer";
    this.#flow = new Flow((frame) => {
      if (socket.readyState === OPEN) socket.send(frame);
    });
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ MessageSchemaVersion: "1.0", TokenValue: token, Moyai: { Terminal: true } }));
    });
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#hear(new Uint8Array(data));
    });
    socket.addEventListener("close", () => {
      this.#end("");
    });
    this.#ticking = setInterval(() => {
      this.#flow.again();
      this.#pour();
    }, EACH);
  }

  /** Type this. */
  type(text: string): void {
    const data = new TextEncoder().encode(text);
    for (let at = 0; at < data.length; at += MOST_TYPED) this.#typed.push(data.slice(at, at + MOST_TYPED));
    this.#pour();
  }

  /** The terminal has this size now. */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#begun && !this.#ended) this.#flow.say(PAYLOAD.size, json(this.#size));
  }

  /** End the command. */
  close(): void {
    if (this.#ended) return;
    if (this.#begun) this.#flow.say(PAYLOAD.flag, Uint8Array.of(0, 0, 0, TERMINATE));
    this.socket.close();
    this.#end("");
  }

  #hear(frame: Uint8Array): void {
    try {
      for (const message of this.#flow.hear(frame)) this.#act(message);
      this.#pour();
    } catch (problem) {
      this.#end(problem instanceof Error ? problem.message : String(problem));
      this.socket.close();
    }
  }

  #act(message: Message): void {
    if (message.kind === "channel_closed") {
      this.#end((asJson(message.payload) as { Output?: string }).Output ?? "");
      this.socket.close();
      return;
    }
    switch (message.type) {
      case PAYLOAD.handshakeRequest: {
        const asked = (asJson(message.payload) as HandshakeRequest).RequestedClientActions;
        const done = asked.map((action) => ({ ActionType: action.ActionType, ActionStatus: SUCCESS }));
        this.#flow.say(PAYLOAD.handshakeResponse, json({ ClientVersion: "moyai", ProcessedClientActions: done }));
        break;
      }
      case PAYLOAD.handshakeComplete:
        this.#begun = true;
        if (this.#size) this.#flow.say(PAYLOAD.size, json(this.#size));
        this.events.onBegun();
        break;
      case PAYLOAD.output:
      case PAYLOAD.stderr:
        this.events.onOutput(message.payload);
        break;
      case PAYLOAD.exitCode:
        this.#code = Number(new TextDecoder().decode(message.payload));
        break;
      default:
        break;
    }
  }

  /** Send what was typed, as far as there is room. */
  #pour(): void {
    while (this.#begun && !this.#ended && this.#flow.hasRoom) {
      const data = this.#typed.shift();
      if (!data) return;
      this.#flow.say(PAYLOAD.output, data);
    }
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#typed = [];
    clearInterval(this.#ticking);
    this.events.onEnd(this.#code, reason);
  }
}
