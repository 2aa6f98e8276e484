// Points in time: how long ago for the eye, exactly for whoever wants to know.

import { useEffect, useState } from "react";
import type { Language } from "../i18n/catalog.ts";
import { useLanguage, useText } from "../i18n/useText.ts";

const EACH = 10_000; // ms between two looks at the clock

/** How long ago it was, with the exact time as its title. */
export function Ago({ at }: { at: Date | undefined }) {
  const language = useLanguage();
  const none = useText().parts.none;
  const now = useNow();
  if (!at) return none;
  return (
    <time dateTime={at.toISOString()} title={exactly(at, language)}>
      {ago(at, now, language)}
    </time>
  );
}

/** The exact time. */
export function At({ at }: { at: Date | undefined }) {
  const language = useLanguage();
  const none = useText().parts.none;
  return at ? <time dateTime={at.toISOString()}>{exactly(at, language)}</time> : none;
}

/** The time, looked at every few seconds. */
export function useNow(each = EACH): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, each);
    return () => {
      clearInterval(timer);
    };
  }, [each]);
  return now;
}

export function exactly(at: Date, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export function ago(at: Date, now: number, language: Language): string {
  const seconds = Math.min(0, Math.round((at.getTime() - now) / 1000));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, size] = UNITS.find(([, least]) => -seconds >= least) ?? (["second", 1] as const);
  return format.format(Math.trunc(seconds / size), unit);
}

/** A length of time, as `2 min 5 s`. */
export function lasting(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count));
  }
  return parts.length > 0 ? parts.join(" ") : new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "short" }).format(0);
}
