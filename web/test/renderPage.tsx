// Renders a page with the console's providers and fake responses of the API.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { MemoryRouter, Route, Routes } from "react-router";
import { CloudscapeMessages } from "../src/app/App.tsx";
import { FlashProvider } from "../src/app/flash.tsx";
import { PreferencesProvider } from "../src/app/preferences.tsx";
import { ActiveSessionContext } from "../src/app/SessionGate.tsx";
import { TargetContext } from "../src/aws/useTarget.ts";
import { QueryCache } from "../src/live/queryCache.ts";
import { LiveContext } from "../src/live/useLive.ts";
import { vi } from "vitest";

const SCOPE = { account: "123456789012", region: "us-east-1" };
const ACTIVE_SESSION = {
  session: { login: false, accessKey: null, csrf: "", version: "9.8.7", home: SCOPE, scopes: [] },
  scope: SCOPE,
  setScope: () => undefined,
  signOut: () => undefined,
};

export interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/**
 * Responses by operation: JSON, or a function of the input that returns it; of query APIs, the XML of a response or an error.
 * An `Error` is an error response with its name as code.
 */
export type Answers = Readonly<Record<string, unknown>>;

/** Renders a page with the route `pattern` at `path`. Returns the list of API calls, which grows as the page sends them. */
export function renderPage(page: ReactElement, pattern: string, path: string, answers: Answers) {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", (request: Request) => respond(request, answers, calls));
  const cache = new QueryCache();
  const target = { endpoint: "http://console.test/console/api", scope: SCOPE, csrf: "token", transport: new FetchHttpHandler() };
  render(
    <PreferencesProvider>
      <CloudscapeMessages>
        <MemoryRouter initialEntries={[path]}>
          <FlashProvider>
            <ActiveSessionContext value={ACTIVE_SESSION}>
              <TargetContext value={target}>
                <LiveContext value={{ cache, stream: null }}>
                  <Routes>
                    <Route path={pattern} element={page} />
                    <Route path="*" element={<p>elsewhere</p>} />
                  </Routes>
                </LiveContext>
              </TargetContext>
            </ActiveSessionContext>
          </FlashProvider>
        </MemoryRouter>
      </CloudscapeMessages>
    </PreferencesProvider>,
  );
  return { calls, cache };
}

async function respond(request: Request, answers: Answers, calls: Call[]): Promise<Response> {
  const body = await request.text();
  const isQuery = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
  const input = isQuery ? parseForm(body) : (JSON.parse(body || "{}") as Record<string, unknown>);
  const named = request.headers.get("x-amz-target")?.split(".").at(-1) ?? new URL(request.url).pathname.split("/").at(-1) ?? "";
  const operation = isQuery ? (input.Action as string) : named;
  calls.push({ operation, input });
  const value = answers[operation];
  const answer: unknown = typeof value === "function" ? (value as (input: unknown) => unknown)(input) : value;
  if (typeof answer === "string") return new Response(answer, { status: answer.includes("<ErrorResponse") ? 400 : 200, headers: { "content-type": "text/xml" } });
  const headers = { "content-type": "application/x-amz-json-1.1" };
  if (answer === undefined) return new Response(`{"__type":"UnknownOperationException","message":"${operation}"}`, { status: 400, headers });
  if (answer instanceof Error) {
    return new Response(JSON.stringify({ __type: answer.name, message: answer.message }), { status: 400, headers });
  }
  return new Response(JSON.stringify(answer), { status: 200, headers });
}

/** The parameters of a query request, by their names as sent: `Conditions.member.1.Field`. */
function parseForm(body: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(body));
}

/** An error response of the API. */
export function apiError(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: code });
}
