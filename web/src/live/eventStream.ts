// The server's events about changed resources. An event has names, not contents: its listeners read the resources again.
// While the connection is lost anything may change, so a new connection invalidates everything.

/**
 * A change of a resource of this kind (`service`, `task`, …); `metrics` is a new five-second data point, `minute` a new
 * one-minute data point.
 */
export interface Change {
  readonly kind: string;
  /** The name of the resource's cluster, if it has one. */
  readonly cluster?: string;
  /** ARN or id. */
  readonly id?: string;
}

export type Invalidation = { readonly everything: true } | { readonly everything: false; readonly changes: readonly Change[] };

export type ConnectionState = "connecting" | "open" | "lost" | "refused";

/** The part of EventSource that is used here. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2; // EventSource.CLOSED
const SILENCE_TIMEOUT = 16_000; // ms; the server sends an event at least every five seconds
const MIN_RETRY_DELAY = 500; // ms, doubled after each attempt
const MAX_RETRY_DELAY = 8_000;
const MINUTE = 60_000;

/** A connection to one URL, which reconnects until it is closed. */
export class EventStream {
  #state: ConnectionState = "connecting";
  #source: EventSourceLike | null = null;
  #retryDelay = MIN_RETRY_DELAY;
  #minute = Math.floor(Date.now() / MINUTE);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stateListeners = new Set<() => void>();
  readonly #invalidationListeners = new Set<(invalidation: Invalidation) => void>();

  constructor(
    private readonly url: string,
    private readonly open: (url: string) => EventSourceLike,
  ) {}

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects, for the first time or after `close`. */
  start(): void {
    if (this.#source === null) this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Adds a listener; returns a function that removes it. */
  onStateChange(listener: () => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Adds a listener; returns a function that removes it. */
  onInvalidation(listener: (invalidation: Invalidation) => void): () => void {
    this.#invalidationListeners.add(listener);
    return () => this.#invalidationListeners.delete(listener);
  }

  #connect(): void {
    this.#source?.close();
    const source = this.open(this.url);
    this.#source = source;
    this.#restartSilenceTimer();
    source.addEventListener("hello", () => {
      this.#retryDelay = MIN_RETRY_DELAY;
      this.#onEvent();
      this.#invalidate({ everything: true });
    });
    source.addEventListener("changed", (event) => {
      this.#onEvent();
      const changed = JSON.parse(event.data) as { more: boolean; keys: Change[] };
      this.#invalidate(changed.more ? { everything: true } : { everything: false, changes: changed.keys });
    });
    source.addEventListener("metrics", () => {
      this.#onEvent();
      const minute = Math.floor(Date.now() / MINUTE);
      const isNewMinute = minute !== this.#minute;
      this.#minute = minute;
      this.#invalidate({ everything: false, changes: isNewMinute ? [{ kind: "metrics" }, { kind: "minute" }] : [{ kind: "metrics" }] });
    });
    source.addEventListener("error", () => {
      this.#reconnectLater();
    });
  }

  #onEvent(): void {
    this.#setState("open");
    this.#restartSilenceTimer();
  }

  #restartSilenceTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#reconnectLater();
    }, SILENCE_TIMEOUT);
  }

  #reconnectLater(): void {
    // The browser closes a stream for good when the server answers with an error. After a lost connection the browser would
    // reconnect itself, but with its own delays.
    this.#setState(this.#source?.readyState === CLOSED ? "refused" : "lost");
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#connect();
    }, this.#retryDelay);
    this.#retryDelay = Math.min(2 * this.#retryDelay, MAX_RETRY_DELAY);
  }

  #invalidate(invalidation: Invalidation): void {
    for (const listener of this.#invalidationListeners) listener(invalidation);
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }
}
