// Answers of a real server, played again: a request is known by what it asks. `scripts/traffic_fixture.py`
// records them.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { readFileSync, writeFileSync } from "node:fs";
import { API_PATH, type Target } from "../../src/aws/config.ts";

interface Answer {
  readonly asked: string;
  readonly status: number;
  readonly type: string;
  /** Base64. */
  readonly body: string;
}

interface Recorded {
  /** Seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly answers: Answer[];
}

export type What = "shop" | "mesh";

const SERVER = process.env.MOYAI_RECORD;
if (SERVER) Object.assign((window as unknown as { happyDOM: { settings: { fetch: object } } }).happyDOM.settings.fetch, { disableSameOriginPolicy: true });

/** What is recorded, or, while a recording is made, what that one is of. */
export const WHATS: readonly What[] = SERVER ? [process.env.MOYAI_WHAT as What] : ["shop", "mesh"];

export interface Recording {
  readonly target: Target;
  readonly fetch: typeof fetch;
  readonly span: { readonly start: number; readonly end: number };
  readonly save: () => void;
}

/** A target whose requests are answered from the recording, or, while one is made, by the server that is recorded. */
export function recording(what: What): Recording {
  const file = `test/traffic/${what}.json`;
  const known: Recorded = SERVER
    ? { start: Number(process.env.MOYAI_START), end: Number(process.env.MOYAI_END), answers: [] }
    : (JSON.parse(readFileSync(file, "utf8")) as Recorded);
  const real = globalThis.fetch;
  const answer = async (request: Request): Promise<Response> => {
    const body = Buffer.from(await request.clone().arrayBuffer());
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace(API_PATH, "") + search;
    const asked = `${request.headers.get("x-amz-target") ?? path} ${body.toString("base64")}`;
    let found = known.answers.find((one) => one.asked === asked);
    if (!found && SERVER) {
      const said = await real(request);
      const type = said.headers.get("content-type") ?? "";
      found = { asked, status: said.status, type, body: Buffer.from(await said.arrayBuffer()).toString("base64") };
      known.answers.push(found);
    }
    if (!found) throw new Error(`nothing was recorded for ${asked.slice(0, 300)}`);
    const headers = { "content-type": found.type, "smithy-protocol": "rpc-v2-cbor" };
    return new Response(Buffer.from(found.body, "base64"), { status: found.status, headers });
  };
  return {
    target: {
      endpoint: SERVER ?? "http://127.0.0.1:4566",
      scope: { account: "123456789012", region: "us-east-1" },
      csrf: "",
      transport: new FetchHttpHandler(),
    },
    fetch: answer as typeof fetch,
    span: { start: known.start, end: known.end },
    save: () => {
      if (SERVER) writeFileSync(file, `${JSON.stringify(known)}\n`);
    },
  };
}
