// The figures of the mesh, read over the public API: first what counts, which draws the picture, then the rest of it.

import { cloudWatch } from "../aws/cloudWatch.ts";
import type { Target } from "../aws/config.ts";
import { type Asked, readFigures } from "./figures.ts";
import { type Known as KnownMetrics, listKnown } from "./known.ts";
import { Known } from "./mesh.ts";
import { type Range, spanOf } from "./range.ts";
import { edgeId, type FigureName, type Figures, type Member, type Span } from "./values.ts";

/** Which edges: of a namespace or a mesh, or (null) of all. */
export interface Scope {
  readonly range: Range;
  readonly namespace: string | null;
  readonly members: readonly Member[];
}

export interface Read {
  readonly span: Span;
  readonly figures: ReadonlyMap<string, Figures>;
}

const COUNTS: ReadonlySet<FigureName> = new Set<FigureName>(["requests", "connections", "failures"]);
const LISTED_FOR = 15_000; // ms; a new edge is there this much later at most

/** Requests and failures of every edge that has any. */
export async function readCounts(target: Target, scope: Scope, signal: AbortSignal): Promise<Read> {
  const known = await listed(target, signal);
  const span = spanOf(scope.range, Date.now() / 1000);
  const asked = wanted(known, scope).filter((one) => COUNTS.has(one.figure));
  return { span, figures: await readFigures(cloudWatch(target), asked, span, signal) };
}

/** Latencies, retries, time-outs and ejections of the edges that have traffic. */
export async function readRest(target: Target, scope: Scope, counts: Read, signal: AbortSignal): Promise<Read> {
  const known = await listed(target, signal);
  const asked = wanted(known, scope).filter((one) => !COUNTS.has(one.figure) && counts.figures.has(edgeId(one.key)));
  return { span: counts.span, figures: await readFigures(cloudWatch(target), asked, counts.span, signal) };
}

/** Both together. */
export function joinedFigures(counts: Read, rest: Read | undefined): Map<string, Figures> {
  return new Map([...counts.figures].map(([id, found]) => [id, { ...rest?.figures.get(id), ...found }]));
}

function wanted(known: KnownMetrics, { namespace, members }: Scope): Asked[] {
  const names = new Known(members);
  const asked: Asked[] = [];
  for (const [figure, keys] of known) {
    for (const key of keys) if (namespace === null || names.namespaceOf(key) === namespace) asked.push({ figure, key });
  }
  return asked;
}

const lists = new WeakMap<Target, { readonly at: number; readonly known: KnownMetrics }>();

/** Which metrics there are; asked for anew after a while, since they come rarely and are many. */
async function listed(target: Target, signal: AbortSignal): Promise<KnownMetrics> {
  const before = lists.get(target);
  if (before && Date.now() - before.at < LISTED_FOR) return before.known;
  const at = Date.now();
  const known = await listKnown(cloudWatch(target), signal);
  lists.set(target, { at, known });
  return known;
}
