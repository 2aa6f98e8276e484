import type { DaemonTaskDefinitionSummary } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { definitionOf } from "../../aws/arn.ts";
import { readDaemonDefinitions } from "../../aws/daemons.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { definitionPath } from "../definitions/definitionPath.ts";

/** The active daemon task definitions, the newest revision of each family first. */
export default function DaemonDefinitionsPage() {
  const text = useText().daemons;
  const target = useTarget();
  const query = useLive(["daemon-definitions"], [{ kind: "task-definition" }], (signal) => readDaemonDefinitions(target, signal));
  return (
    <PageLayout title={text.definitions} breadcrumbs={[{ text: text.definitions }]} contentType="table">
      <LiveTable<DaemonTaskDefinitionSummary>
        variant="full-page"
        query={query}
        unsorted
        id={({ arn = "" }) => arn}
        title={text.definitions}
        filter={text.findDefinitions}
        empty={{ title: text.noDefinitions, detail: text.noDefinitionsDetail }}
        columns={[
          { id: "name", header: text.definition, cell: ({ arn }) => <Link href={href(definitionPath(arn))}>{definitionOf(arn)}</Link>, sortingField: "arn", isRowHeader: true },
          { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
          { id: "registered", header: text.registered, cell: ({ registeredAt }) => <Timestamp date={registeredAt} />, sortingField: "registeredAt" },
          { id: "by", header: text.registeredBy, cell: ({ registeredBy }) => registeredBy },
        ]}
      />
    </PageLayout>
  );
}
