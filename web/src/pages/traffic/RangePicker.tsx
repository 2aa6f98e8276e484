// Which time all numbers are of: some time up to now, or from one minute to another.

import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import { useText } from "../../i18n/useText.ts";
import { LASTS, parseRange, type Range, rangeText } from "../../traffic/range.ts";

const LONGEST = 15 * 86_400;
const UNITS = { minute: 60, hour: 3600, day: 86_400 } as const;
type Unit = keyof typeof UNITS;

export function RangePicker({ range, onChange }: { range: Range; onChange: (range: Range) => void }) {
  const text = useText().traffic.range;
  return (
    <DateRangePicker
      value={shown(range)}
      onChange={({ detail }) => {
        const found = detail.value && chosen(detail.value);
        if (found) onChange(found);
      }}
      relativeOptions={LASTS.map((last) => ({ key: last, ...relative(parseRange(last)) }))}
      isValidRange={(value) => (value && chosen(value) ? { valid: true } : { valid: false, errorMessage: text.invalid })}
      customRelativeRangeUnits={["minute", "hour", "day"]}
      placeholder={text.placeholder}
      showClearButton={false}
      timeInputFormat="hh:mm"
      absoluteFormat="long-localized"
      hideTimeOffset
      i18nStrings={{
        formatRelativeRange: (value) => {
          const { amount, unit } = value;
          return amount === 1 && unit === "minute" ? text.live : text.last(amount, text.units[unit as Unit]);
        },
        formatUnit: (unit) => text.units[unit as Unit],
      }}
      ariaLabel={text.label}
    />
  );
}

function relative(range: Range): { amount: number; unit: Unit; type: "relative" } {
  const total = range.kind === "last" ? range.seconds : UNITS.minute;
  const unit = total % UNITS.day === 0 ? "day" : total % UNITS.hour === 0 ? "hour" : "minute";
  return { amount: total / UNITS[unit], unit, type: "relative" };
}

function shown(range: Range): DateRangePickerProps.Value {
  if (range.kind === "last") return { key: rangeText(range), ...relative(range) };
  const [startDate, endDate] = [range.start, range.end].map((at) => new Date(at * 1000).toISOString()) as [string, string];
  return { type: "absolute", startDate, endDate };
}

function chosen(value: DateRangePickerProps.Value): Range | null {
  const found: Range =
    value.type === "relative"
      ? { kind: "last", seconds: value.amount * (UNITS[value.unit as Unit] as number | undefined ?? NaN) }
      : { kind: "between", start: minute(value.startDate), end: minute(value.endDate) };
  const length = found.kind === "last" ? found.seconds : found.end - found.start;
  return length >= UNITS.minute && length <= LONGEST ? found : null;
}

function minute(date: string): number {
  return Math.floor(new Date(date).getTime() / 60_000) * 60;
}
