// Samples of an edge's access log: the newest lines that the caller's proxies, or the targets', wrote about it.

import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Target } from "../aws/config.ts";
import { logs } from "../aws/logs.ts";
import type { Edge, Member, Span } from "./values.ts";
import { partyId } from "./values.ts";

export interface Sample {
  readonly at: Date;
  readonly message: string;
}

const MOST = 25;
const PAGES = 4;

/** Where the edge's lines are, and which; null when neither end writes any. */
export function logOf(edge: Edge, members: readonly Member[]): { group: string; pattern: string } | null {
  const find = (id: string) => members.find((member) => partyId(member.party) === id)?.accessLog;
  const own = find(partyId(edge.caller));
  if (own) return { group: own, pattern: `"egress.${edge.target}"` };
  const theirs = edge.targets.map((party) => find(partyId(party))).find((group) => group !== undefined);
  return theirs ? { group: theirs, pattern: `"ingress.${edge.target}"` } : null;
}

/** The newest lines of the span, newest first. */
export async function readSamples(target: Target, log: { group: string; pattern: string }, span: Span, signal: AbortSignal): Promise<Sample[]> {
  const found: Sample[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await logs(target).send(
      new FilterLogEventsCommand({
        logGroupName: log.group,
        filterPattern: log.pattern,
        startTime: span.start * 1000,
        endTime: Math.ceil(span.end * 1000),
        nextToken: token,
      }),
      { abortSignal: signal },
    );
    for (const event of answer.events ?? []) found.push({ at: new Date(event.timestamp ?? 0), message: event.message ?? "" });
    token = answer.nextToken;
    if (token === undefined) break;
  }
  return found.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, MOST);
}
