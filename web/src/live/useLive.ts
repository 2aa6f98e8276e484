// Live queries: pages read the API through the cache, and again whenever the result may have changed.

import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { ConnectionState, EventStream } from "./eventStream.ts";
import { QueryCache, type QueryState, type Topic } from "./queryCache.ts";

export interface Live {
  readonly cache: QueryCache;
  readonly stream: EventStream | null;
}

export const LiveContext = createContext<Live>({ cache: new QueryCache(), stream: null });

export type LiveQuery<T> = QueryState<T> & {
  /** Runs the query again now. */
  readonly reload: () => void;
};

/**
 * The result of `read`, cached under `key` and read again when one of the `topics` changes.
 *
 * `key` contains every value that the result depends on (`["service", cluster, name]`); queries with the same key share one
 * result. If `read` rejects, the previous result stays, with the error next to it.
 */
export function useLive<T>(
  key: readonly (string | number | boolean | undefined)[],
  topics: readonly Topic[],
  read: (signal: AbortSignal) => Promise<T>,
): LiveQuery<T> {
  const { cache } = useContext(LiveContext);
  const cacheKey = JSON.stringify(key);
  const latest = useRef({ topics, read });
  useEffect(() => {
    latest.current = { topics, read };
  });
  const subscribe = useCallback(
    (onChange: () => void) =>
      cache.observe(cacheKey, latest.current.topics, (signal) => latest.current.read(signal), onChange),
    [cache, cacheKey],
  );
  const state = useSyncExternalStore(subscribe, () => cache.state(cacheKey)) as QueryState<T>;
  const reload = useCallback(() => {
    cache.reload(cacheKey);
  }, [cache, cacheKey]);
  return { ...state, reload };
}

/** The state of the event stream; `open` without a stream. */
function useConnectionState(): ConnectionState {
  const { stream } = useContext(LiveContext);
  return useSyncExternalStore(
    useCallback((onChange: () => void) => stream?.onStateChange(onChange) ?? (() => undefined), [stream]),
    () => stream?.state ?? "open",
  );
}

/** Whether the connection to the server is lost; false before the first connection. */
export function useIsDisconnected(): boolean {
  const state = useConnectionState();
  return state === "lost" || state === "refused";
}

/** Whether the connection was lost since the component was mounted, and is open again. */
export function useHasReconnected(): boolean {
  const state = useConnectionState();
  const isDisconnected = useIsDisconnected();
  const [wasDisconnected, setWasDisconnected] = useState(isDisconnected);
  if (isDisconnected && !wasDisconnected) setWasDisconnected(true);
  return wasDisconnected && state === "open";
}

/** The query with its data mapped. */
export function mapQuery<A, R>(query: LiveQuery<A>, map: (data: A) => R): LiveQuery<R> {
  const { reload } = query;
  if (query.status === "ready") return { status: "ready", data: map(query.data), error: undefined, reload };
  if (query.status === "failed") return { status: "failed", data: query.data === undefined ? undefined : map(query.data), error: query.error, reload };
  return { status: "loading", data: undefined, error: undefined, reload };
}

/** Two queries as one, which has data when both have, and an error when either has. */
export function joinQueries<A, B, R>(a: LiveQuery<A>, b: LiveQuery<B>, join: (a: A, b: B) => R): LiveQuery<R> {
  const reload = () => {
    a.reload();
    b.reload();
  };
  const data = a.data === undefined || b.data === undefined ? undefined : join(a.data, b.data);
  const failed = [a, b].find(({ status }) => status === "failed");
  if (failed) return { status: "failed", data, error: failed.error, reload };
  if (data === undefined) return { status: "loading", data: undefined, error: undefined, reload };
  return { status: "ready", data, error: undefined, reload };
}
