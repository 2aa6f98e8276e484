// What was read from the API, kept until it may have changed. Each reading names what it depends on; when the stream says
// that one of these has changed, it is read again if somebody looks at it, and else when somebody does.

import type { Change, Ring } from "./stream.ts";

export type Reading<T> =
  | { readonly status: "loading"; readonly data: undefined; readonly error: undefined }
  | { readonly status: "ready"; readonly data: T; readonly error: undefined }
  /** The last attempt failed; `data` is what was read before, if anything was. */
  | { readonly status: "failed"; readonly data: T | undefined; readonly error: unknown };

export type Topic = Change;

interface Entry {
  reading: Reading<unknown>;
  read: (signal: AbortSignal) => Promise<unknown>;
  topics: readonly Topic[];
  readonly lookers: Set<() => void>;
  stale: boolean;
  running: AbortController | null;
  usedAt: number;
}

const LOADING = { status: "loading", data: undefined, error: undefined } as const;
const MOST_IDLE = 200; // readings that nobody looks at, kept for a way back that shows at once

export class Cache {
  readonly #entries = new Map<string, Entry>();
  #uses = 0;

  /** What is known under this key now. */
  reading(key: string): Reading<unknown> {
    return this.#entries.get(key)?.reading ?? LOADING;
  }

  /** Look at a reading: it is made if it is not there or may be old. Gives what ends looking. */
  look(key: string, topics: readonly Topic[], read: Entry["read"], changed: () => void): () => void {
    const entry = this.#entry(key, topics, read);
    entry.lookers.add(changed);
    if (entry.stale) this.#refresh(entry);
    return () => {
      entry.lookers.delete(changed);
      this.#forgetIdle();
    };
  }

  /** Read again what depends on what has changed. */
  ring(ring: Ring): void {
    for (const entry of this.#entries.values()) {
      if (ring.everything || entry.topics.some((topic) => ring.changes.some((change) => concerns(topic, change)))) {
        entry.stale = true;
        if (entry.lookers.size > 0) this.#refresh(entry);
      }
    }
  }

  /** Read this again now. */
  reload(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.stale = true;
    this.#refresh(entry);
  }

  #entry(key: string, topics: readonly Topic[], read: Entry["read"]): Entry {
    this.#uses += 1;
    const known = this.#entries.get(key);
    if (known) {
      known.read = read;
      known.topics = topics;
      known.usedAt = this.#uses;
      return known;
    }
    const entry: Entry = { reading: LOADING, read, topics, lookers: new Set(), stale: true, running: null, usedAt: this.#uses };
    this.#entries.set(key, entry);
    return entry;
  }

  /** One reading at a time; what becomes stale meanwhile is read once more afterwards. */
  #refresh(entry: Entry): void {
    if (entry.running) return;
    entry.stale = false;
    const running = new AbortController();
    entry.running = running;
    const end = (reading: Reading<unknown>) => {
      entry.running = null;
      if (running.signal.aborted) return;
      entry.reading = reading;
      for (const changed of entry.lookers) changed();
      if (entry.stale && entry.lookers.size > 0) this.#refresh(entry);
    };
    entry.read(running.signal).then(
      (data) => {
        end({ status: "ready", data, error: undefined });
      },
      (error: unknown) => {
        end({ status: "failed", data: entry.reading.data, error });
      },
    );
  }

  #forgetIdle(): void {
    const idle = [...this.#entries].filter(([, entry]) => entry.lookers.size === 0);
    idle.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - MOST_IDLE))) {
      entry.running?.abort();
      this.#entries.delete(key);
    }
  }
}

/** Whether what changed is, or may be, what the topic names. */
export function concerns(topic: Topic, change: Change): boolean {
  return (
    topic.kind === change.kind &&
    (topic.cluster === undefined || change.cluster === undefined || topic.cluster === change.cluster) &&
    (topic.id === undefined || change.id === undefined || topic.id === change.id)
  );
}
