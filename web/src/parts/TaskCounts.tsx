// Running, pending and failed tasks, with a progress bar.

import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useText } from "../i18n/useText.ts";

export interface TaskCountsProps {
  readonly running: number | undefined;
  readonly desired: number | undefined;
  readonly pending?: number | undefined;
  readonly failed?: number | undefined;
}

export function TaskCounts({ running = 0, desired = 0, pending = 0, failed = 0 }: TaskCountsProps) {
  const text = useText().parts.counts;
  const value = desired === 0 ? (running === 0 ? 100 : 0) : Math.min(100, (100 * running) / desired);
  const parts = [text.running(running, desired), pending ? text.pending(pending) : "", failed ? text.failed(failed) : ""];
  return (
    <ProgressBar
      variant="standalone"
      value={value}
      ariaLabel={text.label}
      description={parts.filter(Boolean).join(" · ")}
    />
  );
}
