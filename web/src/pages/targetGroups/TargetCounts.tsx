import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TargetHealthStateEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useText } from "../../i18n/useText.ts";
import { useTargetHealth } from "../../live/elbQueries.ts";
import { Status } from "../../parts/Status.tsx";

const STATES: readonly TargetHealthStateEnum[] = ["healthy", "unhealthy", "unhealthy.draining", "initial", "draining", "unused", "unavailable"];

/** The number of a group's targets by state; states without targets are left out. */
export function TargetCounts({ group }: { group: string }) {
  const none = useText().parts.none;
  const targets = useTargetHealth(group).data ?? [];
  const counts = STATES.map((state) => ({ state, count: targets.filter(({ TargetHealth }) => TargetHealth?.State === state).length })).filter(({ count }) => count > 0);
  if (counts.length === 0) return none;
  return (
    <SpaceBetween size="s" direction="horizontal">
      {counts.map(({ state, count }) => <span key={state}><Status status={state} />{` ${count}`}</span>)}
    </SpaceBetween>
  );
}
