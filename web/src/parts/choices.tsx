// Cloudscape's choices, each of which names where its options come from. ESLint allows no others, so that none shows the
// options of a query that has failed as if there were no more.

import CloudscapeAutosuggest, { type AutosuggestProps } from "@cloudscape-design/components/autosuggest";
import CloudscapeMultiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect";
import CloudscapeSelect, { type SelectProps } from "@cloudscape-design/components/select";
import { useText } from "../i18n/useText.ts";
import type { LiveQuery } from "../live/useLive.ts";

interface OptionsSource {
  /** The query that the options are read by; null for options that are there when the choice is shown. */
  readonly optionsFrom: LiveQuery<unknown> | null;
}

type Own = "statusType" | "errorText" | "recoveryText" | "onLoadItems";

export function Select({ optionsFrom, ...props }: Omit<SelectProps, Own> & OptionsSource) {
  return <CloudscapeSelect {...props} {...useOptionsStatus(optionsFrom)} />;
}

export function Multiselect({ optionsFrom, ...props }: Omit<MultiselectProps, Own> & OptionsSource) {
  return <CloudscapeMultiselect {...props} {...useOptionsStatus(optionsFrom)} />;
}

export function Autosuggest({ optionsFrom, ...props }: Omit<AutosuggestProps, Own> & OptionsSource) {
  return <CloudscapeAutosuggest {...props} {...useOptionsStatus(optionsFrom)} />;
}

/** The state of the options: while the query is loading, and with a retry after it has failed. */
function useOptionsStatus(query: LiveQuery<unknown> | null) {
  const text = useText().app.failed;
  if (query?.status !== "failed") return { statusType: query?.status === "loading" ? "loading" : "finished" } as const;
  return { statusType: "error", errorText: text.title, recoveryText: text.retry, onLoadItems: query.reload } as const;
}
