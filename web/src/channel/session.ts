// The client of an ECS Exec session: a command in a container with its input, output and exit code.

import { type Message, PAYLOAD_TYPE } from "./message.ts";
import { decodeJson, encodeJson, ReliableStream } from "./reliableStream.ts";

export interface SessionEvents {
  /** The command runs and accepts input. */
  readonly onOpen: () => void;
  readonly onOutput: (data: Uint8Array) => void;
  /** The session has ended. `code` is the exit code of the command, or null; `reason` is the message of the server, or empty. */
  readonly onEnd: (code: number | null, reason: string) => void;
}

/** The part of WebSocket that is used here. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

const OPEN = 1;
const RETRANSMIT_INTERVAL = 100; // ms
const MAX_INPUT = 1024; // bytes per frame
const ACTION_SUCCEEDED = 1;
const TERMINATE_SESSION = 2;

interface HandshakeRequest {
  readonly RequestedClientActions: readonly { readonly ActionType: string }[];
}

export class ExecSession {
  readonly #stream: ReliableStream;
  readonly #timer: ReturnType<typeof setInterval>;
  #input: Uint8Array[] = [];
  #size: { cols: number; rows: number } | null = null;
  #isOpen = false;
  #hasEnded = false;
  #exitCode: number | null = null;

  constructor(
    private readonly socket: SocketLike,
    token: string,
    private readonly events: SessionEvents,
  ) {
    socket.binaryType = "arraybuffer";
    this.#stream = new ReliableStream((frame) => {
      if (socket.readyState === OPEN) socket.send(frame);
    });
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ MessageSchemaVersion: "1.0", TokenValue: token, Moyai: { Terminal: true } }));
    });
    socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(new Uint8Array(data));
    });
    socket.addEventListener("close", () => {
      this.#end("");
    });
    this.#timer = setInterval(() => {
      this.#stream.retransmit();
      this.#sendInput();
    }, RETRANSMIT_INTERVAL);
  }

  sendText(text: string): void {
    const data = new TextEncoder().encode(text);
    for (let offset = 0; offset < data.length; offset += MAX_INPUT) this.#input.push(data.slice(offset, offset + MAX_INPUT));
    this.#sendInput();
  }

  /** Sends the size of the terminal. */
  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#isOpen && !this.#hasEnded) this.#stream.send(PAYLOAD_TYPE.size, encodeJson(this.#size));
  }

  /** Terminates the command and closes the connection. */
  close(): void {
    if (this.#hasEnded) return;
    if (this.#isOpen) this.#stream.send(PAYLOAD_TYPE.flag, Uint8Array.of(0, 0, 0, TERMINATE_SESSION));
    this.socket.close();
    this.#end("");
  }

  #receive(frame: Uint8Array): void {
    try {
      for (const message of this.#stream.receive(frame)) this.#handle(message);
      this.#sendInput();
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
      this.socket.close();
    }
  }

  #handle(message: Message): void {
    if (message.messageType === "channel_closed") {
      this.#end((decodeJson(message.payload) as { Output?: string }).Output ?? "");
      this.socket.close();
      return;
    }
    switch (message.payloadType) {
      case PAYLOAD_TYPE.handshakeRequest: {
        const { RequestedClientActions } = decodeJson(message.payload) as HandshakeRequest;
        const actions = RequestedClientActions.map(({ ActionType }) => ({ ActionType, ActionStatus: ACTION_SUCCEEDED }));
        this.#stream.send(PAYLOAD_TYPE.handshakeResponse, encodeJson({ ClientVersion: "moyai", ProcessedClientActions: actions }));
        break;
      }
      case PAYLOAD_TYPE.handshakeComplete:
        this.#isOpen = true;
        if (this.#size) this.#stream.send(PAYLOAD_TYPE.size, encodeJson(this.#size));
        this.events.onOpen();
        break;
      case PAYLOAD_TYPE.output:
      case PAYLOAD_TYPE.stderr:
        this.events.onOutput(message.payload);
        break;
      case PAYLOAD_TYPE.exitCode:
        this.#exitCode = Number(new TextDecoder().decode(message.payload));
        break;
      default:
        break;
    }
  }

  /** Sends queued input as far as the window allows. */
  #sendInput(): void {
    while (this.#isOpen && !this.#hasEnded && this.#stream.canSend) {
      const data = this.#input.shift();
      if (!data) return;
      this.#stream.send(PAYLOAD_TYPE.output, data);
    }
  }

  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#input = [];
    clearInterval(this.#timer);
    this.events.onEnd(this.#exitCode, reason);
  }
}
