// How many tasks run of those that are wanted.

import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useText } from "../i18n/useText.ts";

export interface CountsProps {
  readonly running: number | undefined;
  readonly desired: number | undefined;
  readonly pending?: number | undefined;
  readonly failed?: number | undefined;
  readonly label?: string;
}

export function Counts({ running = 0, desired = 0, pending = 0, failed = 0, label }: CountsProps) {
  const text = useText().parts.counts;
  const value = desired === 0 ? (running === 0 ? 100 : 0) : Math.min(100, (100 * running) / desired);
  const words = [text.running(running, desired), pending ? text.pending(pending) : "", failed ? text.failed(failed) : ""];
  return (
    <ProgressBar
      variant="standalone"
      value={value}
      {...(label === undefined ? { ariaLabel: text.label } : { label })}
      description={words.filter(Boolean).join(" · ")}
    />
  );
}
