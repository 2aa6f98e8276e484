// The totals of the displayed traffic, and a timeline of it.

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { readTotals } from "../../traffic/data/edgeSeries.ts";
import { enteringEdges, sumEdges } from "../../traffic/model/buildMesh.ts";
import { formatCount, formatPercent, formatRate } from "../../traffic/model/format.ts";
import { type Mesh, toneOf, workloadId } from "../../traffic/model/mesh.ts";
import { chartPeriod, formatTimeRange, resolveTimeRange, surroundingSpan } from "../../traffic/model/timeRange.ts";
import { Timeline } from "./Timeline.tsx";
import { TONE_STATUS } from "./toneStatus.ts";
import type { View, ViewChange } from "./viewState.ts";

const REFRESH_INTERVAL = 20; // seconds; a long span costs more to read than the map

export interface OverviewProps {
  readonly view: View;
  readonly change: (change: ViewChange) => void;
  readonly mesh: Mesh | null;
}

export function Overview({ view, change, mesh }: OverviewProps) {
  const text = useText().traffic.overview;
  const { language } = usePreferences();
  const totals = mesh && { ...sumEdges(enteringEdges(mesh.edges), mesh.span), ejected: sumEdges(mesh.edges, mesh.span).ejected };
  const failing = (mesh?.edges ?? []).filter(({ success }) => toneOf(success) === "bad").length;
  const deploying = new Set(mesh?.edges.flatMap((edge) => edge.deploying.map(workloadId)));
  return (
    <SpaceBetween size="xs">
      {totals ? (
        <SpaceBetween size="l" direction="horizontal">
          <Box variant="span">{text.edges(formatCount(mesh.edges.length, language))}</Box>
          <Box variant="span">{text.requests(formatCount(totals.requests, language), formatRate(totals.rate, language))}</Box>
          <Box variant="span">{text.failures(formatCount(totals.failures, language))}</Box>
          <StatusIndicator type={TONE_STATUS[toneOf(totals.success)]}>{formatPercent(totals.success, language)}</StatusIndicator>
          {failing > 0 ? <StatusIndicator type="error">{text.failing(failing)}</StatusIndicator> : null}
          {deploying.size > 0 ? <StatusIndicator type="in-progress">{text.deploying(deploying.size)}</StatusIndicator> : null}
          {totals.ejected > 0 ? <StatusIndicator type="warning">{text.ejected(totals.ejected)}</StatusIndicator> : null}
        </SpaceBetween>
      ) : null}
      {mesh ? <TrafficTimeline view={view} change={change} mesh={mesh} /> : null}
    </SpaceBetween>
  );
}

function TrafficTimeline({ view, change, mesh }: OverviewProps & { readonly mesh: Mesh }) {
  const target = useTarget();
  const tick = useTick(REFRESH_INTERVAL);
  const { namespace, range } = view;
  const query = useLive(["traffic-totals", namespace ?? "", formatTimeRange(range), tick], [], async (signal) => {
    const now = Date.now() / 1000;
    const span = surroundingSpan(resolveTimeRange(range, now), now);
    const period = chartPeriod(span, now);
    const outside = mesh.edges.filter(({ caller }) => caller.kind === "outside");
    const totals = await readTotals(target, { namespace, members: mesh.members, span, period }, outside, signal);
    return { span, ...totals };
  });
  const [lastData, setLastData] = useState(query.data);
  if (query.data && query.data !== lastData) setLastData(query.data);
  const data = query.data ?? lastData; // stays on screen while the next data is read
  if (!data) return <div className="traffic-time" />;
  return (
    <Timeline
      requests={data.requests}
      failures={data.failures}
      span={data.span}
      selected={mesh.span}
      onSelect={({ start, end }) => { change({ range: `${start}-${end}` }); }}
    />
  );
}

/** A number that changes every so many seconds. */
function useTick(interval: number): number {
  const [tick, setTick] = useState(() => Math.floor(Date.now() / 1000 / interval));
  useEffect(() => {
    const timer = setInterval(() => { setTick(Math.floor(Date.now() / 1000 / interval)); }, 1000);
    return () => { clearInterval(timer); };
  }, [interval]);
  return tick;
}
