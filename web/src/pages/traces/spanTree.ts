// The spans of a trace as a tree.

import type { Span } from "../../aws/traces.ts";

export interface SpanNode {
  readonly span: Span;
  readonly depth: number;
}

const MAX_DEPTH = 50; // applications choose the parents of spans

/** The spans, each below its parent, and siblings in the order of their start. */
export function spanTree(spans: readonly Span[]): SpanNode[] {
  const ids = new Set(spans.map(({ id }) => id));
  const children = new Map<string, Span[]>();
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const parent = ids.has(span.parent) ? span.parent : "";
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const branch = (parent: string, depth: number): SpanNode[] =>
    depth > MAX_DEPTH ? [] : (children.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...branch(span.id, depth + 1)]);
  return branch("", 0);
}
