// The newest lines of the access log about an edge, as the proxies wrote them.

import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Shown } from "../../parts/Shown.tsx";
import { logOf, readSamples } from "../../traffic/accessLog.ts";
import { type Range, rangeText, spanOf } from "../../traffic/range.ts";
import type { Edge, Member } from "../../traffic/values.ts";

export function AccessLog({ edge, members, range }: { edge: Edge; members: readonly Member[]; range: Range }) {
  const text = useText().traffic.log;
  const [open, setOpen] = useState(true);
  const log = logOf(edge, members);
  return (
    <ExpandableSection headerText={text.title} expanded={open} onChange={({ detail }) => { setOpen(detail.expanded); }}>
      {log ? <Samples log={log} range={range} /> : <Box color="text-body-secondary">{text.off}</Box>}
    </ExpandableSection>
  );
}

function Samples({ log, range }: { log: { group: string; pattern: string }; range: Range }) {
  const text = useText().traffic.log;
  const target = useTarget();
  const { language } = usePreferences();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const found = useLive(["access-log", log.group, log.pattern, rangeText(range)], topics, (signal) =>
    readSamples(target, log, spanOf(range, Date.now() / 1000), signal),
  );
  return (
    <Shown found={found}>
      {(samples) => (
        <Table
          variant="embedded"
          wrapLines
          items={samples}
          empty={<Box textAlign="center">{text.none}</Box>}
          columnDefinitions={[
            { id: "at", header: text.at, cell: (sample) => sample.at.toLocaleTimeString(language), width: 110 },
            { id: "message", header: text.line, cell: (sample) => <Box variant="code">{sample.message}</Box> },
          ]}
        />
      )}
    </Shown>
  );
}
