// Dates and durations: relative, exact, and how long something took.

import { useEffect, useState } from "react";
import type { Language } from "../i18n/catalog.ts";
import { useLanguage, useText } from "../i18n/useText.ts";

const REFRESH_INTERVAL = 10_000; // ms

/** A time relative to now (“5 minutes ago”), with the exact time as its title. */
export function RelativeTime({ date }: { date: Date | undefined }) {
  const language = useLanguage();
  const none = useText().parts.none;
  const now = useNow();
  if (!date) return none;
  return (
    <time dateTime={date.toISOString()} title={formatDate(date, language)}>
      {formatRelative(date, now, language)}
    </time>
  );
}

/** An exact time. */
export function Timestamp({ date }: { date: Date | undefined }) {
  const language = useLanguage();
  const none = useText().parts.none;
  return date ? <time dateTime={date.toISOString()}>{formatDate(date, language)}</time> : none;
}

/** The current time (ms), updated every few seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, REFRESH_INTERVAL);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}

function formatDate(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(date);
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function formatRelative(date: Date, now: number, language: Language): string {
  const seconds = Math.min(0, Math.round((date.getTime() - now) / 1000));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const [unit, size] = UNITS.find(([, unitSeconds]) => -seconds >= unitSeconds) ?? (["second", 1] as const);
  return format.format(Math.trunc(seconds / size), unit);
}

/** A duration in up to two units, such as `2 min 5 sec`. */
export function formatDuration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  let remaining = seconds;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(remaining / size);
    remaining -= count * size;
    if (count > 0 && parts.length < 2) parts.push(new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count));
  }
  return parts.length > 0 ? parts.join(" ") : new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "short" }).format(0);
}
