import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import Link from "@cloudscape-design/components/link";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readAlarms } from "../../aws/alarms.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { conditionOf } from "./condition.ts";

export default function AlarmsPage() {
  const text = useText().alarms;
  const target = useTarget();
  const query = useLive(["alarms"], [{ kind: "alarm" }], () => readAlarms(target));
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable<MetricAlarm>
        query={query}
        variant="full-page"
        id={(alarm) => alarm.AlarmName ?? ""}
        title={text.title}
        filter={text.find}
        empty={{ title: text.empty, detail: text.emptyDetail }}
        columns={[
          { id: "name", header: text.name, cell: ({ AlarmName = "" }) => <Link href={href(paths.alarm(AlarmName))}>{AlarmName}</Link>, sortingField: "AlarmName", isRowHeader: true },
          { id: "state", header: text.state, cell: ({ StateValue }) => <Status status={StateValue} />, sortingField: "StateValue" },
          { id: "condition", header: text.condition, cell: conditionOf },
          { id: "updated", header: text.updated, cell: ({ StateUpdatedTimestamp }) => <RelativeTime date={StateUpdatedTimestamp} />, sortingField: "StateUpdatedTimestamp" },
        ]}
      />
    </PageLayout>
  );
}
