// Selects a time range, relative to now or between two minutes.

import DateRangePicker, { type DateRangePickerProps } from "@cloudscape-design/components/date-range-picker";
import { useText } from "../../i18n/useText.ts";
import { formatTimeRange, MAX_RANGE, parseTimeRange, RELATIVE_RANGES, type TimeRange } from "../../traffic/model/timeRange.ts";

const UNITS = { minute: 60, hour: 3600, day: 86_400 } as const;
type Unit = keyof typeof UNITS;

export function RangePicker({ range, onChange }: { range: TimeRange; onChange: (range: TimeRange) => void }) {
  const text = useText().traffic.range;
  return (
    <DateRangePicker
      value={pickerValue(range)}
      onChange={({ detail }) => {
        const selected = detail.value && toTimeRange(detail.value);
        if (selected) onChange(selected);
      }}
      relativeOptions={RELATIVE_RANGES.map((last) => ({ key: last, ...relativeValue(parseTimeRange(last)) }))}
      isValidRange={(value) => (value && toTimeRange(value) ? { valid: true } : { valid: false, errorMessage: text.invalid })}
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

function relativeValue(range: TimeRange): { amount: number; unit: Unit; type: "relative" } {
  const seconds = range.kind === "last" ? range.seconds : UNITS.minute;
  const unit = seconds % UNITS.day === 0 ? "day" : seconds % UNITS.hour === 0 ? "hour" : "minute";
  return { amount: seconds / UNITS[unit], unit, type: "relative" };
}

function pickerValue(range: TimeRange): DateRangePickerProps.Value {
  if (range.kind === "last") return { key: formatTimeRange(range), ...relativeValue(range) };
  const [startDate, endDate] = [range.start, range.end].map((time) => new Date(time * 1000).toISOString()) as [string, string];
  return { type: "absolute", startDate, endDate };
}

/** Null if the value is too short or too long. */
function toTimeRange(value: DateRangePickerProps.Value): TimeRange | null {
  const range: TimeRange =
    value.type === "relative"
      ? { kind: "last", seconds: value.amount * (UNITS[value.unit as Unit] as number | undefined ?? NaN) }
      : { kind: "between", start: wholeMinute(value.startDate), end: wholeMinute(value.endDate) };
  const length = range.kind === "last" ? range.seconds : range.end - range.start;
  return length >= UNITS.minute && length <= MAX_RANGE ? range : null;
}

function wholeMinute(date: string): number {
  return Math.floor(new Date(date).getTime() / 60_000) * 60;
}
