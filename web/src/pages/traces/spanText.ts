// A span in words: who served or called whom, the request, and its result.

import type { Span } from "../../aws/traces.ts";
import type { Text } from "../../i18n/catalog.ts";

type TraceText = Text["traces"];

/** Whether a span is one attempt of a request, and not the whole request. */
export function isAttempt(span: Span): boolean {
  return "network.peer.address" in span.attributes;
}

export function serviceOf(span: Span): string {
  return span.resource["service.name"] ?? "";
}

/** Method and path. */
export function requestText(span: Span): string {
  return `${span.name} ${attribute(span, "url.path") || "/"}`;
}

/** Who did what: `catalog serves`, `front calls catalog`, `attempt 2 at 172.31.0.4:8080`. */
export function spanText(span: Span, text: TraceText): string {
  if (span.kind === "server") return text.serves(serviceOf(span));
  if (!isAttempt(span)) return text.calls(serviceOf(span), attribute(span, "server.address"));
  const number = Number(span.attributes["http.request.resend_count"] ?? 0) + 1;
  return text.attempt(number, `${attribute(span, "network.peer.address")}:${attribute(span, "network.peer.port")}`);
}

/** The status code with the meanings of Envoy's response flags. */
export function resultText(span: Span, text: TraceText): string {
  const status = attribute(span, "http.response.status_code") || text.noAnswer;
  const flags = attribute(span, "envoy.response_flags").split(",").filter(Boolean);
  const words: Readonly<Record<string, string>> = text.flags;
  return flags.length === 0 ? status : `${status} (${flags.map((flag) => words[flag] ?? flag).join(", ")})`;
}

export function formatSeconds(seconds: number, language: string): string {
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return `${format.format(seconds * 1000)} ms`;
}

function attribute(span: Span, name: string): string {
  return String(span.attributes[name] ?? "");
}
