// Formats metrics for display. A percentage is never rounded up: 100 % means that nothing failed.

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(locale: string, digits: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
    formats.set(key, format);
  }
  return format;
}

export function formatCount(count: number, locale: string): string {
  return numberFormat(locale, 0).format(count);
}

export function formatPercent(share: number | null, locale: string): string {
  return share === null ? "–" : `${numberFormat(locale, 2).format(Math.floor(share * 10_000 + 1e-9) / 100)} %`;
}

export function formatRate(perSecond: number, locale: string): string {
  return `${numberFormat(locale, perSecond >= 100 ? 0 : perSecond >= 10 ? 1 : 2).format(perSecond)}/s`;
}

export function formatMs(ms: number | null, locale: string): string {
  return ms === null ? "–" : numberFormat(locale, ms >= 100 ? 0 : 1).format(ms);
}
