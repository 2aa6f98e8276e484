// A cache of API reads. Each query names the topics that it depends on. When the event stream reports a change of a topic, a
// query with observers is read again at once, any other query when it is next observed.

import type { Change, Invalidation } from "./eventStream.ts";

export type QueryState<T> =
  | { readonly status: "loading"; readonly data: undefined; readonly error: undefined }
  | { readonly status: "ready"; readonly data: T; readonly error: undefined }
  /** The last read failed; `data` is the result of an earlier one, if there was any. */
  | { readonly status: "failed"; readonly data: T | undefined; readonly error: unknown };

export type Topic = Change;

interface Entry {
  state: QueryState<unknown>;
  read: (signal: AbortSignal) => Promise<unknown>;
  topics: readonly Topic[];
  readonly observers: Set<() => void>;
  stale: boolean;
  running: AbortController | null;
  usedAt: number;
}

const LOADING = { status: "loading", data: undefined, error: undefined } as const;
const MAX_UNOBSERVED = 200; // queries that are kept so that a previous page can be shown at once

export class QueryCache {
  readonly #entries = new Map<string, Entry>();
  #uses = 0;

  state(key: string): QueryState<unknown> {
    return this.#entries.get(key)?.state ?? LOADING;
  }

  /** Calls `onChange` when the state of the query changes, and reads it if it is new or stale. Returns a function that stops. */
  observe(key: string, topics: readonly Topic[], read: Entry["read"], onChange: () => void): () => void {
    const entry = this.#entry(key, topics, read);
    entry.observers.add(onChange);
    if (entry.stale) this.#refresh(entry);
    return () => {
      entry.observers.delete(onChange);
      this.#removeUnobserved();
    };
  }

  /** Marks the queries that depend on a change as stale, and reads those that are observed. */
  invalidate(invalidation: Invalidation): void {
    for (const entry of this.#entries.values()) {
      if (invalidation.everything || entry.topics.some((topic) => invalidation.changes.some((change) => matches(topic, change)))) {
        entry.stale = true;
        if (entry.observers.size > 0) this.#refresh(entry);
      }
    }
  }

  reload(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.stale = true;
    this.#refresh(entry);
  }

  #entry(key: string, topics: readonly Topic[], read: Entry["read"]): Entry {
    this.#uses += 1;
    const existing = this.#entries.get(key);
    if (existing) {
      existing.read = read;
      existing.topics = topics;
      existing.usedAt = this.#uses;
      return existing;
    }
    const entry: Entry = { state: LOADING, read, topics, observers: new Set(), stale: true, running: null, usedAt: this.#uses };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Runs one read at a time; a query that becomes stale meanwhile is read once more afterward. */
  #refresh(entry: Entry): void {
    if (entry.running) return;
    entry.stale = false;
    const running = new AbortController();
    entry.running = running;
    const finish = (state: QueryState<unknown>) => {
      entry.running = null;
      if (running.signal.aborted) return;
      entry.state = state;
      for (const onChange of entry.observers) onChange();
      if (entry.stale && entry.observers.size > 0) this.#refresh(entry);
    };
    entry.read(running.signal).then(
      (data) => {
        finish({ status: "ready", data, error: undefined });
      },
      (error: unknown) => {
        finish({ status: "failed", data: entry.state.data, error });
      },
    );
  }

  #removeUnobserved(): void {
    const unobserved = [...this.#entries].filter(([, entry]) => entry.observers.size === 0);
    unobserved.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, entry] of unobserved.slice(0, Math.max(0, unobserved.length - MAX_UNOBSERVED))) {
      entry.running?.abort();
      this.#entries.delete(key);
    }
  }
}

/** Whether a change concerns a topic. A cluster or id that one of them lacks matches any. */
export function matches(topic: Topic, change: Change): boolean {
  return (
    topic.kind === change.kind &&
    (topic.cluster === undefined || change.cluster === undefined || topic.cluster === change.cluster) &&
    (topic.id === undefined || change.id === undefined || topic.id === change.id)
  );
}
