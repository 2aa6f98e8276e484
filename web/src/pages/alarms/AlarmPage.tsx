import type { AlarmHistoryItem, MetricAlarm } from "@aws-sdk/client-cloudwatch";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { readAlarm, readAlarmHistory } from "../../aws/alarms.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { conditionOf } from "./condition.ts";

/** An alarm: its state with the reason, its condition, its actions, and the history of its state. */
export default function AlarmPage() {
  const text = useText().alarms;
  const target = useTarget();
  const { alarm: name = "" } = useParams();
  const query = useLive(["alarm", name], [{ kind: "alarm" }], () => readAlarm(target, name));
  const history = useLive(["alarm-history", name], [{ kind: "alarm" }], (signal) => readAlarmHistory(target, [name], signal));
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.alarms }, { text: name }]}>
      <SpaceBetween size="l">
        <Header variant="h1">{name}</Header>
        <QueryContent query={query}>{(alarm) => <Overview alarm={alarm} />}</QueryContent>
        <LiveTable<AlarmHistoryItem>
          query={history}
          unsorted
          wrap
          id={({ Timestamp: time, HistorySummary }) => `${time?.getTime() ?? 0} ${HistorySummary ?? ""}`}
          title={text.history}
          empty={{ title: text.noHistory }}
          columns={[
            { id: "at", header: text.at, cell: (item) => <Timestamp date={item.Timestamp} />, width: 220 },
            { id: "change", header: text.change, cell: ({ HistorySummary }) => HistorySummary },
          ]}
        />
      </SpaceBetween>
    </PageLayout>
  );
}

function Overview({ alarm }: { alarm: MetricAlarm }) {
  const text = useText().alarms;
  const dimensions = (alarm.Dimensions ?? []).map(({ Name = "", Value = "" }) => `${Name}: ${Value}`).join(", ");
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        columns={3}
        items={[
          { label: text.state, value: <Status status={alarm.StateValue} /> },
          { label: text.reason, value: alarm.StateReason },
          { label: text.updated, value: <Timestamp date={alarm.StateUpdatedTimestamp} /> },
          { label: text.condition, value: conditionOf(alarm) },
          { label: text.dimensions, value: [alarm.Namespace, dimensions].filter(Boolean).join(" · ") },
          { label: text.missing, value: alarm.TreatMissingData },
          { label: text.actions, value: [...(alarm.AlarmActions ?? []), ...(alarm.OKActions ?? [])].map((action) => <div key={action}>{action}</div>) },
          { label: text.arn, value: <CopyableValue value={alarm.AlarmArn} /> },
        ]}
      />
    </Container>
  );
}
