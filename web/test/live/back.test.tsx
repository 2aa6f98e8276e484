// Whether the server was away and is back: what a page that could not come waits for.

import { act, render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { Cache } from "../../src/live/cache.ts";
import { Stream } from "../../src/live/stream.ts";
import { LiveContext, useIsBack } from "../../src/live/useLive.ts";
import { Played } from "./played.ts";

function Shown() {
  return <p>{useIsBack() ? "back" : "not back"}</p>;
}

function shown() {
  const source = new Played();
  const stream = new Stream("/events", () => source);
  stream.start();
  render(
    <LiveContext value={{ cache: new Cache(), stream }}>
      <Shown />
    </LiveContext>,
  );
  const say = (type: string) => { act(() => { source.say(type); }); };
  return { say, stream };
}

test("a stream that begins is no server that is back: a page that fails at once would be loaded for ever", () => {
  const { say, stream } = shown();
  say("hello");
  expect(screen.getByText("not back")).toBeTruthy();
  stream.close();
});

test("a server that was lost is back once it speaks again", () => {
  const { say, stream } = shown();
  say("hello");
  say("error");
  expect(screen.getByText("not back")).toBeTruthy();
  say("hello");
  expect(screen.getByText("back")).toBeTruthy();
  stream.close();
});
