// The session: a login where one is needed, with a secret that does not stay, and the page goes on when the server is back.

import { render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { CloudscapeMessages } from "../../src/app/App.tsx";
import { button, enter, press } from "../userActions.ts";
import { PreferencesProvider } from "../../src/app/preferences.tsx";
import type { Session } from "../../src/app/session.ts";
import { SessionGate, useActiveSession } from "../../src/app/SessionGate.tsx";

const HOME = { account: "123456789012", region: "us-east-1" };
const OPEN: Session = { login: false, accessKey: null, csrf: "", version: "1", home: HOME, scopes: [] };
const LOCKED: Session = { ...OPEN, login: true };
const IN: Session = { ...LOCKED, accessKey: "AKIAEXAMPLE", csrf: "token", scopes: [HOME] };

class Silent {
  static readonly made: string[] = [];
  static open = 0;
  readonly readyState = 0;
  constructor(url: string) {
    Silent.made.push(url);
    Silent.open += 1;
  }
  addEventListener() {
    return undefined;
  }
  close() {
    Silent.open -= 1;
  }
}

function Inside() {
  const { session, scope, signOut } = useActiveSession();
  return <button onClick={signOut}>{session.accessKey ?? "nobody"} in {scope.region}</button>;
}

function open(answer: (request: { url: string; method: string; body: unknown; headers: Headers }) => Response) {
  vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) =>
    Promise.resolve(answer({ url, method: init.method ?? "GET", body: init.body, headers: new Headers(init.headers) })),
  );
  render(<PreferencesProvider><CloudscapeMessages><SessionGate><Inside /></SessionGate></CloudscapeMessages></PreferencesProvider>);
}

const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  window.localStorage.clear();
  Silent.made.length = 0;
  Silent.open = 0;
  vi.stubGlobal("EventSource", Silent);
});

test("where no login is needed the pages are there at once, and follow their scope", async () => {
  open(() => json(200, { ...OPEN, scopes: [{ account: "111111111111", region: "eu-west-1" }] }));
  await screen.findByText("nobody in eu-west-1");
  await waitFor(() => {
    expect(Silent.made).toContain("/console/events?account=111111111111&region=eu-west-1");
  });
});

test("where one is needed the key is asked for, and a wrong one refused in the server's words", async () => {
  const logins: unknown[] = [];
  open(({ method, body }) => {
    if (method === "GET") return json(200, LOCKED);
    logins.push(JSON.parse(body as string));
    return logins.length === 1 ? json(401, { __type: "UnrecognizedClientException", message: "The secret is not right." }) : json(200, IN);
  });
  const secret = await screen.findByLabelText<HTMLInputElement>("Secret access key");
  enter("Access key ID", "AKIAEXAMPLE");
  enter("Secret access key", "wrong");
  press(button("Sign in"));
  await screen.findByText("The secret is not right.");
  await waitFor(() => {
    expect(secret.value).toBe("");
  });
  enter("Secret access key", "right");
  press(button("Sign in"));
  await screen.findByText("AKIAEXAMPLE in us-east-1");
  expect(logins[1]).toEqual({ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "right" });
  expect(JSON.stringify(window.localStorage)).not.toContain("right");
});

test("who signs out shows the session's token, and is asked for the key again", async () => {
  let token: string | null = null;
  open(({ method, headers }) => {
    if (method !== "DELETE") return json(200, IN);
    token = headers.get("x-moyai-csrf");
    return json(200, LOCKED);
  });
  (await screen.findByText("AKIAEXAMPLE in us-east-1")).click();
  await screen.findByLabelText("Access key ID");
  expect(token).toBe("token");
});

test("a server that is away is asked again", async () => {
  let away = true;
  vi.stubGlobal("fetch", () => (away ? Promise.reject(new TypeError("away")) : Promise.resolve(json(200, OPEN))));
  render(<PreferencesProvider><CloudscapeMessages><SessionGate><Inside /></SessionGate></CloudscapeMessages></PreferencesProvider>);
  const again = await screen.findByText("Retry");
  away = false;
  again.click();
  await screen.findByText("nobody in us-east-1");
});

test("a page that is not looked at takes no connection for itself", async () => {
  const turn = (hidden: boolean) => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
    document.dispatchEvent(new Event("visibilitychange"));
  };
  open(() => json(200, OPEN));
  await screen.findByText("nobody in us-east-1");
  await waitFor(() => {
    expect(Silent.open).toBe(1);
  });
  turn(true);
  expect(Silent.open).toBe(0);
  turn(false);
  expect(Silent.open).toBe(1);
});
