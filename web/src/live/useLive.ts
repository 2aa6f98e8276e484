// The one way in which pages read: from the API, through the cache, again whenever it may have changed.

import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Cache, type Reading, type Topic } from "./cache.ts";
import type { Connection, Stream } from "./stream.ts";

export interface Live {
  readonly cache: Cache;
  readonly stream: Stream | null;
}

export const LiveContext = createContext<Live>({ cache: new Cache(), stream: null });

export type Found<T> = Reading<T> & {
  /** Read it again now. */
  readonly reload: () => void;
};

/**
 * What `read` gives, kept under `key` and read again when one of the `topics` has changed.
 *
 * `key` says all that the reading depends on (`["service", cluster, name]`); readings with one key are one reading. `read`
 * may reject: what was read before stays, with the error beside it.
 */
export function useLive<T>(
  key: readonly (string | number | boolean | undefined)[],
  topics: readonly Topic[],
  read: (signal: AbortSignal) => Promise<T>,
): Found<T> {
  const { cache } = useContext(LiveContext);
  const name = JSON.stringify(key);
  const newest = useRef({ topics, read });
  useEffect(() => {
    newest.current = { topics, read };
  });
  const subscribe = useCallback(
    (changed: () => void) =>
      cache.look(name, newest.current.topics, (signal) => newest.current.read(signal), changed),
    [cache, name],
  );
  const reading = useSyncExternalStore(subscribe, () => cache.reading(name)) as Reading<T>;
  const reload = useCallback(() => {
    cache.reload(name);
  }, [cache, name]);
  return { ...reading, reload };
}

/** How the stream stands; `open` where there is none. */
function useConnection(): Connection {
  const { stream } = useContext(LiveContext);
  return useSyncExternalStore(
    useCallback((changed: () => void) => stream?.onState(changed) ?? (() => undefined), [stream]),
    () => stream?.state ?? "open",
  );
}

/** Whether the stream is lost; one that has not begun is not. */
export function useAway(): boolean {
  const connection = useConnection();
  return connection === "away" || connection === "refused";
}

/** Whether the server was away at any time since this was first shown, and is back. */
export function useIsBack(): boolean {
  const connection = useConnection();
  const away = useAway();
  const [wasAway, setWasAway] = useState(away);
  if (away && !wasAway) setWasAway(true);
  return wasAway && connection === "open";
}
