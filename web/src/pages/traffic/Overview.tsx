// All shown traffic in one line of numbers, and over time.

import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { countText, percentText, rateText } from "../../traffic/format.ts";
import { total } from "../../traffic/mesh.ts";
import { around, rangeText, spanOf, step } from "../../traffic/range.ts";
import { readTotals } from "../../traffic/series.ts";
import type { View, ViewChange } from "../../traffic/useView.ts";
import { type Mesh, partyId, toneOf } from "../../traffic/values.ts";
import { Timeline } from "./Timeline.tsx";

const EVERY = 20; // seconds between two looks at a long time, which costs more than one at a short
const STATUS = { good: "success", fair: "warning", bad: "error", none: "pending" } as const;

export interface OverviewProps {
  readonly view: View;
  readonly change: (change: ViewChange) => void;
  readonly mesh: Mesh | null;
}

export function Overview({ view, change, mesh }: OverviewProps) {
  const text = useText().traffic.overview;
  const { language } = usePreferences();
  const sums = mesh && total(mesh.edges, mesh.span);
  const deploying = new Set(mesh?.edges.flatMap((edge) => edge.deploying.map(partyId)));
  return (
    <SpaceBetween size="xs">
      {sums ? (
        <SpaceBetween size="l" direction="horizontal">
          <Box variant="span">{text.edges(countText(mesh.edges.length, language))}</Box>
          <Box variant="span">{text.requests(countText(sums.requests, language), rateText(sums.rate, language))}</Box>
          <Box variant="span">{text.failures(countText(sums.failures, language))}</Box>
          <StatusIndicator type={STATUS[toneOf(sums.success)]}>{percentText(sums.success, language)}</StatusIndicator>
          {deploying.size > 0 ? <StatusIndicator type="in-progress">{text.deploying(deploying.size)}</StatusIndicator> : null}
          {sums.ejected > 0 ? <StatusIndicator type="warning">{text.ejected(sums.ejected)}</StatusIndicator> : null}
        </SpaceBetween>
      ) : null}
      {mesh ? <Strip view={view} change={change} mesh={mesh} /> : null}
    </SpaceBetween>
  );
}

function Strip({ view, change, mesh }: OverviewProps & { readonly mesh: Mesh }) {
  const target = useTarget();
  const tick = useTick(EVERY);
  const { namespace, range } = view;
  const found = useLive(["traffic-totals", namespace ?? "", rangeText(range), tick], [], async (signal) => {
    const now = Date.now() / 1000;
    const span = around(spanOf(range, now), now);
    const period = step(span, now);
    const totals = await readTotals(target, { namespace, members: mesh.members, span, period }, signal);
    return { span, ...totals };
  });
  const [kept, setKept] = useState(found.data);
  if (found.data && found.data !== kept) setKept(found.data);
  const shown = found.data ?? kept; // the last one stays while the next is read
  if (!shown) return <div className="traffic-time" />;
  return (
    <Timeline
      requests={shown.requests}
      failures={shown.failures}
      span={shown.span}
      chosen={mesh.span}
      onChoose={({ start, end }) => { change({ range: `${start}-${end}` }); }}
    />
  );
}

/** A number that is another one each so many seconds. */
function useTick(every: number): number {
  const [tick, setTick] = useState(() => Math.floor(Date.now() / 1000 / every));
  useEffect(() => {
    const timer = setInterval(() => { setTick(Math.floor(Date.now() / 1000 / every)); }, 1000);
    return () => { clearInterval(timer); };
  }, [every]);
  return tick;
}
