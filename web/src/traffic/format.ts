// Figures as they are read. A share is never rounded up: 100 % means that nothing failed.

const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, digits: number): Intl.NumberFormat {
  const key = `${locale} ${digits}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
    formats.set(key, found);
  }
  return found;
}

export function countText(count: number, locale: string): string {
  return format(locale, 0).format(count);
}

export function percentText(share: number | null, locale: string): string {
  return share === null ? "–" : `${format(locale, 2).format(Math.floor(share * 10_000 + 1e-9) / 100)} %`;
}

export function rateText(perSecond: number, locale: string): string {
  return `${format(locale, perSecond >= 100 ? 0 : perSecond >= 10 ? 1 : 2).format(perSecond)}/s`;
}

export function msText(ms: number | null, locale: string): string {
  return ms === null ? "–" : format(locale, ms >= 100 ? 0 : 1).format(ms);
}
