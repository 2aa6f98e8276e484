// Whether the connection was lost and is open again, which a page that could not be loaded waits for.

import { act, render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { EventStream } from "../../src/live/eventStream.ts";
import { QueryCache } from "../../src/live/queryCache.ts";
import { LiveContext, useHasReconnected } from "../../src/live/useLive.ts";
import { FakeEventSource } from "./fakeEventSource.ts";

function Reconnected() {
  return <p>{useHasReconnected() ? "back" : "not back"}</p>;
}

function renderReconnected() {
  const source = new FakeEventSource();
  const stream = new EventStream("/events", () => source);
  stream.start();
  render(
    <LiveContext value={{ cache: new QueryCache(), stream }}>
      <Reconnected />
    </LiveContext>,
  );
  const say = (type: string) => { act(() => { source.say(type); }); };
  return { say, stream };
}

test("a stream that begins is no server that is back: a page that fails at once would be loaded for ever", () => {
  const { say, stream } = renderReconnected();
  say("hello");
  expect(screen.getByText("not back")).toBeTruthy();
  stream.close();
});

test("a server that was lost is back once it speaks again", () => {
  const { say, stream } = renderReconnected();
  say("hello");
  say("error");
  expect(screen.getByText("not back")).toBeTruthy();
  say("hello");
  expect(screen.getByText("back")).toBeTruthy();
  stream.close();
});
