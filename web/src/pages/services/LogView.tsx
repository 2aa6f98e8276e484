// Log events as a terminal shows them, newest last; scrolled to the end while the user follows.

import Box from "@cloudscape-design/components/box";
import { useEffect, useRef, useState } from "react";
import { type LogLine, type LogOutput, readLogLines } from "../../aws/logEvents.ts";
import type { Target } from "../../aws/config.ts";
import { readContainerOutput } from "../../aws/containerOutput.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { ErrorAlert } from "../../parts/QueryContent.tsx";
import "./LogView.css";

const MAX_LINES = 1000;
const LOOK_BACK = 3_600_000; // ms before the first read
const POLL_INTERVAL = 2000; // ms
const MAX_TASKS = 20; // whose output is read from the server
const MAX_PAGES = 16; // of a task's output in one read, about a mebibyte each
const MAX_DELAY = 10_000; // ms between the time of an event and its storage

export interface LogViewProps {
  readonly output: LogOutput;
  readonly tasks: readonly string[];
  readonly pattern: string;
  readonly follow: boolean;
}

export function LogView({ output, tasks, pattern, follow }: LogViewProps) {
  const text = useText().services.logs;
  const { lines, error } = useLines({ output, tasks, pattern, follow });
  const language = useLanguage();
  const viewRef = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (follow && viewRef.current) viewRef.current.scrollTop = viewRef.current.scrollHeight;
  }, [lines, follow]);
  const timeFormat = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
  if (error) return <ErrorAlert error={error} />;
  return (
    <div className="log-view" ref={viewRef} role="log" aria-label={text.title} tabIndex={0}>
      {lines === null ? <Box color="text-body-secondary">{text.loading}</Box> : null}
      {lines?.length === 0 ? <Box color="text-body-secondary">{text.none}</Box> : null}
      {(lines ?? []).map((line) => (
        <div key={line.id} className="log-line">
          <time dateTime={new Date(line.at).toISOString()}>{timeFormat.format(line.at)}</time>
          <span className="log-task" title={line.task}>{line.task.slice(0, 8)}</span>
          <span className="log-message">{line.message}</span>
        </div>
      ))}
    </div>
  );
}

/** The newest lines, polled while the user follows. */
function useLines({ output, tasks, pattern, follow }: LogViewProps): { lines: readonly LogLine[] | null; error: unknown } {
  const target = useTarget();
  const [lines, setLines] = useState<readonly LogLine[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const streams = tasks.join(" ");
  useEffect(() => {
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = Date.now() - LOOK_BACK;
    const positions = new Map<string, number>();
    const read = async () => {
      try {
        const ids = streams ? streams.split(" ") : [];
        const newLines = output.group === null ? await readServerLines(target, output.container, ids, pattern, positions) : await readLogLines(target, output, ids, { from, pattern, limit: MAX_LINES });
        if (cancelled) return;
        setError(null);
        setLines((current) => mergeLines(current ?? [], newLines));
        from = Math.max(from, (newLines.at(-1)?.at ?? 0) - MAX_DELAY);
      } catch (problem) {
        if (!cancelled) setError(problem);
      }
      if (!cancelled && follow) timer = setTimeout(() => void read(), POLL_INTERVAL);
    };
    void read();
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, [target, output, streams, pattern, follow]);
  return { lines, error };
}

/** The new lines that the server keeps of these tasks, with the pattern as a plain text; `positions` is where the next call continues. */
async function readServerLines(target: Target, container: string, tasks: readonly string[], pattern: string, positions: Map<string, number>): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const task of tasks.slice(0, MAX_TASKS)) {
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const after = positions.get(task) ?? 0;
      const output = await readContainerOutput(target, task, container, after);
      if (output.position === after) break;
      positions.set(task, output.position);
      lines.push(...output.lines.map(({ at, text }, index) => ({ id: `${task} ${after} ${index}`, at: at * 1000, task, message: text })));
    }
  }
  return lines.filter(({ message }) => message.includes(pattern)).slice(-MAX_LINES);
}

/** Merges lines without duplicates, sorted by time, and keeps the newest. */
export function mergeLines(current: readonly LogLine[], newLines: readonly LogLine[]): readonly LogLine[] {
  const ids = new Set(current.map(({ id }) => id));
  const added = newLines.filter((line) => !ids.has(line.id));
  if (added.length === 0) return current;
  return [...current, ...added].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(-MAX_LINES);
}
