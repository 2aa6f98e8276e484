// The newest lines of an edge's access log.

import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { usePreferences } from "../../../app/preferences.tsx";
import { useTarget } from "../../../aws/useTarget.ts";
import { useText } from "../../../i18n/useText.ts";
import { useLive } from "../../../live/useLive.ts";
import { QueryContent } from "../../../parts/QueryContent.tsx";
import { accessLogOf, type AccessLogSource, readAccessLog } from "../../../traffic/data/accessLog.ts";
import type { Edge, Member } from "../../../traffic/model/mesh.ts";
import { formatTimeRange, resolveTimeRange, type TimeRange } from "../../../traffic/model/timeRange.ts";

export function AccessLog({ edge, members, range }: { edge: Edge; members: readonly Member[]; range: TimeRange }) {
  const text = useText().traffic.log;
  const [open, setOpen] = useState(true);
  const source = accessLogOf(edge, members);
  return (
    <ExpandableSection headerText={text.title} expanded={open} onChange={({ detail }) => { setOpen(detail.expanded); }}>
      {source ? <Lines source={source} range={range} /> : <Box color="text-body-secondary">{text.off}</Box>}
    </ExpandableSection>
  );
}

function Lines({ source, range }: { source: AccessLogSource; range: TimeRange }) {
  const text = useText().traffic.log;
  const target = useTarget();
  const { language } = usePreferences();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const query = useLive(["access-log", source.group, source.pattern, formatTimeRange(range)], topics, (signal) =>
    readAccessLog(target, source, resolveTimeRange(range, Date.now() / 1000), signal),
  );
  return (
    <QueryContent query={query}>
      {(lines) => (
        <Table
          variant="embedded"
          wrapLines
          items={lines}
          empty={<Box textAlign="center">{text.none}</Box>}
          columnDefinitions={[
            { id: "at", header: text.at, cell: (line) => line.time.toLocaleTimeString(language), width: 110 },
            { id: "message", header: text.line, cell: (line) => <Box variant="code">{line.message}</Box> },
          ]}
        />
      )}
    </QueryContent>
  );
}
