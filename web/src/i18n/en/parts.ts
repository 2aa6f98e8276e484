// Words of what many pages share.

export const parts = {
  table: {
    loading: "Loading",
    unknown: "Not known",
    noMatch: "No matches",
    clear: "Clear filter",
    matches: (count: number) => (count === 1 ? "1 match" : `${count} matches`),
  },
  none: "–",
} as const;
