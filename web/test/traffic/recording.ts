// Recorded responses of a server, found by the request. `scripts/traffic_fixture.py` records them.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
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

export type RecordingName = "shop" | "mesh";

const SERVER = process.env.MOYAI_RECORD;

/** The recordings; while one is made, only that one. */
export const RECORDINGS: readonly RecordingName[] = SERVER ? [process.env.MOYAI_WHAT as RecordingName] : ["shop", "mesh"];

export interface Recording {
  readonly target: Target;
  readonly fetch: typeof fetch;
  readonly span: { readonly start: number; readonly end: number };
  readonly save: () => void;
}

/** A target whose requests are answered from a recording or, while one is made, by the server. */
export function recording(name: RecordingName): Recording {
  const file = `test/traffic/${name}.json`;
  const saved: Recorded = SERVER
    ? { start: Number(process.env.MOYAI_START), end: Number(process.env.MOYAI_END), answers: [] }
    : (JSON.parse(readFileSync(file, "utf8")) as Recorded);
  const answer = async (asking: Request): Promise<Response> => {
    const body = Buffer.from(await asking.clone().arrayBuffer());
    const { pathname, search } = new URL(asking.url);
    const path = pathname.replace(API_PATH, "") + search;
    const asked = `${asking.headers.get("x-amz-target") ?? path} ${body.toString("base64")}`;
    let recorded = saved.answers.find((answer) => answer.asked === asked);
    if (!recorded && SERVER) {
      recorded = { asked, ...(await send(asking, body)) };
      saved.answers.push(recorded);
    }
    if (!recorded) throw new Error(`nothing was recorded for ${asked.slice(0, 300)}`);
    const headers = { "content-type": recorded.type, "smithy-protocol": "rpc-v2-cbor" };
    return new Response(Buffer.from(recorded.body, "base64"), { status: recorded.status, headers });
  };
  return {
    target: {
      endpoint: SERVER ?? "http://127.0.0.1:4566",
      scope: { account: "123456789012", region: "us-east-1" },
      csrf: "",
      transport: new FetchHttpHandler(),
    },
    fetch: answer as typeof fetch,
    span: { start: saved.start, end: saved.end },
    save: () => {
      if (SERVER) writeFileSync(file, `${JSON.stringify(saved)}\n`);
    },
  };
}

/** Sends a request as no page of a browser does, which the server would refuse to answer. */
async function send(original: Request, body: Buffer): Promise<Omit<Answer, "asked">> {
  return new Promise((resolve, reject) => {
    const outgoing = request(original.url, { method: original.method, headers: Object.fromEntries(original.headers) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body: Buffer.concat(chunks).toString("base64") });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
