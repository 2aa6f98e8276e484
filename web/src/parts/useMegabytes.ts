import { useLanguage } from "../i18n/useText.ts";

const MEGABYTE = 1e6;

/** A function that formats a number of bytes in megabytes, without the unit. */
export function useMegabytes(): (bytes: number) => string {
  const format = new Intl.NumberFormat(useLanguage(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return (bytes) => format.format(bytes / MEGABYTE);
}
