import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { readTrace, type Span } from "../../aws/traces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { SpansTable } from "./SpansTable.tsx";
import { spanTree } from "./spanTree.ts";
import { formatSeconds, requestText, resultText, serviceOf } from "./spanText.ts";

/** A trace: its spans as a tree over time, and the attributes of the selected one. */
export default function TracePage() {
  const text = useText().traces;
  const target = useTarget();
  const { trace: reference = "" } = useParams();
  const query = useLive(["trace", reference], [{ kind: "metrics" }], (signal) => readTrace(target, reference, signal));
  const first = spanTree(query.data ?? [])[0]?.span;
  const title = first === undefined ? text.trace : requestText(first);
  return (
    <PageLayout title={title} breadcrumbs={[{ text: text.title, path: paths.traces }, { text: title }]}>
      <SpaceBetween size="l">
        <Header variant="h1">{title}</Header>
        <QueryContent query={query}>
          {(spans) => (first === undefined ? <Alert type="warning">{text.gone}</Alert> : <Trace first={first} spans={spans} />)}
        </QueryContent>
      </SpaceBetween>
    </PageLayout>
  );
}

function Trace({ first, spans }: { first: Span; spans: readonly Span[] }) {
  const text = useText().traces;
  const language = useLanguage();
  const [selectedId, setSelectedId] = useState(first.id);
  const selected = spans.find(({ id }) => id === selectedId) ?? first;
  const requestId = spans.map((span) => span.attributes["http.request.header.x-request-id"]).find(Boolean);
  const services = [...new Set(spanTree(spans).map(({ span }) => serviceOf(span)))];
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{text.overview}</Header>}>
        <Properties
          items={[
            { label: text.result, value: resultText(first, text) },
            { label: text.duration, value: formatSeconds(first.duration, language) },
            { label: text.start, value: <Timestamp date={new Date(first.start * 1000)} /> },
            { label: text.services, value: services.join(" → ") },
            { label: text.traceId, value: <CopyableValue value={first.trace} /> },
            { label: text.requestId, value: <CopyableValue value={requestId === undefined ? undefined : String(requestId)} /> },
          ]}
        />
      </Container>
      <SpansTable spans={spans} selected={selected} onSelect={(span) => { setSelectedId(span.id); }} />
      <Attributes span={selected} />
    </SpaceBetween>
  );
}

function Attributes({ span }: { span: Span }) {
  const text = useText().traces;
  const attributes = Object.entries({ ...span.attributes, ...span.resource }).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Container header={<Header variant="h2" description={text.attributesDetail}>{text.attributes}</Header>}>
      <Properties columns={3} items={attributes.map(([name, value]) => ({ label: name, value: <span style={{ overflowWrap: "anywhere" }}>{value}</span> }))} />
    </Container>
  );
}
