import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import type { Span } from "../../aws/traces.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { spanTree } from "./spanTree.ts";
import { formatSeconds, requestText, resultText, spanText } from "./spanText.ts";
import "./SpansTable.css";

const MAX_INDENT = 8; // levels; deeper spans are indented as much

/** The spans of a trace, each below its parent, with a bar that shows when it ran. */
export function SpansTable({ spans, selected, onSelect }: { spans: readonly Span[]; selected: Span; onSelect: (span: Span) => void }) {
  const text = useText().traces;
  const language = useLanguage();
  const start = Math.min(...spans.map((span) => span.start));
  const length = Math.max(...spans.map((span) => span.start + span.duration)) - start;
  const nodes = spanTree(spans);
  return (
    <Table
      header={<Header variant="h2" counter={`(${spans.length})`}>{text.spans}</Header>}
      items={nodes}
      trackBy={({ span }) => span.id}
      wrapLines
      selectionType="single"
      selectedItems={nodes.filter(({ span }) => span.id === selected.id)}
      onSelectionChange={({ detail }) => { const [node] = detail.selectedItems; if (node) onSelect(node.span); }}
      ariaLabels={{ selectionGroupLabel: text.spans, itemSelectionLabel: (_, { span }) => spanText(span, text) }}
      columnDefinitions={[
        {
          id: "span",
          header: text.span,
          cell: ({ span, depth }) => <div style={{ paddingInlineStart: `${Math.min(depth, MAX_INDENT)}em` }}>{spanText(span, text)}</div>,
          isRowHeader: true,
          minWidth: 220,
        },
        { id: "request", header: text.request, cell: ({ span }) => requestText(span) },
        { id: "result", header: text.result, cell: ({ span }) => <StatusIndicator type={span.is_error ? "error" : "success"}>{resultText(span, text)}</StatusIndicator> },
        { id: "duration", header: text.duration, cell: ({ span }) => formatSeconds(span.duration, language) },
        { id: "time", header: text.time, cell: ({ span }) => <SpanBar from={share(span.start - start, length)} width={share(span.duration, length)} failed={span.is_error} />, minWidth: 180 },
      ]}
      empty={<Box textAlign="center">{text.gone}</Box>}
    />
  );
}

/** The percentage of a part; 100 if the whole has no length. */
function share(part: number, whole: number): number {
  return whole > 0 ? (100 * part) / whole : 100;
}

/** Hidden from screen readers, because other columns have the numbers. */
function SpanBar({ from, width, failed }: { from: number; width: number; failed: boolean }) {
  return (
    <div className="span-time" aria-hidden="true">
      <div className={failed ? "span-bar span-bar-failed" : "span-bar"} style={{ marginInlineStart: `${Math.min(from, 99)}%`, width: `${Math.max(Math.min(width, 100 - from), 1)}%` }} />
    </div>
  );
}
