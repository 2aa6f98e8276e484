// Lines of output as they come: the newest at the end, in sight while one follows.

import Box from "@cloudscape-design/components/box";
import { useEffect, useRef, useState } from "react";
import { type LogLine, type Output, readLogLines } from "../../aws/logEvents.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { FaultAlert } from "../../parts/Shown.tsx";
import "./LogView.css";

const MOST = 1000; // lines on the page
const BACK = 3_600_000; // ms that the first reading looks back
const EACH = 2000; // ms between two readings
const LATE = 10_000; // ms; a line may be stored so much after its time

export interface LogViewProps {
  readonly output: Output;
  readonly tasks: readonly string[];
  readonly pattern: string;
  readonly follow: boolean;
}

export function LogView({ output, tasks, pattern, follow }: LogViewProps) {
  const text = useText().services.logs;
  const { lines, error } = useLines({ output, tasks, pattern, follow });
  const language = useLanguage();
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (follow && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [lines, follow]);
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });
  if (error) return <FaultAlert error={error} />;
  return (
    <div className="log-view" ref={end} role="log" aria-label={text.title} tabIndex={0}>
      {lines === null ? <Box color="text-body-secondary">{text.loading}</Box> : null}
      {lines?.length === 0 ? <Box color="text-body-secondary">{text.none}</Box> : null}
      {(lines ?? []).map((line) => (
        <div key={line.id} className="log-line">
          <time dateTime={new Date(line.at).toISOString()}>{clock.format(line.at)}</time>
          <span className="log-task" title={line.task}>{line.task.slice(0, 8)}</span>
          <span className="log-message">{line.message}</span>
        </div>
      ))}
    </div>
  );
}

/** The newest lines, read again while one follows; each once, in their order. */
function useLines({ output, tasks, pattern, follow }: LogViewProps): { lines: readonly LogLine[] | null; error: unknown } {
  const target = useTarget();
  const [lines, setLines] = useState<readonly LogLine[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const streams = tasks.join(" ");
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = Date.now() - BACK;
    const read = async () => {
      try {
        const fresh = await readLogLines(target, output, streams ? streams.split(" ") : [], { from, pattern, limit: MOST });
        if (ended) return;
        setError(null);
        setLines((known) => merged(known ?? [], fresh));
        from = Math.max(from, (fresh.at(-1)?.at ?? 0) - LATE);
      } catch (problem) {
        if (!ended) setError(problem);
      }
      if (!ended && follow) timer = setTimeout(() => void read(), EACH);
    };
    void read();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [target, output, streams, pattern, follow]);
  return { lines, error };
}

/** Both, each line once, by time, the newest of them. */
export function merged(known: readonly LogLine[], fresh: readonly LogLine[]): readonly LogLine[] {
  const ids = new Set(known.map((line) => line.id));
  const added = fresh.filter((line) => !ids.has(line.id));
  if (added.length === 0) return known;
  return [...known, ...added].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(-MOST);
}
