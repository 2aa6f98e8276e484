import { useText } from "../i18n/useText.ts";
import type { LiveQuery } from "../live/useLive.ts";

/** The properties of a choice whose options are a query's: while it is loading, and with a retry after it has failed. */
export function useOptionsStatus(query: LiveQuery<unknown>) {
  const text = useText().app.failed;
  if (query.status !== "failed") return { statusType: query.status === "loading" ? "loading" : "finished" } as const;
  return { statusType: "error", errorText: text.title, recoveryText: text.retry, onLoadItems: query.reload } as const;
}
