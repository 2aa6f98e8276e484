import type { EventSourceLike } from "../../src/live/eventStream.ts";

/** An event source whose events a test fires. */
export class FakeEventSource implements EventSourceLike {
  readyState = 1;
  closed = false;
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void) {
    this.#listeners.set(type, listener);
  }
  say(type: string, data: unknown = {}) {
    this.#listeners.get(type)?.(new MessageEvent(type, { data: JSON.stringify(data) }));
  }
  close() {
    this.closed = true;
  }
}
