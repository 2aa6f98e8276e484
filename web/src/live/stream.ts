// What the server says has changed, as it changes. It carries names, not contents: whoever is told reads again. While the
// stream is interrupted anything may have changed, so its return says that everything has.

/**
 * Something that changed. `kind` is the resource's (`service`, `task`, …); `metrics` is a new five-second point, `minute` a
 * new point of a minute.
 */
export interface Change {
  readonly kind: string;
  /** Name of the cluster, where it is in one. */
  readonly cluster?: string;
  /** ARN or id. */
  readonly id?: string;
}

export type Ring = { readonly everything: true } | { readonly everything: false; readonly changes: readonly Change[] };

export type Connection = "connecting" | "open" | "away" | "refused";

/** What an EventSource is to us. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2;
const SILENCE = 16_000; // ms; something is said at least each five seconds
const FIRST_PAUSE = 500; // ms before trying again, doubled each time
const LONGEST_PAUSE = 8_000;
const MINUTE = 60_000;

/** Follows one address until it is closed, and never gives up. */
export class Stream {
  #state: Connection = "connecting";
  #source: Source | null = null;
  #pause = FIRST_PAUSE;
  #minute = Math.floor(Date.now() / MINUTE);
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onState = new Set<() => void>();
  readonly #onRing = new Set<(ring: Ring) => void>();

  constructor(
    private readonly url: string,
    private readonly open: (url: string) => Source,
  ) {}

  get state(): Connection {
    return this.#state;
  }

  /** Begin, or go on after `close`. */
  start(): void {
    if (this.#source === null) this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Be called when `state` has changed; gives what ends that. */
  onState(listener: () => void): () => void {
    this.#onState.add(listener);
    return () => this.#onState.delete(listener);
  }

  /** Be called for what has changed; gives what ends that. */
  onRing(listener: (ring: Ring) => void): () => void {
    this.#onRing.add(listener);
    return () => this.#onRing.delete(listener);
  }

  #connect(): void {
    this.#source?.close();
    const source = this.open(this.url);
    this.#source = source;
    this.#listen();
    source.addEventListener("hello", () => {
      this.#pause = FIRST_PAUSE;
      this.#heard();
      this.#ring({ everything: true });
    });
    source.addEventListener("changed", (event) => {
      this.#heard();
      const said = JSON.parse(event.data) as { more: boolean; keys: Change[] };
      this.#ring(said.more ? { everything: true } : { everything: false, changes: said.keys });
    });
    source.addEventListener("metrics", () => {
      this.#heard();
      const minute = Math.floor(Date.now() / MINUTE);
      const isNew = minute !== this.#minute;
      this.#minute = minute;
      this.#ring({ everything: false, changes: isNew ? [{ kind: "metrics" }, { kind: "minute" }] : [{ kind: "metrics" }] });
    });
    source.addEventListener("error", () => {
      this.#lost();
    });
  }

  #heard(): void {
    this.#turn("open");
    this.#listen();
  }

  /** Wait for the next word, and take silence for a loss. */
  #listen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#lost();
    }, SILENCE);
  }

  #lost(): void {
    // A browser leaves a stream that was answered with an error closed; else it would come back by itself, but in its
    // own time.
    this.#turn(this.#source?.readyState === CLOSED ? "refused" : "away");
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#connect();
    }, this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #ring(ring: Ring): void {
    for (const listener of this.#onRing) listener(ring);
  }

  #turn(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#onState) listener();
  }
}
