// Which task behind an edge's name is the slow one, or the one that fails.

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Table from "@cloudscape-design/components/table";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { usePreferences } from "../../app/preferences.tsx";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Shown } from "../../parts/Shown.tsx";
import { countText, msText } from "../../traffic/format.ts";
import { type Range, rangeText, spanOf } from "../../traffic/range.ts";
import { readTargets, type TargetTask } from "../../traffic/slowest.ts";
import { type Edge, partyId, partyName } from "../../traffic/values.ts";

const SHOWN = 10;

export function SlowestTargets({ edge, range }: { edge: Edge; range: Range }) {
  const text = useText().traffic;
  const target = useTarget();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const columns = useColumns();
  const behind = edge.targets.map(partyId).join();
  const found = useLive(["traffic-targets", edge.target, behind, rangeText(range)], topics, (signal) =>
    readTargets(target, edge, spanOf(range, Date.now() / 1000), signal),
  );
  return (
    <Shown found={found}>
      {(tasks) => (
        <Table
          variant="embedded"
          items={tasks.slice(0, SHOWN)}
          header={<Header variant="h3" description={text.targets.description}>{text.targets.title}</Header>}
          footer={tasks.length > SHOWN ? <Box color="text-body-secondary">{text.targets.more(tasks.length - SHOWN)}</Box> : null}
          empty={<Box textAlign="center">{text.targets.none}</Box>}
          columnDefinitions={columns}
        />
      )}
    </Shown>
  );
}

function useColumns() {
  const text = useText().traffic;
  const { language } = usePreferences();
  const ms = (figure: "p50" | "p95" | "p99") => ({
    id: figure,
    header: `${figure} (ms)`,
    cell: (one: TargetTask) => msText(one[figure], language),
  });
  return [
    {
      id: "task",
      header: text.targets.task,
      cell: (one: TargetTask) => <Link href={href(paths.task(one.party.cluster, one.task))}>{one.task}</Link>,
    },
    { id: "service", header: text.targets.service, cell: (one: TargetTask) => partyName(one.party) },
    { id: "requests", header: text.table.requests, cell: (one: TargetTask) => countText(one.requests, language) },
    { id: "failures", header: text.table.failures, cell: (one: TargetTask) => countText(one.failures, language) },
    ms("p50"),
    ms("p95"),
    ms("p99"),
  ];
}
