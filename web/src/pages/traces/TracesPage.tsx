import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { TableProps } from "@cloudscape-design/components/table";
import { useSearchParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readTraces, type TraceSummary } from "../../aws/traces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { mapQuery, useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { formatSeconds, requestText, resultText } from "./spanText.ts";

/** The newest traces: all, or those of the service, virtual node or virtual gateway in the URL. */
export default function TracesPage() {
  const text = useText().traces;
  const target = useTarget();
  const [params] = useSearchParams();
  const [service = "", cluster = "", namespace = ""] = ["service", "cluster", "namespace"].map((name) => params.get(name) ?? "");
  const query = useLive(["traces", service, cluster, namespace], [{ kind: "metrics" }], (signal) => readTraces(target, { service, cluster, namespace }, signal));
  const workload = [cluster || namespace, service].filter(Boolean).join("/");
  const isOff = query.data?.sampling === 0;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        query={mapQuery(query, ({ traces }) => traces)}
        unsorted
        variant="full-page"
        id={(trace) => trace.id}
        title={text.title}
        description={isOff ? text.off : workload ? text.of(workload) : text.description}
        filter={text.find}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            {service ? <Button href={href(paths.traces)}>{text.all}</Button> : null}
            <Button iconName="refresh" ariaLabel={text.refresh} onClick={query.reload} />
          </SpaceBetween>
        }
        empty={isOff ? { title: text.noTraces, detail: text.off } : { title: text.noTraces, detail: text.noTracesDetail }}
        columns={useColumns()}
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<TraceSummary>[] {
  const text = useText().traces;
  const language = useLanguage();
  return [
    { id: "request", header: text.request, cell: ({ id, first }) => <Link href={href(paths.trace(id))}>{requestText(first)}</Link>, sortingComparator: by(({ first }) => requestText(first)), isRowHeader: true },
    { id: "result", header: text.result, cell: (trace) => <Result trace={trace} />, sortingComparator: by(({ errors }) => errors) },
    { id: "duration", header: text.duration, cell: ({ first }) => formatSeconds(first.duration, language), sortingComparator: by(({ first }) => first.duration) },
    { id: "services", header: text.services, cell: ({ services }) => services.join(" → "), sortingComparator: by(({ services }) => services.join(" ")) },
    { id: "spans", header: text.spans, cell: ({ spans }) => spans, sortingField: "spans" },
    { id: "start", header: text.start, cell: ({ first }) => <Timestamp date={new Date(first.start * 1000)} />, sortingComparator: by(({ first }) => first.start) },
    { id: "request-id", header: text.requestId, cell: ({ requestId }) => requestId, sortingField: "requestId" },
  ];
}

function by(key: (trace: TraceSummary) => number | string) {
  return (a: TraceSummary, b: TraceSummary) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

function Result({ trace }: { trace: TraceSummary }) {
  const text = useText().traces;
  const status = trace.first.is_error ? "error" : trace.errors > 0 ? "warning" : "success";
  return <StatusIndicator type={status}>{resultText(trace.first, text)}{trace.errors > 0 ? ` · ${text.failed(trace.errors)}` : ""}</StatusIndicator>;
}
