// A page as a browser has it, over answers that are given here in place of a server's.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { MemoryRouter, Route, Routes } from "react-router";
import { CloudscapeMessages } from "../src/app/App.tsx";
import { FlashProvider } from "../src/app/flash.tsx";
import { PreferencesProvider } from "../src/app/preferences.tsx";
import { TargetContext } from "../src/aws/useTarget.ts";
import { QueryCache } from "../src/live/queryCache.ts";
import { LiveContext } from "../src/live/useLive.ts";
import { vi } from "vitest";

const SCOPE = { account: "123456789012", region: "us-east-1" };

export interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What an operation answers, by its name: the answer's JSON, or what gives it; an `Error` fails with its name and message. */
export type Answers = Readonly<Record<string, unknown>>;

/** Renders the page that stands at `pattern`, opened at `path`; gives what the page asked of the API, as it asks. */
export function renderPage(page: ReactElement, pattern: string, path: string, answers: Answers) {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", (request: Request) => answered(request, answers, calls));
  const cache = new QueryCache();
  const target = { endpoint: "http://console.test/console/api", scope: SCOPE, csrf: "token", transport: new FetchHttpHandler() };
  render(
    <PreferencesProvider>
      <CloudscapeMessages>
        <MemoryRouter initialEntries={[path]}>
          <FlashProvider>
            <TargetContext value={target}>
              <LiveContext value={{ cache, stream: null }}>
                <Routes>
                  <Route path={pattern} element={page} />
                  <Route path="*" element={<p>elsewhere</p>} />
                </Routes>
              </LiveContext>
            </TargetContext>
          </FlashProvider>
        </MemoryRouter>
      </CloudscapeMessages>
    </PreferencesProvider>,
  );
  return { calls, cache };
}

async function answered(request: Request, answers: Answers, calls: Call[]): Promise<Response> {
  const operation = request.headers.get("x-amz-target")?.split(".").at(-1) ?? new URL(request.url).pathname.split("/").at(-1) ?? "";
  const input = JSON.parse((await request.text()) || "{}") as Record<string, unknown>;
  calls.push({ operation, input });
  const known = answers[operation];
  const answer: unknown = typeof known === "function" ? (known as (input: unknown) => unknown)(input) : known;
  const headers = { "content-type": "application/x-amz-json-1.1" };
  if (answer === undefined) return new Response(`{"__type":"UnknownOperationException","message":"${operation}"}`, { status: 400, headers });
  if (answer instanceof Error) {
    return new Response(JSON.stringify({ __type: answer.name, message: answer.message }), { status: 400, headers });
  }
  return new Response(JSON.stringify(answer), { status: 200, headers });
}

/** An error of the API. */
export function apiError(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: code });
}
